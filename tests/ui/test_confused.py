"""An impatient, confused robot walks through the whole visit: double presses, long presses, backs, waits, wrong cards.

It never comes home uncertified believing that it is done: no page without a pass carries a word of completion in any language, and
every call for help is answered on the page or repeated. `KIOSK_WALK=20000` walks the whole way; without it a smaller one.
"""

from __future__ import annotations

import os
import random
import re

import pytest
from PySide6.QtWidgets import QLabel

from kiosk.domain.reasons import Action, Reason
from kiosk.domain.record import RecordStatus
from kiosk.gallery.scenes import sample_settings, scenes
from kiosk.gallery.stage import make_window, show_scene
from kiosk.texts.strings import WRITTEN, Strings
from kiosk.ui.prompts import prompt_for
from kiosk.ui.widgets.button import Button
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import World, step
from tests.visit import samples as x

STEPS = int(os.environ.get("KIOSK_WALK", "2500"))

# Words by which a person takes it for done. What stands in the second column is no such word ("still not done").
DONE = {
    "zh_CN": (r"完成|办好|办完|成功|通过|认证过|已认证|办妥", r"还没有办好|没有办好"),
    "zh_Hant": (r"完成|辦好|辦完|成功|通過|認證過|已認證|辦妥", r"還沒有辦好|沒有辦好"),
    "en": (
        r"\b(done|completed?|finished|passed|success\w*|certified|confirmed)\b",
        r"nothing was done|not (?:yet )?done(?: yet)?|is done in|well done|can be done",
    ),
}


def says_done(text: str, language: str) -> str:
    """The first word of completion in a text, "" for none."""
    word, harmless = DONE[language]
    found = re.search(word, re.sub(harmless, "", text, flags=re.IGNORECASE), re.IGNORECASE)
    return found[0] if found else ""


COUNTS = (Reason.ALREADY_DONE, Reason.DATA_MATCHED, Reason.REVIEW_PASSED)


def has_a_pass(state: s.State) -> bool:
    """A pass of this visit, or of an earlier one that still counts."""
    if isinstance(state, s.Finished):
        return state.stage not in (RecordStatus.RETURNED, RecordStatus.REFUSED)
    if isinstance(state, s.TakingCard):
        return state.passed
    if isinstance(state, s.ReviewSent):
        return state.stage is RecordStatus.CONFIRMED  # somebody at the centre looked, and said yes
    return isinstance(state, s.Answered) and state.reason in COUNTS and not s.returned(state)


def said_by(strings: Strings, keys) -> list[str]:
    """What is heard. A comma before a key joins it to the piece before (`spoken.pieces`)."""
    return [strings.text(key.lstrip(",")) for key in keys if not key.startswith("chime.")]


def words_of(window) -> list[str]:
    found = [child.text() for child in window.findChildren(QLabel) if child.isVisibleTo(window)]
    for button in window.findChildren(Button):
        if button.isVisibleTo(window):
            found += [button.shown_text(), button.accessibleName()]
    found.append(window.steps.accessibleName() if not window.steps.isHidden() else "")
    return found


@pytest.mark.parametrize("language", WRITTEN)
def test_no_page_without_a_pass_carries_a_word_of_completion(qtbot, language):
    window = make_window(sample_settings(), language)
    qtbot.addWidget(window)
    window.show()
    strings = Strings.load(language)
    findings = []
    for scene in scenes():
        if has_a_pass(scene.state):
            continue
        show_scene(window, scene)
        said = said_by(strings, prompt_for(scene.state, scene.take))
        for text in (*words_of(window), *said):
            if word := says_done(text, language):
                findings.append(f"{scene.name}: {word} in {text!r}")
    assert findings == []


