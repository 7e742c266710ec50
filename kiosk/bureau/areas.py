"""Which areas (streets, districts: "area" of a roster's line) a station's kiosks know people of. Rosters by it: `catchment`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kiosk.bureau import tables
from kiosk.bureau.context import BureauContext


def put(context: BureauContext, station_id: str, areas: Iterable[str]) -> None:
    """Say which areas a station's kiosks know; none: the one roster for all. It holds from the next roster on."""
    with context.session.begin() as session:
        session.execute(delete(tables.Catchment).where(tables.Catchment.station_id == station_id))
        session.add_all([tables.Catchment(station_id=station_id, area=area) for area in sorted(set(areas))])


def there(session: Session, station_id: str) -> bool:
    """Return whether a station has any: then it gets its own people alone."""
    return session.scalar(select(tables.Catchment.area).where(tables.Catchment.station_id == station_id).limit(1)) is not None
