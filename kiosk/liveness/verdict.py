"""The end of a take: the same face throughout, and one fused probe for the match.

Called by the vision worker and by `kiosk evaluate takes`, after `Take.result` is set. Pure but for the encoder it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Protocol

import numpy as np

from kiosk.camera.frame import Frame
from kiosk.config import Match
from kiosk.domain.outcome import CheckScore, Glasses, LivenessResult
from kiosk.domain.reasons import Reason
from kiosk.face.compare import cosine, fuse
from kiosk.liveness.attacks.turns import TurnPictures
from kiosk.liveness.face_buffer import KeptFace
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.light.answer import LightScores
from kiosk.liveness.trace import Row


class Embeds(Protocol):
    """The part of the face encoder that is used here."""

    model_digest: str

    def embed(self, face_rgb: np.ndarray) -> np.ndarray:
        """Return the embedding of one aligned face."""


@dataclass(frozen=True, slots=True)
class TakeOutcome:
    """What a take hands to the visit. `probe`: float32 (128,), norm 1, only when the take passed and was no practice round;
    `chip_reference`: the same of the card's photo."""

    visit_id: str
    liveness: LivenessResult
    take_id: int | str = 0
    probe: np.ndarray | None = field(default=None, repr=False)
    frames_used: int = 0
    model_digest: str = ""
    practice: bool = False
    chip_reference: np.ndarray | None = field(default=None, repr=False)  # of the card's own photo, where one could be read
    glasses: Glasses = Glasses.UNKNOWN  # for the fairness ledger alone
    lit: LightScores = LightScores()  # what came back of the light passcode: for a pilot alone
    trace: tuple[Row, ...] = ()  # of every frame, where it was asked for: for a pilot alone


class Observes(Protocol):
    """A landmarker in still mode, which knows nothing of the picture before."""

    def observe(self, frame: Frame) -> FaceObservation:
        """Return what one picture shows."""


# measured: docs/measurements.md, "Who acts"
ACTING = 0.40  # single faces, turned by up to 40 degrees or with an open mouth: one person's have more in common
TURN_CONFIRMED = 0.6  # share of the tracked yaw that the still picture must show


def confirm_turns(result: LivenessResult, turns: Sequence[TurnPictures], still: Observes) -> LivenessResult:
    """Look at the peak of each accepted turn anew, without the tracking: a jerked print invents turns only while it is tracked.

    A take whose turn a still picture contradicts fails with liveness-failed; one whose peak shows no face to the still detector is
    left to the attendant (liveness-uncertain). Raises ModelError when the landmarker does.
    """
    if not result.passed or not turns:
        return result
    shares = []
    for turn in turns:
        frontal, peak = (still.observe(Frame(image, 0.0, 0)) for image in (turn.frontal_bgr, turn.turned_bgr))
        if peak.points is not None:
            straight = frontal.yaw_deg if frontal.points is not None else 0.0
            shares.append((peak.yaw_deg - straight) / turn.yaw_deg)
    worst = min(shares, default=None)
    check = CheckScore("turn-confirmed", worst, TURN_CONFIRMED, "enforce", worst is not None and worst < TURN_CONFIRMED)
    result = replace(result, checks=(*result.checks, check))
    if check.flagged:
        return replace(result, passed=False, reason=Reason.LIVENESS_FAILED)
    return result if len(shares) == len(turns) else replace(result, passed=False, reason=Reason.LIVENESS_UNCERTAIN)


def conclude(
    result: LivenessResult, kept: Sequence[KeptFace], encoder: Embeds, match: Match
) -> tuple[LivenessResult, np.ndarray | None, int]:
    """Return (the final result, the fused probe or None, how many faces it is made of).

    A passed take fails with face-changed when the faces before, between and after the actions are not one person's
    (`match.same_person`), when any two of them have nothing in common, or when somebody else's face acted (`ACTING`: a print held
    up between the actions, two faces in turns); with no-good-frame when a part holds none. Raises ModelError when the encoder does.
    """
    if not result.passed:
        return result, None, 0
    acting = [(face.part, encoder.embed(face.face_rgb)) for face in kept if face.acting]
    kept = [face for face in kept if not face.acting]
    parts = sorted({face.part for face in kept})
    if not parts:
        return replace(result, passed=False, reason=Reason.NO_GOOD_FRAME), None, 0
    vectors = [encoder.embed(face.face_rgb) for face in kept]
    weights = [face.quality for face in kept]
    fused = {
        part: fuse(*zip(*((v, w) for v, w, f in zip(vectors, weights, kept, strict=True) if f.part == part), strict=True))
        for part in parts
    }
    alike = min((cosine(fused[a], fused[b]) for a, b in combinations(parts, 2)), default=None)
    changed = alike is not None and alike < match.same_person
    whole = fuse(vectors, weights)
    # One picture of each action is enough: the other may be blurred by it.
    acted = (max(cosine(one, whole) for number, one in acting if number == part) for part in {part for part, _ in acting})
    least = min((*acted, *(cosine(one, two) for one, two in combinations(vectors, 2))), default=None)
    other = least is not None and least < ACTING
    found = (
        CheckScore("same-face", alike, match.same_person, "enforce", changed),
        CheckScore("same-face-acting", least, ACTING, "enforce", other),
    )
    result = replace(result, checks=(*result.checks, *found))
    if changed or other:
        return replace(result, passed=False, reason=Reason.FACE_CHANGED), None, 0
    best = sorted(range(len(kept)), key=lambda i: -weights[i])[: match.frames]
    return result, fuse([vectors[i] for i in best], [weights[i] for i in best]), len(best)