def test_every_reason_on_a_page_without_a_pass_says_so(qtbot):
    window = make_window(sample_settings())
    qtbot.addWidget(window)
    window.show()
    base = next(scene.state for scene in scenes() if scene.name == "referred-face")
    for reason in set(Reason) - s.TOLD:
        window.show_state(s.Referred(base.visit, reason, base.case))
        assert window.page.open.sign.isVisible()
        assert window.page.primary is window.page.open.stay
        assert not [text for text in words_of(window) if says_done(text, "zh_CN")], reason


# --- the walk


class Robot:
    """Presses what it sees, twice, too early, or nothing at all; lays any card; believes what the screen says."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.state: s.State = s.Idle()
        self.calls = 0
        self.passes = 0

    def world(self) -> World:
        return World("v1", self.rng.random() < 0.9, self.rng.random() < 0.9)

    def choices(self) -> list[e.Event]:
        """What the pages offer, and what happens round them."""
        visit = s.visit_of(self.state)
        ident = visit.visit_id if visit else "v1"
        take = self.state.take_id if isinstance(self.state, s.Acting) else 0
        hands: list[e.Event] = [
            e.Started(), e.QueryStarted(), e.SelfChosen(), e.OtherChosen(), e.ManualChosen(), e.ScanChosen(), e.Confirmed(),
            e.Denied(), e.Agreed(), e.BeginTouched(), e.PractiseTouched(), e.SwapTouched(), e.BackTouched(), e.BackTouched(True),
            e.DoneTouched(), e.StayTouched(), e.CancelTouched(), e.NoFaceTouched(), e.HelpTouched(),
            e.NumberEntered(x.CHEN.id_number), e.NumberEntered(x.LI.id_number), e.NameChosen(x.CHEN.name), e.NameChosen("王五"),
            e.BenefitsChosen(("b1",)), e.BenefitsChosen(()),
        ]  # fmt: skip
        world: list[e.Event] = [
            e.CardLaid(), e.CardWasRead(x.CHEN), e.CardWasRead(x.LI), e.CardTaken(), e.CardTroubled(Reason.CARD_LIFT_AND_RETRY),
            e.ReaderWentDown(Reason.READER_UNPLUGGED), e.ReaderCameUp(), e.CameraWentDown(), e.CameraCameUp(),
            x.looked_up(ident, x.CHEN), e.LookedUp(ident, x.CHEN.id_number, Reason.NOT_IN_ROSTER),
            e.LookedUp(ident, x.CHEN.id_number, Reason.ALREADY_DONE), e.LookedUp(ident, x.LI.id_number, Reason.NO_TEMPLATE),
            e.NamesOffered(ident, x.CHEN.id_number, (x.CHEN.name, "陈大文")),
            e.NamesOffered(ident, x.CHEN.id_number, (), Reason.NOT_IN_ROSTER),
            e.CardScanned(ident, x.LI), e.ScanEnded(ident, Reason.OCR_UNREADABLE),
            e.TakeEnded(ident, take, True, Reason.OK), e.TakeEnded(ident, take, False, Reason.ACTION_TIMEOUT, Action.BLINK),
            e.FaceMatched(ident, Reason.OK), e.FaceMatched(ident, Reason.FACE_MISMATCH),
            e.FaceMatched(ident, Reason.FACE_UNCERTAIN),
            e.RecordsSaved(ident, ("r1",)), e.SaveFailed(ident), e.RecordStatusMoved("r1", RecordStatus.RETURNED),
            e.RecordStatusMoved("r1", RecordStatus.CONFIRMED), e.IdleExpired(), e.WalkedAway(),
            e.ServicePaused(Reason.READER_UNPLUGGED), e.ServiceResumed(),
        ]  # fmt: skip
        return hands + hands + world

    def onward(self) -> list[e.Event]:
        """What leads on from here: an impatient person does press the right thing, most of the time."""
        state, visit = self.state, s.visit_of(self.state)
        ident = visit.visit_id if visit else "v1"
        match state:
            case s.Idle():
                return [e.Started(), e.CardWasRead(x.CHEN)]
            case s.ChoosingWho():
                return [e.SelfChosen(), e.OtherChosen()]
            case s.AwaitingCard():
                return [e.CardWasRead(x.LI if state.whose is s.Whose.HELPER else x.CHEN), e.ManualChosen(), e.ScanChosen()]
            case s.EnteringNumber():
                return [e.NamesOffered(ident, x.CHEN.id_number, (x.CHEN.name, "陈大文"))]
            case s.ChoosingName():
                return [e.NameChosen(x.CHEN.name)]
            case s.ScanningCard():
                return [e.CardScanned(ident, x.CHEN)]
            case s.LookingUp():
                return [x.looked_up(ident, state.person, 2), e.LookedUp(ident, state.person.id_number, Reason.NOT_IN_ROSTER)]
            case s.Confirming():
                return [e.Confirmed()]
            case s.ChoosingBenefits():
                return [e.BenefitsChosen(("b1",))]
            case s.Consenting():
                return [e.Agreed(), e.Agreed(), e.NoFaceTouched()]
            case s.Instructing() | s.Retrying():
                return [e.BeginTouched()]
            case s.Acting():
                return [e.TakeEnded(ident, state.take_id, True, Reason.OK)]
            case s.Checking():
                return [e.RecordsSaved(ident, ("r1",)) if state.saving else e.FaceMatched(ident, Reason.OK)]
            case s.OutOfService():
                return [e.ServiceResumed()]
        return [e.DoneTouched(), e.CardTaken()]

    def go(self) -> None:
        event = self.rng.choice(self.onward() if self.rng.random() < 0.7 else self.choices())
        for _ in range(2 if self.rng.random() < 0.25 else 1):  # a double press is two events
            before = self.state
            self.state, commands = step(before, event, self.world())
            self.calls += sum(isinstance(one, c.CallAttendant) for one in commands)
            self.passes += isinstance(self.state, s.Finished) and not isinstance(before, s.Finished)
            self.check(before, event, commands)

    def check(self, before: s.State, event: e.Event, commands: tuple[c.Command, ...]) -> None:
        called = any(isinstance(one, c.CallAttendant) for one in commands)
        if isinstance(event, e.HelpTouched):
            assert called, "every call for help is answered"
        if s.waits_for_staff(self.state) and not s.waits_for_staff(before):
            assert called, "a page that says that staff is coming has called them"
        if isinstance(event, e.StayTouched) and s.waits_for_staff(before):
            assert called
            assert s.stays(self.state), "waiting never ends a visit"
        left = s.visit_of(before) is not None and isinstance(self.state, s.Idle | s.TakingCard)
        taken_over = isinstance(event, e.AttendantTookOver) or isinstance(before, s.TakingCard)
        if left and not taken_over and not has_a_pass(before):
            told = isinstance(before, s.Answered) and before.reason in s.TOLD and not s.returned(before)
            assert told or self.state.notice is not None, f"home from {type(before).__name__} without a word"
        if isinstance(before, s.TakingCard) and isinstance(self.state, s.Idle) and before.notice is not None:
            assert self.state.notice is not None, "the word stays when the card is taken"


@pytest.mark.parametrize("seed", range(4))
def test_the_confused_robot_never_goes_home_believing_it_is_done(qtbot, seed):
    window = make_window(sample_settings())
    qtbot.addWidget(window)
    window.show()
    strings = Strings.load("zh_CN")
    robot, seen, shown = Robot(seed), set(), 0
    for _ in range(STEPS // 4):
        robot.go()
        seen.add(type(robot.state))
        if has_a_pass(robot.state):
            continue
        said = said_by(strings, prompt_for(robot.state))
        assert not [text for text in said if says_done(text, "zh_CN")]
        if robot.rng.random() < 0.06:  # looking at the pixels' words takes longer than thinking
            shown += 1
            window.show_state(robot.state)
            assert not [text for text in words_of(window) if says_done(text, "zh_CN")], robot.state
    assert robot.calls > 20
    assert shown > 10
    assert len(seen) >= 12
