"""Each number of gestures and guidance where it stands: just at it, and just beyond. No take, no model."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from kiosk.domain.reasons import Action, Guidance
from kiosk.liveness import guidance
from kiosk.liveness.gestures import (
    SHAPES,
    Baseline,
    BaselineTracker,
    Excursion,
    GestureEvent,
    GestureTracker,
    Sample,
    Shape,
    rise,
    sample,
)
from kiosk.liveness.guidance import LIMITS, FaceLook, GuidanceFilter, covered_mouth, hints, judge, look, sharpness
from kiosk.liveness.landmarks import BLENDSHAPES, FaceObservation
from tests.liveness.faces import SIZE, Pose, face, nobody

BLINK, MOUTH, LEFT, RIGHT, NOD = Action.BLINK, Action.MOUTH_OPEN, Action.TURN_LEFT, Action.TURN_RIGHT, Action.NOD


# --- gestures: what is measured ------------------------------------------------------------------------------------------


def mesh(wide: float = 1.0) -> np.ndarray:
    """Lids 2, 4, 6 over an eye 20 wide and 3, 6, 9 over one of 15; lips 8, 10, 12 apart; 40 from eye to eye: all times `wide`."""
    points = np.zeros((478, 3), np.float32)
    for x, at in ((0, 33), (20, 133), (25, 362), (40, 263)):
        points[at, 0] = x
    pairs = ((160, 144), (159, 145), (158, 153), (385, 380), (386, 374), (387, 373), (82, 87), (13, 14), (312, 317))
    for (upper, lower), gap in zip(pairs, (2, 4, 6, 3, 6, 9, 8, 10, 12), strict=True):
        points[upper, :2], points[lower, :2] = (100, 50), (100, 50 + gap)
    points[:, 2] = np.arange(478)  # the depth is no part of it
    return points * np.float32(wide)


def observed(wide: float = 1.0, yaw: float = 0.0) -> FaceObservation:
    blend = np.zeros(len(BLENDSHAPES), np.float32)
    blend[BLENDSHAPES.index("eyeBlinkLeft")], blend[BLENDSHAPES.index("eyeBlinkRight")] = 0.25, 0.75
    return FaceObservation(7.0, SIZE, 1, mesh(wide), blend, yaw_deg=yaw, pitch_deg=3.0)


def test_what_is_measured_of_a_face() -> None:
    assert sample(observed()) == Sample(7.0, 0.25, 0.75, pytest.approx(0.3), pytest.approx(0.25), 0.0, 3.0)
    assert sample(observed(yaw=45.0)).mouth == pytest.approx(0.25 * math.cos(math.radians(45.0)))
    assert sample(observed(yaw=80.0)).mouth == pytest.approx(0.125)  # beyond 60 degrees the mesh is a guess
    small = sample(observed(1 / 40))  # no width under a pixel
    assert (small.eye_gap, small.mouth) == (pytest.approx((4 / 40 + 6 / 40) / 2), pytest.approx(0.25))
    assert sample(observed(1 / 80)).mouth == pytest.approx(10 / 80)
    assert sample(observed()).eyes == 0.5
    assert sample(nobody(0.0)) is None
    assert sample(replace(observed(), blendshapes=None)) is None
    assert sample(replace(observed(), points=None)) is None


NOW = Sample(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("now", "risen"),
    [
        ({"eye_left": 0.5, "eye_right": 0.5, "eye_gap": 0.0}, 0.4),  # the mean of the eyes, over the own 0.1
        ({"eye_left": 0.1, "eye_right": 0.9, "eye_gap": 0.0}, 0.05),  # a wink
        ({"eye_left": 0.0, "eye_right": 0.9, "eye_gap": 0.0}, 0.05),
        ({"eye_left": 0.2, "eye_right": 0.9, "eye_gap": 0.0}, 0.25),  # the weaker eye takes part
        ({"eye_left": 0.9, "eye_right": 0.9, "eye_gap": 0.25}, 0.34),  # the lids stay half open
        ({"eye_left": 0.9, "eye_right": 0.9, "eye_gap": 0.0}, 0.68),
        ({"eye_left": 0.9, "eye_right": 0.9, "eye_gap": 0.75}, -0.34),
    ],
)
def test_how_far_the_eyes_are_closed(now: dict[str, float], risen: float) -> None:
    assert rise(BLINK, replace(NOW, **now), Baseline(eyes=0.1, eye_gap=0.5)) == pytest.approx(risen)


def test_how_far_the_rest_has_moved() -> None:
    now, base = replace(NOW, mouth=0.5, yaw_deg=12.0, pitch_deg=9.0), Baseline(mouth=0.2, yaw_deg=2.0, pitch_deg=4.0)
    for action, risen in ((MOUTH, 0.3), (LEFT, 10.0), (RIGHT, -10.0), (NOD, 5.0)):
        assert rise(action, now, base) == pytest.approx(risen), action
    # Nothing is known of the own open eye: any gap is open.
    assert rise(BLINK, replace(NOW, eye_left=0.5, eye_right=0.5, eye_gap=0.0005), Baseline()) == pytest.approx(0.34)


def numbered(count: int, every_s: float = 0.0) -> BaselineTracker:
    """Sample n has n in the eyes, 10 n in the gap, 100 n in the mouth, n degrees of pitch and minus n of yaw."""
    tracker = BaselineTracker()
    for n in range(count):
        tracker.push(Sample(n * every_s, float(n), float(n), 10.0 * n, 100.0 * n, -float(n), float(n)))
    return tracker


def test_what_is_neutral_on_a_face() -> None:
    assert numbered(1).value() == Baseline()
    assert numbered(11).value() == Baseline()  # looked at anew four times a second
    assert numbered(11, 0.25).value() == Baseline(3.0, 70.0, 100.0, 0.0, 5.0)
    assert numbered(11, 0.125).value() == Baseline(3.0, 70.0, 100.0, 0.0, 5.0)
    assert numbered(10, 0.125).value() == numbered(9, 0.125).value()
    # Eleven seconds at two samples a second: of 23 samples the last 21 count, ten seconds of them.
    assert numbered(23, 0.5).value() == Baseline(8.0, 160.0, 400.0, 0.0, 12.0)


def test_the_pose_of_the_start_is_neutral_for_good() -> None:
    tracker = numbered(11)
    tracker.freeze_pose()
    assert tracker.value() == Baseline(3.0, 70.0, 100.0, -5.0, 5.0)
    tracker.push(Sample(0.25, 99.0, 99.0, 990.0, 9900.0, -99.0, 99.0))
    assert tracker.value() == Baseline(pytest.approx(3.3), pytest.approx(77.0), pytest.approx(110.0), -5.0, 5.0)
    for count, yaw in ((19, -9.0), (21, -10.0), (99, -10.0)):  # ten degrees beside the screen are believed
        tracker = numbered(count)
        tracker.freeze_pose()
        assert tracker.value().yaw_deg == yaw
    tracker = BaselineTracker()
    tracker.push(replace(NOW, yaw_deg=30.0))
    tracker.freeze_pose()
    assert tracker.value().yaw_deg == 10.0


# --- gestures: a peak and its return -------------------------------------------------------------------------------------

SHAPE = Shape(on=1.0, start=0.5, back=0.5, min_s=0.25, max_s=2.0, lost_s=0.25, peaked_lost_s=1.0)


def moved(*levels: float | None, shape: Shape = SHAPE, step_s: float = 0.25) -> list[tuple[float, float, float, float]]:
    """(begin, peak, end, strength) of what is found in levels a quarter of a second apart; None: no face."""
    finder, found = Excursion(NOD, shape), []
    for number, level in enumerate(levels):
        event = finder.lost(number * step_s) if level is None else finder.step(number * step_s, level)
        if event is not None:
            assert event.action is NOD
            found.append((event.start_s, event.peak_s, event.end_s, event.strength))
    return found


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        ((0.0, 0.75, 1.5, 0.6, 0.0), [(0.25, 0.5, 0.75, 1.5)]),
        ((0.0, 0.5, 1.0, 0.25), [(0.25, 0.5, 0.75, 1.0)]),  # begins and peaks at the very limits
        ((0.0, 0.5, 0.99, 0.25), []),
        ((0.0, 0.49, 1.0, 1.0, 0.25), [(0.5, 0.5, 1.0, 1.0)]),  # the first of equal peaks
        ((0.0, 0.6, 1.0, 0.5, 0.49), [(0.25, 0.5, 1.0, 1.0)]),  # not back at the limit itself
        ((0.0, 0.6, 4.0, 2.0, 1.9), [(0.25, 0.5, 1.0, 4.0)]),  # half the peak
        ((0.0, 1.0, 0.25), [(0.25, 0.25, 0.5, 1.0)]),  # just long enough
        ((0.0, *[1.0] * 8, 0.0), [(0.25, 0.25, 2.25, 1.0)]),  # just not too long
        ((0.0, *[1.0] * 9, 0.0), []),
        ((0.0, 1.0, 0.0, 1.0, 0.0), [(0.25, 0.25, 0.5, 1.0), (0.75, 0.75, 1.0, 1.0)]),
        ((0.0, *[1.0] * 9, 0.0, 1.0, 0.0), [(2.75, 2.75, 3.0, 1.0)]),  # after one that was held the next counts
        ((0.0, 0.6, None, 1.0, 0.0), [(0.25, 0.75, 1.0, 1.0)]),  # lost for a quarter of a second
        ((0.0, 0.6, None, None, 1.0, 0.0), [(1.0, 1.0, 1.25, 1.0)]),  # longer: begun anew
        ((0.0, 1.0, None, None, None, None, 0.0), [(0.25, 0.25, 1.5, 1.0)]),  # after the peak
        ((0.0, 1.0, None, None, None, None, None, 0.0), []),
    ],
)
def test_a_peak_and_its_return(levels: tuple[float | None, ...], found: list[tuple[float, ...]]) -> None:
    assert moved(*levels) == found


def test_too_short_is_none() -> None:
    assert moved(0.0, 1.0, 0.0, step_s=0.24) == []
    assert moved(0.0, 0.9, 1.0, 0.0, step_s=0.125) == [(0.125, 0.25, 0.375, 1.0)]


@pytest.mark.parametrize(
    ("levels", "count"),
    [
        ((0.0, 1.0, 4.0, 1.5, 2.0, 1.5), 1),  # a slow way back is no second gesture
        ((0.0, 1.0, 4.0, 1.5, 2.5, 1.2), 2),  # risen by so much anew
        ((0.0, 1.0, 4.0, 1.5, 0.49, 1.0, 0.2), 2),  # or come back under the beginning
        ((0.0, 1.0, 4.0, 1.5, 0.5, 1.0, 0.2), 1),
        ((0.0, 1.0, 4.0, 1.5, 1.2, 2.2, 1.0), 2),
        ((0.0, 1.0, 4.0, 1.5, 1.3, 2.2, 1.0), 1),
        ((1.0, 0.4), 1),  # the first needs none of that
    ],
)
def test_the_next_gesture_begins_anew(levels: tuple[float, ...], count: int) -> None:
    assert len(moved(*levels, shape=replace(SHAPE, again=1.0))) == count


def test_what_is_told_of_a_gesture_under_way() -> None:
    finder = Excursion(NOD, SHAPE)
    told = []
    for t_s, level in ((0.0, 0.4), (0.5, 0.6), (1.0, 1.0), (2.5, 1.0), (2.75, 1.0)):
        finder.step(t_s, level)
        told.append((finder.started_s, finder.peaked))
    assert told == [(None, False), (0.5, False), (0.5, True), (0.5, True), (0.5, False)]  # held too long at last
    assert finder.finish() is None
    finder = Excursion(NOD, SHAPE)
    assert finder.finish() is None
    finder.step(1.0, 1.25)
    finder.step(1.5, 1.0)
    assert finder.finish() == GestureEvent(NOD, 1.0, 1.0, 1.5, 1.25)
    assert finder.finish() is None
    finder.reset()
    assert (finder.started_s, finder.peaked) == (None, False)


def test_what_each_gesture_needs() -> None:
    """The figures of docs/measurements.md: to change one is to measure anew."""
    told = {
        action: (one.on, one.start, one.back, one.min_s, one.max_s, one.lost_s, one.peaked_lost_s, one.again)
        for action, one in SHAPES.items()
    }
    assert told == {
        BLINK: (0.15, 0.08, 0.5, 0.0, 1.5, 0.2, 0.2, 0.0),
        MOUTH: (0.25, 0.12, 0.5, 0.0, 8.0, 0.2, 0.2, 0.0),
        LEFT: (15.0, 7.0, 0.6, 0.2, 15.0, 1.0, 3.5, 6.0),
        RIGHT: (15.0, 7.0, 0.6, 0.2, 15.0, 1.0, 3.5, 6.0),
        NOD: (10.0, 5.0, 0.5, 0.2, 2.5, 0.5, 0.2, 0.0),
    }


def test_the_first_second_is_judged_when_the_baseline_is_known() -> None:
    tracker = GestureTracker({LEFT: replace(SHAPES[LEFT], min_s=0.0)})
    told = []
    for t_s, yaw in ((5.0, 0.0), (5.25, 20.0), (5.5, 0.0), (5.75, 0.0), (6.0, 30.0), (6.25, 0.0)):
        told.append([(one.start_s, one.strength) for one in tracker.step(face(t_s, Pose(yaw=yaw)))])
        assert tracker.warm is (t_s >= 6.0)
    assert told == [[], [], [], [], [(5.25, 20.0)], [(6.0, 30.0)]]
    assert tracker.finish() == []


def test_a_clip_that_ends_before_the_baseline_is_known() -> None:
    tracker = GestureTracker()
    assert tracker.finish() == []
    for t_s, yaw in ((0.0, 0.0), (0.25, 20.0), (0.5, 0.0), (0.75, 25.0), (0.99, 24.0)):
        tracker.step(face(t_s, Pose(yaw=yaw)))
    assert [(one.action, one.start_s, one.end_s) for one in tracker.finish()] == [(LEFT, 0.25, 0.5), (LEFT, 0.75, 0.99)]


def test_how_near_a_gesture_is_to_its_peak() -> None:
    tracker = GestureTracker()
    assert tracker.level(LEFT) == 0.0
    for t_s, yaw, left, right in ((0.0, 0.0, 0.0, 0.0), (1.0, 7.5, 0.5, 0.0), (1.25, -3.75, 0.0, 0.25), (1.5, 30.0, 1.0, 0.0)):
        tracker.step(face(t_s, Pose(yaw=yaw)))
        assert (tracker.level(LEFT), tracker.level(RIGHT)) == (pytest.approx(left), pytest.approx(right))
    assert tracker.height_since(LEFT) == 1.5
    assert tracker.height_since(RIGHT) is None
    assert tracker.height_since(None) is None
    assert tracker.height_since(Action.READ_DIGITS) is None
    assert tracker.finder(Action.READ_DIGITS) is None
    assert tracker.finder(LEFT).action is LEFT
    assert tracker.last.yaw_deg == 30.0
    tracker.step(nobody(1.75))
    assert (tracker.last, tracker.level(LEFT)) == (None, 0.0)
    assert tracker.height_since(LEFT) == 1.5
    tracker.step(nobody(5.25))
    assert tracker.height_since(LEFT) is None


# --- guidance: what is measured ------------------------------------------------------------------------------------------

# A colour (blue, green, red) for each region of the face, painted where its points lie.
COLOURS = {
    guidance._FOREHEAD: (60, 80, 100),
    guidance._CHEEKS: (120, 150, 200),
    guidance._EYELIDS: (40, 60, 90),
    guidance._MOUTH_AROUND: (90, 100, 180),
    guidance._NOSE: (110, 140, 180),
    guidance._LIPS: (60, 50, 160),
}


def painted() -> tuple[FaceObservation, np.ndarray]:
    picture = np.full((SIZE[1], SIZE[0], 3), 200, np.uint8)
    points = np.zeros((478, 3), np.float32)
    for number, (region, colour) in enumerate(COLOURS.items()):
        x = 300 + 10 * number
        picture[240:250, x : x + 10] = colour
        points[list(region), :2] = (x + 5.4, 244.6)
    return replace(face(0.0), points=points, box=(200.0, 100.0, 440.0, 340.0)), picture


def luma(colour: tuple[int, int, int]) -> float:
    blue, green, red = colour
    return 0.114 * blue + 0.587 * green + 0.299 * red


def chroma(colour: tuple[int, int, int]) -> tuple[float, float]:
    return 0.713 * (colour[2] - luma(colour)), 0.564 * (colour[0] - luma(colour))


def test_what_is_measured_of_a_picture() -> None:
    """By hand, from the colours: brightness by the eye's weights, colour as Cr and Cb, the middle one of each region's points."""
    seen = look(*painted())
    forehead, cheeks, eyelids, mouth, nose, lips = COLOURS.values()
    brow = luma(forehead)  # 11 points of it against 6 of the nose
    assert seen.luma == pytest.approx(luma(nose), abs=0.01)  # 11 darker, 6, 12 lighter
    assert seen.eyes_ratio == pytest.approx(luma(eyelids) / luma(cheeks), abs=1e-4)
    assert seen.hat_ratio == pytest.approx(luma(forehead) / luma(cheeks), abs=1e-4)
    assert brow < luma(cheeks)
    above = eyelids  # 16 points against 11 of the forehead
    (red, blue), (red_above, blue_above), (red_lips, blue_lips) = chroma(mouth), chroma(above), chroma(lips)
    middle_red = sorted([chroma(eyelids)[0]] * 16 + [chroma(forehead)[0]] * 11)[13]
    middle_blue = sorted([chroma(eyelids)[1]] * 16 + [chroma(forehead)[1]] * 11)[13]
    assert (middle_red, middle_blue) == (pytest.approx(red_above), pytest.approx(blue_above))
    assert seen.mouth_chroma == pytest.approx(math.hypot(red - red_above, blue - blue_above), abs=0.01)
    assert seen.lips_chroma == pytest.approx(math.hypot(red_lips - red, blue_lips - blue), abs=0.01)
    assert seen.colour == pytest.approx(math.hypot(red_above, blue_above), abs=0.01)
    assert seen.mouth_luma == pytest.approx(luma(mouth) / luma(eyelids), abs=1e-4)
    assert seen.lips_luma == pytest.approx(luma(lips) / luma(mouth), abs=1e-4)
    assert seen.lips_spread == pytest.approx(0.0, abs=1e-4)
    observation, picture = painted()
    picture[240:250, 350:360] = (60, 50, 160)  # eleven of the lips' 22 points stay, eleven move to a place of the mouth's colour
    points = np.array(observation.points)
    points[list(guidance._LIPS)[::2], 0] = points[guidance._MOUTH_AROUND[0], 0]
    half = look(replace(observation, points=points), picture)
    assert half.lips_spread == pytest.approx(math.hypot(red_lips - red, blue_lips - blue) / 2, abs=0.01)
    assert seen.size == pytest.approx(240 / 480)
    assert seen.surroundings == pytest.approx(200.0, abs=0.01)


def test_the_eyes_are_compared_with_the_brighter_of_cheeks_and_brow() -> None:
    seen, picture = painted()
    for region, x in ((guidance._CHEEKS, 310), (guidance._FOREHEAD, 300), (guidance._NOSE, 340)):
        picture[240:250, x : x + 10] = 100 if region is guidance._CHEEKS else 150
    picture[240:250, 320:330] = 75
    assert look(seen, picture).eyes_ratio == pytest.approx(0.5)
    picture[240:250, 300:360] = 0  # in the dark nothing is divided by nothing
    dark = look(seen, picture)
    assert (dark.luma, dark.eyes_ratio, dark.hat_ratio, dark.mouth_luma, dark.lips_luma) == (0.0, 0.0, 0.0, 1.0, 0.0)
    assert look(nobody(0.0), picture) == FaceLook()
    assert look(replace(seen, box=None), picture) == look(replace(seen, points=None), picture) == FaceLook()


def test_points_outside_the_picture_are_looked_up_at_its_edge() -> None:
    seen, picture = painted()
    picture[-1, -1] = picture[0, 0] = 33
    for x, y in ((9999.0, 9999.0), (-50.0, -50.0)):
        far = seen.points.copy()
        far[:, :2] = (x, y)
        assert look(replace(seen, points=far), picture).luma == pytest.approx(33.0, abs=0.01)


def test_what_is_beside_and_above_counts_as_surroundings() -> None:
    """A face of 200 pixels' width at 220: a quarter of it beside, and the body below, do not count."""
    box = (220.0, 160.0, 420.0, 400.0)
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    outside = ((columns < 170) | (columns > 470) | (rows < 110)) & (rows < 400)
    picture[outside] = 180
    assert guidance._surroundings(picture, box) == pytest.approx(180.0, abs=0.01)
    picture[~outside] = 255
    assert guidance._surroundings(picture, box) == pytest.approx(180.0, abs=0.01)
    picture[:, 471:] = 60  # both sides count
    expected = np.where(columns > 470, 60, 180)[::10, ::10][outside[::10, ::10]].mean()
    assert guidance._surroundings(picture, box) == pytest.approx(float(expected), abs=0.01)
    full = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    full[:, ::20] = 91
    assert guidance._surroundings(full, (0.0, 0.0, 640.0, 480.0)) == pytest.approx(float(full[::10, ::10].mean()))  # all of it
    tiny = np.full((20, 20, 3), 70, np.uint8)
    assert guidance._surroundings(tiny, (4.0, 4.0, 16.0, 16.0)) == pytest.approx(70.0, abs=0.01)


