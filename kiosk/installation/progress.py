"""How far the set-up of a station has come; kept in a file after every step, so that a pulled plug loses nothing. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

_LONGEST = 300  # characters of a text that somebody was typing


class SetupStep(StrEnum):
    """The steps, in their order."""

    SCREEN = "screen"
    CLOCK = "clock"
    CAMERA = "camera"
    READER = "reader"
    SOUND = "sound"
    PRINTER = "printer"
    NETWORK = "network"
    REGISTER = "register"
    SUPERVISOR = "supervisor"
    SUMMARY = "summary"


class Mark(StrEnum):
    """What became of a step."""

    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"


STEPS = tuple(SetupStep)
# Texts that may be kept half typed: no code, no PIN.
DRAFTS = frozenset({"station_id", "station_name", "hotline", "bureau_url", "staff_id", "staff_name"})


@dataclass(frozen=True, slots=True)
class SetupProgress:
    """Where the set-up stands. `wanted`: it opens at the next start too."""

    at: SetupStep = SetupStep.SCREEN
    marks: Mapping[SetupStep, Mark] = field(default_factory=dict)
    drafts: Mapping[str, str] = field(default_factory=dict)
    wanted: bool = True

    def mark(self, step: SetupStep) -> Mark:
        """Return what became of a step."""
        return self.marks.get(step, Mark.OPEN)

    def marked(self, mark: Mark) -> SetupProgress:
        """Return it with the present step marked."""
        return replace(self, marks={**self.marks, self.at: mark})

    def typed(self, name: str, text: str) -> SetupProgress:
        """Return it with a text that somebody is typing, where it may be kept."""
        return replace(self, drafts={**self.drafts, name: text[:_LONGEST]}) if name in DRAFTS else self

    @property
    def following(self) -> SetupStep:
        """The step after this one; the last one's is itself."""
        return STEPS[min(STEPS.index(self.at) + 1, len(STEPS) - 1)]

    @property
    def before(self) -> SetupStep:
        """The step before this one; the first one's is itself."""
        return STEPS[max(STEPS.index(self.at) - 1, 0)]


def to_json(progress: SetupProgress) -> str:
    """Return what is written down."""
    told = {
        "at": progress.at.value,
        "marks": {step.value: mark.value for step, mark in progress.marks.items()},
        "drafts": dict(progress.drafts),
        "wanted": progress.wanted,
    }
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def from_json(text: str) -> SetupProgress | None:
    """Return what was written down; None where it cannot be read: the set-up then begins anew, with the settings as they are."""
    try:
        told = json.loads(text)
        marks = {SetupStep(step): Mark(mark) for step, mark in told["marks"].items()}
        drafts = {str(name): _text(typed) for name, typed in told["drafts"].items() if name in DRAFTS}
        return SetupProgress(SetupStep(told["at"]), marks, drafts, told["wanted"] is True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _text(typed: Any) -> str:
    return typed[:_LONGEST] if isinstance(typed, str) else ""
