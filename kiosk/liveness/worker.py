"""The vision worker: frames from the mailbox through landmarks, take and verdict, in a thread of its own.

Owned by the app: `start` after the first page is shown, `stop` before leaving. It keeps a plain thread of its own; every slot only
leaves a wish and returns at once, so it may be called from any thread. Signals carry one frozen value each. Models are loaded in
the worker's thread, behind the first page.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from kiosk.camera.frame import Frame
from kiosk.config import ASSETS, Settings
from kiosk.domain.camera_facts import CameraFacts
from kiosk.domain.outcome import Glasses, LivenessResult
from kiosk.domain.reasons import Action, Reason
from kiosk.domain.take_view import TakeView
from kiosk.errors import KioskError, ModelError
from kiosk.face.align import align
from kiosk.face.encoder import Encoder
from kiosk.liveness.attacks.turns import TurnPictures
from kiosk.liveness.camera_proof.side import CameraSide
from kiosk.liveness.challenge import draw_challenge
from kiosk.liveness.digits.listening import Ears, Listening
from kiosk.liveness.face_buffer import KeptFace
from kiosk.liveness.glasses import tell
from kiosk.liveness.landmarks import FaceObservation, Landmarker
from kiosk.liveness.light.answer import LightScores
from kiosk.liveness.light.daylight import Daylight
from kiosk.liveness.small_faces import SmallFaces
from kiosk.liveness.take import Take
from kiosk.liveness.trace import Trace
from kiosk.liveness.verdict import TakeOutcome, conclude, confirm_turns
from kiosk.memory import give_back

log = logging.getLogger(__name__)

FACE_LANDMARKER = "face_landmarker.task"
ENCODER = "face_recognition_sface_2021dec.onnx"
DETECTOR = "face_detection_yunet_2023mar.onnx"

PRESENCE_PERIOD_S = 0.4  # between takes: two or three looks a second see somebody come or leave
PRESENCE_SIZE = 0.12  # face height over the frame's shorter side: a passer-by at the back wakes nothing
RELOAD_DELAY_S = 5.0
ENCODER_KEEP_S = 60.0  # after the last take: then nobody is being compared, and 50 MB of weights go back to the system
CHIP_PHOTO = (102, 126)  # width, height of the photo on a card's chip


class Frames(Protocol):
    """Where frames come from: `kiosk.camera.mailbox.Mailbox`, which this package may not import."""

    def take(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s`; None when there is none."""

    def clear(self) -> None:
        """Drop the frame that waits."""


@dataclass(frozen=True, slots=True)
class TakeRequest:
    """Begin a take. `seed` is for demonstrations and tests; without it the challenge is cryptographically random."""

    visit_id: str
    take_id: int | str = 0
    practice: bool = False
    unable: frozenset[Action] = frozenset()
    seed: int | None = None
    attended: bool = False  # an attendant who signed in has the person in sight: a challenge without a turn refers nobody
    shines: bool = False  # the page is seen and carries the light passcode: not at the desk, not behind the dark curtain
    traced: bool = False  # keep numbers of every frame: for a pilot, with consent
    chip_photo: bytes = field(default=b"", repr=False)  # 102 x 126 x 3 RGB of the card, when a vendor's decoder gave one


class VisionWorker(QObject):
    """Looks at frames: presence while nobody acts, takes when asked to."""

    ready = Signal(object)  # str: the encoder's model digest, once the models are loaded
    view = Signal(object)  # TakeView, with visit_id
    finished = Signal(object)  # TakeOutcome
    failed = Signal(object)  # Reason: the models failed, not the person; the take is dropped, recovery is under way
    drowned = Signal(bool)  # whether daylight drowns the screen's light lately, at every change: a hint for the desk, nothing else
    presence = Signal(object)  # bool: somebody stands before the camera; told at every look while presence is watched

    def __init__(
        self,
        settings: Settings,
        frames: Frames,
        models: Path = ASSETS / "models",
        steer: Callable[[float], None] = lambda _: None,
        hold: Callable[[bool], bool] = lambda _: False,
        ears: Ears | None = None,
    ) -> None:
        """steer: moves the camera's measured control to a level, -1 to 1. hold: lets its exposure and white balance stand still, or
        go on; returns whether they stand still. They and `ears` are called in the vision's thread."""
        super().__init__()
        self.camera, self.listening = CameraSide(steer, hold), Listening(ears)
        self._frames = frames
        self._wishes: queue.SimpleQueue[Callable[[_Loop], None]] = queue.SimpleQueue()
        self._settings, self._models = settings, models
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @Slot()
    def start(self) -> None:
        """Begin; nothing happens when it runs already."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stop,), name="vision", daemon=True)
        self._thread.start()

    @Slot()
    def stop(self) -> None:
        """End, free the models, and return when that is done."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=10.0)

    @Slot(object)
    def begin_take(self, request: TakeRequest) -> None:
        """Begin a take; one in progress is dropped."""
        self._frames.clear()  # a frame of before the take must not start it
        self._wishes.put(lambda loop: loop.begin(request))

    @Slot()
    def swap_action(self) -> None:
        """ "做不到": another action, if one is left."""
        self._wishes.put(lambda loop: loop.swap())

    @Slot()
    def cancel(self) -> None:
        """Drop the take in progress; nothing of it is kept."""
        self._wishes.put(lambda loop: loop.cancel())

    @Slot(object)
    def use_camera(self, facts: CameraFacts | None) -> None:
        """Let the next takes ask of the camera what was measured of it; None: nothing is known."""
        self._wishes.put(lambda loop: loop.use_camera(facts))

    @Slot(bool)
    def set_wanted(self, on: bool) -> None:
        """Let the models go while nothing can be asked of them (a card fills the picture), or load them again; a take does."""
        self._wishes.put(lambda loop: loop.wake() if on else loop.rest())

    @Slot(bool)
    def watch_presence(self, on: bool) -> None:
        """Look (two or three times a second) whether somebody is there, outside a take."""
        self._wishes.put(lambda loop: loop.watch(on))

    def _run(self, stop: threading.Event) -> None:
        loop = _Loop(self, self._settings, self._frames, self._models)
        try:
            while not stop.is_set():
                try:
                    loop.load()
                    while not self._wishes.empty():
                        self._wishes.get_nowait()(loop)
                    loop.load()  # one of them may have been to wake
                    loop.turn()
                except KioskError as error:
                    log.error("vision-failed", extra={"code": error.reason})
                    loop.give_up(error.reason)
                    stop.wait(loop.pause_s)
                except Exception:  # a bug of ours must not leave the kiosk blind until the next morning
                    log.exception("vision-worker-failed")
                    loop.give_up(Reason.INTERNAL_ERROR)
                    stop.wait(RELOAD_DELAY_S)
        finally:
            loop.close()


