"""The set-up by touches over the real window: with no device, each broken, each good; a plug that is pulled anywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kiosk.domain.identity import DocumentKind, Sex
from kiosk.domain.reasons import Reason
from kiosk.idcard_reader.card import CardRecord
from kiosk.idcard_reader.events import CardRead, CardTrouble, ReaderGone, ReaderReady
from kiosk.installation import events as e
from kiosk.installation import states as s
from kiosk.installation.corners import TARGETS, turned
from kiosk.installation.progress import Mark, SetupStep
from kiosk.installation.states import SetupOffer
from kiosk.store.desk import staff
from tests.installation.conftest import SUE

CARD = CardRecord(DocumentKind.RESIDENT, "", "刘站员", Sex.UNKNOWN, None, "440305198001010013", number_ok=True, chip_number=b"")


def test_language_and_colours_show_at_once_and_hold_after_a_pulled_plug(hands):
    assert hands.view.page_name == "setup-screen"
    assert hands.words("desk-title") == "屏幕和语言"
    hands.touch("setup-language-en")
    hands.until(lambda: hands.words("desk-title") == "Screen and language")
    hands.touch("setup-theme-contrast")
    hands.until(lambda: hands.view.look.theme == "contrast")
    hands.pull_the_plug()
    assert hands.words("desk-title") == "Screen and language"
    assert hands.view.look.theme == "contrast"
    (change, *_) = [data for kind, data in hands.journal() if kind == "settings-changed"]
    assert change == {"staff": "set-up", "keys": ["ui.language"], "before": ["zh_CN"], "after": ["en"]}


def test_a_turned_picture_is_kept_by_whoever_hits_the_corners(hands):
    hands.touch("setup-turn-90")
    assert hands.machine.turns == [("picture", 90)]
    for at in TARGETS:  # the touch panel did not follow: what it tells is turned the other way
        hands.corner(*turned(at, 270))
    assert hands.machine.turns[-1] == ("touch", 90)
    for at in TARGETS:
        hands.corner(*at)
    hands.kept("ui.screen_turn", 90)
    assert hands.values()["ui"]["touch_turn"] == 90
    assert "对得上" in hands.words("setup-touch-words")
    hands.pull_the_plug()
    assert hands.facts.values["ui.screen_turn"] == 90


@pytest.mark.parametrize("hits", [[(0.5, 0.5)] * 4, []])
def test_a_picture_that_nobody_can_use_turns_back_by_itself(hands, hits):
    hands.touch("setup-turn-180")
    for at in hits:
        hands.corner(*at)
    if not hits:
        hands.app._trial.timeout.emit()
    assert hands.machine.turns[-1] == ("picture", 0)
    assert hands.page.touch == "unclear"
    assert hands.values()["ui"]["screen_turn"] == 0


def test_a_screen_that_cannot_be_turned_says_so(hands):
    hands.machine.can_turn = False
    hands.touch("setup-turn-180")
    hands.until(lambda: "技术员" in hands.words("problem-words"))
    assert hands.page.hits is None


def test_a_touch_leaves_the_focus_on_the_page_and_puts_it_on_no_other_step(hands):
    """The touched button is off on the next page: Qt then looks for another control, and found the first step's on the left."""
    hands.machine.certificates = [SetupOffer("/nowhere/bureau.pem", "bureau.pem")]
    hands.window.activateWindow()
    hands.until(lambda: QApplication.activeWindow() is hands.window)

    def focused() -> str:
        one = QApplication.focusWidget()
        return one.objectName() if one is not None else ""

    hands.find("setup-next").setFocus()
    hands.next()  # screen -> clock, from where one goes on at once
    hands.find("setup-next").setFocus()
    hands.next()  # clock -> camera, where the next step is not open yet
    assert not hands.find("setup-next").isEnabled()
    assert not focused().startswith("setup-step-")
    hands.go("network")
    hands.until(lambda: hands.page.offers)
    hands.find("setup-certificates-0").setFocus()
    hands.machine.certificates = []
    hands.touch("setup-certificate-again")
    hands.until(lambda: hands.page.offers == ())
    assert not focused().startswith("setup-step-")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert hands.view.page.isAncestorOf(QApplication.focusWidget()), "Tab begins with the page"