def test_sharpness_is_of_the_face_alone_and_knows_no_contrast() -> None:
    rng = np.random.default_rng(3)
    noise = rng.integers(100, 140, (96, 96, 1)).astype(np.uint8)
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    picture[100:196, 200:296] = noise
    sharp = sharpness(picture, (200.0, 100.0, 295.0, 195.0))
    assert sharp == pytest.approx(447.0, rel=0.05)  # of white noise the edges are √20 times as strong as the noise itself
    assert sharpness(picture, (200.9, 100.9, 295.9, 195.9)) == sharp
    bright = picture.copy()
    bright[100:196, 200:296] = 100 + (noise - 100) // 2 * 3
    assert sharpness(bright, (200.0, 100.0, 295.0, 195.0)) == pytest.approx(sharp, rel=0.05)
    corner = np.zeros_like(picture)
    corner[:96, :96] = noise
    assert sharpness(corner, (-30.0, -30.0, 95.0, 95.0)) == sharp
    corner = np.zeros_like(picture)
    corner[-96:, -96:] = noise
    assert sharpness(corner, (544.0, 384.0, 999.0, 999.0)) == sharp
    assert sharpness(np.full_like(picture, 120), (200.0, 100.0, 295.0, 195.0)) == 0.0
    for box, seen in (((10.0, 10.0, 17.0, 90.0), True), ((10.0, 10.0, 16.0, 90.0), False), ((10.0, 10.0, 90.0, 16.0), False)):
        assert (sharpness(rng.integers(0, 255, picture.shape).astype(np.uint8), box) > 0) is seen, box
    flat = np.full_like(picture, 100)
    flat[150, 250] = 101  # hardly any contrast: not blown up
    assert sharpness(flat, (200.0, 100.0, 295.0, 195.0)) < 10.0


