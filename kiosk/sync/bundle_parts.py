"""A bundle's parts, each by itself: what this version understands is taken, what it does not is named. Both ends.

The bureau asks before it issues, so that it issues nothing that its own version would refuse; the kiosk as it takes a bundle, whose
bureau may be newer than itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kiosk.domain.policy import PolicyBook, load_policy
from kiosk.store.desk import staff
from kiosk.sync import limits, protocol

_ID: TypeAdapter[str] = TypeAdapter(protocol.Id)
_MESSAGE: TypeAdapter[protocol.Message] = TypeAdapter(protocol.Message)
_VISIT: TypeAdapter[protocol.VisitChange] = TypeAdapter(protocol.VisitChange)
_PEER: TypeAdapter[protocol.Peer] = TypeAdapter(protocol.Peer)


@dataclass(slots=True)
class Parts:
    """What can be taken. `refused`: "part/name: why" for each that cannot; names are ids, never texts of a person."""

    revoked_staff: list[str] = field(default_factory=list)
    staff: list[dict[str, Any]] = field(default_factory=list)
    policies: dict[str, str] = field(default_factory=dict)
    kept_policies: list[str] = field(default_factory=list)  # ids whose new text is not understood: what is in force stays
    messages: list[protocol.Message] = field(default_factory=list)
    peers: list[protocol.Peer] = field(default_factory=list)
    visits: list[protocol.VisitChange] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def part(bundle: protocol.RawBundle) -> Parts:
    """Return the parts of a verified bundle."""
    out = Parts()
    for one in _list(bundle.revoked_staff, "revoked_staff", limits.MAX_REVOKED, out):
        if isinstance(one, str) and one:
            out.revoked_staff.append(one)
        else:
            out.refused.append("revoked_staff: no number")
    for row in _list(bundle.staff, "staff", limits.MAX_STAFF, out):
        fault = staff_fault(row)
        if fault:
            out.refused.append(f"staff/{_name(row)}: {fault}")
        else:
            out.staff.append(dict(row))
    _policies(bundle.policies, out)
    for one in _list(bundle.messages, "messages", limits.MAX_MESSAGES, out):
        try:
            out.messages.append(_MESSAGE.validate_python(one))
        except ValidationError:
            out.refused.append("messages: not understood")
    for one in _list(bundle.peers, "peers", limits.MAX_PEERS, out):
        try:
            out.peers.append(_PEER.validate_python(one))
        except ValidationError:
            out.refused.append("peers: not understood")
    for one in _list(bundle.visits, "visits", limits.MAX_LOAN, out):
        try:
            out.visits.append(_VISIT.validate_python(one))
        except ValidationError:
            out.refused.append("visits: not understood")
    return out


def staff_fault(row: Any) -> str:
    """Return "" for a row that the store takes, else what is wrong with it."""
    try:
        staff.checked(row)
    except (ValueError, TypeError, AttributeError) as error:
        return str(error).removeprefix("staff: ")[:80] or "no member"
    return ""


def policy_fault(text: str) -> str:
    """Return "" for the text of a policy that this version understands, else what it does not."""
    try:
        load_policy(tomllib.loads(text))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        return str(error)[:120] or type(error).__name__
    return ""


def book_fault(policies: Mapping[str, str]) -> str:
    """Return "" when policies that are understood fit together, else what is wrong."""
    try:
        PolicyBook([load_policy(tomllib.loads(text)) for text in policies.values()])
    except ValueError as error:
        return str(error)[:120]
    return ""


def _policies(told: Any, out: Parts) -> None:
    if not isinstance(told, dict) or len(told) > limits.MAX_POLICIES:
        out.refused.append("policies: not understood")
        return
    groups: dict[str, dict[str, str]] = {}
    for name, text in told.items():
        fault = policy_fault(text) if isinstance(text, str) and len(text) <= limits.MAX_POLICY_TEXT else "no text"
        policy_id = _policy_id(text, name)
        groups.setdefault(policy_id, {})[name] = "" if fault else text
        if fault:
            out.refused.append(f"policies/{name[:60]}: {fault}")
    for policy_id, texts in groups.items():
        # The versions of one policy follow each other: all of them, or what is in force until now.
        fault = "" if not all(texts.values()) else book_fault(texts)
        if fault:
            out.refused.append(f"policies/{policy_id[:60]}: {fault}")
        if fault or not all(texts.values()):
            out.kept_policies.append(policy_id)
        else:
            out.policies |= texts


def _policy_id(text: Any, name: str) -> str:
    try:
        found = tomllib.loads(text)["id"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return name
    return found if isinstance(found, str) and found else name


def _list(told: Any, name: str, limit: int, out: Parts) -> list[Any]:
    if not isinstance(told, list | tuple) or len(told) > limit:
        out.refused.append(f"{name}: not understood")
        return []
    return list(told)


def _name(row: Any) -> str:
    found = row.get("staff_id") if isinstance(row, dict) else None
    return found[:40] if isinstance(found, str) else "?"
