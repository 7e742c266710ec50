"""What the attendant of the demonstration does, one script a scenario. A script yields what it waits for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.demo import calling_scripts, people
from kiosk.demo.desk_parts import (
    fill_face_to_face,
    leave,
    number_of,
    self_service,
    sign_and_save,
    to_home_visits,
    until_known,
    visit_first_and_return,
)
from kiosk.demo.desk_person import DeskPerson
from kiosk.demo.desk_script import ATTENDANT, SUPERVISOR, Script
from kiosk.demo.document_script import odd_documents
from kiosk.demo.fixture import DemoFixture
from kiosk.demo.sight_script import cannot_turn

_LIST = "unit-list.csv"


def prepare(script: str, fixture: DemoFixture) -> None:
    """Bring the kiosk's store into the state the script begins with. Raises KioskError."""
    from kiosk.store import clock
    from kiosk.store.desk import staff
    from kiosk.store.home_visits import visits as home
    from kiosk.store.opening import open_store

    now = datetime.now(UTC)
    with open_store(fixture.settings) as store:
        for (staff_id, name, pin), role in ((ATTENDANT, staff.Role.ATTENDANT), (SUPERVISOR, staff.Role.SUPERVISOR)):
            if staff.find(store, staff_id) is None:  # a second script on the same store
                staff.add(store, staff_id, name, role, pin, now, by="demo")
        if script == "home-visit":
            home.book(store, "P-huang", "very-old", ATTENDANT[0], now)
            home.book(store, "P-li", "sick", ATTENDANT[0], now)
        if script == "clock-back":
            clock.observe(store, now + timedelta(days=40))
    medium = fixture.folder / "stick"
    medium.mkdir(exist_ok=True)
    if script == "unit-list":
        _write_list(medium / _LIST)
    calling_scripts.prepare(script, fixture)
    if script in ("portable", "visit-cancelled"):
        _export_home_visits(fixture, medium)


def _export_home_visits(fixture: DemoFixture, medium: Path) -> None:
    """The station's kiosk comes to be after this one, so that both are told of each other; then it exports a list of two people."""
    from kiosk.demo.station import Station
    from kiosk.sync.keys import load_pins

    bookings = {"P-huang": "very-old", "P-li": "sick"}
    fixture.station = Station(fixture.settings, fixture.folder / "station", fixture.bureau)
    fixture.station.prepare(fixture.entries, bookings, ATTENDANT[0])
    fixture.pull()
    fixture.station.export_list(medium, load_pins(fixture.settings.sync).kiosk_id, tuple(bookings), ATTENDANT[0])


def _write_list(path: Path) -> None:
    li, zhuang, wang, huang = (people.card(key) for key in ("li", "zhuang", "wang", "huang"))
    wrong = huang["id_number"][:17] + ("1" if huang["id_number"][17] != "1" else "2")
    lines = [f"{one['name']},{one['id_number']}" for one in (li, zhuang, wang)]
    lines += [
        f"{huang['name']},{wrong}",
        f"李建军,{li['id_number'][:-1]}X",
        f"{huang['name']},{huang['id_number']}",
        f"{li['name']},",
    ]
    path.write_text("姓名,证件号码\n" + "\n".join(lines) + "\n", encoding="utf-8-sig")


# --- the attendant's part


def takeover(p: DeskPerson) -> Script:
    """A retiree would rather not show the face; the attendant takes over."""
    yield from self_service(p)
    yield p.on_page("confirm")
    p.touch("yes")
    yield lambda: p.window.page_name in ("benefits", "consent")
    if p.window.page_name == "benefits":  # somebody with more than one
        p.touch("next")
    yield p.on_page("consent")
    p.touch("without-face")
    yield p.on_page("referred")
    yield from p.sign_in()
    yield p.sees("take-over")
    p.photograph()
    p.touch("take-over")
    yield p.on_desk("person")
    p.touch("assist-face-to-face")
    yield p.on_desk("assist")
    yield from fill_face_to_face(p)
    yield from until_known(p)
    p.touch("finish")
    yield p.on_desk("home")
    p.touch("desk-close")
    yield p.on_page("take-card")
    p.lift()
    yield p.on_page("idle")


