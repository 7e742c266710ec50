"""Papers of a declaration and of a unit list, photographed with the kiosk's camera, page by page."""

from __future__ import annotations

import pytest

from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.domain.record import Channel
from kiosk.emulators.paper_picture import draw_page, lay
from kiosk.idcard_reader.events import CardRead
from kiosk.store import records
from kiosk.store.desk import paper_pages
from tests.desk.test_papers import AGENT, Camera, evidence, kept, shoot
from tests.store import made


@pytest.fixture(scope="module")
def frames():
    return {"good": lay(draw_page(), roll_deg=5, pitch=0.1), "other": lay(draw_page("健在证明"))}


@pytest.fixture
def declaring(live):
    """The form of a declaration."""
    live.sign_in()
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("declare")
    live.until_page("declare")
    return live


def test_the_proof_of_a_death_is_photographed_and_goes_to_review(declaring, frames):
    camera = Camera(declaring, frames)
    assert not declaring.find("paper-photograph").isEnabled()
    declaring.touch("declare-kind-death")
    declaring.desk.on_card(CardRead(AGENT))
    declaring.type("declare-day", "2026-11-01")
    declaring.touch("relation-child")
    declaring.touch("review-consent")
    declaring.touch("paper-photograph")
    camera.sees("good")
    shoot(declaring)
    camera.sees("other")
    shoot(declaring)
    assert declaring.desk.state.page.seen == ("declarant-id", "declaration-proof")
    declaring.touch("back")
    declaring.touch("declare-save")
    declaring.until_page("done")
    rows = evidence(declaring)
    assert [row[0] for row in rows] == ["image/jpeg"] * 2
    consents = declaring.ask(lambda store: store.db.execute("SELECT consent_id, kind, witness FROM consents").fetchall())
    assert [(one[1], one[2]) for one in consents if one[0] == rows[0][2]] == [("human-review", "1001")]
    assert kept(declaring) == []


def test_pages_of_a_declaration_that_is_left_are_erased(declaring, frames):
    camera = Camera(declaring, frames)
    declaring.touch("review-consent")
    declaring.touch("paper-photograph")
    camera.sees("good")
    shoot(declaring)
    assert len(kept(declaring)) == 1
    declaring.desk.feed(e.Went(Place.HOME))
    declaring.touch("leave-go")
    declaring.until(lambda: kept(declaring) == [])


@pytest.fixture
def listing(live):
    """The form of a unit list, with the clerk's card laid and a list of two rows, of which the second holds."""
    rows = f"姓名,证件号码\n李建国,440305194810010112\n陈小芳,{made.NUMBER}\n"
    (live.medium / "list.csv").write_text(rows, encoding="utf-8")
    live.sign_in()
    live.touch("place-unit-list")
    live.until_page("unit-list")
    live.loaded()
    live.type("unit-name", "Factory")
    live.desk.on_card(CardRead(AGENT))
    return live


def photograph(live, frames) -> None:
    camera = Camera(live, frames)
    live.touch("review-consent")
    live.touch("paper-photograph")
    for name in ("good", "other"):
        camera.sees(name)
        shoot(live)
    live.touch("back")


def test_a_clerks_papers_are_photographed_and_become_evidence_of_the_lists_first_record(listing, frames):
    assert not listing.find("paper-photograph").isEnabled(), "a consent of its own comes first"
    photograph(listing, frames)
    assert listing.desk.state.page.seen == ("clerk-id", "sealed-list")
    assert not listing.find("paper-clerk-id").isEnabled(), "what was photographed needs no tick"
    listing.touch("unit-file-0")
    listing.touch("unit-take")
    listing.until(lambda: bool(getattr(listing.desk.state.page.data, "answers", ())))
    assert [one.problem for one in listing.desk.state.page.data.answers] == ["bad-number", ""]
    rows = evidence(listing)
    assert [row[0] for row in rows] == ["image/jpeg"] * 2
    (record,) = listing.ask(lambda store: records.of_person(store, "p-1"))
    assert record.record.channel is Channel.UNIT_LIST
    assert "scan:sealed-list.jpg" in record.record.notes
    assert (kept(listing), listing.desk.state.page.documents) == ([], ())


def test_pages_of_a_list_without_a_row_that_holds_are_erased(listing, frames):
    (listing.medium / "list.csv").write_text("姓名,证件号码\n李建国,440305194810010112\n", encoding="utf-8")
    photograph(listing, frames)
    listing.touch("unit-file-0")
    listing.touch("unit-take")
    listing.until(lambda: bool(getattr(listing.desk.state.page.data, "answers", ())))
    assert (kept(listing), evidence(listing)) == ([], [])


def test_a_list_whose_page_is_gone_saves_nothing_and_says_so(listing, frames):
    photograph(listing, frames)
    listing.ask(paper_pages.clear)
    listing.touch("unit-file-0")
    listing.touch("unit-take")
    listing.until(lambda: listing.desk.state.page.problem == "page-gone")
    assert listing.ask(lambda store: records.of_person(store, "p-1")) == []


def test_a_list_that_is_left_leaves_no_page(listing, frames):
    photograph(listing, frames)
    assert len(kept(listing)) == 2
    listing.touch("place-home")
    listing.touch("leave-go")
    listing.until(lambda: kept(listing) == [])
