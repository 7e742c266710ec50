"""The shipped policies, and people made up for the rules."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date

from kiosk.config import CONFIG
from kiosk.domain.person import Benefit, RosterEntry, RosterStatus
from kiosk.domain.policy import PolicyBook, load_policy

BOOK = PolicyBook(
    load_policy(tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted((CONFIG / "policies").glob("*.toml"))
)


def benefit(policy: str, last: date | None, due: date | None = None) -> Benefit:
    return Benefit("enterprise-employee", "enterprise-employee", policy, last, due)


def person(**changes) -> RosterEntry:
    made = RosterEntry("p-1", "测试甲", "440300195001010012", RosterStatus.ACTIVE, (), born=date(1950, 1, 1))
    return replace(made, **changes)
