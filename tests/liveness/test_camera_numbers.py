"""The numbers of the camera's proof where they stand: when a pulse begins, what counts as an answer, which corners are looked at.

The table lies beside this file. After a change that is meant: `python -m tests.liveness.test_camera_numbers`, and look at the
difference. Small pictures and made-up measurements: no camera, and no second of waiting.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kiosk.camera.frame import Frame
from kiosk.camera.v4l2 import Control
from kiosk.config import Checks
from kiosk.domain.camera_facts import CameraFacts
from kiosk.domain.outcome import CheckScore
from kiosk.liveness.camera_proof import measure as measured
from kiosk.liveness.camera_proof import pulses, sensor
from kiosk.liveness.camera_proof.proof import ANSWER_LIMIT, SENSOR_LIMIT, CameraProof
from kiosk.liveness.camera_proof.pulses import Answer, Pulse, Pulses
from kiosk.liveness.camera_proof.sensor import SensorWatch
from kiosk.liveness.camera_proof.side import CameraSide, Hold

TABLE = Path(__file__).with_name("camera_numbers.json")


class Even(random.Random):
    """Draws the middle of everything; the way goes up."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2

    def random(self) -> float:
        return 0.25


# --- pulses --------------------------------------------------------------------------------------------------------------


def test_a_pulse_waits_for_its_time_and_for_quiet_and_lasts_as_drawn() -> None:
    """Half a second of pause, 0.27 s of 0.8: the middle of each range."""
    played = Pulses(Even())
    assert (played.level(10.0, True), played.played) == (0.0, ())
    assert played.level(10.49, True) == 0.0
    assert played.level(10.5, True) == pytest.approx(0.8)
    assert played.played == (Pulse(10.5, pytest.approx(10.77), pytest.approx(0.8)),)  # type: ignore[arg-type]
    assert played.level(10.76, False) == pytest.approx(0.8)  # one that began is always ended
    assert played.level(10.78, False) == 0.0
    assert played.played[0].end_s == 10.78
    assert played.level(11.27, True) == 0.0
    assert played.level(11.2, False) == 0.0  # no quiet: the pause begins anew
    assert played.level(11.3, True) == 0.0
    assert played.level(11.75, True) == pytest.approx(0.8)  # and a frame that comes late moves its beginning
    assert played.played[1].begin_s == 11.75
    assert played.played[1].end_s == pytest.approx(12.02)


def test_no_pulse_begins_in_a_moment_that_is_not_quiet_however_seldom_frames_come() -> None:
    played = Pulses(Even())
    assert [played.level(n / 1.0, False) for n in range(20)] == [0.0] * 20
    assert played.played == ()


def test_a_take_has_so_many_pulses_at_most() -> None:
    played = Pulses(Even())
    levels = [played.level(n / 10, True) for n in range(600)]
    assert len(played.played) == pulses.MOST == 24
    assert levels[-100:] == [0.0] * 100


def test_what_a_frame_is_kept_as() -> None:
    played, picture = Pulses(Even()), np.zeros((64, 64, 3), np.uint8)
    picture[::16, ::16] = (40, 80, 160)  # between them nothing is looked at
    played.look(1.0, picture)
    played.look(2.0, picture * 0)
    assert played.seen()[0] == pytest.approx((1.0, math.log((40 + 160 + 160) / 4), math.log(4.0)))
    assert played.seen()[1] == pytest.approx((2.0, 0.0, 0.0))
    played.look(61.0, picture)
    assert len(played.seen()) == 3
    played.look(61.1, picture)
    assert played.seen()[:, 0].tolist() == [2.0, 61.0, 61.1]  # a minute


PLAYED = tuple(Pulse(1.0 + 0.8 * n, 1.3 + 0.8 * n, 1.0 if n % 3 else -0.7) for n in range(6))


def seen_of(delay_s: float, response: float, *, noise: float = 0.0, slope: float = 0.0, fps: float = 30.0) -> np.ndarray:
    rng = np.random.default_rng(3)
    times = np.arange(0.0, 7.0, 1 / fps)
    light = slope * times + noise * rng.standard_normal(len(times))
    for one in PLAYED:
        light[(times >= one.begin_s + delay_s) & (times < one.end_s + delay_s)] += one.level * response
    return np.stack([times, light, -light], axis=1)


