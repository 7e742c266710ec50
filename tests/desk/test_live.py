"""The desk as attendants meet it: real pages, real store. What is saved is looked up in the store, not on the screen."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from kiosk.app.camera_guard import CameraGuard
from kiosk.camera.worker import CameraSeen, CameraUp
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.domain.camera_identity import CameraIdentity
from kiosk.domain.person import Person
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel, Outcome, RecordStatus
from kiosk.idcard_reader.events import CardArrived, CardRemoved
from kiosk.store import clock, outbox, records
from kiosk.store.desk import staff
from kiosk.store.engine import journal
from kiosk.store.roster import lookup as roster
from kiosk.visit import events as ve
from kiosk.visit import states as vs
from tests.desk.conftest import ANN, SUE, build, close
from tests.store import made

LI = Person("李建国", "440305194810010111")


def fill_face_to_face(live):
    live.touch("why-no-face-wanted")
    live.touch("saw-person")
    live.touch("saw-card")
    live.sign("sign-person")
    live.sign("sign-staff")
    live.touch("assist-save")
    live.until_page("done")


def test_one_touch_opens_the_desk_and_closing_returns_to_exactly_that_page(live):
    live.visits.feed(ve.Started())
    before = live.visits.state
    live.sign_in()
    live.clock.pass_(600)  # far longer than a visit may be idle
    live.visits._tick()
    live.touch("desk-close")
    live.until(lambda: not live.view.isVisible())
    assert live.visits.state == before
    assert live.window.page_name == "who"
    live.visits._tick()
    assert not live.window.countdown.isVisibleTo(live.window)
    live.clock.pass_(95)  # from here on time counts again
    live.visits._tick()
    assert live.window.countdown.isVisibleTo(live.window)


def test_keys_at_the_desk_never_reach_the_visit(live):
    live.touch("desk-open")
    live.until_page("sign-in")
    page = live.visits.state
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Space, Qt.Key.Key_F1):
        QTest.keyClick(live.window.focusWidget() or live.view, key)
    assert live.visits.state == page


def test_answers_that_come_after_the_stop_reach_no_window(live, monkeypatch):
    """What was asked of the store is answered in its own time; by then a closing kiosk has let its window go."""
    live.touch("desk-open")
    live.until_page("sign-in")
    shown = []
    for name in ("show_tallies", "show_state"):
        monkeypatch.setattr(live.view, name, lambda *_, name=name: shown.append(name))
    monkeypatch.setattr(live.window, "show_state", lambda *_: shown.append("visit"))
    live.desk._tally()
    live.visits.feed(ve.Started())
    assert shown == ["visit"]
    live.desk.stop()
    live.visits.stop()
    live.ask(lambda store: store)  # the answer is on its way by now
    live.visits.feed(ve.SelfChosen())
    QCoreApplication.processEvents()
    assert shown == ["visit"]


def test_tab_goes_round_at_the_desk_and_escape_goes_back(live):
    live.sign_in()
    ring = live.view.ring()
    assert len(ring) > 8
    seen = set()
    for _ in ring:
        live.view.focusNextPrevChild(True)
        seen.add(live.window.focusWidget().objectName())
    assert seen == {one.objectName() for one in ring}
    live.touch("place-todo")
    live.until_page("todo")
    QTest.keyClick(live.find("todo"), Qt.Key.Key_Escape)
    live.until_page("home")


def test_a_wrong_pin_does_not_stay_in_its_field(live):
    """Whoever comes to the desk next would only have to change its last digit."""
    live.touch("desk-open")
    live.until_page("sign-in")
    live.until(lambda: live.find("sign-in").isEnabled())
    live.type("staff-id", ANN[0])
    live.type("staff-pin", "112233", enter=True)
    live.until(lambda: isinstance(live.desk.state, s.SigningIn) and not live.desk.state.busy and live.desk.state.problem)
    live.until(lambda: live.find("staff-pin").text() == "")


def test_guessing_pins_is_locked_out_longer_each_time(live):
    live.touch("desk-open")
    live.until_page("sign-in")
    live.until(lambda: live.find("sign-in").isEnabled())
    for number in range(5):
        live.type("staff-id", "" if number else ANN[0])
        live.type("staff-pin", f"11223{number}", enter=True)
        live.until(lambda: isinstance(live.desk.state, s.SigningIn) and not live.desk.state.busy and live.desk.state.problem)
    assert live.desk.state.problem == "pin-locked"
    first = live.desk.state.wait_until_s - live.clock.monotonic
    assert first == pytest.approx(30.0)
    live.type("staff-pin", ANN[1], enter=True)  # the right one is not looked at
    assert isinstance(live.desk.state, s.SigningIn)
    assert not live.desk.state.busy
    live.clock.pass_(first + 1)
    live.type("staff-pin", "998877", enter=True)
    live.until(lambda: live.desk.state.wait_until_s > live.clock.monotonic)
    assert live.desk.state.wait_until_s - live.clock.monotonic == pytest.approx(60.0)
    live.clock.pass_(61)
    live.find("staff-pin").clear()
    live.type("staff-pin", ANN[1], enter=True)
    live.until_page("home")


def test_a_quarter_of_an_hour_of_quiet_closes_the_desk(live):
    live.sign_in()
    live.clock.pass_(live.window.settings.desk.sign_out_s + 1)
    live.desk.feed(e.TimePassed())
    assert not live.view.isVisible()
    entries = live.ask(lambda store: [row[0] for row in store.db.execute("SELECT body FROM journal").fetchall()])
    assert any('"staff-signed-out"' in body and '"automatic":true' in body for body in entries)


def test_taking_over_takes_the_identity_along_and_is_saved_face_to_face(live):
    live.visits.feed(ve.Started())
    live.visits.feed(ve.SelfChosen())
    live.visits.feed(ve.CardLaid())
    live.visits.feed(ve.CardWasRead(made.PERSON))
    live.until(lambda: isinstance(live.visits.state, vs.Confirming))
    visit_id = live.visits.state.visit.visit_id
    live.visits.feed(ve.NoFaceTouched())
    live.sign_in()
    assert "不刷脸" in live.find("calls").text()
    live.touch("take-over")
    live.until_page("person")
    assert isinstance(live.visits.state, vs.TakingCard)
    live.touch("assist-face-to-face")
    live.until_page("assist")
    fill_face_to_face(live)
    (kept,) = live.ask(lambda store: records.of_person(store, "p-1"))
    assert (kept.record.channel, kept.record.outcome, kept.record.author) == (Channel.FACE_TO_FACE, Outcome.PASSED, ANN[0])
    assert kept.record.visit_id == visit_id
    notes = json.loads(kept.record.notes)
    assert notes["why"] == "no-face-wanted"
    assert set(notes["signatures"]) == {"person", "staff"}
    assert all(len(one["sha256"]) == 64 for one in notes["signatures"].values())
    assert "points" not in kept.record.notes


def test_who_has_the_person_in_sight_says_so_by_one_touch_and_the_face_is_tried_once_more(live):
    takes = []
    live.visits.begin_take.connect(takes.append)
    live.visits.devices.on_camera(CameraUp("test", 640, 480))
    for event in (ve.Started(), ve.SelfChosen(), ve.CardLaid(), ve.CardWasRead(made.PERSON)):
        live.visits.feed(event)
    live.until(lambda: isinstance(live.visits.state, vs.Confirming))
    visit_id = live.visits.state.visit.visit_id
    for event in (ve.Confirmed(), ve.Agreed(), ve.BeginTouched()):
        live.visits.feed(event)
    live.visits.feed(ve.TakeEnded(visit_id, 1, False, Reason.LIVENESS_UNCERTAIN))
    live.sign_in()
    live.touch("in-sight")
    live.until(lambda: not live.view.isVisible())
    assert live.window.page_name == "camera"
    assert [(one.take_id, one.attended) for one in takes] == [(1, False), (2, True)]
    live.visits.feed(ve.TakeEnded(visit_id, 2, False, Reason.NO_GOOD_FRAME))
    kept = live.ask(lambda store: [one.record for one in records.of_person(store, "p-1")])
    assert sorted((one.reason, one.author) for one in kept) == [("liveness-uncertain", "self"), ("no-good-frame", ANN[0])]


def test_a_form_with_a_signature_missing_saves_nothing(live):
    live.sign_in()
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("assist-face-to-face")
    live.until_page("assist")
    live.touch("why-no-face-wanted")
    live.touch("saw-person")
    live.touch("saw-card")
    live.sign("sign-staff")
    live.touch("assist-save")
    assert live.desk.state.page.problem == "person-signs"
    assert live.find("foot-problem").text()
    assert live.ask(lambda store: records.of_person(store, "p-1")) == []


def test_a_card_laid_while_the_desk_is_open_is_the_desks(live):
    live.visits.feed(ve.Started())
    before = live.visits.state
    live.sign_in()
    live.visits.devices.on_reader(CardArrived())
    live.desk.feed(e.CardRead(LI))
    live.until_page("person")
    live.visits.devices.on_reader(CardRemoved())
    assert live.visits.state == before


def fill_proxy(live, scan, content, *, review=False):
    live.sign_in()
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("assist-family-proxy")
    live.until_page("assist")
    scan.write_bytes(content)
    live.desk.feed(e.CardRead(LI))
    for paper in ("principal-id-copy", "principal-proof"):
        live.touch(f"paper-{paper}")
    assert live.find("paper-agent-id").isChecked()  # the card itself lay on the reader
    if review:
        live.touch("review-consent")
    live.touch("paper-from-stick")
    live.until(lambda: live.find("scan-file-0").text().strip() == scan.name)
    live.touch("scan-file-0")
    live.until(lambda: live.desk.state.page.documents)
    live.sign("sign-person")
    live.sign("sign-staff")


def evidence(live):
    return live.ask(
        lambda store: store.db.execute("SELECT record_id, consent_id, media_type, content, state FROM outbox_evidence").fetchall()
    )


def test_a_proxy_brings_papers_and_scans_stay_here(live):
    fill_proxy(live, live.medium / "proof.pdf", b"%PDF-1.4 scan-content-marker")
    live.touch("assist-save")
    live.until_page("done")
    (kept,) = live.ask(lambda store: records.of_person(store, "p-1"))
    assert (kept.record.helper_name, kept.record.helper_id_number) == (LI.name, LI.id_number)
    (document,) = json.loads(kept.record.notes)["documents"]
    assert document["name"] == "proof.pdf"
    assert len(document["sha256"]) == 64
    assert str(live.medium) not in kept.record.notes
    assert evidence(live) == []


def test_scans_go_to_human_review_only_after_a_consent_of_their_own(live):
    content = b"%PDF-1.4 scan-content-marker"
    fill_proxy(live, live.medium / "proof.pdf", content, review=True)
    live.touch("assist-save")
    live.until_page("done")
    (kept,) = live.ask(lambda store: records.of_person(store, "p-1"))
    ((record_id, consent_id, media_type, kept_content, state),) = evidence(live)
    assert (record_id, media_type, bytes(kept_content), state) == (kept.record.record_id, "application/pdf", content, "waiting")
    consent = live.ask(
        lambda store: store.db.execute(
            "SELECT person_id, kind, witness FROM consents WHERE consent_id = ?", (consent_id,)
        ).fetchone()
    )
    assert consent == ("p-1", "human-review", "1001")
    assert "scan-content-marker" not in kept.record.notes


def test_a_scan_that_changed_meanwhile_is_not_sent_and_nothing_is_saved(live):
    scan = live.medium / "proof.pdf"
    fill_proxy(live, scan, b"%PDF-1.4 what was registered", review=True)
    scan.write_bytes(b"%PDF-1.4 something else")
    live.touch("assist-save")
    live.until(lambda: live.view.findChild(QWidget, "foot-problem").text() != "")
    assert live.ask(lambda store: records.of_person(store, "p-1")) == []
    live.touch("review-consent")  # without the review the form is as good as before
    live.touch("assist-save")
    live.until_page("done")
    assert evidence(live) == []


def test_home_visits_are_a_list_that_enter_opens(live):
    live.sign_in()
    live.touch("place-home-visits")
    live.until_page("home-visits")
    live.loaded()
    table = live.find("visits")
    assert len(table.texts()) == 1
    QTest.keyClick(table, Qt.Key.Key_Return)
    live.until_page("assist")
    fill_face_to_face(live)
    (kept,) = live.ask(lambda store: records.of_person(store, "p-2"))
    assert kept.record.channel is Channel.HOME_VISIT
    live.touch("finish")
    live.touch("place-home-visits")
    live.until_page("home-visits")
    live.loaded()
    assert live.find("visits").texts() == []


def test_every_row_of_a_units_list_is_answered_and_exported(live):
    (live.medium / "list.csv").write_text(
        f"姓名,证件号码\n陈小芳,{made.NUMBER}\n李建国,440305194810010112\n王秀英,440305195001010018\n", encoding="utf-8"
    )
    live.sign_in()
    live.touch("place-unit-list")
    live.until_page("unit-list")
    live.loaded()
    live.type("unit-name", "Factory")
    live.desk.feed(e.CardRead(LI))
    live.touch("unit-take")
    assert live.desk.state.page.problem == "papers-missing"
    live.touch("paper-clerk-id")
    live.touch("paper-sealed-list")
    live.touch("unit-file-0")
    live.touch("unit-take")
    live.until(lambda: bool(getattr(live.desk.state.page.data, "answers", ())))
    answers = live.desk.state.page.data.answers
    assert [one.problem for one in answers[:2]] == ["", "bad-number"]
    assert len(answers) == 3
    assert answers[2].problem
    live.touch("unit-export")
    live.until(lambda: bool(list(live.medium.glob("名单答复-Factory-*.csv"))))
    (exported,) = live.medium.glob("名单答复-Factory-*.csv")
    assert len(exported.read_text(encoding="utf-8-sig").strip().splitlines()) == 4


def test_a_withdrawn_consent_erases_the_template(live):
    live.sign_in()
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("enrol")
    live.until_page("enrol")
    live.touch("enrol-erase")
    live.until_page("done")
    assert live.ask(lambda store: roster.find(store, made.NUMBER)).template is None


def test_a_death_needs_a_declarant_and_erases_the_template(live):
    live.sign_in()
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("declare")
    live.until_page("declare")
    live.touch("declare-kind-death")
    live.type("declare-day", "2026-11-20")
    live.touch("declare-save")
    assert live.desk.state.page.problem == "declarant-missing"
    live.desk.feed(e.CardRead(LI))
    live.touch("relation-child")
    live.touch("declare-save")
    live.until_page("done")
    entry = live.ask(lambda store: roster.find(store, made.NUMBER))
    assert entry.template is None
    assert entry.status.value == "deceased"


def test_a_clock_that_jumped_back_is_confirmed_and_the_record_says_so(live):
    live.ask(lambda store: clock.observe(store, made.NOW + timedelta(days=40)))
    live.sign_in()
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    assert not live.find("assist-face-to-face").isEnabled()
    live.touch("place-clock")
    live.until_page("clock")
    live.loaded()
    live.touch("clock-confirm")
    live.until(lambda: getattr(live.desk.state.page.data, "confirmed_by", "") == ANN[0])
    live.touch("place-find")
    live.type("find-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("assist-face-to-face")
    live.until_page("assist")
    fill_face_to_face(live)
    (kept,) = live.ask(lambda store: records.of_person(store, "p-1"))
    assert kept.record.clock.suspect
    assert kept.record.clock.confirmed_by == ANN[0]


def test_another_camera_stops_self_service_until_a_supervisor_says_why(live):
    guard = CameraGuard(live.store, live.visits.on_frozen, live.clock.wall)
    live.desk.camera.confirmed.connect(guard.look_again)
    camera = CameraIdentity("uvcvideo", "1-1.2", "1d6b", "0102", "KC0001", "a" * 64, ("0x0201",), ("exposure-time",))
    with live.qtbot.waitSignal(guard.judged):
        guard.on_seen(CameraSeen(camera))
    assert isinstance(live.visits.state, vs.Idle)
    guard.on_seen(CameraSeen(replace(camera, serial="KC0002", others=("virtual - :",))))
    live.until(lambda: isinstance(live.visits.state, vs.OutOfService))
    assert live.visits.state.reason is Reason.CAMERA_CHANGED
    assert live.window._help_called
    live.sign_in(ANN)  # attended work goes on, but this is not the attendant's to confirm
    assert not [one for one in live.view.findChildren(QWidget, "place-camera") if one.isVisible()]
    live.touch("desk-close")
    live.sign_in(SUE)
    live.touch("place-camera")
    live.until_page("camera")
    live.loaded()
    assert live.find("camera-why-words").text() == "序列号变了：是另一个镜头\n多了一个镜头"
    live.touch("camera-confirm")
    assert live.desk.state.page.problem == "camera-why"
    live.touch("camera-why-replaced")
    live.touch("camera-confirm")
    live.until(lambda: getattr(live.desk.state.page.data, "believed", False))
    live.until(lambda: isinstance(live.visits.state, vs.Idle))
    assert not live.window._help_called, "the machine had called, not the one who comes next"
    told = live.ask(lambda store: [entry.body for entry in journal.entries_since(store, 0) if entry.kind == "camera-confirmed"])
    assert len(told) == 1
    assert f'"staff":"{SUE[0]}","why":"replaced"' in told[0]


def test_nobody_approves_their_own_day(live):
    live.sign_in(SUE)
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("assist-face-to-face")
    live.until_page("assist")
    fill_face_to_face(live)
    live.touch("place-approval")
    live.until_page("approval")
    live.loaded()
    live.touch("approve")
    assert live.desk.state.page.problem == "own-records"
    assert live.ask(lambda store: store.db.execute("SELECT count(*) FROM approvals").fetchone()[0]) == 0


def test_a_supervisor_adds_resets_and_ends(live):
    live.sign_in(SUE)
    live.touch("place-staff")
    live.until_page("staff")
    live.loaded()
    live.type("new-id", "1002")
    live.type("new-name", "He")
    live.type("new-pin", "123456")
    live.type("new-pin-again", "123456")
    live.touch("staff-add")
    live.until(lambda: live.desk.state.page.problem == "weak-pin" and not live.desk.state.page.busy)
    for name in ("new-pin", "new-pin-again"):
        live.find(name).clear()
        live.type(name, "482915")
    live.touch("staff-add")
    live.until(lambda: live.desk.state.page.notice == "staff-added" and len(live.desk.state.page.data.members) == 3)
    assert live.ask(lambda store: staff.find(store, "1002")).role is staff.Role.ATTENDANT
    live.find("staff").selectRow(1)
    live.touch("staff-revoke")
    live.until(lambda: live.desk.state.page.notice == "staff-revoked")
    assert live.ask(lambda store: staff.find(store, "1002")) is None


def test_attendants_see_no_page_of_the_supervisors(live):
    live.sign_in()
    for name in ("place-approval", "place-maintenance", "place-staff"):
        assert not any(one.isVisible() for one in live.view.findChildren(type(live.find("place-home")), name))


def test_a_kiosk_without_staff_asks_for_its_first_supervisor(qtbot, tmp_path):
    live = build(qtbot, tmp_path, members=False)
    try:
        live.touch("desk-open")
        live.until_page("set-up")
        live.type("first-id", "9001")
        live.type("first-name", "Huang")
        live.type("first-pin", "360914")
        live.type("first-pin-again", "360914", enter=True)
        live.until_page("home")
        assert live.ask(lambda store: staff.find(store, "9001")).role is staff.Role.SUPERVISOR
        live.touch("desk-close")
        live.touch("desk-open")
        live.until_page("sign-in")
    finally:
        close(live)


def test_who_called_and_why_stands_at_the_desk_until_somebody_went(live):
    live.visits.feed(ve.Started())
    live.visits.feed(ve.HelpTouched())
    live.sign_in()
    assert "1" in live.find("place-home").text()
    live.touch("call-answered")
    live.until(lambda: not any(one.isVisible() for one in live.view.findChildren(QWidget, "call")))
    assert not live.window.strip.isVisibleTo(live.window)


def test_delivery_can_be_paused_and_carried_and_says_what_is_missing(live):
    asked = []
    live.desk.pause_sync.connect(asked.append)
    live.sign_in()
    live.touch("place-sync")
    live.until_page("sync")
    live.loaded()
    live.touch("sync-pause")
    live.until(lambda: live.desk.state.page.notice == "sync-paused" and live.desk.state.page.data.paused)
    live.until(lambda: live.find("sync-pause").isEnabled())
    live.touch("sync-pause")
    live.until(lambda: live.desk.state.page.notice == "sync-resumed")
    assert asked == [True, False]
    live.until(lambda: live.find("courier-export").isEnabled())
    live.touch("courier-export")  # this kiosk has no keys yet
    live.until(lambda: live.desk.state.page.problem == "not-provisioned")


def test_a_pause_outlives_a_restart_and_is_let_go_by_the_next_attendant(qtbot, tmp_path):
    live = build(qtbot, tmp_path)
    try:
        live.sign_in()
        live.touch("place-sync")
        live.until_page("sync")
        live.loaded()
        live.touch("sync-pause")
        live.until(lambda: live.desk.state.page.notice == "sync-paused")
    finally:
        close(live)
    again = tmp_path / "again"
    shutil.copytree(tmp_path / "var", again / "var")  # the same database, another life
    live = build(qtbot, again, members=False)
    try:
        live.sign_in(SUE)
        live.touch("place-sync")
        live.until_page("sync")
        live.loaded()
        assert "暂停" in live.find("sync-words").text()
        assert not live.find("sync-now").isEnabled()
        live.touch("sync-pause")
        live.until(lambda: live.desk.state.page.notice == "sync-resumed")
        live.until(lambda: live.find("sync-now").isEnabled())
        entries = live.ask(lambda store: [row[0] for row in store.db.execute("SELECT body FROM journal ORDER BY seq").fetchall()])
        switched = [json.loads(body) for body in entries if '"kind":"sync-' in body]
        assert [(one["kind"], one["data"]) for one in switched] == [
            ("sync-paused", {"staff": ANN[0]}),
            ("sync-resumed", {"staff": SUE[0]}),
        ]
    finally:
        close(live)


def test_a_returned_record_is_on_the_list_with_its_reason_until_it_is_handled(live):
    live.sign_in()
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("assist-face-to-face")
    live.until_page("assist")
    fill_face_to_face(live)
    (record_id,) = live.desk.state.page.record_ids

    def give_back(store):
        with store.transaction() as db:
            db.execute(
                "UPDATE outbox SET state = 'received', decision = 'returned', decision_reason = 'roster-abnormal' "
                "WHERE record_id = ?",
                (record_id,),
            )

    live.ask(give_back)
    live.desk.on_status_moved(outbox.Moved(record_id, RecordStatus.RETURNED, "roster-abnormal"))
    assert "异常" in live.find("problem-words").text()
    live.touch("place-todo")
    live.until_page("todo")
    live.loaded()
    live.touch("todo-filter-returned")
    ((state, who, what, _, author),) = live.find("todo").texts()
    assert state == "中心退回"
    assert who.endswith("0028")
    assert "异常" in what
    assert author == ANN[0]
    live.touch("todo-handled")
    live.until(lambda: live.desk.state.page.notice == "handled")
    live.until(lambda: live.find("todo").texts() == [])


def test_the_ledger_is_a_table_a_chart_and_a_file(live):
    def fill(store):
        for number in range(8):
            outcome = "failed" if number < 2 else "passed"
            made.count_take(store, made.TODAY, born=made.TODAY.replace(year=1944), outcome=outcome, reason="ok", light="dark")
        made.count_take(store, made.TODAY, born=None, outcome="failed", reason="action-timeout", action="blink")

    live.ask(fill)
    live.sign_in()
    live.touch("place-fairness")
    live.until_page("fairness")
    live.loaded()
    rows = {line[0]: line[1:] for line in live.find("fairness-table").texts()}
    assert rows["80-84"] == ["8", "2", "25.0%"]
    assert rows["不清楚"] == ["不到5次", "", "次数太少"]
    assert live.find("chart").accessibleName() == "年龄段"
    live.touch("fairness-by-action")
    assert "眨眼" in {line[0] for line in live.find("fairness-table").texts()}
    live.touch("fairness-export")
    live.until(lambda: list(live.medium.glob("fairness-*.csv")))
    text = next(live.medium.glob("fairness-*.csv")).read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == "first,last,age_band,glasses,light,action,outcome,reason,count"
    assert "陈" not in text


def test_maintenance_is_the_supervisors_and_shows_what_the_checks_found(live, monkeypatch):
    from kiosk.desk_backend import commands as desk_work
    from kiosk.support import bundle

    monkeypatch.setattr(bundle.doctor, "CHECKS", {})
    monkeypatch.setattr(desk_work, "examine", lambda settings: (("disk", "ok", "12 GB free"), ("bureau", "bad", "no answer")))
    wishes, restarts = [], []
    live.desk.wish.connect(wishes.append)
    live.desk.restart_wanted.connect(lambda: restarts.append(True))
    live.sign_in(SUE)
    live.touch("place-maintenance")
    live.until_page("maintenance")
    live.loaded()
    live.touch("maint-louder")
    live.touch("doctor")
    live.until(lambda: len(live.desk.state.page.data.lines) == 2)
    assert [line[1] for line in live.find("checks").texts()] == ["正常", "要处理"]
    live.touch("support")
    live.until(lambda: live.desk.state.page.notice == "exported")
    assert [path.name.split("-")[0] for path in live.medium.glob("*.zip")] == ["support"]
    live.touch("restart")
    live.until(lambda: restarts == [True])
    assert len(wishes) == 1


def test_a_take_under_the_desk_waits_and_costs_no_try(live):
    begun, cancelled = [], []
    live.visits.begin_take.connect(begun.append)
    live.visits.cancel_take.connect(lambda: cancelled.append(True))
    live.visits.devices.on_camera(CameraUp("test", 640, 480))
    for event in (ve.Started(), ve.SelfChosen(), ve.CardLaid(), ve.CardWasRead(made.PERSON)):
        live.visits.feed(event)
    live.until(lambda: isinstance(live.visits.state, vs.Confirming))
    for event in (ve.Confirmed(), ve.Agreed(), ve.BeginTouched()):
        live.visits.feed(event)
    assert isinstance(live.visits.state, vs.Acting)
    live.sign_in()
    assert (len(begun), len(cancelled)) == (1, 1)
    live.touch("desk-close")
    live.until(lambda: not live.view.isVisible())
    assert len(begun) == 2
    assert isinstance(live.visits.state, vs.Acting)
    assert live.visits.state.case.visit.tries == 0
    assert live.ask(lambda store: records.of_person(store, "p-1")) == []