class _Loop:
    """What lives in the vision thread."""

    def __init__(self, worker: VisionWorker, settings: Settings, frames: Frames, models: Path) -> None:
        self._worker, self._settings, self._frames, self._models = worker, settings, frames, models
        self._landmarker: Landmarker | None = None
        self._encoder: Encoder | None = None
        self._small = SmallFaces(models / DETECTOR)
        self._camera = worker.camera
        self._daylight = Daylight(settings.liveness.light_strength, settings.liveness.light_delay_s)
        self._still: Landmarker | None = None  # without tracking: for the end of a take
        self._take: Take | None = None
        self._request: TakeRequest | None = None
        self._shown: TakeView | None = None
        self._trace = Trace()
        self._watching = False
        self._resting = False
        self._polled_s = -1e9
        self._encoder_used_s = 0.0
        self._digest = ""  # of the encoder's weights, once they were loaded
        self.pause_s = 0.0

    # --- wishes

    def begin(self, request: TakeRequest) -> None:
        """Draw a challenge and begin."""
        rng = None if request.seed is None else random.Random(request.seed)
        hears = self._worker.listening.begin(self._settings.liveness)
        challenge = draw_challenge(self._settings.liveness, request.unable, rng, hears=hears)
        self._request, self._shown, self._trace = request, None, Trace()
        proof = self._camera.begin(self._settings.liveness.checks, practice=request.practice)
        challenge = replace(challenge, proof=proof, light_code=challenge.light_code if request.shines else None)
        day = {"light_strength": self._daylight.expected(), "light_delay_s": self._daylight.delay_s()}
        settings = self._settings.liveness.model_copy(update=day)
        self._take = Take(challenge, settings, attended=request.attended)
        self._resting = False

    def swap(self) -> None:
        """Swap the action, if there is a take."""
        if self._take is not None:
            self._take.swap_action()

    def cancel(self) -> None:
        """Forget the take and the frame that waits."""
        self._take = self._request = self._shown = None
        self._camera.end()
        self._worker.listening.end()
        self._frames.clear()

    def use_camera(self, facts: CameraFacts | None) -> None:
        """From the next take on."""
        self._camera.facts = facts

    def watch(self, on: bool) -> None:
        """Begin or end watching for presence."""
        self._watching = on

    def rest(self) -> None:
        """Let the models go: 80 MB that a card's recognition needs meanwhile (measured: kiosk bench idle)."""
        if not self._resting:
            self._resting = True
            self.cancel()
            self.close()
            give_back()

    def wake(self) -> None:
        """Have the models again."""
        self._resting = False

    # --- frames

    def turn(self) -> None:
        """Look at one frame, or wait a little."""
        if self._take is not None:
            frame = self._frames.take(0.05)
            if frame is not None:
                self._look(self._take, frame)
            return
        time.sleep(0.02)  # between takes nobody is in a hurry: a wish waits 20 ms at most
        now = time.monotonic()
        if self._encoder is not None and now - self._encoder_used_s >= ENCODER_KEEP_S:
            self._encoder = None
            give_back()
        if self._watching and not self._resting and now - self._polled_s >= PRESENCE_PERIOD_S:
            self._polled_s = now
            frame = self._frames.take(0.0)
            self._note_presence(None if frame is None else self._observe(frame))

    def _look(self, take: Take, frame: Frame) -> None:
        observation = self._small.look(self._observe(frame), frame.image_bgr)
        request = self._request
        if request is None:
            return
        now = time.monotonic()
        if now - self._polled_s >= PRESENCE_PERIOD_S:
            self._polled_s = now
            self._note_presence(observation)
        view = replace(self._worker.listening.step(take, observation, frame), visit_id=request.visit_id)
        if request.traced:
            self._trace.look(observation, view)
        self._camera.follow(frame.t_s, frame.image_bgr, lit=view.light_pattern is not None and view.phase != "positioning")
        if view != self._shown:
            self._shown = view
            self._worker.view.emit(view)
        if take.result is not None:
            self._take = self._request = None
            self._camera.end()
            if not request.practice and take.result.reason in (Reason.OK, Reason.LIVENESS_UNCERTAIN):
                self._note_light(take.lit, shines=request.shines)
            outcome = self._outcome(take.result, take.kept, request, take.turns)
            self._worker.finished.emit(replace(outcome, lit=take.lit, trace=self._trace.rows))
            self._trace = Trace()

    def _note_light(self, lit: LightScores, *, shines: bool) -> None:
        """Learn of a take how faces answer here lately."""
        if shines and self._settings.liveness.checks.light != "off":
            before = self._daylight.drowned
            self._daylight.note(lit)
            if self._daylight.drowned != before:
                self._worker.drowned.emit(not before)

    def _outcome(
        self, result: LivenessResult, kept: tuple[KeptFace, ...], request: TakeRequest, turns: tuple[TurnPictures, ...] = ()
    ) -> TakeOutcome:
        glasses = Glasses.UNKNOWN if request.practice else tell([face.face_rgb for face in kept if not face.acting])
        if request.practice or not result.passed or self._encoder is None:
            return TakeOutcome(request.visit_id, result, request.take_id, practice=request.practice, glasses=glasses)
        chip = None
        if self._still is None:  # a third of a second, once: not before the first page, and not for every take
            self._still = Landmarker(self._models / FACE_LANDMARKER, max_faces=1, stills=True)
        result = confirm_turns(result, turns, self._still)
        result, probe, used = conclude(result, kept, self._encoder, self._settings.match)
        if result.passed:
            chip = _chip_reference(request.chip_photo, self._encoder, self._still)
        return TakeOutcome(
            request.visit_id, result, request.take_id, probe, used, self._encoder.model_digest, chip_reference=chip, glasses=glasses
        )

    def _note_presence(self, observation: FaceObservation | None) -> None:
        """Tell whether somebody near is there; a frame that did not come says nothing."""
        if observation is None:
            return
        box = observation.box
        near = box is not None and (box[3] - box[1]) / min(observation.size) >= PRESENCE_SIZE
        self._worker.presence.emit(near)

    # --- models

    def load(self) -> None:
        """Load what is needed and not loaded: the encoder once at the start, so that a bad file is known, and for a take.

        Raises ModelError.
        """
        if self._take is not None:
            self._encoder_used_s = time.monotonic()
        compares = self._encoder is not None or (self._take is None and bool(self._digest))
        if self._resting or (self._landmarker is not None and compares):
            return
        self.pause_s = RELOAD_DELAY_S  # a model that cannot be loaded is not asked for in a hot loop
        if not compares:
            self._encoder = Encoder(self._models / ENCODER)
            self._digest, self._encoder_used_s = self._encoder.model_digest, time.monotonic()
        news = self._landmarker is None
        if news:
            self._landmarker = Landmarker(self._models / FACE_LANDMARKER, frame_width=self._settings.liveness.frame_width)
        self.pause_s = 0.0
        if news:
            self._worker.ready.emit(self._digest)

    def give_up(self, reason: str) -> None:
        """After a failure: drop the take and the landmarker (MediaPipe's graph is dead after an error); `load` builds a new one."""
        self.cancel()
        self._digest = ""  # it may have been the encoder: it is loaded again before anybody is led to the camera
        self._close_landmarker()
        self._worker.failed.emit(Reason(reason))

    def close(self) -> None:
        """Free everything."""
        self._worker.listening.end()
        self._close_landmarker()
        self._encoder = None

    def _observe(self, frame: Frame) -> FaceObservation:
        if self._landmarker is None:
            raise ModelError("the landmarker is not loaded")
        return self._landmarker.observe(frame)

    def _close_landmarker(self) -> None:
        for landmarker in (self._landmarker, self._still):
            if landmarker is not None:
                landmarker.close()
        self._landmarker = self._still = None


def _chip_reference(photo_rgb: bytes, encoder: Encoder, still: Landmarker) -> np.ndarray | None:
    """Embed the card's photo; None when there is none, or no face in it: the enrolled template then stands alone."""
    if len(photo_rgb) != CHIP_PHOTO[0] * CHIP_PHOTO[1] * 3:
        return None
    image = np.frombuffer(photo_rgb, np.uint8).reshape(CHIP_PHOTO[1], CHIP_PHOTO[0], 3)[:, :, ::-1]
    large = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)  # the detector looks for larger faces
    seen = still.observe(Frame(large, 0.0, 0))
    return None if seen.points is None else encoder.embed(align(large, seen.points))