def test_an_answer_is_the_share_of_what_was_measured_at_set_up() -> None:
    seen = seen_of(0.1, 0.03, slope=0.02)
    whole = pulses.answer(seen, PLAYED, 1, 0.1, 0.03)
    assert (whole.share, whole.error, whole.pulses) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-9), 6)
    assert pulses.answer(seen, PLAYED, 1, 0.1, 0.06).share == pytest.approx(0.5)
    assert pulses.answer(seen, PLAYED, 2, 0.1, 0.03).share == pytest.approx(-1.0)  # red over blue goes the other way
    assert pulses.answer(seen, PLAYED, 1, 0.1, 0.0) == Answer(0.0, math.inf, 6)
    assert pulses.answer(seen, PLAYED[:1], 1, 0.1, 0.03) == Answer(0.0, math.inf, 1)
    assert pulses.answer(np.array([]), PLAYED, 1, 0.1, 0.03) == Answer(0.0, math.inf, 0)
    two = pulses.answer(seen_of(0.1, 0.03, noise=0.004), PLAYED[:2], 1, 0.1, 0.03)  # of two the larger rest counts
    assert (two.pulses, two.error > 0) == (2, True)
    facts = CameraFacts("gain", delay_s=0.1, response=0.03)
    played = Pulses(Even())
    played._pulses, played.seen = list(PLAYED), lambda: seen  # type: ignore[method-assign]
    assert played.answer(facts).share == pytest.approx(1.0)
    assert played.answer(CameraFacts("white-balance", delay_s=0.1, response=0.03)).share == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("error", "count", "says"), [(0.15, 4, True), (0.151, 4, False), (0.15, 3, False), (0.0, 24, True), (math.inf, 24, False)]
)
def test_when_an_answer_says_something(error: float, count: int, says: bool) -> None:
    assert Answer(1.0, error, count).says_something is says


@pytest.mark.parametrize(
    ("kept", "counts"),
    [
        (lambda t: t == t, 1),
        (lambda t: (t < 1.05) | (t > 1.28), 0),  # nothing of the pulse itself
        (lambda t: (t < 0.75) | (t > 0.98), 0),  # nothing before it
        (lambda t: t < 1.3, 0),  # nothing after it
        (lambda t: (t > 0.9) & (t < 1.45), 1),
    ],
)
def test_a_pulse_counts_when_it_was_seen_whole(kept: Callable[[np.ndarray], np.ndarray], counts: int) -> None:
    seen = seen_of(0.0, 0.03)
    changes, levels = pulses._changes(seen[kept(seen[:, 0])], PLAYED[:1], 1, 0.0)
    assert (len(changes), len(levels)) == (counts, counts)


CASES: dict[str, Callable[[], dict[str, float]]] = {
    "answers": lambda: {
        f"{delay_s}, {column}": value
        for delay_s in (0.1, 0.16, 0.3)
        for column in (1, 2)
        for value in (pulses.answer(seen_of(0.1, 0.03, noise=0.004, slope=0.01), PLAYED, column, delay_s, 0.03).share,)
    },
    "errors": lambda: {
        f"{noise}": pulses.answer(seen_of(0.1, 0.03, noise=noise), PLAYED, 1, 0.1, 0.03).error for noise in (0.001, 0.004, 0.02)
    },
    "calibrated": lambda: dict(zip("drn", pulses.calibrate(seen_of(0.13, 0.03, noise=0.001), PLAYED, 1), strict=True)),
    "calibrated slowly": lambda: dict(zip("drn", pulses.calibrate(seen_of(0.13, 0.03, fps=20.0), PLAYED, 1), strict=True)),
    "sensors": lambda: {
        "same": sensor.likeness(shown(1), shown(1, 50)),
        "other": sensor.likeness(shown(1), shown(2)),
        "opposite": sensor.likeness(shown(1), -shown(1, 50)),
        "itself": sensor.likeness(shown(1), shown(1)),
    },
}


