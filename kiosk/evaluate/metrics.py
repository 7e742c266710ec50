"""Intervals and error rates. Pure; used by the evaluation and its tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kiosk.domain.rate import interval

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rate:
    """Hits out of trials with the Wilson 95 % interval. Without trials all values are NaN."""

    hits: int
    trials: int

    @property
    def value(self) -> float:
        """hits / trials."""
        return self.hits / self.trials if self.trials else math.nan

    @property
    def interval(self) -> Span:
        """Wilson score interval, 95 %."""
        return interval(self.hits, self.trials)

    def text(self) -> str:
        """For a table: 97.8 % (88/90; 92.3-99.4)."""
        if not self.trials:
            return "none"
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({self.hits}/{self.trials}; {100 * low:.1f}-{100 * high:.1f})"

    def json(self) -> dict[str, object]:
        """For the JSON file; null where there were no trials."""
        low, high = self.interval
        known = self.trials > 0
        return {
            "hits": self.hits,
            "trials": self.trials,
            "value": self.value if known else None,
            "wilson95": [low, high] if known else None,
        }


def match_spans(found: Sequence[Span], labelled: Sequence[Span], slack_s: float = 0.5) -> tuple[list[bool], list[bool]]:
    """Return (is each label found, does each detection overlap a label), with `slack_s` added to both ends of labels.

    One detection may cover several labels (a turn that wavers round the labelled angle), and the other way round.
    """

    def touches(one: Span, label: Span) -> bool:
        return one[0] <= label[1] + slack_s and one[1] >= label[0] - slack_s

    return (
        [any(touches(f, label) for f in found) for label in labelled],
        [any(touches(f, label) for label in labelled) for f in found],
    )


@dataclass(frozen=True, slots=True)
class Curve:
    """Error rates over all thresholds, thresholds rising; a score at or above the threshold is accepted."""

    thresholds: np.ndarray
    fmr: np.ndarray
    fnmr: np.ndarray

    def eer(self) -> tuple[float, float]:
        """Return (equal error rate, its threshold); NaN without both kinds of pairs."""
        if not len(self.thresholds) or np.isnan(self.fmr[0]) or np.isnan(self.fnmr[0]):
            return math.nan, math.nan
        at = int(np.argmin(np.abs(self.fmr - self.fnmr)))
        return float((self.fmr[at] + self.fnmr[at]) / 2), float(self.thresholds[at])


def error_curve(genuine: Sequence[float], impostor: Sequence[float]) -> Curve:
    """Return FMR and FNMR at every threshold between the scores."""
    same, other = np.sort(np.asarray(genuine, float)), np.sort(np.asarray(impostor, float))
    scores = np.unique(np.concatenate([same, other]))
    middle = (scores[1:] + scores[:-1]) / 2
    thresholds = np.concatenate([scores[:1] - 1e-6, middle, scores[-1:] + 1e-6]) if len(scores) else scores
    with np.errstate(invalid="ignore", divide="ignore"):
        fnmr = np.searchsorted(same, thresholds, "left") / np.float64(len(same))
        fmr = 1.0 - np.searchsorted(other, thresholds, "left") / np.float64(len(other))
    return Curve(thresholds, fmr, fnmr)


def rates_at(genuine: Sequence[float], impostor: Sequence[float], threshold: float) -> tuple[Rate, Rate]:
    """Return (FMR, FNMR) at one threshold."""
    false_match = sum(score >= threshold for score in impostor)
    false_non_match = sum(score < threshold for score in genuine)
    return Rate(int(false_match), len(impostor)), Rate(int(false_non_match), len(genuine))
