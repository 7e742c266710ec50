"""`kiosk evaluate injection`: pictures that reach the kiosk without a person before its camera, and what stops them.

In the terms of CEN/TS 18099: injection attack instruments (what is shown: a drawn person who answers every challenge, and
recordings whose challenge was made to fit) are brought in by injection attack methods (how: a file, a program's node, a box, frames
replaced behind the camera, a gadget that copies it). It is the attacker's best case: the face answers in time, so that nothing
but the path can give it away. Bona fide: the same person before the emulated camera. Landmarks are computed once for each
instrument; the camera, its sensor and its controls are emulated.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from kiosk.camera import sysfs
from kiosk.camera.frame import Frame
from kiosk.config import Liveness, Settings
from kiosk.domain import camera_identity
from kiosk.domain.camera_facts import CameraFacts
from kiosk.domain.reasons import Action
from kiosk.emulators import usb_tree
from kiosk.emulators.emulated_camera import EmulatedCamera, Optics
from kiosk.emulators.puppet import PuppetSource
from kiosk.evaluate import sensors
from kiosk.evaluate.clips import ClipError, Progress, read_rows
from kiosk.evaluate.metrics import Rate
from kiosk.evaluate.report import Report, Table, number
from kiosk.evaluate.takes import CANVAS, Played, fitted_challenge, looped, play
from kiosk.liveness.camera_proof.measure import measure
from kiosk.liveness.camera_proof.proof import CameraProof
from kiosk.liveness.challenge import Challenge, draw_challenge
from kiosk.liveness.landmarks import FaceObservation, Landmarker
from kiosk.liveness.take import Take

LIMIT_S = 60.0
OWN, FOREIGN = Optics(seed=1), Optics(seed=2)
_FPS = 30.0
Observed = tuple[FaceObservation, np.ndarray]


@dataclass(frozen=True, slots=True)
class Method:
    """One way in. camera: what it does to the pictures, where it has one at all. jpeg: a further compression on the way."""

    name: str
    device: Callable[[Path], None] | None  # puts the device that the system would see into a tree; None: a file, no device
    camera: Optics | None = None
    jpeg: int = 0
    every: tuple[int, int] = (1, 1)  # each picture shown so often, and only every so many of the source's


def _webcam(root: Path) -> None:
    usb_tree.plug(root, usb_tree.WEBCAM)


METHODS = (
    Method("bona fide: before the camera", _webcam, OWN),
    Method("a file in the settings", None),
    Method("a program's node (v4l2loopback)", usb_tree.load_loopback, jpeg=85),
    Method("a capture box, stream coded again", lambda root: usb_tree.plug(root, usb_tree.CAPTURE_BOX), jpeg=75),
    Method("another camera of the same make", lambda root: usb_tree.plug(root, usb_tree.SWAPPED), FOREIGN),
    Method("frames replaced behind the camera", _webcam),
    Method("replaced, every second one dropped", _webcam, every=(1, 2)),
    Method("replaced, each one doubled", _webcam, every=(2, 1)),
    Method("replaced, stream coded again", _webcam, jpeg=70),
    Method("a gadget that copies the descriptors", _webcam, replace(FOREIGN, answers=False)),
    Method("a gadget that obeys the controls too", _webcam, replace(FOREIGN, prnu=0.0)),
    Method("… and has the sensor's pattern", _webcam, OWN),
)


@dataclass(frozen=True, slots=True)
class Injected:
    """One take."""

    method: str
    instrument: str
    identity: tuple[str, ...]  # why the device is not believed
    passed: bool  # the take, whatever the camera's own checks say
    camera: float | None
    sensor: float | None
    stopped_by: tuple[str, ...]  # every check that flagged, and what ended the take

    @property
    def proven(self) -> bool:
        """Passed with both checks of the camera enforced."""
        return self.passed and not {"camera", "sensor", "camera-unclear"} & set(self.stopped_by)


def run(
    csv: Path | None, settings: Settings, make: Callable[[], Landmarker], *, tries: int, seed: int, simulated: int = 0
) -> Report:
    """Return the report. csv: recordings (file, label), or None for the drawn person alone. simulated: takes for the sensors."""
    # What the camera's own checks stop: nobody is lit here, and the light would stop every one of these takes besides.
    checks = settings.liveness.checks.model_copy(update={"camera": "record", "sensor": "record", "light": "off"})
    liveness = settings.liveness.model_copy(update={"checks": checks})
    facts = measure(EmulatedCamera(sensors.Paper(CANVAS), OWN), lambda _: None, rng=random.Random(seed))
    identities = {method.name: _identity(method) for method in METHODS}
    instruments = list(_drawn(liveness, make, tries, seed))
    errors: list[tuple[str, str]] = []
    for row in read_rows(csv, ("file", "label")) if csv is not None else []:
        try:
            clip = play(csv.parent / row["file"], make, fit=True) if csv is not None else None
            challenge = None if clip is None else fitted_challenge(row, clip, settings)
        except (ClipError, ValueError) as error:
            errors.append((row["file"], str(error)))
            continue
        if clip is not None and challenge is not None:  # else it shows no challenge that the kiosk would draw
            instruments.append((row["file"], clip, challenge))
    progress = Progress("instrument", len(instruments))
    done = []
    for index, (name, clip, challenge) in enumerate(instruments):
        progress.at(index, name)
        for method in METHODS:
            done.append(_inject(method, name, clip, challenge, liveness, facts, identities[method.name], seed + index))
    progress.done()
    return _report(done, errors, facts, sensors.simulate(simulated, seed) if simulated else None, seed)


def _drawn(liveness: Liveness, make: Callable[[], Landmarker], tries: int, seed: int) -> Iterator[tuple[str, Played, Challenge]]:
    """Yield takes of a drawn person who answers, as the face alone looks, before any camera."""
    for number_ in range(tries):
        portrait = ("obama", "biden")[number_ % 2]
        source = PuppetSource(portrait, seed=seed + number_, size=CANVAS, fps=_FPS, realtime=False)
        source.open()
        challenge = draw_challenge(liveness, rng=random.Random(seed + number_))
        take, landmarker = Take(challenge, liveness), make()
        pictures: list[np.ndarray] = []
        observations: list[FaceObservation] = []
        cued = -1
        try:
            while take.result is None and len(pictures) < LIMIT_S * _FPS:
                frame = source.read()
                if frame is None:
                    break
                seen = landmarker.observe(frame)
                view = take.step(seen, frame.image_bgr)
                pictures.append(frame.image_bgr)
                observations.append(seen)
                if view.now and view.action is not None and cued != view.action_index:
                    cued = view.action_index
                    source.perform(Action(view.action))
        finally:
            landmarker.close()
            source.close()
        if take.result is not None and take.result.passed:
            yield f"drawn person {number_}", Played(pictures, observations, observations[-1].t_s + 1 / _FPS), challenge


def _inject(
    method: Method,
    instrument: str,
    clip: Played,
    challenge: Challenge,
    liveness: Liveness,
    facts: CameraFacts,
    identity: tuple[str, ...],
    seed: int,
) -> Injected:
    proof = CameraProof(facts, liveness.checks, random.Random(seed))
    take = Take(replace(challenge, proof=proof), liveness)
    camera = EmulatedCamera(_Nothing(), method.camera) if method.camera is not None else None
    table, level = np.random.default_rng(seed), 0.0
    for seen, image in _on_its_way(method, clip):
        if take.result is not None or seen.t_s > LIMIT_S:
            break
        if camera is not None:
            image = camera.expose(image)
        elif method.name != METHODS[0].name and method.every == (1, 1):
            image = _noised(image, table)  # an attacker who knows that frames may not come twice
        if method.jpeg:
            image = _coded(image, method.jpeg)
        take.step(seen, image)
        if proof.level != level:
            level = proof.level
            if camera is not None:
                camera.steer(facts.control, facts.neutral + round(level * facts.unit))
    result = take.result
    scores = {one.name: one for one in (result.checks if result is not None else ())}
    flagged = [name for name, one in scores.items() if one.flagged]
    if proof.unclear or (scores.get("camera") is not None and scores["camera"].score is None):
        flagged.append("camera-unclear")
    passed = result is not None and result.passed
    if not passed:
        flagged.append("time" if result is None else result.reason.value)
    like = scores.get("sensor")
    share = scores.get("camera")
    return Injected(
        method.name,
        instrument,
        identity,
        passed,
        share.score if share is not None else None,
        like.score if like is not None else None,
        tuple(flagged),
    )


class _Nothing:
    """The emulated camera's inner source, where its pictures are handed to it."""

    name = "nothing"

    def open(self) -> None:
        """Nothing to open."""

    def read(self) -> Frame | None:
        """No picture of its own."""
        return None

    def close(self) -> None:
        """Nothing to close."""


