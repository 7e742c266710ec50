"""What the attendant of the demonstration does, one script a scenario. A script yields what it waits for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from kiosk.demo.desk_person import ATTENDANT, SUPERVISOR, DeskPerson, Script
from kiosk.demo.stage import Stage


def prepare(script: str, stage: Stage) -> None:
    """Bring the kiosk's store into the state the script begins with. Raises KioskError."""
    from kiosk.store import staff
    from kiosk.store.database import open_store
    now = datetime.now(UTC)
    with open_store(stage.settings) as store:
        for (staff_id, name, pin), role in ((ATTENDANT, staff.Role.ATTENDANT), (SUPERVISOR, staff.Role.SUPERVISOR)):
            staff.add(store, staff_id, name, role, pin, now, by="demo")


def takeover(p: DeskPerson) -> Script:
    """A retiree would rather not show the face; the attendant takes over."""
    yield p.on_page("idle")
    p.touch("start")
    yield p.on_page("who")
    p.touch("self")
    yield p.on_page("card")
    p.stage.lay_card("beneficiary")
    yield p.on_page("confirm")
    p.touch("yes")
    yield p.on_page("consent")
    p.touch("without-face")
    yield p.on_page("referred")
    yield from p.sign_in()
    yield p.sees("take-over")
    p.touch("take-over")
    yield p.on_desk("person")
    p.touch("assist-face-to-face")
    yield p.on_desk("assist")
    yield from _face_to_face(p)
    yield p.on_desk("done")
    yield p.until_stage("received", "confirmed")
    p.photograph()
    p.touch("finish")
    yield p.on_desk("home")
    p.touch("desk-close")
    yield p.on_page("take-card")
    p.lift()
    yield p.on_page("idle")


def _face_to_face(p: DeskPerson) -> Script:
    p.tick("saw-person")
    p.tick("saw-card")
    p.sign("sign-person")
    p.sign("sign-staff")
    p.photograph()
    yield p.sees("assist-save")
    p.touch("assist-save")


SCRIPTS: dict[str, Callable[[DeskPerson], Script]] = {
    "takeover": takeover,
}