@cache
def shown(which: int, seed: int = 0, pictures: int = 3) -> np.ndarray:
    """The pattern of a made-up sensor: pixels that differ by three hundredths, before a slope and what JPEG leaves."""
    own, rng = np.random.default_rng(which), np.random.default_rng(100 * which + seed)
    gains = 1 + 0.03 * own.standard_normal((2, sensor.BLOCK, sensor.BLOCK))
    scene = 110 + np.linspace(-30, 30, sensor.BLOCK)[None, :, None] + 5 * (np.arange(sensor.BLOCK) % 8 == 0)[None, None, :]
    taken = [np.clip(scene * gains + rng.normal(0, 2, gains.shape), 0, 255).astype(np.uint8) for _ in range(pictures)]
    return sensor.pattern(taken)


@pytest.mark.parametrize("name", CASES)
def test_what_is_measured_in_numbers(name: str) -> None:
    written = json.loads(TABLE.read_text(encoding="utf-8"))[name]
    assert CASES[name]() == {key: pytest.approx(value, rel=1e-2, abs=1e-7) for key, value in written.items()}


def test_nothing_is_calibrated_of_too_few_pulses() -> None:
    assert pulses.calibrate(seen_of(0.1, 0.03), PLAYED[:3], 1) == (0.0, 0.0, math.inf)
    assert pulses.calibrate(seen_of(0.1, 0.03), PLAYED[:4], 1)[0] == pytest.approx(0.1, abs=0.03)


# --- the sensor ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height", "width", "grey", "good"),
    [
        (256, 512, 25, True),
        (255, 512, 120, False),
        (256, 511, 120, False),
        (256, 512, 24, False),
        (256, 512, 235, True),
        (256, 512, 236, False),
    ],
)
def test_which_corners_show_something(height: int, width: int, grey: int, good: bool) -> None:
    found = sensor.corners(np.full((height, width, 3), grey, np.uint8))
    assert (found is not None) is good
    picture = np.full((300, 700, 3), 100, np.uint8)
    picture[:256, :256], picture[:256, -256:] = 50, 150
    both = sensor.corners(picture)
    assert both is not None
    assert ({*np.unique(both[0])}, {*np.unique(both[1])}, both.dtype) == ({50}, {150}, np.uint8)
    picture[:256, -256:] = 10  # one of them is enough to leave both out
    assert sensor.corners(picture) is None


def test_a_pattern_has_mean_none_variance_one_and_comes_back() -> None:
    found = shown(1)
    assert (found.shape, found.dtype) == ((2, 256, 256), np.float32)
    assert found.mean() == pytest.approx(0.0, abs=1e-3)
    assert (found**2).mean(axis=(1, 2)) == pytest.approx((1.0, 1.0), rel=1e-3)
    kept = sensor.pack(found)
    assert len(kept) == 2 * 256 * 256 * 2
    back = sensor.unpack(kept)
    assert back.dtype == np.float32
    assert back == pytest.approx(found, abs=5e-3)
    assert sensor.likeness(found * 0, found) == 0.0


def test_a_take_keeps_few_pictures_and_not_too_near_to_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensor, "corners", lambda picture: None if picture is None else np.zeros((2, 4, 4), np.uint8))
    monkeypatch.setattr(sensor, "pattern", lambda pictures: len(pictures))
    monkeypatch.setattr(sensor, "likeness", lambda one, other: (one, other))
    watch, picture = SensorWatch("pinned"), np.zeros((4, 4, 3), np.uint8)  # type: ignore[arg-type]
    for number, (t_s, shown_picture, kept) in enumerate(
        [(5.0, picture, 1), (5.125, picture, 1), (5.25, picture, 2), (6.0, None, 2), (6.125, picture, 2), (6.25, picture, 3)]
    ):
        watch.look(t_s, shown_picture)  # type: ignore[arg-type]
        assert len(watch._pictures) == kept, number
    for number in range(4):
        watch.look(10.0 + number, picture)
        assert watch.score() is None
    watch.look(20.0, picture)
    assert watch.score() == ("pinned", 8)
    for number in range(20):
        watch.look(30.0 + number, picture)
    assert watch.score() == ("pinned", 20)


