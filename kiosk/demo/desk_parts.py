"""What several scripts of the demonstration's attendant have in common. A script yields what it waits for."""

from __future__ import annotations

from kiosk.demo.desk_person import DeskPerson
from kiosk.demo.desk_script import Script

# --- the retiree's part


def self_service(p: DeskPerson) -> Script:
    """Begin a visit of their own and lay the card."""
    yield p.on_page("idle")
    p.touch("start")
    yield p.on_page("who")
    p.touch("self")
    yield p.on_page("card")
    p.fixture.lay_card("beneficiary")


def leave(p: DeskPerson) -> Script:
    """Sign out; the card is taken."""
    p.touch("desk-close")
    yield lambda: not p.view.page_name
    p.lift()
    yield p.on_page("idle")


def number_of(p: DeskPerson, key: str = "") -> str:
    """Return the number on a card, the scenario's by default."""
    return str(p.card(key or p.fixture.scenario.card)["id_number"])


# --- the attendant's part


def fill_face_to_face(p: DeskPerson) -> Script:
    """Tick, sign, save."""
    p.tick("saw-person")
    p.tick("saw-card")
    p.sign("sign-person")
    p.sign("sign-staff")
    p.photograph()
    yield p.sees("assist-save")
    p.touch("assist-save")
    yield p.on_desk("done")


def until_known(p: DeskPerson, *stages: str) -> Script:
    """Wait until the bureau has the record, or said what became of it."""
    yield p.until_status(*(stages or ("received", "confirmed")))
    yield p.pause(500)
    p.photograph()