def test_the_clock_is_moved_by_buttons_and_set(hands):
    hands.go("clock")
    before = hands.view._now()
    hands.touch("setup-hour-more")
    hands.touch("setup-minute-less")
    assert not hands.find("setup-next").isEnabled(), "a changed time is set first"
    hands.touch("setup-clock-set")
    hands.until(lambda: hands.page.notice == "clock-set")
    (to,) = hands.machine.clock
    assert timedelta(minutes=57) < to - before < timedelta(minutes=61)
    hands.machine.clock_answer = "clock-refused"
    hands.touch("setup-day-more")
    hands.touch("setup-clock-set")
    hands.until(lambda: "timedatectl" in hands.words("problem-words"))
    hands.touch("setup-skip")


def test_the_camera_no_device_then_broken_then_good_and_turned(hands):
    hands.machine.camera, hands.machine.hint = "none", "too-far"
    hands.go("camera")
    hands.until(lambda: hands.page.status == Reason.CAMERA_UNPLUGGED)
    assert not hands.find("setup-next").isEnabled()
    hands.machine.camera = "good"
    hands.touch("setup-camera-again")
    hands.until(lambda: hands.page.hint == "too-far")
    assert hands.words("setup-camera-words") == "请您走近一点"
    assert not hands.view.page.circle.good
    assert not hands.find("setup-next").isEnabled()
    hands.machine.hint = ""
    hands.until(lambda: hands.page.seen)
    assert hands.view.page.circle.good
    assert hands.view.page.circle.progress == 1.0
    hands.touch("setup-cameras-1")
    hands.kept("camera.source", "device:2")
    hands.touch("setup-camera-turn")
    hands.kept("camera.rotate", 90)
    hands.until(lambda: hands.page.seen)
    hands.machine.camera = "none"  # pulled
    hands.until(lambda: hands.page.status == Reason.CAMERA_UNPLUGGED)
    assert not hands.find("setup-next").isEnabled()
    hands.machine.camera = "good"  # plugged in again, by itself
    hands.until(lambda: hands.page.seen)
    hands.next()
    assert hands.facts.progress.mark(SetupStep.CAMERA) is Mark.DONE


def test_the_reader_says_what_answered_at_which_port(hands):
    hands.go("reader")
    reader = hands.machine.readers[-1]
    assert "/dev/ttyUSB1" in reader.settings.port_patterns, "it is looked for wherever it may be"
    reader.event.emit(ReaderGone(Reason.READER_SILENT))
    assert hands.page.status == Reason.READER_SILENT
    assert not hands.find("setup-next").isEnabled()
    reader.event.emit(ReaderReady("05.03.20260101", "/dev/ttyUSB1"))
    hands.kept("reader.port", "/dev/ttyUSB1")
    assert "/dev/ttyUSB1" in hands.words("setup-reader-answer")
    assert "05.03.20260101" in hands.words("setup-reader-answer")
    assert hands.machine.readers[-1] is reader, "it goes on where it answered"
    reader.event.emit(CardTrouble(Reason.CARD_UNREADABLE, None, True))
    assert hands.page.card == Reason.CARD_UNREADABLE
    reader.event.emit(CardRead(CARD))
    assert "刘站员" not in "".join(one.text() for one in hands.view.findChildren(type(hands.view.page.words)))
    hands.touch("setup-place-right")
    hands.kept("station.reader_place", "right")
    assert hands.view.page.picture.place == "right"
    hands.next()
    assert not reader.running or hands.until(lambda: not reader.running) is None
    hands.go("reader")
    hands.machine.readers[-1].event.emit(ReaderGone(Reason.READER_UNPLUGGED))
    assert hands.facts.progress.mark(SetupStep.READER) is Mark.DONE
    hands.touch("setup-ports-0")
    hands.kept("reader.port", "/dev/ttyUSB0")


def test_the_loudspeaker_is_heard_louder_and_softer_or_not(hands):
    hands.machine.speaker = "no-speaker"
    hands.go("sound")
    assert "喇叭" in hands.words("setup-sound-words")
    assert not hands.find("setup-heard").isEnabled()
    hands.machine.speaker = ""
    hands.touch("setup-hear")
    hands.until(lambda: hands.machine.said == [(1.0, "zh_CN")])
    hands.touch("setup-softer")
    hands.until(lambda: hands.machine.said[-1] == (0.9, "zh_CN"))
    hands.touch("setup-louder")
    hands.until(lambda: hands.machine.said[-1] == (1.0, "zh_CN"))
    hands.touch("setup-spoken-zh_HK")
    hands.until(lambda: hands.machine.said[-1] == (1.0, "zh_HK"))
    hands.touch("setup-unheard")
    assert not hands.find("setup-next").isEnabled()
    hands.touch("setup-heard")
    hands.next()
    assert hands.values()["voice"]["language"] == "zh_HK"