# --- guidance: the limits ------------------------------------------------------------------------------------------------

WELL = FaceLook(luma=150.0, surroundings=150.0, sharpness=60.0, eyes_ratio=0.8, hat_ratio=0.9, lips_chroma=8.0, lips_luma=0.7)
PICTURE = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({}, ()),
        ({"luma": 45.0, "surroundings": 45.0}, ()),
        ({"luma": 44.9, "surroundings": 45.0}, (Guidance.TOO_DARK,)),
        ({"luma": 44.0, "surroundings": 114.0}, (Guidance.BACKLIT,)),  # against the light a dark face may still do
        ({"luma": 44.0, "surroundings": 113.9}, (Guidance.TOO_DARK,)),
        ({"luma": 25.0, "surroundings": 200.0}, (Guidance.BACKLIT,)),
        ({"luma": 24.9, "surroundings": 200.0}, (Guidance.TOO_DARK, Guidance.BACKLIT)),
        ({"luma": 85.0, "surroundings": 200.0}, ()),
        ({"luma": 84.9, "surroundings": 200.0}, (Guidance.BACKLIT,)),
        ({"eyes_ratio": 0.28}, ()),
        ({"eyes_ratio": 0.27}, (Guidance.EYES_COVERED,)),
        ({"hat_ratio": 0.45}, ()),
        ({"hat_ratio": 0.44}, (Guidance.HAT_SHADOW,)),
        ({"sharpness": 14.0}, ()),
        ({"sharpness": 13.9}, (Guidance.BLURRED,)),
        ({"mouth_chroma": 20.0}, ()),
        ({"mouth_chroma": 20.1}, (Guidance.MOUTH_COVERED,)),
        (
            {"luma": 10.0, "surroundings": 200.0, "eyes_ratio": 0.1, "hat_ratio": 0.1, "sharpness": 1.0, "mouth_chroma": 30.0},
            (
                Guidance.TOO_DARK,
                Guidance.MOUTH_COVERED,
                Guidance.BACKLIT,
                Guidance.EYES_COVERED,
                Guidance.HAT_SHADOW,
                Guidance.BLURRED,
            ),
        ),
    ],
)
def test_each_limit_of_a_look(seen: dict[str, float], told: tuple[Guidance, ...]) -> None:
    assert hints(face(0.0), PICTURE, seen=replace(WELL, **seen)) == told
    assert judge(face(0.0), PICTURE, seen=replace(WELL, **seen)) is (told[0] if told else None)


