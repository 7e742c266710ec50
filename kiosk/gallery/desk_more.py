"""Further pages of the desk: people to call, short PINs, a template from a photograph, what certifies nobody. Invented people."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from kiosk.desk import boards_data as b
from kiosk.desk import states as s
from kiosk.desk.values import Found, Place
from kiosk.domain.record import Channel

_ROWS = (
    ("示范街道建设路", "张**", "13800000001", "suspended", -40),
    ("示范街道建设路", "诸葛**", "", "due", 3),
    ("示范街道建设路", "李**", "0755-00000002", "due", 20),
    ("示范街道人民南路", "欧阳*", "13800000003", "suspended", -200),
    ("示范街道人民南路", "王*", "13800000004", "due", -5),
)


def boards(today: date) -> tuple[tuple[str, s.Board], ...]:
    """Return (name, board) of each situation."""
    rows = [
        b.ReminderRow(f"p-{at}", area, who, phone, urgency, today + timedelta(days=days), "enterprise-employee", number="1")
        for at, (area, who, phone, urgency, days) in enumerate(_ROWS)
    ]
    rows[1] = replace(rows[1], called_on=today - timedelta(days=1), called_by="1001")
    rows[4] = replace(rows[4], called_on=today)
    data = b.RemindersData(tuple(rows), today, ("STATION-USB",), printer=True)
    return (
        ("desk-reminders", s.Board(Place.REMINDERS, data, notice="called")),
        ("desk-reminders-none", s.Board(Place.REMINDERS, b.RemindersData())),
        ("desk-reminders-no-paper", s.Board(Place.REMINDERS, replace(data, media=()), problem="printer-no-paper")),
        ("desk-short-pin", s.Board(Place.SHORT_PIN, b.ShortPinData())),
        ("desk-short-pin-weak", s.Board(Place.SHORT_PIN, b.ShortPinData(), "weak-short-pin")),
    )


def enrolling(one: Found) -> tuple[tuple[str, s.Page], ...]:
    """Return (name, page) of a template from a photograph. one: somebody with a template."""
    if one.entry is None or one.entry.template is None:
        return ()
    nothing = replace(one, entry=replace(one.entry, template=None))
    photo = replace(one, entry=replace(one.entry, template=replace(one.entry.template, origin="photo")), ageing=True)
    return (
        ("desk-enrol-photo", s.Enrolling(nothing, True, chip=True)),
        ("desk-enrol-photo-looking", s.Enrolling(nothing, True, True, 1, origin="photo")),
        ("desk-enrol-photo-ready", s.Enrolling(photo, True, False, 1, True, origin="photo")),
        ("desk-enrol-photo-blurred", s.Enrolling(nothing, True, False, 1, origin="photo", problem="photo-blurred")),
        ("desk-person-photo", s.Showing(photo)),
    )


def kept(one: Found, record: str) -> tuple[tuple[str, s.Page], ...]:
    """Return (name, page) of what is saved and certifies nobody."""
    return (
        ("desk-done-erased", s.Done(Channel.ENROLMENT, (record,), one, erased=True)),
        ("desk-done-declared", s.Done(Channel.DECLARATION, (record,), one)),
        ("desk-done-declared-erased", s.Done(Channel.DECLARATION, (record,), one, erased=True)),
    )