@pytest.mark.parametrize("reason", [Reason.PRINTER_UNAVAILABLE, Reason.PRINTER_NO_PAPER, Reason.INTERNAL_ERROR])
def test_the_printer_none_broken_and_good(hands, reason):
    hands.go("printer")
    hands.until(lambda: hands.page.offers is not None)
    assert hands.find("setup-next").isEnabled(), "a station without a printer is whole"
    hands.touch("setup-printers-1")
    hands.kept("printer.target", "0416:5011")
    hands.until(lambda: not hands.find("setup-next").isEnabled())
    hands.touch("setup-paper-58")
    hands.kept("printer.width_mm", 58)
    hands.machine.printer = reason
    hands.touch("setup-slip")
    hands.until(lambda: hands.page.status == reason)
    hands.machine.printer = Reason.OK
    hands.touch("setup-slip")
    hands.until(lambda: hands.page.status == "printed")
    settings, slip = hands.machine.slips[-1]
    assert (settings.width_mm, slip.title) == (58, "试打凭条")
    hands.next()


def test_everything_can_be_skipped_and_the_plug_be_pulled_at_every_step(hands):
    hands.machine.camera = "none"
    for step in list(SetupStep)[:-1]:
        hands.until(lambda step=step: hands.facts.progress.at is step)
        hands.pull_the_plug()
        assert hands.facts.progress.at is step
        hands.touch("setup-skip")
    hands.until(lambda: isinstance(hands.page, s.SummaryStep))
    hands.until(lambda: hands.page.lines is not None)
    assert "接上喇叭" in hands.words("setup-finding-voice-more")
    assert all(mark is Mark.SKIPPED for mark in hands.facts.progress.marks.values())
    assert "自助办理先不开放" in hands.words("setup-summary-lead")
    hands.touch("setup-go-registered")
    hands.until(lambda: hands.facts.progress.at is SetupStep.REGISTER)
    hands.go("summary")
    hands.touch("setup-next")
    hands.until(lambda: isinstance(hands.app.state, s.Over))
    assert not hands.progress().wanted


def test_the_first_supervisor_is_added_and_then_asked_for(hands):
    hands.go("supervisor")
    for pin, again, told in (("123456", "123456", "密码"), ("360914", "360915", "")):
        hands.type("setup-first-id", SUE[0])
        hands.type("setup-first-name", "Sue")
        hands.type("setup-first-pin", pin)
        hands.type("setup-first-again", again)
        hands.touch("setup-first")
        hands.until(lambda: hands.page.problem)
        assert told in hands.words("problem-words")
    hands.pull_the_plug()
    assert hands.view.page.staff.text() == SUE[0], "what was typed is still there"
    assert not hands.view.page.pin.text(), "a PIN is kept nowhere"
    hands.type("setup-first-pin", SUE[1])
    hands.type("setup-first-again", SUE[1])
    hands.touch("setup-first")
    hands.until(lambda: hands.facts.supervised)
    assert hands.app.state.by == SUE[0]
    (member,) = hands.app.store.run(staff.members)
    assert (member.staff_id, member.role) == (SUE[0], staff.Role.SUPERVISOR)
    for file in (hands.folder / "var" / "settings").iterdir():
        assert SUE[1] not in file.read_text(encoding="utf-8")
    hands.pull_the_plug()
    assert isinstance(hands.app.state, s.Locked)


def test_only_a_supervisor_goes_on_where_there_is_one(supervised):
    hands = supervised
    assert isinstance(hands.app.state, s.Locked)
    for staff_id, pin, told in (("9001", "111222", "PIN"), ("1001", "270518", "主管")):
        hands.type("setup-staff-id", staff_id)
        hands.type("setup-staff-pin", pin)
        hands.touch("setup-unlock")
        hands.until(lambda: hands.app.state.problem)
        assert isinstance(hands.app.state, s.Locked), told
    hands.type("setup-staff-id", SUE[0])
    hands.type("setup-staff-pin", SUE[1])
    hands.touch("setup-unlock")
    hands.until(lambda: isinstance(hands.app.state, s.Installing))
    hands.touch("setup-language-en")
    hands.kept("ui.language", "en")
    assert [data["staff"] for kind, data in hands.journal() if kind == "settings-changed"] == [SUE[0]]
    hands.app._touched_s -= 10_000
    hands.app._tick()
    assert isinstance(hands.app.state, s.Locked), "left alone"


