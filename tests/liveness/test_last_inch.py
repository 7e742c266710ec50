"""What a hand's breadth of slack would let through: answers begun early, the best instead of the worst, faces of bad moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from kiosk import models
from kiosk.config import Checks, Liveness, Settings
from kiosk.domain.outcome import LivenessResult
from kiosk.domain.reasons import Action, Guidance, Reason
from kiosk.domain.take_view import TakeView
from kiosk.face.compare import cosine
from kiosk.liveness.attacks.evidence import AttackEvidence
from kiosk.liveness.attacks.parallax import Parallax
from kiosk.liveness.attacks.turns import TurnVerdict
from kiosk.liveness.face_buffer import KeptFace
from kiosk.liveness.landmarks import FaceObservation, Landmarker
from kiosk.liveness.pace import BLOCKING
from kiosk.liveness.take import Take
from kiosk.liveness.verdict import conclude
from tests.liveness.faces import Camera, Pose, face
from tests.liveness.test_take import SETTINGS, Person, challenge, run

MATCH = Settings().match
PASSED = LivenessResult(True, Reason.OK)


# --- the end of a take ---------------------------------------------------------------------------------------------------


class Told:
    """Sees in a face whose it is: the first pixel names the direction of the vector. 1 and 2 are alike to 0.6, 3 is another."""

    model_digest = "digest"
    _VECTORS = {1: (1.0, 0.0, 0.0), 2: (0.6, 0.8, 0.0), 3: (0.0, 0.0, 1.0)}

    def embed(self, face_rgb: np.ndarray) -> np.ndarray:
        out = np.zeros(128, np.float32)
        out[:3] = self._VECTORS[int(face_rgb[0, 0, 0])]
        return out


def kept(part: int, who: int, quality: float = 0.5) -> KeptFace:
    return KeptFace(part, float(part), quality, np.full((112, 112, 3), who, np.uint8))


@pytest.mark.parametrize("parts", [(1, 1, 3), (1, 3, 1), (3, 1, 1)])
def test_one_part_with_another_face_is_enough_to_refuse(parts: tuple[int, ...]) -> None:
    """Two parts that are alike do not make up for one that is not."""
    result, probe, used = conclude(PASSED, [kept(number, who) for number, who in enumerate(parts)], Told(), MATCH)
    assert (result.passed, result.reason, probe, used) == (False, Reason.FACE_CHANGED, None, 0)
    check = result.checks[0]
    assert (check.name, check.score, check.flagged) == ("same-face", 0.0, True)


@pytest.mark.parametrize(
    ("who", "passed"),
    [((1, 1, 1, 1), True), ((1, 2, 3, 1), True), ((1, 1, 3, 3), False), ((3, 3, 1, 1), False), ((3, 3, 3, 3), False)],
)
def test_whoever_acted_is_the_one_who_waited(who: tuple[int, ...], passed: bool) -> None:
    """A print held up between the actions, and somebody else's face at their height. One of two pictures may be blurred."""
    waited = [kept(number, 1) for number in range(3)]
    acted = [replace(kept(1 + number // 2, one), acting=True) for number, one in enumerate(who)]
    result, probe, used = conclude(PASSED, [*waited, *acted], Told(), MATCH)
    assert (result.passed, result.reason) == ((True, Reason.OK) if passed else (False, Reason.FACE_CHANGED))
    assert (probe is not None, used) == (passed, 3 if passed else 0)  # who acted is no part of what is compared
    assert [one.name for one in result.checks if one.flagged] == ([] if passed else ["same-face-acting"])


def test_two_faces_that_take_turns_are_not_one() -> None:
    """Each part holds both, so that the parts are alike."""
    result, probe, _ = conclude(PASSED, [kept(part, who) for part in range(3) for who in (1, 3)], Told(), MATCH)
    assert (result.reason, probe) == (Reason.FACE_CHANGED, None)
    assert [one.name for one in result.checks if one.flagged] == ["same-face-acting"]


def test_the_same_face_throughout_passes() -> None:
    result, probe, used = conclude(PASSED, [kept(number, who) for number, who in enumerate((1, 2, 1))], Told(), MATCH)
    assert (result.reason, used) == (Reason.OK, 3)
    assert result.checks[0].score == pytest.approx(0.6)
    assert probe is not None


def test_the_probe_is_made_of_the_best_faces() -> None:
    good = [kept(number % 2, 1, 0.9) for number in range(MATCH.frames)]
    bad = [kept(number % 2, 2, 0.1) for number in range(MATCH.frames)]
    _, probe, used = conclude(PASSED, [*bad, *good], Told(), MATCH)
    assert used == MATCH.frames
    assert probe is not None
    assert cosine(probe, Told().embed(good[0].face_rgb)) == pytest.approx(1.0)


def test_without_a_face_there_is_no_probe() -> None:
    result, probe, _ = conclude(PASSED, [], Told(), MATCH)
    assert (result.reason, probe) == (Reason.NO_GOOD_FRAME, None)


@pytest.fixture
def landmarker() -> Iterator[Landmarker]:
    made = Landmarker(models.path("face-landmarker"))
    yield made
    made.close()


# --- in the take ---------------------------------------------------------------------------------------------------------


def test_an_answer_begun_before_the_cue_does_not_count_though_its_peak_comes_after() -> None:
    """Half open at the announcement, the rest at the cue: a recording that fits by chance looks like this."""
    cued: list[float] = []

    def half_way(t_s: float, view: TakeView) -> Pose:
        if view.now and not cued:
            cued.append(t_s)
        if not cued:
            return Pose(mouth=0.18) if view.phase == "wait-cue" else Pose()
        return Pose(mouth=0.45) if t_s - cued[0] < 0.6 else Pose()

    result = run(Take(challenge(Action.MOUTH_OPEN), SETTINGS), half_way)
    assert cued
    assert (result.passed, result.reason) == (False, Reason.ACTION_TIMEOUT)
    assert result.actions[-1].seen_at_s is None


@pytest.mark.parametrize(("times", "reason"), [(2, Reason.OK), (6, Reason.ACTION_TIMEOUT)])
def test_turns_that_nobody_asked_for_are_strays_too(times: int, reason: Reason) -> None:
    person = Person(after_s=5.0 + 1.6 * times)

    def restless(t_s: float, view: TakeView) -> Pose:
        stray = view.now and view.action is Action.MOUTH_OPEN and 4.0 <= t_s < 4.0 + 1.6 * times and (t_s - 4.0) % 1.6 < 0.8
        return Pose(yaw=30.0) if stray else person(t_s, view)

    settings = SETTINGS.model_copy(update={"action_timeout_s": 60.0})
    assert run(Take(challenge(Action.MOUTH_OPEN, Action.TURN_LEFT), settings), restless).reason is reason


def test_a_swapped_action_is_announced_before_its_cue() -> None:
    take = Take(challenge(Action.BLINK, Action.TURN_LEFT, spares=(Action.MOUTH_OPEN,)), SETTINGS)
    after: list[tuple[str, Action | None, bool]] = []
    swapped: list[float] = []

    def swap(t_s: float, view: TakeView) -> None:
        if swapped and len(after) < 100:
            after.append((view.phase, view.action, view.now))
        if view.now and not swapped:
            assert take.swap_action()
            swapped.append(t_s)

    run(take, Person(), watch=swap)
    assert after[0] == ("wait-cue", Action.MOUTH_OPEN, False)
    waited = next(number for number, (_, _, now) in enumerate(after) if now)
    assert waited >= 0.9 * 20  # the whole pause of a step, at 20 pictures a second


def test_no_face_of_a_moment_that_blocks_is_kept() -> None:
    """Two faces in the picture behind the action: whose is kept? None, and the take ends without a good frame."""
    assert Guidance.SEVERAL_FACES in BLOCKING
    person, over = Person(), []

    def crowd(t_s: float, seen: FaceObservation) -> FaceObservation:
        return face(t_s, Pose(), others=((20.0, 20.0, 300.0, 300.0),)) if over else seen

    def watch(_t: float, view: TakeView) -> None:
        if view.done_actions:
            over.append(1)

    result = run(Take(challenge(Action.TURN_LEFT), SETTINGS), person, watch=watch, change=crowd)
    assert (result.passed, result.reason) == (False, Reason.NO_GOOD_FRAME)


@pytest.mark.parametrize(("mode", "verdict"), [("enforce", TurnVerdict.JERKY), ("record", TurnVerdict.UNJUDGED)])
def test_a_turn_without_pictures_is_asked_for_again_while_depth_is_enforced(mode: str, verdict: TurnVerdict) -> None:
    evidence, camera = AttackEvidence(Liveness(checks=Checks(depth=mode))), Camera()  # type: ignore[arg-type]
    for number in range(20):
        evidence.step(face(number / 20), camera.picture(), "wait-cue", Action.TURN_LEFT)
    assert evidence.turns.judge() is verdict
    assert not evidence.turns.saw_depth


def test_the_worst_turn_counts_for_the_background() -> None:
    evidence = AttackEvidence(Liveness(checks=Checks(background="enforce")))
    evidence.turns.parallax = [Parallax(follow=0.05), Parallax(follow=0.9), Parallax()]
    (check,) = [one for one in evidence.scores() if one.name == "background"]
    assert (check.score, check.flagged) == (0.9, True)