def proxy(p: DeskPerson) -> Script:
    """A daughter comes for her father."""
    yield p.on_page("idle")
    yield from p.sign_in()
    p.type("home-number", number_of(p), enter=True)  # as a scanner does
    yield p.on_desk("person")
    p.touch("assist-family-proxy")
    yield p.on_desk("assist")
    p.lay("chen")
    yield p.reads("agent-who", "0")
    p.tick("review-consent")
    yield p.sees("paper-photograph")
    p.touch("paper-photograph")
    for paper in ("principal-id-copy", "principal-proof"):  # the agent's own card lay on the reader
        p.fixture.lay_paper(paper)
        yield p.pause(1200)
        yield p.sees("paper-shoot")
        p.touch("paper-shoot")
        yield p.reads("camera-verdict", "清楚")
        p.keep_picture(f"paper-{paper}")
    p.fixture.hold_up("")
    p.touch("back")
    yield p.sees("sign-person")
    yield from sign_and_save(p)
    yield from until_known(p)
    yield from leave(p)


def home_visit(p: DeskPerson) -> Script:
    """The list, and the first visit of it."""
    yield p.on_page("idle")
    yield from p.sign_in()
    p.touch("place-home-visits")
    yield p.on_desk("home-visits")
    yield lambda: p.rows("visits") > 0
    p.photograph()
    p.choose_row("visits", 0)
    yield p.on_desk("assist")
    p.touch("why-no-template")
    yield from fill_face_to_face(p)
    yield from until_known(p)
    yield from leave(p)


def portable(p: DeskPerson) -> Script:
    """A kiosk without a roster takes the list, makes a visit, brings the result back; the station brings it in; both deliver."""
    medium = p.fixture.folder / "stick"
    yield from to_home_visits(p)
    p.keep_picture("visits-none-yet")
    p.touch("visits-import")
    yield lambda: p.rows("visits") > 0
    yield p.pause(400)
    p.keep_picture("visits-imported")
    yield from visit_first_and_return(p)
    p.photograph()
    station, (record_id,) = p.fixture.station, p.recorder.record_ids
    if station is not None:
        yield p.meanwhile(lambda: station.merge_results(medium, ATTENDANT[0]))
        yield p.meanwhile(lambda: station.deliver(record_id))
        yield p.until_status("confirmed")
        yield p.meanwhile(lambda: station.at_the_bureau(record_id))
    yield from leave(p)


def unit_list(p: DeskPerson) -> Script:
    """The clerk's card, the papers, the file from the stick, every row answered, the answers exported."""
    yield p.on_page("idle")
    yield from p.sign_in()
    p.touch("place-unit-list")
    yield p.on_desk("unit-list")
    yield p.sees("unit-file-0")
    p.lay("chen")
    yield p.reads("clerk-who", "0")
    p.type("unit-name", "示范机械厂")
    for paper in ("clerk-id", "sealed-list", "hukou-copies-sealed"):
        p.tick(f"paper-{paper}")
    p.touch("unit-file-0")
    p.photograph()
    p.touch("unit-take")
    yield p.sees("unit-export")
    yield p.pause(300)
    p.keep_picture("unit-list-answers")
    p.touch("unit-export")
    medium = p.fixture.folder / "stick"
    yield lambda: any(medium.glob("名单答复-*.csv"))
    yield from until_known(p)
    yield from leave(p)


def enrol(p: DeskPerson) -> Script:
    """Nobody knows the face yet: consent, a take, the template; then the consent is withdrawn and it is erased."""
    yield from self_service(p)
    yield lambda: p.window.page_name in ("answer", "referred")
    yield from p.sign_in()
    yield p.sees("take-over")
    p.touch("take-over")
    yield p.on_desk("person")
    p.touch("enrol")
    yield p.on_desk("enrol")
    p.touch("enrol-agree")
    yield p.sees("enrol-look")
    p.touch("enrol-look")
    yield p.acts_until("enrol-keep")
    p.photograph()
    p.touch("enrol-keep")
    yield p.on_desk("done")
    yield from until_known(p)
    p.touch("finish")
    yield p.on_desk("home")
    p.type("home-number", number_of(p), enter=True)
    yield p.on_desk("person")
    p.touch("enrol")
    yield p.on_desk("enrol")
    p.touch("enrol-erase")
    yield p.on_desk("done")
    yield from until_known(p)
    yield from leave(p)