def test_a_store_that_does_not_open_lets_nobody_in_and_says_why(hands, monkeypatch):
    from kiosk.errors import StoreError
    from kiosk.store import worker

    def shut(*_args, **_more):
        raise StoreError("damaged", reason="wrong-key")

    hands.app.stop()
    hands.window.close()
    monkeypatch.setattr(worker, "open_store", shut)
    hands.start()
    hands.until(lambda: isinstance(hands.app.state, s.Locked) and hands.app.state.problem)
    assert hands.words("problem-words")
    hands.type("setup-staff-id", SUE[0])
    hands.type("setup-staff-pin", SUE[1])
    hands.touch("setup-unlock")
    hands.until(lambda: hands.app.state.problem == "unknown")
    assert isinstance(hands.app.state, s.Locked)


def test_a_registered_station_that_nobody_goes_on_with_serves_its_people_again(supervised):
    hands = supervised
    hands.app._touched_s -= 200
    hands.app._tick()
    assert isinstance(hands.app.state, s.Locked), "not registered: there is nobody to serve"
    hands.app.feed(e.ServeTouched())
    assert isinstance(hands.app.state, s.Locked)
    facts = replace(hands.app.state.facts, kiosk_id="K-1")
    hands.app.state = replace(hands.app.state, facts=facts)
    hands.app._touched_s -= 200
    hands.app._tick()
    assert isinstance(hands.app.state, s.Over)
    assert not hands.progress().wanted


def test_a_setting_that_the_journal_or_the_disk_does_not_take_is_not_made(hands, monkeypatch):
    from kiosk.app import installation_work as work
    from kiosk.errors import StoreError

    def refuse(*_args, **_more):
        raise StoreError("full")

    with monkeypatch.context() as patch:
        patch.setattr(work.journal, "note", refuse)
        hands.touch("setup-language-en")
        hands.until(lambda: "流水" in hands.words("problem-words"))
    assert hands.values()["ui"]["language"] == "zh_CN"
    with monkeypatch.context() as patch:
        patch.setattr(work.layers.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
        hands.touch("setup-language-en")
        hands.until(lambda: "存" in hands.words("problem-words"))
    assert hands.values()["ui"]["language"] == "zh_CN"
    assert json.loads((hands.folder / "var" / "settings" / "installation.json").read_text(encoding="utf-8"))["at"] == "screen"


def test_a_code_before_the_camera_fills_the_field_and_another_code_is_told(hands):
    hands.go("register")
    hands.machine.code = "https://example.com"
    hands.touch("setup-scan")
    hands.until(lambda: hands.page.status == "other-code")
    hands.machine.code = "pension-kiosk:enrol?code=ABCDEFGH234567ABCDEFGH2345&station=SZ-0317"
    hands.until(lambda: hands.page.code)
    assert not hands.page.scanning
    assert hands.view.page.code.text().replace("-", "") == "ABCDEFGH234567ABCDEFGH2345"
    assert hands.view.page.station.text() == "SZ-0317"
    hands.type("setup-station-name", "Nanyuan")
    hands.touch("setup-register")
    hands.until(lambda: "网络" in hands.words("problem-words"))


def test_what_a_stick_brings_is_a_certificate_or_is_refused(hands, tmp_path):
    key = tmp_path / "ca.pem"
    key.write_text("-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n")
    hands.machine.certificates = [SetupOffer(str(key), "ca.pem")]
    hands.go("network")
    hands.touch("setup-certificates-0")
    hands.until(lambda: ".pem" in hands.words("problem-words"))
    hands.type("setup-url", "http://example.com")
    hands.touch("setup-ask")
    hands.until(lambda: "https://" in hands.words("problem-words"))
    assert not hands.find("setup-next").isEnabled()
    hands.touch("setup-way-stick")
    hands.next()
    assert hands.facts.progress.mark(SetupStep.NETWORK) is Mark.DONE
