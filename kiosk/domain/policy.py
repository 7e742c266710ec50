"""Policies as data: what a file in `config/policies` (or a bundle of the bureau) says, checked. Standard library only.

One file is one version of one policy. Versions of the same id follow each other by their effective dates without gap or overlap.
`renewal.py` decides with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any


class PolicyKind(StrEnum):
    """The five kinds of rule (docs/programme.md)."""

    DEFERRED_MONTH = "deferred-month"
    ANNUAL_WINDOW = "annual-window"
    ROTATION = "rotation"
    HALF_YEARLY = "half-yearly"
    CAMPAIGN = "campaign"


class UnknownPolicy(LookupError):
    """No policy of that id is loaded."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one policy. Months and days as in the source documents; a parameter of another kind is refused."""

    policy_id: str
    kind: PolicyKind
    title: str
    effective_from: date
    effective_to: date | None = None
    valid_months: int = 12  # deferred-month, annual-window: how long a pass is valid
    window_months: int = 3  # annual-window: opens so long before the due date
    early_months_from_age: tuple[
        tuple[int, int], ...
    ] = ()  # annual-window: (age, months): from that age on it opens so much earlier
    cycle_days: int = 0  # rotation: days to the next pass; 0: count cycle_months instead
    cycle_months: int = 0  # rotation, half-yearly
    grace_days: int = 0  # payment unaffected after the due date
    repeat_after_days: int = 30  # rotation, half-yearly: a pass this soon after another is a repeat, not a renewal
    deadline: tuple[int, int] = (12, 31)  # campaign: month, day
    opens: tuple[int, int] = (1, 1)  # campaign: month, day; the last such day on or before the deadline
    payment_day: int = 1  # a month's payment is suspended when the person is overdue on this day
    local_residents_only: bool = False
    min_ages: tuple[tuple[str, int, int], ...] = ()  # (benefit kind, men, women)
    refuse_expired_card: bool = False  # otherwise who shows one is told where to renew it, and passes


_COMMON = {"payment_day", "grace_days"}
_PARAMETERS: dict[PolicyKind, frozenset[str]] = {
    PolicyKind.DEFERRED_MONTH: frozenset({"valid_months"} | _COMMON),
    PolicyKind.ANNUAL_WINDOW: frozenset({"valid_months", "window_months", "early_months_from_age"} | _COMMON),
    PolicyKind.ROTATION: frozenset({"cycle_days", "cycle_months", "repeat_after_days"} | _COMMON),
    PolicyKind.HALF_YEARLY: frozenset({"cycle_months", "repeat_after_days"} | _COMMON),
    PolicyKind.CAMPAIGN: frozenset({"deadline", "opens", "payment_day"}),
}
_DEFAULTS: dict[PolicyKind, dict[str, int]] = {
    PolicyKind.ROTATION: {"cycle_days": 365, "grace_days": 15},
    PolicyKind.HALF_YEARLY: {"cycle_months": 6},
}
_KEYS = frozenset({"id", "kind", "title", "effective_from", "effective_to", "parameters", "who"})


def load_policy(data: Mapping[str, Any]) -> Policy:
    """Return the policy a parsed TOML file describes. Raises ValueError naming the key that is wrong."""
    unknown = set(data) - _KEYS
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]!r}")
    try:
        kind = PolicyKind(data["kind"])
        policy_id, start = data["id"], data["effective_from"]
    except KeyError as error:
        raise ValueError(f"key {error.args[0]!r} is missing") from error
    if not isinstance(policy_id, str) or not policy_id:
        raise ValueError("id: a name expected")
    end = data.get("effective_to")
    for name, value in (("effective_from", start), ("effective_to", end)):
        if value is not None and type(value) is not date:
            raise ValueError(f"{name}: a date expected")
    if end is not None and end < start:
        raise ValueError("effective_to lies before effective_from")
    parameters = _parameters(kind, dict(data.get("parameters", {})))
    who = dict(data.get("who", {}))
    scope = who.pop("scope", "all")
    if scope not in ("all", "local"):
        raise ValueError("who.scope: 'all' or 'local' expected")
    ages = _ages(who.pop("min_age", {}))
    expired_card = who.pop("expired_card", "tell")
    if expired_card not in ("tell", "refuse"):
        raise ValueError("who.expired_card: 'tell' or 'refuse' expected")
    if who:
        raise ValueError(f"unknown key who.{sorted(who)[0]}")
    policy = Policy(
        policy_id,
        kind,
        str(data.get("title", policy_id)),
        start,
        end,
        local_residents_only=scope == "local",
        min_ages=ages,
        refuse_expired_card=expired_card == "refuse",
        **parameters,
    )
    if kind is PolicyKind.ANNUAL_WINDOW:
        if policy.window_months >= policy.valid_months:
            raise ValueError("parameters.window_months must be shorter than valid_months")
        if policy.window_months + max((months for _, months in policy.early_months_from_age), default=0) >= policy.valid_months:
            raise ValueError("parameters.early_months_from_age: with window_months, it must be shorter than valid_months")
    if kind is PolicyKind.CAMPAIGN and policy.deadline == policy.opens:
        raise ValueError("parameters.opens and deadline must differ")
    return policy


