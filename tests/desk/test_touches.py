"""The desk's jobs, counted in touches: what an attendant's day is made of."""

from __future__ import annotations

from kiosk.desk.checks import WHYS, signed, why_of
from kiosk.desk.values import Place, Signature
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel, Outcome
from kiosk.store import records
from kiosk.visit import events as ve
from kiosk.visit import states as vs
from tests.store import made


class Counting:
    """A pair of hands that counts: every touch and every signature is one."""

    def __init__(self, live) -> None:
        self.live, self.count = live, 0

    def touch(self, name: str) -> None:
        self.count += 1
        self.live.touch(name)

    def sign(self, name: str) -> None:
        self.count += 1
        self.live.sign(name)


def begin_visit(live) -> None:
    live.conductor.feed(ve.Started())
    live.conductor.feed(ve.SelfChosen())
    live.conductor.feed(ve.CardLaid())
    live.conductor.feed(ve.CardWasRead(made.PERSON))
    live.until(lambda: isinstance(live.conductor.state, vs.Confirming))


def test_taking_over_and_authenticating_face_to_face_takes_nine_touches_at_most(live):
    begin_visit(live)
    live.conductor.feed(ve.NoFaceTouched())
    live.sign_in()
    hands = Counting(live)
    hands.touch("take-over")
    live.until_page("person")
    hands.touch("assist-face-to-face")
    live.until_page("assist")  # the reason is filled in from the visit
    for box in ("saw-person", "saw-card"):
        hands.touch(box)
    for pad in ("sign-person", "sign-staff"):
        hands.sign(pad)
    hands.touch("assist-save")
    live.until_page("done")
    hands.touch("finish")
    (kept,) = live.ask(lambda store: records.of_person(store, "p-1"))
    assert (kept.record.channel, kept.record.outcome) == (Channel.FACE_TO_FACE, Outcome.PASSED)
    assert '"no-face-wanted"' in kept.record.notes
    assert hands.count <= 9


def test_the_reason_is_filled_in_from_whatever_the_visit_ended_with():
    assert why_of(Reason.FACE_MISMATCH, from_visit=True) is Reason.FACE_MISMATCH
    assert why_of(Reason.ACTION_TIMEOUT, from_visit=True) is Reason.LIVENESS_FAILED
    assert why_of(Reason.CAMERA_UNPLUGGED, from_visit=True) is Reason.DEVICE_ERROR
    assert why_of(None, from_visit=False) is None, "somebody who was looked up: the attendant says why"
    assert {why_of(reason, from_visit=True) for reason in Reason} <= set(WHYS)


def test_any_ink_is_a_signature_and_an_empty_frame_is_none():
    assert signed(Signature("0" * 64, 1, 1))
    assert not signed(Signature("0" * 64, 0, 0))
    assert not signed(None)


def test_a_count_is_a_button(live):
    live.sign_in()
    live.touch("count-todo")
    live.until_page("todo")
    assert live.desk.state.page.place is Place.TODO


def test_a_failed_attempt_is_never_green_at_the_desk(live):
    begin_visit(live)
    live.conductor.feed(ve.Confirmed())
    live.until(lambda: isinstance(live.conductor.state, vs.Consenting))
    live.conductor.feed(ve.Agreed())
    live.conductor.feed(ve.CameraCameUp())
    live.conductor.feed(ve.BeginTouched())
    live.conductor.feed(ve.BackTouched())
    live.until(lambda: bool(live.ask(lambda store: records.of_person(store, "p-1"))))
    live.sign_in()
    live.touch("take-over")
    live.until_page("person")
    shown = live.find("person-stages")
    assert "没办成" in shown.text()
    assert "确认" not in shown.text()
    assert shown.property("tone") != "good"
