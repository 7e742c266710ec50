"""With the real models: the puppet's face through landmarks, take, verdict and worker. Needs `kiosk models fetch`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from kiosk import models
from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.config import Settings
from kiosk.domain.outcome import LivenessResult, MatchDecision
from kiosk.domain.person import Template
from kiosk.domain.reasons import Action, Reason
from kiosk.emulators.puppet import PuppetSource
from kiosk.errors import ModelError
from kiosk.evaluate.attacks_synth import SPECIES, HeldPicture
from kiosk.evaluate.takes import _attack
from kiosk.face.align import align
from kiosk.face.compare import compare, pack
from kiosk.face.encoder import Encoder
from kiosk.liveness.challenge import draw_challenge
from kiosk.liveness.landmarks import Landmarker
from kiosk.liveness.small_faces import SmallFaces
from kiosk.liveness.take import Take
from kiosk.liveness.verdict import TakeOutcome, conclude, confirm_turns
from kiosk.liveness.worker import TakeRequest, VisionWorker
from tests.forms import WHOLE

SETTINGS = Settings()
FPS = 15  # pictures a second: four of a blink; drawing and looking at each is what these takes cost


@pytest.fixture
def landmarker() -> Iterator[Landmarker]:
    made = Landmarker(models.path("face-landmarker"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(models.path("face-encoder"))


def portrait(name: str) -> np.ndarray:
    image = cv2.imread(str(models.path(name)))
    assert image is not None
    return image


def act(take: Take, source: PuppetSource, landmarker: Landmarker, other: PuppetSource | None = None) -> None:
    """Play a whole take; with `other`, somebody else steps in after the first action."""
    asked, reply_s = -1, 0.0
    while take.result is None:
        frame = source.read()
        assert frame is not None
        view = take.step(landmarker.observe(frame), frame.image_bgr)
        source.shine(view.light_pattern)
        if view.now and asked != view.action_index:
            asked, reply_s = view.action_index, frame.t_s + 0.5
        if view.now and reply_s and frame.t_s >= reply_s and view.action is not None:
            reply_s = 0.0
            source.perform(view.action)
        if other is not None and view.done_actions:
            source.set_portrait("obama2" if "biden" in source.name else "biden")
            other = None


def test_a_missing_or_damaged_model_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models fetch"):
        Landmarker(tmp_path / "face_landmarker.task")
    with pytest.raises(ModelError, match="models fetch"):
        Encoder(tmp_path / "sface.onnx")
    for name in ("face_landmarker.task", "sface.onnx"):
        (tmp_path / name).write_bytes(b"no model")
    with pytest.raises(ModelError, match="cannot be loaded"):
        Landmarker(tmp_path / "face_landmarker.task")
    with pytest.raises(ModelError, match="cannot be loaded"):
        Encoder(tmp_path / "sface.onnx")


def test_a_portrait_is_observed_and_time_may_jump_back(landmarker: Landmarker) -> None:
    image = portrait("biden")
    for t_s in (5.0, 5.0, 1.0, 1.1):
        seen = landmarker.observe(Frame(image, t_s, 0))
        assert seen.t_s == t_s
    assert seen.face_count == 1
    assert seen.points is not None
    assert seen.points.shape == (478, 3)
    assert seen.points[263, 0] > seen.points[33, 0]  # the person's left eye is on the right of the picture
    assert abs(seen.yaw_deg) < 20
    mirrored = landmarker.observe(Frame(np.ascontiguousarray(image[:, ::-1]), 2.0, 0))
    assert np.sign(mirrored.yaw_deg) == -np.sign(seen.yaw_deg)
    assert landmarker.observe(Frame(np.zeros_like(image), 3.0, 0)).points is None


@cache
def lived(who: str, seed: int) -> Take:
    """A whole take of a living puppet, once for all that is asked of it."""
    eyes = Landmarker(models.path("face-landmarker"))
    source = PuppetSource(who, seed=seed, fps=FPS, realtime=False)
    source.open()
    take = Take(draw_challenge(SETTINGS.liveness, rng=random.Random(seed)), SETTINGS.liveness)
    act(take, source, eyes)
    eyes.close()
    return take


LIVING = [("biden", 0), ("obama", 2), ("astronaut", 5)]


@pytest.mark.parametrize(("who", "seed"), LIVING if WHOLE else LIVING[:2])
def test_a_living_puppet_passes_and_matches_itself_alone(who: str, seed: int, landmarker: Landmarker, encoder: Encoder) -> None:
    take = lived(who, seed)
    assert take.result is not None
    still = Landmarker(models.path("face_landmarker.task"), max_faces=1, stills=True)
    confirmed = confirm_turns(take.result, take.turns, still)
    still.close()
    assert [one.flagged for one in confirmed.checks if one.name == "turn-confirmed"] == [False]
    result, probe, used = conclude(confirmed, take.kept, encoder, SETTINGS.match)
    assert (result.reason, used) == (Reason.OK, SETTINGS.match.frames)
    assert probe is not None
    for name in ("biden", "obama"):
        image = portrait(name)
        points = landmarker.observe(Frame(image, 1e3, 0)).points
        assert points is not None
        template = Template(pack(encoder.embed(align(image, points))), encoder.model_digest, "consent")
        expected = MatchDecision.ACCEPT if name == who else MatchDecision.REJECT
        assert compare(probe, template, SETTINGS.match, encoder.model_digest).decision is expected
        outdated = compare(probe, replace(template, model_digest="other"), SETTINGS.match, encoder.model_digest)
        assert (outdated.decision, outdated.reason) == (MatchDecision.UNCERTAIN, Reason.TEMPLATE_OUTDATED)


def test_another_person_behind_the_first_action_is_compared_and_refused(encoder: Encoder) -> None:
    """The faces of two living takes, the second part from somebody else's: the comparison itself says that the face changed."""
    faces = {}
    for who, seed in LIVING[:2]:
        take = lived(who, seed)
        assert take.result is not None
        assert take.result.reason is Reason.OK
        faces[who] = take.kept
    first, second = ([one for one in faces[who] if (one.part == 0) is early] for who, early in (("biden", True), ("obama", False)))
    result, probe, _ = conclude(LivenessResult(True, Reason.OK), [*first, *second], encoder, SETTINGS.match)
    assert (result.passed, result.reason, probe) == (False, Reason.FACE_CHANGED, None)
    assert [check.flagged for check in result.checks if check.name == "same-face"] == [True]


