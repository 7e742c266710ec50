"""Tables of reminders and changed home visits; `kiosk.bureau.migrations` builds them with the others."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kiosk.bureau.tables import Base, Key, Utc


class ReminderList(Base):
    """Whom a station may call: the newest list alone. `content`: JSON of its people, as they travel."""

    __tablename__ = "reminder_lists"
    station_id: Mapped[str] = mapped_column(Key, primary_key=True)
    version: Mapped[int]
    made_on: Mapped[date] = mapped_column(Date)
    roster_version: Mapped[int]
    left_out: Mapped[int] = mapped_column(default=0)
    content: Mapped[str] = mapped_column(Text)


class ReminderCall(Base):
    """Somebody of a station called a person: the newest call."""

    __tablename__ = "reminder_calls"
    person_id: Mapped[str] = mapped_column(Key, primary_key=True)
    station_id: Mapped[str] = mapped_column(Key)
    called_on: Mapped[date] = mapped_column(Date, index=True)
    received_at: Mapped[datetime] = mapped_column(Utc)


class VisitChange(Base):
    """The newest word about a booked home visit of a station. `cancelled`: why; "": it is to be made."""

    __tablename__ = "visit_changes"
    station_id: Mapped[str] = mapped_column(Key, primary_key=True)
    person_id: Mapped[str] = mapped_column(Key, primary_key=True)
    changed_at: Mapped[datetime] = mapped_column(Utc)
    cancelled: Mapped[str] = mapped_column(String(64), default="")
    on_day: Mapped[date | None] = mapped_column(Date, default=None)