# --- what a take asks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "answer", "like", "camera", "flags", "unclear"),
    [
        ("enforce", Answer(0.5, 0.1, 5), 100.0, 0.5, (False, False), False),
        ("enforce", Answer(0.49, 0.1, 5), 99.9, 0.49, (True, True), False),
        ("enforce", Answer(0.1, 0.2, 5), None, None, (False, False), True),
        ("record", Answer(0.1, 0.2, 5), None, None, (False, False), False),
        ("enforce", None, 500.0, None, (False, False), False),
    ],
)
def test_what_the_checks_of_the_camera_say(
    mode: str, answer: Answer | None, like: float | None, camera: float | None, flags: tuple[bool, bool], unclear: bool
) -> None:
    proof = CameraProof(CameraFacts("gain"), Checks(camera=mode, sensor=mode), Even())  # type: ignore[arg-type]
    proof._pulses = None if answer is None else SimpleNamespace(answer=lambda facts: answer)  # type: ignore[assignment]
    proof._sensor = SimpleNamespace(score=lambda: like)  # type: ignore[assignment]
    assert proof.unclear is False
    assert proof.scores() == (
        CheckScore("camera", camera, ANSWER_LIMIT, mode, flags[0]),  # type: ignore[arg-type]
        CheckScore("sensor", like, SENSOR_LIMIT, mode, flags[1]),  # type: ignore[arg-type]
    )
    assert proof.unclear is unclear
    assert (ANSWER_LIMIT, SENSOR_LIMIT) == (0.5, 100.0)


def test_when_the_camera_is_steered_and_looked_at() -> None:
    picture, looked = np.full((48, 64, 3), 120, np.uint8), list[float]()
    for control, light, pulsing in (("gain", "record", True), ("white-balance", "off", True), ("white-balance", "record", False)):
        proof = CameraProof(CameraFacts(control, size=(64, 48)), Checks(light=light), Even())  # type: ignore[arg-type]
        proof._sensor = SimpleNamespace(look=lambda t_s, image: looked.append(t_s))  # type: ignore[assignment]
        for phase, level in (("baseline", False), ("light", False), ("wait-cue", pulsing), ("cue", True), ("between", pulsing)):
            proof._pulses = Pulses(Even())
            proof.step(0.0, picture, phase)
            proof.step(0.6, picture, phase)
            assert proof.level == (pytest.approx(0.8) if level else 0.0), (control, light, phase)
            assert len(proof._pulses.seen()) == 2
        proof.step(9.0, picture[:40], "cue")  # of another size than was measured
    assert looked == [0.0, 0.6] * 9  # three phases of each
    assert CameraProof(CameraFacts(), Checks())._pulses is None
    assert CameraProof(CameraFacts("gain"), Checks(camera="off"))._pulses is None
    pinned = CameraFacts(pattern=bytes(2 * 256 * 256 * 2))
    assert [CameraProof(pinned, Checks(sensor=mode))._sensor is None for mode in ("off", "record")] == [True, False]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("after_s", "level", "let_go"),
    [(0.24, 60, False), (0.25, 60, True), (0.6, 60, True), (0.61, 60, False), (0.4, 85, False), (0.4, 84, True), (0.4, 116, True)],
)
def test_a_leap_is_one_when_it_is_large_and_comes_at_once(after_s: float, level: int, let_go: bool) -> None:
    asked: list[bool] = []
    hold = Hold(lambda on: asked.append(on) or on)  # type: ignore[func-returns-value]
    hold.look(0.0, np.full((48, 64, 3), 100, np.uint8), True)
    hold.look(after_s, np.full((48, 64, 3), level, np.uint8), True)
    assert asked == ([True, False] if let_go else [True])


def test_a_side_steers_once_for_each_level_and_back_at_the_end() -> None:
    steered: list[float] = []
    side = CameraSide(steered.append, lambda on: on)
    picture = np.full((48, 64, 3), 90, np.uint8)
    side.facts = CameraFacts("gain", size=(64, 48))
    assert side.begin(Checks(), practice=True) is None
    proof = side.begin(Checks(), practice=False)
    assert proof is not None
    for level in (0.0, 0.8, 0.8, -0.6, 0.0):
        proof.level = level
        side.follow(1.0, picture, lit=False)
    assert steered == [0.8, -0.6, 0.0]
    proof.level = 0.7
    side.follow(2.0, picture, lit=False)
    side.end()
    side.follow(3.0, picture, lit=False)  # nobody asks any more
    assert steered == [0.8, -0.6, 0.0, 0.7, 0.0]


