"""Fusing and deciding: thresholds, templates of other models, damage. No model needed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config import Match
from kiosk.domain.outcome import MatchDecision
from kiosk.domain.person import Template
from kiosk.domain.reasons import Reason
from kiosk.errors import ModelError
from kiosk.face.compare import compare, cosine, fuse, pack

DIGEST = "a" * 64


def unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=128)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def at_cosine(reference: np.ndarray, value: float) -> np.ndarray:
    other = unit(99)
    other = other - reference * float(other @ reference)
    other = other / np.linalg.norm(other)
    return (value * reference + np.sqrt(1 - value**2) * other).astype(np.float32)


def template(vector: np.ndarray, digest: str = DIGEST) -> Template:
    return Template(pack(vector), digest, "consent-1")


@pytest.mark.parametrize(
    ("score", "decision", "reason"),
    [
        (0.9, MatchDecision.ACCEPT, Reason.OK),
        (0.425, MatchDecision.ACCEPT, Reason.OK),
        (0.42, MatchDecision.UNCERTAIN, Reason.FACE_UNCERTAIN),
        (0.301, MatchDecision.UNCERTAIN, Reason.FACE_UNCERTAIN),
        (0.299, MatchDecision.REJECT, Reason.FACE_MISMATCH),
        (-0.5, MatchDecision.REJECT, Reason.FACE_MISMATCH),
    ],
)
def test_two_thresholds_make_three_answers(score: float, decision: MatchDecision, reason: Reason) -> None:
    reference = unit(1)
    result = compare(at_cosine(reference, score), template(reference), Match(), DIGEST, frames_used=5)
    assert (result.decision, result.reason, result.frames_used) == (decision, reason, 5)
    assert result.comparison_score == pytest.approx(score, abs=1e-3)
    assert result.threshold == Match().accept


def test_a_template_of_another_model_is_never_compared() -> None:
    result = compare(unit(1), template(unit(1), "b" * 64), Match(), DIGEST)
    assert (result.decision, result.reason) == (MatchDecision.UNCERTAIN, Reason.TEMPLATE_OUTDATED)
    assert result.comparison_score is None


@pytest.mark.parametrize("vector", [b"", b"\0" * 511, b"\0" * 512, np.full(128, np.nan, "<f4").tobytes()])
def test_a_damaged_template_is_an_error(vector: bytes) -> None:
    with pytest.raises(ModelError, match="damaged"):
        compare(unit(1), Template(vector, DIGEST, "consent-1"), Match(), DIGEST)


@given(seeds=st.lists(st.integers(0, 1000), min_size=1, max_size=8), data=st.data())
def test_fusing_gives_a_unit_vector_near_its_parts(seeds: list[int], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.floats(0.01, 1), min_size=len(seeds), max_size=len(seeds)))
    base = unit(5000)
    parts = [at_cosine(base, 0.9) if seed % 2 else base for seed in seeds]
    fused = fuse(parts, weights)
    assert np.linalg.norm(fused) == pytest.approx(1, abs=1e-5)
    assert min(cosine(fused, part) for part in parts) > 0.85


def test_fusing_nothing_or_opposites_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        fuse([])
    with pytest.raises(ValueError, match="cancel"):
        fuse([unit(1), -unit(1)])
    with pytest.raises(ValueError, match="weight"):
        fuse([unit(1)], [0.0])
