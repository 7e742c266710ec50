"""The desk's jobs, counted in touches: what an attendant's day is made of."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from kiosk.app.visit_glance import glance
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.checks import WHYS, signed, why_of
from kiosk.desk.values import SUPERVISOR_PLACES, Place, Signature
from kiosk.desk_backend import commands as work
from kiosk.domain.fairness import Counted
from kiosk.domain.identity import DocumentKind, Sex
from kiosk.domain.outcome import Glasses
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel, Outcome
from kiosk.idcard_reader.card import CardRecord
from kiosk.idcard_reader.events import CardRead
from kiosk.store import records
from kiosk.store.desk import quick
from kiosk.visit import events as ve
from kiosk.visit import states as vs
from tests.desk.conftest import ANN, SUE
from tests.store import made
from tests.visit import samples as x


def read_card(number: str, chip: bytes = b"") -> CardRecord:
    return CardRecord(DocumentKind.RESIDENT, "", "刘站员", Sex.UNKNOWN, None, number, number_ok=True, chip_number=chip)


CARD = read_card("440305198001010013", b"\x07\x08")
CARD_NAME = quick.card_name(CARD.chip_number, CARD.id_number)


class Counting:
    """A pair of hands that counts: every touch and every signature is one."""

    def __init__(self, live) -> None:
        self.live, self.count = live, 0

    def touch(self, name: str) -> None:
        self.count += 1
        self.live.touch(name)

    def lay(self, card: CardRecord) -> None:
        self.count += 1
        self.live.desk.on_card(CardRead(card))

    def sign(self, name: str) -> None:
        self.count += 1
        self.live.sign(name)


def begin_visit(live) -> None:
    live.visits.feed(ve.Started())
    live.visits.feed(ve.SelfChosen())
    live.visits.feed(ve.CardLaid())
    live.visits.feed(ve.CardWasRead(made.PERSON))
    live.until(lambda: isinstance(live.visits.state, vs.Confirming))


def test_taking_over_and_authenticating_face_to_face_takes_nine_touches_at_most(live):
    begin_visit(live)
    live.visits.feed(ve.NoFaceTouched())
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
    assert why_of(Reason.FACE_MISMATCH) is Reason.FACE_MISMATCH
    assert why_of(Reason.ACTION_TIMEOUT) is Reason.LIVENESS_FAILED
    assert why_of(Reason.CAMERA_UNPLUGGED) is Reason.DEVICE_ERROR
    assert why_of(None) is None, "the visit does not tell, or somebody was looked up: the attendant says why"
    assert {why_of(reason) for reason in Reason} <= {None, *WHYS}


def test_a_visit_taken_over_in_the_middle_says_nothing_of_a_wish_that_nobody_had(live):
    begin_visit(live)
    live.sign_in()
    live.touch("take-over")
    live.until_page("person")
    live.touch("assist-face-to-face")
    live.until_page("assist")
    assert live.view.page.why.chips.key == "", "nobody said that they want no face: the attendant says why"
    assert not any(chip.hasFocus() for chip in live.view.page.why.chips.buttons.values()), "a frame looks like a choice"


def test_what_the_desk_is_told_of_a_visit_in_the_middle():
    day = made.NOW.date()
    mismatch = Counted(day, "70-79", Glasses.NO, "good", "match", "failed", "face-mismatch")
    stopped = Counted(day, "70-79", Glasses.NO, "good", "blink", "failed", "cancelled")
    visit = vs.Visit("v1", tries=1)
    case = vs.Case(visit, x.CHEN, x.entry_of(x.CHEN), (x.due(),))
    rested = vs.Instructing(case, rested=True)
    assert glance(rested, "instructions").reason is None
    assert glance(rested, "instructions", (mismatch, stopped)).reason is Reason.FACE_MISMATCH
    assert glance(rested, "instructions", (stopped,)).reason is None, "who stopped for a moment did not fail"
    assert glance(vs.Acting(case, camera_ready=False), "camera").reason is Reason.CAMERA_UNPLUGGED
    assert glance(vs.Acting(case, camera_ready=False), "camera", camera=True).reason is None, "the desk was opened in mid-take"
    assert glance(vs.Referred(visit, Reason.NO_FACE_WANTED), "referred").reason is Reason.NO_FACE_WANTED


def test_signatures_are_not_dropped_without_a_word(live):
    begin_visit(live)
    live.sign_in()
    live.touch("take-over")
    live.until_page("person")
    live.touch("assist-face-to-face")
    live.until_page("assist")
    live.sign("sign-person")
    live.touch("place-home")
    live.touch("leave-stay")
    assert live.view.page.signs.person.signature() is not None
    live.touch("desk-close")
    live.touch("leave-stay")
    live.touch("place-home")
    live.touch("leave-go")
    live.until_page("home")
    live.loaded()
    assert live.view.stack.one("assist").signs.person.signature() is None


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
    live.visits.feed(ve.Confirmed())
    live.until(lambda: isinstance(live.visits.state, vs.Consenting))
    live.visits.feed(ve.Agreed())
    live.visits.feed(ve.CameraCameUp())
    live.visits.feed(ve.BeginTouched())
    live.visits.feed(ve.BackTouched())
    live.until(lambda: bool(live.ask(lambda store: records.of_person(store, "p-1"))))
    live.sign_in()
    live.touch("take-over")
    live.until_page("person")
    shown = live.find("person-stages")
    assert "没办成" in shown.text()
    assert "确认" not in shown.text()
    assert shown.property("tone") != "good"


def quick_way(live) -> None:
    """A short PIN that the attendant set, a card that a supervisor registered, and a full sign-in a moment ago."""
    live.ask(lambda store: quick.set_short_pin(store, ANN[0], "4829", made.NOW))
    live.ask(lambda store: quick.bind_card(store, ANN[0], CARD_NAME, made.NOW, by=SUE[0]))
    live.sign_in()
    live.touch("desk-close")
    live.until(lambda: not live.view.isVisible())


def test_who_signed_in_a_moment_ago_comes_back_with_the_card_in_two_touches(live):
    quick_way(live)
    live.clock.pass_(600)
    hands = Counting(live)
    hands.touch("desk-open")
    live.until_page("sign-in")
    live.until(lambda: live.find("short-pin").isEnabled())
    hands.lay(CARD)
    live.until_page("home")
    assert (live.desk.state.session.staff_id, live.desk.state.session.quick) == (ANN[0], True)
    assert hands.count == 2


def test_the_short_pin_is_four_digits_on_the_pad_and_nothing_more(live):
    quick_way(live)
    hands = Counting(live)
    hands.touch("desk-open")
    live.until_page("sign-in")
    live.until(lambda: live.find("short-pin").isEnabled())
    for digit in "4829":
        hands.touch(f"desk-key-{digit}")
    live.until_page("home")
    assert live.desk.state.session.staff_id == ANN[0]
    assert hands.count == 5, "the way in and four digits; 13 with number and PIN"


def test_a_wrong_short_pin_is_told_and_the_third_asks_for_number_and_pin(live):
    quick_way(live)
    live.touch("desk-open")
    live.until_page("sign-in")
    for left in ("2", "1"):
        live.until(lambda: live.find("short-pin").isEnabled())
        live.type("short-pin", "1357")
        live.until(lambda left=left: f"{left} 次" in live.find("problem-words").text())
        live.until(lambda: live.find("short-pin").text() == "")
    live.type("short-pin", "1357")
    live.until(lambda: live.desk.state.quick is None and not live.desk.state.busy)
    assert live.desk.state.problem == "short-pin-over"
    assert "工号和密码" in live.find("problem-words").text()
    live.type("staff-id", ANN[0], enter=True)
    live.type("staff-pin", ANN[1], enter=True)
    live.until_page("home")
    assert not live.desk.state.session.quick


def test_a_retirees_card_laid_at_the_locked_desk_opens_nothing(live):
    quick_way(live)
    live.touch("desk-open")
    live.until_page("sign-in")
    live.desk.on_card(CardRead(read_card(made.NUMBER)))
    live.until(lambda: getattr(live.desk.state, "problem", "") == "staff-card-unknown")
    assert live.view.page_name == "sign-in"
    live.touch("sign-in-other")
    assert live.find("staff-id").isVisible()


def test_a_supervisor_comes_back_as_an_attendant(live):
    live.ask(lambda store: quick.set_short_pin(store, SUE[0], "4829", made.NOW))
    live.sign_in(SUE)
    live.touch("desk-close")
    live.touch("desk-open")
    live.until_page("sign-in")
    live.until(lambda: live.find("short-pin").isEnabled())
    live.type("short-pin", "4829")
    live.until_page("home")
    live.loaded()
    places = {one.objectName() for one in live.view.findChildren(QWidget) if one.isVisible()}
    assert not places & {"place-approval", "place-staff", "place-maintenance", "home-short-pin"}
    for place in SUPERVISOR_PLACES:
        live.desk.feed(e.Went(place))
    assert live.desk.state.page.place is Place.HOME
    by = live.desk.state.session
    answers = [
        live.ask(lambda store, one=one: work.in_store(store, one, live.desk._moment()))
        for one in (c.RevokeStaff(by, ANN[0]), c.BindCard(by, ANN[0], "chip:01"), c.ApproveDay(by, made.NOW.date()))
    ]
    assert [one.problem for one in answers] == ["desk-not-allowed"] * 3
    refused = live.ask(lambda store: work.in_store(store, c.SetShortPin(by, "9753"), live.desk._moment()))
    assert refused.problem == "full-sign-in-first"


def test_a_supervisor_registers_a_card_and_the_attendant_sets_the_short_pin(live):
    live.sign_in(SUE)
    live.touch("place-staff")
    live.until_page("staff")
    live.loaded()
    live.find("staff").selectRow(0)
    live.touch("staff-card")
    live.desk.on_card(CardRead(CARD))
    live.until(lambda: live.desk.state.page.notice == "staff-card-bound")
    live.until(lambda: any("有卡" in cell for row in live.find("staff").texts() for cell in row))
    live.desk.on_card(CardRead(CARD))  # bound once; the next card is anybody's again
    live.until_page("find")
    live.touch("desk-close")
    live.sign_in()
    live.touch("home-short-pin")
    live.until_page("short-pin")
    live.loaded()
    for pins, problem in ((("4829", "4820"), "pins-differ"), (("1234", "1234"), "weak-short-pin")):
        live.type("new-short-pin", pins[0])
        live.type("new-short-pin-again", pins[1])
        live.touch("short-pin-save")
        live.until(lambda problem=problem: live.desk.state.page.problem == problem and not live.desk.state.page.busy)
    for digit in "48294829":  # the second field is typed into by itself
        live.touch(f"desk-key-{digit}")
    live.touch("short-pin-save")
    live.until(lambda: live.desk.state.page.notice == "short-pin-set")
    assert live.ask(lambda store: quick.by_short_pin(store, ANN[0], "4829", made.NOW)).member is not None
