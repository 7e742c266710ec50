"""Settings that the bureau sends to its stations: for all, for a group, for one; the nearer goes before. Two clerks issue them.

What is issued here was looked at by the rules that the kiosk has too (`sync.settings_rules`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kiosk.bureau import database, tables
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.layers import Value
from kiosk.sync import protocol, seal, settings_rules

ALL = "all"
_SECOND: TypeAdapter[tuple[protocol.SecondSignature, ...]] = TypeAdapter(tuple[protocol.SecondSignature, ...])


@dataclass(frozen=True, slots=True)
class ScopeSettings:
    """What is set for a scope: "all", "group:NAME" or "station:ID"."""

    scope: str
    version: int
    values: Mapping[str, Value]
    second: tuple[protocol.SecondSignature, ...]
    changed_at: datetime


def in_force(session: Session, scope: str) -> ScopeSettings | None:
    """Return what is set for a scope; None where nothing ever was."""
    row = session.get(tables.SettingSet, scope)
    return None if row is None else _of(row)


def every(session: Session) -> list[ScopeSettings]:
    """Return every scope that something is set for."""
    return [_of(row) for row in session.scalars(select(tables.SettingSet).order_by(tables.SettingSet.scope))]


def _of(row: tables.SettingSet) -> ScopeSettings:
    return ScopeSettings(row.scope, row.version, json.loads(row.content), _SECOND.validate_json(row.second), row.changed_at)


def group_of(session: Session, station_id: str) -> str:
    """Return the group of a station, "" for none."""
    return session.scalar(select(tables.StationGroup.name).where(tables.StationGroup.station_id == station_id)) or ""


def groups(session: Session) -> dict[str, int]:
    """Return the groups with how many stations each has."""
    query = select(tables.StationGroup.name, func.count()).group_by(tables.StationGroup.name).order_by(tables.StationGroup.name)
    return {name: n for name, n in session.execute(query)}


def put_in_group(session: Session, station_id: str, name: str) -> None:
    """Put a station into a group ("": into none). What the group sets goes to it at once."""
    row = session.get(tables.StationGroup, station_id)
    if row is not None and not name:
        session.delete(row)
    elif row is not None:
        row.name = name
    elif name:
        session.add(tables.StationGroup(station_id=station_id, name=name))
    own = in_force(session, f"station:{station_id}")
    _write(session, f"station:{station_id}", own.values if own else {}, own.second if own else ())


def stations_of(session: Session, scope: str) -> int:
    """Return how many stations that are not revoked a scope reaches."""
    query = select(func.count(func.distinct(tables.Kiosk.station_id))).where(tables.Kiosk.revoked_at.is_(None))
    kind, _, name = scope.partition(":")
    if kind == "station":
        query = query.where(tables.Kiosk.station_id == name)
    elif kind == "group":
        members = select(tables.StationGroup.station_id).where(tables.StationGroup.name == name)
        query = query.where(tables.Kiosk.station_id.in_(members))
    return session.scalar(query) or 0


def issue(
    context: BureauContext,
    scope: str,
    values: Mapping[str, Value],
    second: Sequence[protocol.SecondSignature],
    witness: Callable[[Session], None] | None = None,
) -> int:
    """Set a scope's values in place of those before; return the version. Raises seal.Refused, naming what may not be set."""
    found = settings_rules.faults(values)
    if found:
        raise seal.Refused("malformed", "; ".join(f"{key}: {why}" for key, why in sorted(found.items())))
    with context.session.begin() as session:
        version = _write(session, scope, values, second)
        if witness is not None:
            witness(session)
    return version


def _write(session: Session, scope: str, values: Mapping[str, Value], second: Sequence[protocol.SecondSignature]) -> int:
    version = database.next_value(session, "settings-version")
    row = session.get(tables.SettingSet, scope)
    if row is None:
        row = tables.SettingSet(scope=scope, version=0, content="{}", second="[]", changed_at=utcnow())
        session.add(row)
    row.version, row.changed_at = version, utcnow()
    row.content = json.dumps(dict(values), ensure_ascii=False, sort_keys=True)
    row.second = _SECOND.dump_json(tuple(second)).decode()
    return version


def merged(session: Session, station_id: str) -> tuple[int, dict[str, Value], tuple[protocol.SecondSignature, ...]]:
    """Return what a station gets: the newest version among its scopes (0: nothing), values, owner's signatures."""
    scopes = [ALL, f"group:{group_of(session, station_id)}", f"station:{station_id}"]
    found = [one for one in (in_force(session, scope) for scope in scopes) if one is not None]
    values: dict[str, Value] = {}
    for one in found:
        values |= one.values
    return max((one.version for one in found), default=0), values, tuple(sign for one in found for sign in one.second)[-8:]


def document(context: BureauContext, kiosk_id: str, have: int) -> bytes | None:
    """Return the newest settings sealed to a kiosk; None when it has them, or none were ever made."""
    with context.session.begin() as session:
        kiosk = session.get(tables.Kiosk, kiosk_id)
        if kiosk is None:
            return None
        version, values, second = merged(session, kiosk.station_id)
    if version <= have:
        return None
    told = protocol.StationSettings(
        bureau_id=context.bureau_id, kiosk_id=kiosk_id, version=version, created_at=utcnow(), values=values, second=second
    )
    return context.seal_to(kiosk, told)


def parse_second(text: str) -> tuple[protocol.SecondSignature, ...]:
    """Return the owner's signatures as `kiosk release sign-settings` printed them; "" for none. Raises ValueError."""
    if not text.strip():
        return ()
    try:
        told: Any = json.loads(text)
        return _SECOND.validate_python(tuple(told) if isinstance(told, list) else (told,))
    except (ValidationError, RecursionError) as error:
        raise ValueError("no signature") from error