def test_somebody_else_stepping_in_midway_fails(landmarker: Landmarker, encoder: Encoder) -> None:
    source = PuppetSource("biden", fps=FPS, realtime=False)
    source.open()
    take = Take(draw_challenge(SETTINGS.liveness, rng=random.Random(3)), SETTINGS.liveness)
    act(take, source, landmarker, other=source)
    assert take.result is not None
    result, probe, _ = conclude(take.result, take.kept, encoder, SETTINGS.match)
    # The new face fits the baseline of the first so badly that none of it is kept. What the comparison itself says of two people:
    # test_another_person_behind_the_first_action_is_compared_and_refused.
    assert (result.passed, result.reason, probe) == (False, Reason.NO_GOOD_FRAME, None)


@pytest.mark.parametrize("number", [2, 9] if WHOLE else [9])
def test_held_prints_never_pass(number: int, landmarker: Landmarker) -> None:
    image = portrait("biden")
    points = landmarker.observe(Frame(image, 0.0, 0)).points
    assert points is not None
    settings = SETTINGS.liveness.model_copy(update={"action_timeout_s": 3.0})
    take = Take(draw_challenge(settings, rng=random.Random(number)), settings)
    result = _attack(take, HeldPicture(image, points, SPECIES[number], number), landmarker, random.Random(number))
    assert not result.passed