@pytest.mark.parametrize(
    ("pose", "told"),
    [
        ({"yaw_deg": 20.0}, ()),
        ({"yaw_deg": -20.1}, (Guidance.NOT_STRAIGHT,)),
        ({"pitch_deg": -25.0}, ()),
        ({"pitch_deg": 25.1}, (Guidance.NOT_STRAIGHT,)),
        ({"roll_deg": 20.0}, ()),
        ({"roll_deg": -20.1}, (Guidance.NOT_STRAIGHT,)),
        ({"face_count": 2, "other_boxes": ((0.0, 0.0, 300.0, 300.0),)}, (Guidance.SEVERAL_FACES,)),
    ],
)
def test_each_limit_of_a_pose(pose: dict[str, object], told: tuple[Guidance, ...]) -> None:
    assert hints(replace(face(0.0), **pose), PICTURE, seen=WELL) == told
    straight = tuple(one for one in told if one is not Guidance.NOT_STRAIGHT)
    assert hints(replace(face(0.0), **pose), PICTURE, straight=False, seen=WELL) == straight


def test_of_a_turned_head_only_what_can_be_seen_is_told() -> None:
    poor = replace(WELL, luma=30.0, surroundings=50.0, eyes_ratio=0.1, hat_ratio=0.1, sharpness=1.0, mouth_chroma=30.0)
    turned = face(0.0, Pose(yaw=30.0, x=500.0))
    assert hints(turned, PICTURE, seen=poor) == (Guidance.TOO_DARK, Guidance.OFF_CENTRE, Guidance.NOT_STRAIGHT)
    assert hints(turned, PICTURE, straight=False, seen=poor) == (Guidance.TOO_DARK, Guidance.OFF_CENTRE)


