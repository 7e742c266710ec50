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
    yield from sign_and_save(p)


def sign_and_save(p: DeskPerson) -> Script:
    """Both sign; save."""
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


def to_home_visits(p: DeskPerson) -> Script:
    """Sign in, and wait at the home visits until the stick is seen."""
    yield p.on_page("idle")
    yield from p.sign_in()
    p.touch("place-home-visits")
    yield p.on_desk("home-visits")
    yield p.sees("visits-import")


def visit_first_and_return(p: DeskPerson) -> Script:
    """Visit the first person of the list, face to face, and write the results on the stick."""
    p.choose_row("visits", 0)
    yield p.on_desk("assist")
    p.touch("why-no-template")
    yield from fill_face_to_face(p)
    p.touch("place-home-visits")
    yield p.on_desk("home-visits")
    yield p.sees("visits-return")
    p.touch("visits-return")
    yield p.reads("problem", "结果已写到U盘")
