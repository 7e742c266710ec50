"""A reason code that nothing gives, and a guidance that no list asks about, are found: they look like a promise and are none."""

from __future__ import annotations

import pytest

from kiosk.config import ROOT
from kiosk.domain.reasons import Guidance, Reason

# Rooms that only show or play: what stands there alone is given by nobody.
_SHOW = {"gallery", "demo", "bench", "evaluate", "emulators"}
# Kept though nobody gives it today, since a code is never renamed or used anew.
RETIRED = {Reason.CONSENT_DECLINED}

SOURCE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "kiosk").rglob("*.py"))
    if path.name != "reasons.py" and not _SHOW & set(path.relative_to(ROOT).parts)
)


def given(reason: Reason) -> bool:
    return f"Reason.{reason.name}" in SOURCE or f'"{reason.value}"' in SOURCE


@pytest.mark.parametrize("reason", sorted(set(Reason) - RETIRED))
def test_every_reason_is_given_somewhere(reason):
    assert given(reason)


@pytest.mark.parametrize("reason", sorted(RETIRED))
def test_a_retired_reason_is_retired(reason):
    assert not given(reason), "given again: take it out of RETIRED"


@pytest.mark.parametrize("guidance", sorted(Guidance))
def test_every_guidance_is_given_somewhere(guidance):
    assert f"Guidance.{guidance.name}" in SOURCE
