"""The attendant's word on glasses: asked only where takes failed, no touch more than before, and counted once."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget

from kiosk.domain.fairness import Counted
from kiosk.domain.outcome import Glasses
from kiosk.store import ledger, records
from kiosk.visit import events as ve
from kiosk.visit import states as vs
from tests.desk.test_live import fill_face_to_face
from tests.store import made


def take_over(live, *told: Glasses) -> None:
    """A visit whose takes failed, each with what the machine told; then the desk, up to the form."""
    for event in (ve.Started(), ve.SelfChosen(), ve.CardLaid(), ve.CardWasRead(made.PERSON)):
        live.visits.feed(event)
    live.until(lambda: isinstance(live.visits.state, vs.Confirming))
    live.visits.feed(ve.NoFaceTouched())
    counted = tuple(Counted(made.TODAY, "80-84", one, "good", "match", "failed", "face-mismatch") for one in told)
    live.ask(lambda store: [ledger.count(store, one) for one in counted])
    live.visits._memory.counted = counted
    live.sign_in()
    live.touch("take-over")
    live.until_page("person")
    live.touch("assist-face-to-face")
    live.until_page("assist")


def groups(live) -> dict[str, int]:
    found = live.ask(lambda store: ledger.rows(store, made.TODAY, made.TODAY))
    return {row.glasses: row.count for row in found}


def test_what_the_machine_did_not_know_the_attendant_says(live):
    take_over(live, Glasses.UNKNOWN, Glasses.UNKNOWN, Glasses.UNKNOWN)
    assert not live.find("glasses-yes").isChecked()
    assert not live.find("glasses-no").isChecked()
    live.touch("glasses-yes")
    fill_face_to_face(live)
    assert groups(live) == {"yes": 3}
    (kept,) = live.ask(lambda store: records.of_person(store, "p-1"))
    assert "glasses" not in str(kept.record)


def test_the_attendant_corrects_the_machine(live):
    take_over(live, Glasses.YES, Glasses.YES)
    assert live.find("glasses-yes").isChecked()
    live.touch("glasses-no")
    fill_face_to_face(live)
    assert groups(live) == {"no": 2}


@pytest.mark.parametrize(("told", "after"), [((Glasses.UNKNOWN,), {"unknown": 1}), ((Glasses.UNKNOWN, Glasses.NO), {"no": 2})])
def test_without_a_touch_the_machines_word_stands(live, told, after):
    take_over(live, *told)
    fill_face_to_face(live)
    assert groups(live) == after


def test_nobody_is_asked_about_glasses_who_did_not_fail_at_the_camera(live):
    take_over(live)
    assert not any(one.isVisible() for one in live.view.findChildren(QWidget, "glasses-yes"))
    fill_face_to_face(live)
    assert groups(live) == {}


def test_a_ledger_that_cannot_be_corrected_costs_no_pass(live, monkeypatch, caplog):
    from kiosk.errors import StoreError

    def broken(*_: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr(ledger, "correct", broken)
    take_over(live, Glasses.UNKNOWN)
    live.touch("glasses-yes")
    fill_face_to_face(live)
    assert len(live.ask(lambda store: records.of_person(store, "p-1"))) == 1
    assert "ledger not corrected" in caplog.text
    caplog.clear()
