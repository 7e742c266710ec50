"""Pages do what their buttons say, keep nothing of a person, and fit the hands of people who touch twice."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from kiosk.config import Channel, Ui
from kiosk.domain.identity import DocumentKind
from kiosk.domain.reasons import Action, Guidance, Reason
from kiosk.domain.record import RecordStatus
from kiosk.errors import ConfigError
from kiosk.gallery.scenes import NOW, NUMBER, sample_settings, sample_take, scenes
from kiosk.gallery.stage import make_window, show_scene
from kiosk.texts import requests as r
from kiosk.texts.strings import Strings
from kiosk.ui.pages.number import number_help
from kiosk.ui.prompts import PAGE_NAMES, prompt_for
from kiosk.ui.spoken.plan import Facts, plan_for
from kiosk.ui.widgets import text
from kiosk.ui.widgets.button import Button
from kiosk.ui.window import KioskWindow
from kiosk.visit import events as e
from kiosk.visit import states as s

SCENES = {scene.name: scene for scene in scenes()}


def button(window, name) -> Button:
    found = [b for b in window.findChildren(Button, name) if b.isVisibleTo(window)]
    assert len(found) == 1, f"{name}: {len(found)}"
    return found[0]


def touch(window, name):
    QTest.mouseClick(button(window, name), Qt.MouseButton.LeftButton)


WIRES = [
    ("idle", "start", e.Started()),
    ("idle", "query", e.QueryStarted()),
    ("idle", "no-face", e.NoFaceTouched()),
    ("idle", "help", e.HelpTouched()),
    ("who", "self", e.SelfChosen()),
    ("who", "other", e.OtherChosen()),
    ("who", "leave", e.CancelTouched()),
    ("card", "manual", e.ManualChosen()),
    ("card", "leave", e.BackTouched()),
    ("number-complete", "next", e.NumberEntered(NUMBER)),
    ("number-empty", "leave", e.BackTouched()),
    ("card-no-reader", "scan", e.ScanChosen()),
    ("scan", "leave", e.BackTouched()),
    ("name", "name-1", e.NameChosen("陈小芳")),
    ("name", "none", e.BackTouched()),
    ("looking-up", "leave", e.CancelTouched()),
    ("confirm", "yes", e.Confirmed()),
    ("confirm", "no", e.Denied()),
    ("confirm", "helping", e.OtherChosen()),
    ("benefits", "next", e.BenefitsChosen(("enterprise-employee", "old-age-allowance"))),
    ("benefits", "leave", e.BackTouched()),
    ("answer-not-yet", "done", e.DoneTouched()),
    ("answer-not-in-roster", "stay", e.StayTouched()),
    ("answer-not-in-roster", "not-today", e.DoneTouched()),
    ("consent", "agree", e.Agreed()),
    ("consent", "without-face", e.NoFaceTouched()),
    ("consent", "leave", e.BackTouched()),
    ("instructions", "begin", e.BeginTouched()),
    ("instructions", "practise", e.PractiseTouched()),
    ("camera-blink", "swap", e.SwapTouched()),
    ("camera-blink", "leave", e.BackTouched()),
    ("retry", "again", e.BeginTouched()),
    ("retry", "practise", e.PractiseTouched()),
    ("retry", "leave", e.CancelTouched()),
    ("result", "done", e.DoneTouched()),
    ("referred-face", "stay", e.StayTouched()),
    ("referred-face", "not-today", e.DoneTouched()),
    ("referred-no-face", "back-to-face", e.BackTouched()),
    ("take-card", "done", e.DoneTouched()),
    ("out-of-service", "help", e.HelpTouched()),
]


@pytest.mark.parametrize(("scene", "name", "event"), WIRES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_touch_sends_its_event(window, qtbot, scene, name, event):
    show_scene(window, SCENES[scene])
    with qtbot.waitSignal(window.touched, timeout=1000) as caught:
        touch(window, name)
    assert caught.args == [event]


def test_every_state_has_a_page_and_every_page_a_way_to_a_person(window):
    assert {type(scene.state) for scene in scenes()} == set(s.State.__args__)
    for scene in scenes():
        show_scene(window, scene)
        assert window.page_name == PAGE_NAMES[type(scene.state)]
        if scene.countdown is None and not scene.panel:
            assert button(window, "help").isEnabled()
            assert button(window, "replay").isEnabled()


def test_the_consent_choices_weigh_the_same(window):
    show_scene(window, SCENES["consent"])
    yes, no = button(window, "agree"), button(window, "without-face")
    assert (yes.size(), yes.kind, yes.role) == (no.size(), no.kind, no.role)


def test_a_benefit_can_be_left_out_but_not_all(window, qtbot):
    show_scene(window, SCENES["benefits"])
    touch(window, "benefit-old-age-allowance")
    with qtbot.waitSignal(window.touched) as caught:
        touch(window, "next")
    assert caught.args == [e.BenefitsChosen(("enterprise-employee",))]
    touch(window, "benefit-enterprise-employee")
    with qtbot.assertNotEmitted(window.touched):
        touch(window, "next")
    assert window.page.findChild(QLabel, "hint").isVisible()


@pytest.mark.parametrize(
    ("number", "help_key"),
    [
        ("", "empty"),
        ("1", "left"),
        (NUMBER[:17], "left_one"),
        (NUMBER, "complete"),
        (NUMBER[:17] + ("0" if NUMBER[17] != "0" else "1"), "wrong_digit"),
        ("000000194813", "left"),
        ("00000019481301", "wrong_date"),
        ("00000019480230", "wrong_date"),
    ],
)
def test_number_help(number, help_key):
    assert number_help(number) == help_key


def test_a_wrong_number_is_not_sent(window, qtbot):
    show_scene(window, SCENES["number-wrong"])
    with qtbot.assertNotEmitted(window.touched):
        touch(window, "next")
    touch(window, "key-delete")
    for key in NUMBER[17]:
        touch(window, f"key-{key}")
    with qtbot.waitSignal(window.touched) as caught:
        touch(window, "next")
    assert caught.args == [e.NumberEntered(NUMBER)]


def test_a_number_can_be_typed_on_a_keyboard(window, qtbot):
    show_scene(window, SCENES["number-empty"])
    QTest.keyClicks(window.page, NUMBER)
    QTest.keyClick(window.page, Qt.Key.Key_Backspace)
    QTest.keyClicks(window.page, NUMBER[17])
    with qtbot.waitSignal(window.touched) as caught:
        touch(window, "next")
    assert caught.args == [e.NumberEntered(NUMBER)]


def texts_of(widget: QWidget) -> str:
    words = [child.text() for child in widget.findChildren(QLabel)]
    words += [child.shown_text() for child in widget.findChildren(Button)]
    words += [child.accessibleName() for child in widget.findChildren(QWidget)]
    return "\n".join(words)


def test_nothing_of_a_person_is_left_on_any_page(window, qtbot):
    for scene in scenes():
        show_scene(window, scene)
    window.show_state(s.Idle())
    qtbot.waitUntil(lambda: "陈小芳" not in texts_of(window))  # removed buttons die in the next turn of the event loop
    left = texts_of(window)
    for trace in ("陈", "芳", NUMBER, NUMBER[-4:], " ".join(NUMBER), "2027年11月30日", "4F3A91C2"):
        assert trace not in left
    assert not [key for key in text._cache if "陈" in key[0] or NUMBER[-4:] in key[0]]
    camera = window.pages[s.Acting]
    assert camera.circle._image.isNull()
    assert camera.circle._pixels is None
    assert window.pages[s.EnteringNumber].number == ""


def test_the_mirror_mirrors(window):
    show_scene(window, SCENES["camera-begin"])
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[:, :320] = (255, 0, 0)  # the camera's left half is the person's right
    frame[:, 320:] = (0, 0, 255)
    window.show_frame(frame)
    circle = window.page.circle
    image = circle.grab().toImage()
    middle, quarter = image.height() // 2, image.width() // 4
    assert image.pixelColor(quarter, middle).blue() > 200
    assert image.pixelColor(3 * quarter, middle).red() > 200


@pytest.mark.parametrize("action", list(Action))
def test_the_prompt_says_what_its_properties_say(window, action):
    show_scene(window, SCENES["camera-begin"])
    strings = window.strings
    prompt = window.page.findChild(QLabel, "prompt")
    window.show_take(sample_take(action=action))
    assert (prompt.property("action"), prompt.property("now")) == (str(action), False)
    assert prompt.text() == strings.text(f"action.{action}.ready")
    window.show_take(sample_take(action=action, now=True))
    assert (prompt.property("action"), prompt.property("now")) == (str(action), True)
    assert prompt.text() == strings.text(f"action.{action}.now")
    window.show_take(sample_take(guidance=Guidance.TOO_FAR, action=action, now=True))
    assert (prompt.property("action"), prompt.property("now")) == ("", False)
    assert prompt.text() == strings.text("guidance.too-far.title")


@pytest.mark.parametrize("hint", ["returning", "too_early", "wrong_way", "slower", "larger"])
def test_the_take_says_what_to_do_better(window, hint):
    show_scene(window, SCENES["camera-begin"])
    window.show_take(sample_take(action=Action.TURN_LEFT, now=True, **{hint: True}))
    assert window.page.lead.text() == window.strings.text(f"page.camera.hint_{hint}")
    window.show_take(sample_take(action=Action.TURN_LEFT, now=True))
    assert window.page.lead.text() == window.strings.text("action.turn-left.how")


def test_no_other_action_is_offered_when_there_is_none(window, qtbot):
    show_scene(window, SCENES["camera-blink"])
    with qtbot.waitSignal(window.touched) as caught:
        window.page.swap.click()
    assert caught.args == [e.SwapTouched()]
    place = window.page.swap.geometry()
    window.show_take(sample_take(action=Action.BLINK, now=True, can_swap=False))
    with qtbot.waitSignal(window.touched) as caught:
        window.page.swap.click()
    assert caught.args == [e.HelpTouched()], "where nothing else can be asked for, somebody is called"
    assert window.page.swap.geometry() == place


def test_the_camera_page_stands_still_whatever_it_says(window):
    show_scene(window, SCENES["camera-begin"])
    page, places = window.page, set()
    for scene in scenes():
        if scene.take is not None and scene.state == SCENES["camera-begin"].state:
            window.show_take(scene.take)
            places.add((page.mirror.geometry().getRect(), page.swap.geometry().getRect(), page.look.density))
    assert len(places) == 1


def test_the_figure_is_still_until_the_cue(window):
    show_scene(window, SCENES["camera-ready"])
    face = window.page.mirror.show_card.face
    assert face.held
    assert not window.page.circle.cued
    window.show_take(sample_take(action=Action.MOUTH_OPEN, now=True))
    assert not face.held
    assert window.page.circle.cued


def test_going_back_before_the_cue_is_only_a_rest(window):
    show_scene(window, SCENES["camera-ready"])
    assert window.page.leave_event() == e.BackTouched(before_cue=True)
    window.show_take(sample_take(action=Action.MOUTH_OPEN, now=True))
    window.show_take(sample_take(action=Action.MOUTH_OPEN))  # too early next time: the challenge is known by now
    assert window.page.leave_event() == e.BackTouched()
    window.show_state(SCENES["instructions"].state)
    show_scene(window, SCENES["camera-ready"])
    assert window.page.leave_event() == e.BackTouched(before_cue=True)


def test_a_missed_action_is_answered_with_that_action(window):
    show_scene(window, SCENES["retry-action"])
    page = window.page
    assert page.figure.isVisible()
    assert page.figure.action is Action.TURN_RIGHT
    assert not page.tips.isVisible()
    assert page.lead.text() == window.strings.text("reason.action-timeout.why"), "nothing was early: a time-out says so"
    assert "早" not in page.lead.text()
    show_scene(window, SCENES["retry-early"])
    assert page.lead.text() == window.strings.text("page.retry.early")
    show_scene(window, SCENES["retry-last"])  # not much like the photo: neither hats nor light
    assert not page.tips.isVisible()
    assert not page.figure.isVisible()


@pytest.mark.parametrize(
    ("well", "lead", "said"), [(True, "练得很好", "chime.done"), (False, "没看清", "reason.action-timeout.say")]
)
def test_a_practice_that_ended_is_answered(window, well, lead, said):
    scene = SCENES[f"instructions-practised-{well}"]
    show_scene(window, scene)
    assert lead in window.page.lead.text()
    assert prompt_for(scene.state)[0] == said
    assert plan_for(scene.state, Facts(NOW.date())).lines[0] == said


def test_the_page_shines_in_the_colour_of_the_light_check(window):
    show_scene(window, SCENES["camera-begin"])

    def corner():
        return window.page.grab().toImage().pixelColor(4, window.page.height() - 4).getRgb()[:3]

    before = corner()
    window.show_take(sample_take(light=(250, 200, 120)))
    assert corner() == (250, 200, 120)
    window.show_take(sample_take())
    assert corner() == before


def test_the_calm_ground_moves_with_the_words(window, qtbot):
    """It is the page's own: painted anew in the ticks' rectangle alone, what it was before stayed round it (seen on a screen)."""
    show_scene(window, SCENES["camera-begin"])
    window.show()
    window.show_take(sample_take(action=Action.MOUTH_OPEN, light_pattern=(0.1, 0.0, 0.0)))
    QApplication.processEvents()
    seen = PaintedAreas(window.page)
    done = (Action.MOUTH_OPEN, Action.TURN_LEFT)
    window.show_take(sample_take(action=Action.NOD, action_count=3, done_actions=done, light_pattern=(0.1, 0.0, 0.0)))
    qtbot.waitUntil(lambda: window.page.rect() in seen.areas, timeout=2000)


class PaintedAreas(QObject):
    """What of a widget is painted anew."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.areas: list[QRect] = []
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.areas.append(event.rect())
        return False