def test_a_helper_is_near_from_so_large_a_face_on() -> None:
    seen = replace(face(0.0), box=(200.0, 100.0, 400.0, 300.0))
    for wide, told in ((90.0, (Guidance.SEVERAL_FACES,)), (89.9, ())):
        assert hints(replace(seen, other_boxes=((0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 200.0, wide))), PICTURE, seen=WELL) == told


def boxed(x0: float, y0: float, x1: float, y1: float, eyes: float = 90.0, yaw: float = 0.0) -> FaceObservation:
    points = face(0.0).points.copy()
    points[33, :2], points[263, :2] = (100.0, 100.0), (100.0 + eyes * 0.6, 100.0 + eyes * 0.8)
    return replace(face(0.0), points=points, box=(x0, y0, x1, y1), yaw_deg=yaw)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (boxed(272, 192, 368, 288), None),  # a fifth of the height
        (boxed(272, 192, 368, 287.9), Guidance.TOO_FAR),
        (boxed(200, 36, 440, 444), None),
        (boxed(200, 36, 440, 444.1), Guidance.TOO_NEAR),
        (boxed(220, 140, 420, 340, eyes=28.0), None),
        (boxed(220, 140, 420, 340, eyes=27.9), Guidance.TOO_FAR),
        (boxed(220, 140, 420, 340, eyes=14.1, yaw=60.0), None),  # a turned head has its eyes nearer together
        (boxed(220, 140, 420, 340, eyes=13.9, yaw=60.0), Guidance.TOO_FAR),
        (boxed(220, 140, 420, 340, eyes=11.3, yaw=80.0), None),
        (boxed(220, 140, 420, 340, eyes=11.1, yaw=80.0), Guidance.TOO_FAR),
        (boxed(360.8, 140, 560.8, 340), None),  # 0.22 of the width beside the middle
        (boxed(361, 140, 561, 340), Guidance.OFF_CENTRE),
        (boxed(79, 140, 279, 340), Guidance.OFF_CENTRE),
        (boxed(220, 245.5, 420, 445.5), None),
        (boxed(220, 246, 420, 446), Guidance.OFF_CENTRE),
        (boxed(220, 34, 420, 234), Guidance.OFF_CENTRE),
        (boxed(0, 140, 400, 340), None),
        (boxed(-0.1, 140, 400, 340), Guidance.OFF_CENTRE),  # cut by the edge
        (boxed(240, 140, 640, 340), None),
        (boxed(240, 140, 640.1, 340), Guidance.OFF_CENTRE),
        (boxed(220, 0, 420, 300), None),
        (boxed(220, -0.1, 420, 300), Guidance.OFF_CENTRE),
        (boxed(220, 180, 420, 480), None),
        (boxed(220, 180, 420, 480.1), Guidance.OFF_CENTRE),
    ],
)
def test_each_limit_of_a_place(seen: FaceObservation, told: Guidance | None) -> None:
    assert guidance._place(seen, LIMITS) is told
    assert guidance._place(replace(seen, points=None), LIMITS) is Guidance.NO_FACE
    assert guidance._place(replace(seen, box=None), LIMITS) is Guidance.NO_FACE