def declare(p: DeskPerson) -> Script:
    """A death, declared by a child."""
    yield p.on_page("idle")
    yield from p.sign_in()
    p.type("home-number", number_of(p), enter=True)
    yield p.on_desk("person")
    p.touch("declare")
    yield p.on_desk("declare")
    p.touch("declare-kind-death")
    p.type("declare-day", f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}")
    p.lay("chen")
    yield p.reads("declarant-who", "0")
    p.touch("relation-child")
    p.photograph()
    p.touch("declare-save")
    yield p.on_desk("done")
    yield from until_known(p)
    yield from leave(p)


def returned(p: DeskPerson) -> Script:
    """The centre returns a record. The to-do list says why; so does the kiosk when the retiree asks."""
    yield p.on_page("idle")
    yield from p.sign_in()
    p.type("home-number", number_of(p), enter=True)
    yield p.on_desk("person")
    p.touch("assist-face-to-face")
    yield p.on_desk("assist")
    p.touch("why-no-face-wanted")
    yield from fill_face_to_face(p)
    yield p.until_status("received")
    p.fixture.bureau.decide(p.recorder.record_ids[0], "returned", "roster-abnormal")
    p.kiosk.desk.send_now.emit()
    yield from until_known(p, "returned")
    p.touch("place-todo")
    yield p.on_desk("todo")
    yield lambda: p.rows("todo") > 0
    p.touch("todo-filter-returned")
    yield p.sees("todo-handled")
    p.photograph()
    yield from leave(p)
    p.touch("query")
    yield p.on_page("card")
    p.fixture.lay_card("beneficiary")
    yield p.on_page("answer")
    p.touch("done")
    yield p.on_page("take-card")
    p.lift()
    yield p.on_page("idle")


def clock_back(p: DeskPerson) -> Script:
    """The clock is forty days behind what the database saw: self-service waits, the attendant confirms, then works."""
    yield from self_service(p)
    yield lambda: p.window.page_name in ("answer", "referred", "out-of-service")
    yield from p.sign_in()
    p.photograph()
    p.touch("place-clock")
    yield p.on_desk("clock")
    yield p.sees("clock-confirm")
    p.photograph()
    p.touch("clock-confirm")
    yield p.reads("clock-state", ATTENDANT[0])  # "… confirmed by 1001"
    p.touch("place-home")
    yield p.on_desk("home")
    yield p.sees("take-over")
    p.touch("take-over")
    yield p.on_desk("person")
    p.touch("assist-face-to-face")
    yield p.on_desk("assist")
    p.touch("why-no-face-wanted")
    yield from fill_face_to_face(p)
    yield from until_known(p)
    yield from leave(p)


def camera_swapped(p: DeskPerson) -> Script:
    """Somebody plugs another camera in: self-service stops, attended work goes on, the supervisor looks and says why."""
    yield p.on_page("idle")
    yield lambda: p.kiosk.visits.devices.ready[1]
    p.fixture.swap_camera()
    yield p.on_page("out-of-service")
    yield from p.sign_in(SUPERVISOR)
    p.type("home-number", number_of(p), enter=True)
    yield p.on_desk("person")
    p.touch("assist-face-to-face")
    yield p.on_desk("assist")
    p.touch("why-device-error")
    yield from fill_face_to_face(p)
    yield from until_known(p)
    p.touch("place-camera")
    yield p.on_desk("camera")
    yield p.sees("camera-confirm")
    p.photograph()
    p.touch("camera-why-replaced")
    p.touch("camera-confirm")
    yield p.reads("camera-record", SUPERVISOR[0])
    p.keep_picture("camera-confirmed")
    yield from leave(p)


SCRIPTS: dict[str, Callable[[DeskPerson], Script]] = {
    "takeover": takeover,
    "proxy": proxy,
    "home-visit": home_visit,
    "portable": portable,
    "unit-list": unit_list,
    "enrol": enrol,
    "declare": declare,
    "returned": returned,
    "clock-back": clock_back,
    "cannot-turn": cannot_turn,
    "odd-documents": odd_documents,
    "camera-swapped": camera_swapped,
    **calling_scripts.SCRIPTS,
}