def test_frames_and_takes_elsewhere_are_ignored(window):
    show_scene(window, SCENES["consent"])
    window.show_frame(np.zeros((48, 64, 3), np.uint8))
    window.show_take(sample_take(action=Action.BLINK))
    assert window.page_name == "consent"


def test_wishes_change_the_window_and_are_forgotten_with_the_visit(window, qtbot):
    window.show_state(SCENES["consent"].state)
    wishes = []
    window.service.connect(wishes.append)
    for name in ("large-text", "language", "colours-contrast", "language-en", "language-panel-close"):
        touch(window, name)
    for name in ("sound", "volume-up", "volume-down", "sound-panel-close", "replay"):
        touch(window, name)
    english = [r.ChangeLanguage("en"), r.ChangeWriting("en")]
    assert wishes == [r.ToggleLargeText(), r.ToggleContrast(), *english, r.VolumeUp(), r.VolumeDown(), r.Replay()]
    assert (window.wishes.large, window.wishes.theme, window.strings.language) == (True, "contrast", "en")
    assert window.page.title.text() == Strings.load("en").text("page.consent.title")
    wishes.clear()
    window.show_state(s.Idle())
    assert (window.wishes.large, window.wishes.theme, window.strings.language) == (False, "paper", "zh_CN")
    assert wishes == [r.ResetVolume(), r.ChangeLanguage("zh_CN"), r.ChangeWriting("zh_CN")]