def test_who_is_too_far_is_told_nothing_else() -> None:
    far = boxed(272, 192, 368, 280)
    assert hints(far, PICTURE, seen=replace(WELL, luma=1.0)) == (Guidance.TOO_FAR,)
    assert hints(nobody(0.0), PICTURE) == (Guidance.NO_FACE,)
    assert hints(replace(far, box=None), PICTURE) == hints(replace(far, points=None), PICTURE) == (Guidance.NO_FACE,)
    assert hints(replace(nobody(0.0), small_box=(1.0, 1.0, 9.0, 9.0)), PICTURE) == (Guidance.TOO_FAR,)
    tall = replace(boxed(252, 260, 348, 356), size=(480, 640))  # a portrait camera: shares are of the shorter side
    assert hints(tall, PICTURE, seen=WELL) == ()
    near = boxed(200, 30, 440, 450)
    assert hints(near, PICTURE, seen=replace(WELL, mouth_chroma=30.0)) == (Guidance.MOUTH_COVERED, Guidance.TOO_NEAR)


@pytest.mark.parametrize(
    ("colours", "covered"),
    [
        ({"mouth_chroma": 20.0, "lips_chroma": 3.0, "lips_luma": 1.0}, False),  # lips by their colour
        ({"mouth_chroma": 20.0, "lips_chroma": 2.9, "lips_luma": 0.9}, False),  # … or by their darkness
        ({"mouth_chroma": 9.1, "lips_chroma": 2.9, "lips_luma": 0.91}, True),
        ({"mouth_chroma": 9.0, "lips_chroma": 2.9, "lips_luma": 0.91}, False),
        ({"mouth_chroma": 5.0, "lips_chroma": 0.0, "lips_luma": 1.0, "colour": 11.0}, True),  # 0.45 of the face's own colour
        ({"mouth_chroma": 4.9, "lips_chroma": 0.0, "lips_luma": 1.0, "colour": 11.0}, False),
        ({"mouth_chroma": 4.5, "lips_chroma": 0.0, "lips_luma": 1.0, "colour": 1.0}, False),  # a grey picture
        ({"mouth_chroma": 4.6, "lips_chroma": 0.0, "lips_luma": 1.0, "colour": 1.0}, True),
        ({"mouth_chroma": 4.3, "lips_chroma": 0.0, "lips_luma": 1.0, "lips_spread": 2.3}, True),  # even, as cloth of skin's colour
        ({"mouth_chroma": 4.3, "lips_chroma": 0.0, "lips_luma": 1.0, "lips_spread": 2.4}, False),
        ({"mouth_chroma": 4.2, "lips_chroma": 0.0, "lips_luma": 1.0, "lips_spread": 2.3}, False),
        ({"mouth_chroma": 4.3, "lips_chroma": 3.0, "lips_luma": 1.0, "lips_spread": 0.0}, False),
        ({"lips_chroma": 0.0, "lips_luma": 1.0, "mouth_luma": 1.25}, False),
        ({"lips_chroma": 0.0, "lips_luma": 1.0, "mouth_luma": 1.26}, True),
        ({"lips_chroma": 0.0, "lips_luma": 1.0, "mouth_luma": 0.55}, False),
        ({"lips_chroma": 0.0, "lips_luma": 1.0, "mouth_luma": 0.54}, True),
    ],
)
def test_each_limit_of_a_covered_mouth(colours: dict[str, float], covered: bool) -> None:
    assert covered_mouth(replace(WELL, **colours)) is covered


def test_a_hint_holds_and_the_next_waits_for_it() -> None:
    calm, dark, far = GuidanceFilter(), Guidance.TOO_DARK, Guidance.TOO_FAR
    told = [calm.step(t_s, raw) for t_s, raw in ((0.0, None), (8.0, far), (8.25, dark), (8.5, dark), (8.75, dark), (10.25, far))]
    assert told == [None, None, None, None, dark, dark]
    assert calm.step(10.5, far) is dark
    assert calm.step(10.75, far) is far
    assert calm.step(11.0, None) is far
    assert [calm.step(t_s, None) for t_s in (12.25, 12.5)] == [far, None]
    assert (calm.APPEAR_S, calm.HOLD_S, calm.CLEAR_S) == (0.4, 1.6, 0.4)


def test_a_camera_may_have_limits_of_its_own() -> None:
    given = replace(LIMITS, mouth_chroma=5.0, dark=160.0, far=0.9)
    assert hints(face(0.0), PICTURE, replace(given, far=LIMITS.far), seen=replace(WELL, mouth_chroma=6.0)) == (
        Guidance.TOO_DARK,
        Guidance.MOUTH_COVERED,
    )
    assert judge(face(0.0), PICTURE, given, seen=WELL) is Guidance.TOO_FAR
