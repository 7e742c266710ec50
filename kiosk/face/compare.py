"""Fuse embeddings of one person and compare them 1:1 with the enrolled template.

Called by the vision worker's owner (the app), by enrolment and by the evaluation. Pure: numpy only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kiosk.config import Match
from kiosk.domain.outcome import MatchDecision, MatchResult
from kiosk.domain.person import Template
from kiosk.domain.reasons import Reason
from kiosk.errors import ModelError
from kiosk.face.encoder import DIMENSIONS


def fuse(embeddings: Sequence[np.ndarray], weights: Sequence[float] | None = None) -> np.ndarray:
    """Return the quality-weighted mean of embeddings of one face, normalised again.

    embeddings: each float32 (128,), norm 1. weights: positive; equal when None. Returns float32 (128,), norm 1.
    Raises ValueError when there are none, or when they cancel out.
    """
    if len(embeddings) == 0:
        raise ValueError("nothing to fuse")
    stack = np.stack([np.asarray(e, np.float64) for e in embeddings])
    factor = np.ones(len(stack)) if weights is None else np.asarray(weights, np.float64)
    if factor.shape != (len(stack),) or not np.all(np.isfinite(factor)) or factor.min() < 0 or factor.sum() <= 0:
        raise ValueError("one positive weight for each embedding expected")
    mean = factor @ stack / factor.sum()
    length = float(np.linalg.norm(mean))
    if not np.isfinite(length) or length < 1e-6:
        raise ValueError("the embeddings cancel out")
    return np.asarray(mean / length, np.float32)


def cosine(one: np.ndarray, two: np.ndarray) -> float:
    """Return the comparison score of two normalised embeddings, -1..1."""
    return float(np.clip(np.dot(one.astype(np.float64), two.astype(np.float64)), -1.0, 1.0))


def compare(probe: np.ndarray, template: Template, settings: Match, model_digest: str, frames_used: int = 1) -> MatchResult:
    """Return the 1:1 decision for a fused probe.

    probe: float32 (128,), norm 1, of the model `model_digest`. At `settings.accept` and above: accept; below `settings.reject`:
    reject; between: uncertain, for the attendant. A template of another model is never compared: uncertain, template-outdated.
    Raises ModelError on a template that is no embedding.
    """
    if template.model_digest != model_digest:
        return MatchResult(MatchDecision.UNCERTAIN, Reason.TEMPLATE_OUTDATED, None, settings.accept, model_digest, frames_used)
    score = cosine(probe, vector_of(template))
    if score >= settings.accept:
        decision, reason = MatchDecision.ACCEPT, Reason.OK
    elif score < settings.reject:
        decision, reason = MatchDecision.REJECT, Reason.FACE_MISMATCH
    else:
        decision, reason = MatchDecision.UNCERTAIN, Reason.FACE_UNCERTAIN
    return MatchResult(decision, reason, score, settings.accept, model_digest, frames_used)


def compare_with_chip(
    probe: np.ndarray,
    template: Template,
    chip: np.ndarray | None,
    settings: Match,
    model_digest: str,
    frames_used: int = 1,
) -> MatchResult:
    """Return the decision with the card's own photo as a second reference (chip: float32 (128,), norm 1, or None).

    The chip's photo may be thirty years old, or a stranger's on a forged card: it can turn "uncertain" into "accept", where the
    enrolled template does not already say no. It never turns a no into anything else.
    """
    return compare_with_others(probe, template, () if chip is None else (chip,), settings, model_digest, frames_used)


def compare_with_others(
    probe: np.ndarray,
    template: Template,
    others: Sequence[np.ndarray],
    settings: Match,
    model_digest: str,
    frames_used: int = 1,
) -> MatchResult:
    """Return the decision with further references of the same person: the chip's photo, the template before this one.

    Each can turn "uncertain" into "accept", and never a no into anything else.
    """
    result = compare(probe, template, settings, model_digest, frames_used)
    if not others or result.reason is not Reason.FACE_UNCERTAIN:
        return result
    score = max(cosine(probe, one) for one in others)
    if score < settings.accept:
        return result
    return MatchResult(MatchDecision.ACCEPT, Reason.OK, score, settings.accept, model_digest, frames_used)


def pack(embedding: np.ndarray) -> bytes:
    """Return an embedding as a template stores it: float32 little-endian (128,)."""
    return np.asarray(embedding, "<f4").tobytes()


def vector_of(template: Template) -> np.ndarray:
    """Return a template's embedding, float32 (128,), norm 1. Raises ModelError on bytes that are none."""
    if len(template.vector) != 4 * DIMENSIONS:
        raise ModelError("the enrolled template is damaged")
    vector = np.frombuffer(template.vector, "<f4")
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length < 1e-6:
        raise ModelError("the enrolled template is damaged")
    return np.asarray(vector / length, np.float32)
