"""Which kiosks of a station know each other: part of every bundle, issued anew when one of them comes or goes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kiosk.bureau import database, tables
from kiosk.sync import limits, protocol


def issue_again(session: Session, now: datetime, station_id: str = "") -> None:
    """Issue what is in force once more under a new version, for one station or for all: something beside it has changed."""
    version = database.next_value(session, "bundle-version")  # first: it orders whoever issues at the same time
    newest = session.scalar(select(tables.BundleVersion).order_by(tables.BundleVersion.version.desc()).limit(1))
    session.add(
        tables.BundleVersion(version=version, created_at=now, station_id=station_id, content=newest.content if newest else "{}")
    )


def changed(session: Session, kiosk: tables.Kiosk, now: datetime) -> None:
    """Tell the kiosks of a station that one of them was enrolled or revoked; a station of one kiosk has nobody to tell."""
    if of(session, kiosk):
        issue_again(session, now, kiosk.station_id)


def of(session: Session, kiosk: tables.Kiosk) -> tuple[protocol.Peer, ...]:
    """Return the other kiosks of a station that are not revoked and speak its suite, the newest first."""
    rows = session.scalars(
        select(tables.Kiosk)
        .where(
            tables.Kiosk.station_id == kiosk.station_id,
            tables.Kiosk.kiosk_id != kiosk.kiosk_id,
            tables.Kiosk.suite == kiosk.suite,
            tables.Kiosk.revoked_at.is_(None),
        )
        .order_by(tables.Kiosk.created_at.desc(), tables.Kiosk.kiosk_id)
        .limit(limits.MAX_PEERS)
    )
    return tuple(
        protocol.Peer(kiosk_id=row.kiosk_id, name=row.name, keys=protocol.PublicKeys(sign=row.sign_key, seal=row.seal_key))
        for row in rows
    )