# --- set-up --------------------------------------------------------------------------------------------------------------


class Paper:
    """A sheet of paper before a camera whose gain answers four frames later, by `share` of the light for each step."""

    def __init__(self, share: float = 0.004, noise: float = 0.0, name: str = "gain", **control: int) -> None:
        self.control = Control(**{"low": 0, "high": 255, "step": 1, "value": 100} | control)
        self.share, self.noise, self.name, self.n = share, noise, name, 0
        self.rng, self.coming, self.steered = np.random.default_rng(4), [self.control.value] * 4, list[int]()

    @property
    def controls(self) -> Paper:
        return self

    def find(self, name: str) -> Control | None:
        return self.control if name == self.name else None

    def steer(self, control: str, value: int) -> bool:
        assert control == self.name
        self.steered.append(value)
        return True

    def read(self) -> Frame:
        self.n += 1
        self.coming.append(self.steered[-1] if self.steered else self.control.value)
        light = 120 * (1 + self.share * (self.coming.pop(0) - self.control.value) + self.noise * self.rng.standard_normal())
        picture = np.full((48, 64, 3), 0.0)
        picture[...] = light
        if self.name == "white-balance":
            picture[..., 0] = 120
        return Frame(picture, self.n / 30, self.n)


@pytest.mark.parametrize(
    ("paper", "control", "unit", "response", "tried", "told"),
    [
        (Paper(), "gain", 9, 0.036, 2, "answers"),  # a first try with 20 steps changed too much
        (Paper(0.0018), "gain", 20, 0.036, 1, "answers"),
        (Paper(0.0018, high=120), "gain", 19, 0.034, 2, "answers"),  # a smaller range; the better step has to fit into it
        (Paper(0.0001), "", 0, 0.0, 2, "no clear answer"),
        (Paper(0.0), "", 0, 0.0, 2, "no clear answer"),
        (Paper(0.0018, noise=0.03), "", 0, 0.0, 1, "no clear answer"),
        (Paper(0.0018, name="white-balance"), "white-balance", 20, 0.036, 1, "answers"),
    ],
)
def test_a_control_is_tried_with_a_step_that_nobody_sees(
    paper: Paper, control: str, unit: int, response: float, tried: int, told: str
) -> None:
    lines = list[str]()
    facts = measured.measure(paper, lines.append, pattern=False, rng=random.Random(3))
    assert (facts.control, facts.unit, facts.size, facts.pattern) == (control, unit, (64, 48), b"")
    assert facts.response == pytest.approx(response, rel=0.1)
    assert [line for line in lines if line.startswith(f"{paper.name}: step")][0].endswith(f": {told}")
    assert [line.partition(":")[0] for line in lines] == ["exposure", "gain", "white-balance", "brightness"]
    assert sum(line.endswith(": none, or the camera keeps it to itself") for line in lines) == 3
    assert paper.steered[-1] == paper.control.value  # where it stood
    if control:
        assert facts.delay_s == pytest.approx(4 / 30, abs=0.04)
        assert facts.neutral == 100
        assert lines[1 if paper.name == "gain" else 2].startswith(f"{control}: step {unit}, {100 * facts.response:.1f} % after ")
    assert paper.n / 30 == pytest.approx(measured.WARM_S + tried * measured.TRIAL_S, abs=0.2)


@pytest.mark.parametrize(
    ("wish", "step", "room", "unit"),
    [(20.4, 1, 100, 20), (20.4, 8, 100, 24), (0.2, 8, 100, 8), (90.0, 1, 30, 30), (19.0, 5, 17, 17)],
)
def test_a_step_is_whole_and_fits(wish: float, step: int, room: int, unit: int) -> None:
    assert measured._step(wish, Control(0, 255, step, 100), room) == unit


if __name__ == "__main__":
    told = {name: case() for name, case in CASES.items()}
    TABLE.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