def _parameters(kind: PolicyKind, given: dict[str, Any]) -> dict[str, Any]:
    unknown = set(given) - _PARAMETERS[kind]
    if unknown:
        raise ValueError(f"parameters.{sorted(unknown)[0]}: not a parameter of {kind}")
    out: dict[str, Any] = dict(_DEFAULTS.get(kind, {}))
    if kind is PolicyKind.ROTATION and given.get("cycle_months"):
        out["cycle_days"] = 0
    for name, value in given.items():
        if name in ("deadline", "opens"):
            out[name] = _month_day(name, value)
            continue
        if name == "early_months_from_age":
            out[name] = _early_months(value)
            continue
        low, high = {
            "payment_day": (1, 28),
            "grace_days": (0, 366),
            "repeat_after_days": (1, 180),
            "cycle_days": (0, 1830),
            "cycle_months": (0, 60),
        }.get(name, (1, 60))
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"parameters.{name}: a number from {low} to {high} expected")
        out[name] = value
    if kind in (PolicyKind.ROTATION, PolicyKind.HALF_YEARLY):
        days, months = out.get("cycle_days", 0), out.get("cycle_months", 0)
        if bool(days) == bool(months):
            raise ValueError("parameters: either cycle_days or cycle_months")
        if out.get("repeat_after_days", 30) > (days or months * 28):
            raise ValueError("parameters.repeat_after_days: longer than the cycle")
    if kind is PolicyKind.CAMPAIGN and "deadline" not in out:
        raise ValueError("parameters.deadline is missing")
    return out


def _month_day(name: str, value: Any) -> tuple[int, int]:
    try:
        month, day = (int(part) for part in str(value).split("-"))
        date(2024, month, day)  # a leap year: 02-29 is a yearly date too
    except ValueError as error:
        raise ValueError(f"parameters.{name}: 'MM-DD' expected") from error
    return month, day


def _early_months(value: Any) -> tuple[tuple[int, int], ...]:
    """Read {"80" = 2} (TOML has no numbers as keys): (age, months), youngest first."""
    fault = "parameters.early_months_from_age: { 80 = 2 } expected, an age from 50 to 120 and months from 1 to 11"
    if not isinstance(value, Mapping):
        raise ValueError(fault)
    out = []
    for age, months in value.items():
        if not (
            str(age).isascii() and str(age).isdecimal() and 50 <= int(age) <= 120 and type(months) is int and 1 <= months <= 11
        ):
            raise ValueError(fault)
        out.append((int(age), months))
    return tuple(sorted(out))


def _ages(table: Any) -> tuple[tuple[str, int, int], ...]:
    out = []
    for kind, ages in dict(table).items():
        try:
            men, women = int(ages["men"]), int(ages["women"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"who.min_age.{kind}: men and women expected") from error
        out.append((str(kind), men, women))
    return tuple(sorted(out))


class PolicyBook:
    """All policies of a station, each with its versions in order of their effective dates."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        """Take the versions. Raises ValueError when two versions of one policy overlap or leave days between them."""
        book: dict[str, list[Policy]] = {}
        for policy in policies:
            book.setdefault(policy.policy_id, []).append(policy)
        for policy_id, versions in book.items():
            versions.sort(key=lambda version: version.effective_from)
            for index, (old, new) in enumerate(zip(versions, versions[1:], strict=False)):
                expected = new.effective_from - timedelta(days=1)
                if old.effective_to not in (None, expected) or old.effective_from == new.effective_from:
                    raise ValueError(f"{policy_id}: version {index + 1} must end on {expected}, the day before the next begins")
        self._book = {policy_id: tuple(versions) for policy_id, versions in book.items()}

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all policies, sorted."""
        return tuple(sorted(self._book))

    def all(self) -> tuple[Policy, ...]:
        """Every version of every policy."""
        return tuple(version for policy_id in self.ids for version in self._book[policy_id])

    def __contains__(self, policy_id: object) -> bool:
        return policy_id in self._book

    def at(self, policy_id: str, day: date) -> Policy:
        """Return the version in force on `day`: before the first begins the first, after the last ended the last.

        So there is no day without a rule. Raises UnknownPolicy.
        """
        try:
            versions = self._book[policy_id]
        except KeyError:
            raise UnknownPolicy(policy_id) from None
        chosen = versions[0]
        for version in versions[1:]:
            if version.effective_from <= day:
                chosen = version
        return chosen