def test_the_worker_runs_a_take_and_a_practice_round(qtbot: QtBot) -> None:
    source, box = PuppetSource("biden", fps=FPS, realtime=False), Mailbox[Frame]()
    source.open()
    worker = VisionWorker(SETTINGS, _Fed(source, box))
    with qtbot.waitSignal(worker.ready, timeout=20000) as ready:
        worker.start()
    assert len(ready.args[0]) == 64
    try:
        outcomes: list[TakeOutcome] = []
        asked: dict[int, int] = {}

        def obey(view: object) -> None:
            index, action = view.action_index, view.action  # type: ignore[attr-defined]
            if view.now and asked.get(index) is None and isinstance(action, Action):  # type: ignore[attr-defined]
                asked[index] = 1
                source.perform(action)

        keep = _Slots(obey, outcomes)
        worker.view.connect(keep.obey)
        worker.finished.connect(keep.done)
        for practice in (False, True):
            asked.clear()
            with qtbot.waitSignal(worker.finished, timeout=60000):
                worker.begin_take(TakeRequest("visit-1", 7, practice=practice, seed=4))
        first, second = outcomes
        assert (first.visit_id, first.take_id, first.liveness.passed) == ("visit-1", 7, True)
        assert first.probe is not None
        assert second.liveness.passed
        assert second.probe is None  # a practice round keeps nothing
    finally:
        worker.stop()


def test_the_worker_survives_a_landmarker_that_raises(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source, box = PuppetSource("biden", fps=FPS, realtime=False), Mailbox[Frame]()
    source.open()
    worker = VisionWorker(SETTINGS, _Fed(source, box))
    with qtbot.waitSignal(worker.ready, timeout=20000):
        worker.start()
    try:
        real, broken = Landmarker.find, [True]

        def find(self: Landmarker, image: object, t_s: float) -> object:
            if broken.pop() if broken else False:
                raise RuntimeError("graph is dead")
            return real(self, image, t_s)

        monkeypatch.setattr(Landmarker, "find", find)
        with qtbot.waitSignals([worker.failed, worker.ready], timeout=20000):
            worker.begin_take(TakeRequest("visit-2", 1, seed=1))
        with qtbot.waitSignal(worker.view, timeout=20000):
            worker.begin_take(TakeRequest("visit-2", 2, seed=1))
    finally:
        worker.stop()
    assert "graph is dead" not in caplog.text  # logs carry codes only


class _Fed(Mailbox[Frame]):
    """A mailbox that makes a frame whenever one is wanted: the take runs as fast as the worker can."""

    def __init__(self, source: PuppetSource, _box: Mailbox[Frame]) -> None:
        super().__init__()
        self._source = source

    def take(self, timeout_s: float = 0.0) -> Frame | None:
        """Draw the next frame."""
        return self._source.read()


class _Slots(QObject):
    """Slots in the GUI thread."""

    def __init__(self, obey: object, outcomes: list[TakeOutcome]) -> None:
        super().__init__()
        self._obey, self._outcomes = obey, outcomes

    def obey(self, view: object) -> None:
        """Play the person."""
        self._obey(view)  # type: ignore[operator]

    def done(self, outcome: TakeOutcome) -> None:
        """Note the outcome."""
        self._outcomes.append(outcome)


def test_a_face_too_far_for_the_mesh_is_seen_by_the_second_detector(landmarker: Landmarker) -> None:
    canvas = np.full((480, 640, 3), 120, np.uint8)
    small = cv2.resize(portrait("biden"), (70, 90), interpolation=cv2.INTER_AREA)
    canvas[190:280, 285:355] = small
    seen = landmarker.observe(Frame(canvas, 2e3, 0))
    assert seen.points is None, "else this test shows nothing"
    faces = SmallFaces(models.path("face_detection_yunet_2023mar.onnx"))
    box = faces.look(seen, canvas).small_box
    assert box is not None
    assert (box[0] + box[2]) / 2 == pytest.approx(320, abs=25)
    empty = np.full_like(canvas, 120)
    assert faces.look(replace(seen, t_s=seen.t_s + 1.0), empty).small_box is None
