"""The attendant of the demonstration calls people, and what goes on when a plan changes. One script a scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kiosk.demo.desk_parts import (
    fill_face_to_face,
    leave,
    number_of,
    self_service,
    to_home_visits,
    until_known,
    visit_first_and_return,
)
from kiosk.demo.desk_person import DeskPerson
from kiosk.demo.desk_script import ATTENDANT, Script
from kiosk.demo.fixture import DemoFixture

if TYPE_CHECKING:
    from kiosk.bureau.context import BureauContext


def prepare(script: str, fixture: DemoFixture) -> None:
    """Bring bureau and kiosk into the state the script begins with. Raises KioskError."""
    if script == "reminders":
        _make_reminders(fixture)


@contextmanager
def _inside_the_bureau(fixture: DemoFixture) -> Iterator[BureauContext]:
    from kiosk.bureau.context import BureauSettings, open_context

    context = open_context(BureauSettings(data=str(fixture.bureau.data)))
    try:
        yield context
    finally:
        context.engine.dispose()


def _make_reminders(fixture: DemoFixture) -> None:
    """What the bureau's worker does once a day."""
    from kiosk.bureau import reminders

    with _inside_the_bureau(fixture) as context:
        reminders.catch_up(context, datetime.now(UTC))
    fixture.pull()


def _bureau_knows(fixture: DemoFixture, person_id: str) -> list[str]:
    from kiosk.bureau.reminder_tables import ReminderCall

    with _inside_the_bureau(fixture) as context, context.session() as session:
        return [] if session.get(ReminderCall, person_id) is not None else [f"the bureau knows of no call to {person_id}"]


def reminders(p: DeskPerson) -> Script:
    """The bureau's list by street: printed, on a stick, one call ticked off; who comes is on the list no more."""
    yield p.on_page("idle")
    yield from p.sign_in()
    p.touch("place-todo")
    yield p.on_desk("todo")
    p.touch("todo-reminders")
    yield p.on_desk("reminders")
    yield lambda: p.rows("reminders") > 1
    before = p.rows("reminders")
    p.photograph()
    p.touch("reminders-print")
    yield p.reads("problem", "已打印")
    yield p.sees("reminders-export")
    p.touch("reminders-export")
    yield lambda: any((p.fixture.folder / "stick").glob("提醒电话-*.html"))
    yield p.reads("problem", "已导出")
    telephone = next(one.phone for one in p.fixture.entries if one.id_number == number_of(p))  # no name stands there whole
    p.choose_row("reminders", next(row for row in range(before) if p.row_reads("reminders", row, telephone)))  # Enter: called
    yield p.reads("problem", "已打勾")
    yield p.pause(300)
    p.keep_picture("reminders-called")
    p.touch("reminders-open")
    yield p.on_desk("person")
    p.touch("assist-face-to-face")
    yield p.on_desk("assist")
    p.touch("why-no-face-wanted")
    yield from fill_face_to_face(p)
    yield from until_known(p)
    p.touch("finish")
    yield p.on_desk("home")
    p.touch("place-todo")
    yield p.on_desk("todo")
    p.touch("todo-reminders")
    yield p.on_desk("reminders")
    yield lambda: p.rows("reminders") == before - 1
    yield p.meanwhile(lambda: _bureau_knows(p.fixture, f"P-{p.fixture.scenario.card}"))
    yield from leave(p)


def visit_cancelled(p: DeskPerson) -> Script:
    """A visit is cancelled while the list is out: the stick tells the portable kiosk, later that its record was delivered."""
    medium, station = p.fixture.folder / "stick", p.fixture.station
    if station is None:
        return
    yield from to_home_visits(p)
    p.touch("visits-import")
    yield lambda: p.rows("visits") == 2
    yield p.meanwhile(lambda: station.cancel_visit("P-li", medium, ATTENDANT[0]))
    yield p.sees("visits-import")
    p.touch("visits-import")
    yield lambda: p.row_reads("visits", 1, "已取消")
    yield p.pause(300)
    p.keep_picture("visit-cancelled")
    yield from visit_first_and_return(p)
    (record_id,) = p.recorder.record_ids
    yield p.meanwhile(lambda: station.merge_results(medium, ATTENDANT[0]))
    yield p.meanwhile(lambda: station.deliver(record_id))
    yield p.meanwhile(lambda: station.write_news(medium))
    yield p.sees("visits-import")
    p.touch("visits-import")
    yield p.until_status("received")  # this kiosk met no network
    yield p.pause(500)
    p.keep_picture("delivered-by-stick")
    yield p.meanwhile(lambda: station.at_the_bureau(record_id))
    yield from leave(p)


def one_inch_photo(p: DeskPerson) -> Script:
    """Nobody has a template of her: an old photograph does for the beginning; the first strong live face takes its place."""
    number = number_of(p)
    yield p.on_page("idle")
    yield from p.sign_in()
    p.type("home-number", number, enter=True)
    yield p.on_desk("person")
    p.touch("enrol")
    yield p.on_desk("enrol")
    p.touch("enrol-agree")
    yield p.sees("enrol-photo")
    p.fixture.lay_photo()
    p.touch("enrol-photo")
    yield p.pause(700)
    p.keep_picture("photo-before-the-camera")
    yield p.sees("enrol-keep")
    p.photograph()
    p.touch("enrol-keep")
    yield p.on_desk("done")
    p.fixture.hold_up("")
    yield from until_known(p)
    p.touch("finish")
    yield p.on_desk("home")
    p.type("home-number", number, enter=True)
    yield p.on_desk("person")
    yield p.reads("person-about", "来自旧照片")
    p.keep_picture("person-with-a-photo")
    yield from leave(p)
    yield from self_service(p)
    yield p.on_page("confirm")
    p.touch("yes")
    yield p.on_page("consent")
    p.touch("agree")
    yield p.on_page("instructions")
    p.touch("begin")
    yield p.on_page("camera")
    yield p.acts_until("done", "prompt")
    yield from until_known(p)
    p.touch("done")
    yield p.on_page("take-card")
    p.lift()
    yield p.on_page("idle")
    yield from p.sign_in()
    p.type("home-number", number, enter=True)
    yield p.on_desk("person")
    yield lambda: not p.reads("person-about", "来自旧照片")()
    yield p.reads("person-about", "人脸模型")
    p.keep_picture("person-with-a-live-template")
    yield from leave(p)


SCRIPTS: dict[str, Callable[[DeskPerson], Script]] = {
    "reminders": reminders,
    "visit-cancelled": visit_cancelled,
    "one-inch-photo": one_inch_photo,
}