def test_what_is_spoken_and_what_is_written_are_chosen_apart(window):
    title = "page.idle.title"
    touch(window, "language")
    assert window.wishes.language_panel.isVisible()
    touch(window, "language-zh_HK")
    assert (window.wishes.language, window.page.title.text()) == ("zh_HK", Strings.load("zh_CN").text(title))
    assert button(window, "language-zh_HK").isChecked()
    touch(window, "writing-zh_Hant")
    assert window.wishes.language_panel.title.text() == Strings.load("zh_Hant").text("language_page.title")
    QTest.mouseClick(window.wishes.language_panel, Qt.MouseButton.LeftButton, pos=QPoint(4, 4))  # beside the panel
    assert not window.wishes.language_panel.isVisible()
    assert (window.wishes.language, window.page.title.text()) == ("zh_HK", Strings.load("zh_Hant").text(title))
    window.wishes.change_language("zh_CN")
    assert (window.wishes.language, window.wishes.writing) == ("zh_CN", "zh_Hant")
    window.wishes.change_writing("en")
    assert (window.wishes.language, window.page.title.text()) == ("zh_CN", Strings.load("en").text(title))
    window.reset_wishes()
    assert (window.wishes.language, window.wishes.writing) == ("zh_CN", "zh_CN")


def test_the_countdown_asks_and_any_touch_answers(window, qtbot):
    show_scene(window, SCENES["still-here"])
    assert window.spoken_key() == ["countdown.say"]
    with qtbot.waitSignal(window.service) as caught:
        touch(window, "still-here")
    assert caught.args == [r.StillHere()]
    assert not window.countdown.isVisible()
    window.show_countdown(20)
    with qtbot.waitSignal(window.service):
        QTest.mouseClick(window.countdown, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    window.show_countdown(20)
    window.show_state(s.Idle())
    assert not window.countdown.isVisible()


@pytest.mark.parametrize(
    ("key", "scene", "event"),
    [
        (Qt.Key.Key_F1, "consent", e.Agreed()),
        (Qt.Key.Key_F2, "confirm", e.Denied()),
        (Qt.Key.Key_F2, "who", e.CancelTouched()),
        (Qt.Key.Key_F3, "result", e.HelpTouched()),
    ],
)
def test_physical_keys(qtbot, key, scene, event):
    settings = sample_settings().model_copy(update={"ui": Ui(keys={"F1": "yes", "F2": "no", "F3": "help"})})
    window = make_window(settings)
    qtbot.addWidget(window)
    window.show()
    show_scene(window, SCENES[scene])
    with qtbot.waitSignal(window.touched) as caught:
        QTest.keyClick(window, key)
    assert caught.args == [event]


def test_an_unknown_key_name_is_a_configuration_error(qtbot):
    settings = sample_settings().model_copy(update={"ui": Ui(keys={"NoSuchKey": "yes"})})
    with pytest.raises(ConfigError, match="NoSuchKey"):
        KioskWindow(settings, Strings.load("zh_CN"), motion=False)


def test_the_idle_page_knows_that_a_new_day_began(qtbot):
    days = [NOW, NOW + timedelta(days=1)]
    window = KioskWindow(sample_settings(), Strings.load("zh_CN"), motion=False, now=lambda: days[0])
    qtbot.addWidget(window)
    assert "11月21日" in window.page.today.text()
    days.pop(0)
    window._tell_time()
    assert "11月22日" in window.page.today.text()
    assert "11月22日" in window.top.clock.text()


def test_the_kiosk_takes_the_whole_screen(qtbot):
    window = make_window(sample_settings())
    qtbot.addWidget(window)
    window.take_over_screen()
    assert window.isFullScreen()
    assert window.windowFlags() & Qt.WindowType.FramelessWindowHint
    assert window.contextMenuPolicy() == Qt.ContextMenuPolicy.NoContextMenu
    window.resize(1366, 768)
    assert window.look.landscape


def test_help_is_heard_as_well_as_seen(window):
    said = []
    window.touched.connect(lambda event: window.show_help_called(True) if event == e.HelpTouched() else None)
    window.service.connect(lambda wish: said.append(window.spoken_key()) if wish == r.Replay() else None)
    window.show_state(SCENES["consent"].state)
    touch(window, "help")
    assert said == [["chime.call", "help_called.say"]]
    assert window.strip.isVisible()
    touch(window, "replay")
    assert said[-1] == ["page.consent.say"]


def test_wishes_of_a_passer_by_are_forgotten(window):
    touch(window, "large-text")
    assert window.wishes.large
    assert window.wishes._forgotten.isActive()
    window.wishes._forgotten.timeout.emit()
    assert not window.wishes.large
    window.show_state(SCENES["consent"].state)
    touch(window, "large-text")
    window.wishes._forgotten.timeout.emit()
    assert window.wishes.large, "not in the middle of a visit"


def test_the_notice_of_the_last_visit_goes_by_itself(window):
    window.show_state(s.Idle(Reason.IDLE_TIMEOUT))
    assert window.page.notice.isVisible()
    window.page._moment.timeout.emit()
    assert not window.page.notice.isVisible()


def test_five_touches_on_the_station_open_the_desk(window, qtbot):
    corner = window.top.mapTo(window, window.top.station.geometry().center())
    with qtbot.waitSignal(window.service) as caught:
        for _ in range(5):
            QTest.mouseClick(window, Qt.MouseButton.LeftButton, pos=corner)
    assert caught.args == [r.OpenDesk()]


@pytest.mark.parametrize("stage", list(RecordStatus))
def test_nothing_is_promised_before_the_centre_confirms(window, stage):
    window.show_state(replace(SCENES["result"].state, stage=stage))
    words = texts_of(window.page)
    assert ("确认了" in words) == (stage is RecordStatus.CONFIRMED)
    assert "为准" not in words
    assert ("照常发" in window.page.lead.text()) == (stage not in (RecordStatus.RETURNED, RecordStatus.REFUSED))


def test_no_score_or_code_is_shown(window):
    for scene in scenes():
        show_scene(window, scene)
        words = texts_of(window)
        assert not [code for code in Reason if "-" in code and str(code) in words]


def test_speech_follows_the_page():
    said = {scene.name: prompt_for(scene.state, scene.take, date(2026, 11, 29)) for scene in scenes()}
    until = "next_time.next_year.say_before_11"
    assert said["card-trouble"] == ["reason.card-lift-and-retry.say"]
    assert said["camera-mouth-open"] == ["chime.cue", "action.mouth-open.say"]
    assert said["camera-guidance"] == ["guidance.too-far.say"]
    assert said["camera-ready"] == []
    assert said["retry-last"] == ["reason.face-mismatch.say", "page.retry.say_last"]
    assert said["result-resumed"] == ["page.result.say", "page.result.say_resumes", until, "page.take-card.say"]
    assert said["result-resumed-now"] == ["page.result.say", "page.result.say_resumes_now", until, "page.take-card.say"]
    assert said["answer-not-yet"] == ["reason.not-yet.say", until]
    assert said["answer-not-in-roster"] == ["not_done.say", "reason.not-in-roster.say"]
    assert said["referred-no-face"] == ["not_done.say", "reason.no-face-wanted.say"]
    assert said["take-card-timeout"] == ["page.take-card.say_open"]


@pytest.mark.parametrize(
    ("scene", "says", "says_not"),
    [
        ("result-resumed", ("确认以后", "补发", "3个月"), ()),
        ("result-resumed-now", ("确认以后", "接着发"), ("补发", "个月")),
        ("result", ("会自己送到", "照常发"), ("接着发", "补发")),
        ("result-received", ("照常发",), ("会自己送到",)),  # the title says that the centre has it
        ("result-confirmed", ("照常发",), ("会自己送到",)),
    ],
)
def test_the_result_says_what_is_still_to_come_and_no_more(window, scene, says, says_not):
    show_scene(window, next(one for one in scenes() if one.name == scene))
    lead = window.page.lead.text()
    assert all(word in lead for word in says)
    assert not any(word in lead for word in says_not)


def test_the_window_waits_for_nothing_heavy():
    code = (
        "import sys; import kiosk.ui.window; "
        "print([m for m in ('numpy', 'cv2', 'mediapipe', 'onnxruntime', 'segno', 'pyttsx3') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_idle_picture_moves_only_while_somebody_is_near(qtbot):
    window = make_window(sample_settings())
    qtbot.addWidget(window)
    window.motion = True
    window.show()
    qtbot.waitExposed(window)
    window.relook()
    face = window.page.face
    assert face._timer.isActive()
    window.page._near.timeout.emit()  # twenty seconds later
    assert not face._timer.isActive()
    window.page.somebody_near()
    assert face._timer.isActive()


def test_motion_runs_only_where_it_is_seen(qtbot):
    window = make_window(sample_settings())
    qtbot.addWidget(window)
    window.motion = True
    window.show()
    qtbot.waitExposed(window)
    window.show_state(SCENES["card"].state)
    picture = window.page.picture
    assert picture._timer.isActive()
    window.show_state(SCENES["consent"].state)
    assert not picture._timer.isActive()
    assert window.transition.isVisible()
    qtbot.waitUntil(lambda: not window.transition.isVisible(), timeout=15000)
    assert window.transition.picture.isNull(), "no picture of a person's page is kept"


def test_an_expired_card_is_told_on_the_confirm_page_and_spoken(window):
    expired = SCENES["confirm-expired"].state
    for scene, shown in (("confirm", False), ("confirm-expired", True)):
        show_scene(window, SCENES[scene])
        (label,) = [one for one in window.findChildren(QLabel, "card-expired") if one.window() is window]
        assert label.isVisibleTo(window) is shown
        assert ("派出所" in label.text()) is shown
        spoken = plan_for(SCENES[scene].state, Facts(today=date(2026, 11, 29))).lines
        assert ("spoken.confirm.say_expired" in spoken) is shown
    foreign = replace(expired.person, document_kind=DocumentKind.PERMANENT_RESIDENCE)
    show_scene(window, replace(SCENES["confirm-expired"], state=replace(expired, person=foreign)))
    assert "出入境" in label.text()


def test_a_finger_meets_every_button_and_nothing_above_it(window):
    covered = []
    for scene in scenes():
        if scene.panel or scene.countdown is not None:
            continue
        show_scene(window, scene)
        for found in window.findChildren(Button):
            if found.isVisibleTo(window):
                middle = found.mapTo(window, found.rect().center())
                above = window.childAt(middle)
                if above is not found:
                    covered.append(f"{scene.name}: {found.objectName()} under {type(above).__name__}")
    assert covered == []


def test_ways_for_whoever_is_away_come_after_the_near_ones(qtbot):
    station = sample_settings().station
    afar = Channel(name="邮政EMS", far=True)
    settings = sample_settings().model_copy(
        update={"station": station.model_copy(update={"channels": (afar, *station.channels[:2])})}
    )
    window = make_window(settings)
    qtbot.addWidget(window)
    window.resize(1920, 1080)
    show_scene(window, SCENES["out-of-service"])
    shown = [
        label.text()
        for i in range(3)
        for label in window.page.findChildren(QLabel)
        if label.objectName().startswith(f"channel-{i}")
    ]
    words = "\n".join(shown)
    assert words.index(station.channels[0].name) < words.index(station.channels[1].name) < words.index("邮政EMS")