def _on_its_way(method: Method, clip: Played) -> Iterator[Observed]:
    """Pictures in the order and at the times in which this method brings them."""
    each, step = method.every
    index = 0
    for number_, (seen, image) in enumerate(looped(clip, 0)):
        if number_ % step:
            continue
        for _ in range(each):
            if each == 1:
                yield seen, image
            else:  # the face is the same, at a rate that is filled up
                yield replace(seen, t_s=seen.t_s + (index % each) / (each * _FPS)), image
                index += 1


def _noised(image_bgr: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    table = rng.integers(-3, 4, (48, 64, 1), dtype=np.int16)
    return cv2.add(
        image_bgr,
        np.tile(table, (image_bgr.shape[0] // 48 + 1, image_bgr.shape[1] // 64 + 1, 3))[: image_bgr.shape[0], : image_bgr.shape[1]],
        dtype=cv2.CV_8U,
    )


def _coded(image_bgr: np.ndarray, quality: int) -> np.ndarray:
    _, coded = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    out: np.ndarray | None = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return image_bgr if out is None else out


def _identity(method: Method) -> tuple[str, ...]:
    """Return why the device of this method is not believed where the webcam is pinned; nothing where it is."""
    if sys.platform != "linux":  # no tree of devices there: nothing is known
        return ()
    with tempfile.TemporaryDirectory() as folder:
        pinned_at, seen_at = Path(folder) / "pinned", Path(folder) / "seen"
        _webcam(pinned_at)
        pinned = sysfs.identify("0", pinned_at)
        seen = None
        if method.device is not None:
            method.device(seen_at)
            seen = sysfs.identify("0", seen_at)
        if pinned is None:
            return ()
        why = camera_identity.differences(pinned, seen)
        return (*why, *(camera_identity.suspicions(seen) if why and seen is not None else ()))


def _report(
    done: list[Injected], errors: list[tuple[str, str]], facts: CameraFacts, spread: sensors.Spread | None, seed: int
) -> Report:
    table = Table(
        "What stops an injected stream (answers every challenge in time)",
        (
            "injection attack method",
            "identity",
            "camera (answer)",
            "sensor (PCE)",
            "other checks",
            "take passes",
            "… with both enforced",
        ),
    )
    data = []
    for method in METHODS:
        mine = [one for one in done if one.method == method.name]
        others = sorted({name for one in mine for name in one.stopped_by if name not in ("camera", "sensor", "camera-unclear")})
        table.rows.append(
            (
                method.name,
                ", ".join(mine[0].identity) if mine and mine[0].identity else "believed",
                _span([one.camera for one in mine], 2),
                _span([one.sensor for one in mine], 0),
                ", ".join(others) or "-",
                Rate(sum(one.passed for one in mine), len(mine)).text(),
                Rate(sum(one.proven for one in mine), len(mine)).text(),
            )
        )
    for one in done:
        data.append(
            {
                "method": one.method,
                "instrument": one.instrument,
                "identity": list(one.identity),
                "passed": one.passed,
                "proven": one.proven,
                "camera": one.camera,
                "sensor": one.sensor,
                "stopped_by": list(one.stopped_by),
            }
        )
    tables = [table]
    notes = [
        "The camera, its sensor and its controls are emulated; identities are read from a made-up tree of devices.",
        f"Measured at set-up: {facts.control} answers after {1000 * facts.delay_s:.0f} ms with {100 * facts.response:.1f} %.",
        "A method that is not believed stops self-service before any take; the other columns show what would stop it besides.",
    ]
    if spread is not None:
        tables.append(spread.table())
    return Report(
        "injection",
        {"seed": seed, "takes": data, "sensors": spread.json() if spread is not None else None},
        tables,
        notes,
        errors=errors,
    )


def _span(values: list[float | None], digits: int) -> str:
    told = [one for one in values if one is not None]
    if not told:
        return "not told"
    low, high = number(min(told), digits), number(max(told), digits)
    return low if low == high else f"{low} … {high}"
