"""Papers of a declaration, photographed with the kiosk's camera: who declares, and the proof."""

from __future__ import annotations

import pytest

from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.emulators.paper_picture import draw_page, lay
from kiosk.idcard_reader.events import CardRead
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
    declaring.until(lambda: kept(declaring) == [])
