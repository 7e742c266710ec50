"""People to call, by touch: the list on paper and on a stick, a tick for the journal, nothing that a call does not need."""

from __future__ import annotations

from dataclasses import replace

from kiosk.desk import boards_data as b
from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.desk_backend import reminders as at_desk
from kiosk.domain.reasons import Reason
from kiosk.printer.worker import PrintDone
from kiosk.store import reminders
from tests.desk import conftest
from tests.store import made


def open_list(live):
    """Sign in and go to the list by touch."""
    live.sign_in()
    live.touch("place-todo")
    live.until_page("todo")
    live.touch("todo-reminders")
    live.until_page("reminders")
    live.loaded()


def test_by_touch_the_list_is_printed_written_and_ticked_off(qtbot, tmp_path):
    people = (made.entry(phone="13800000001"), made.entry("440305194810010111", "李建国", "p-2", template=None))
    live = conftest.build(qtbot, tmp_path, people=people)
    slips = []
    live.desk.beside.printing.print_slip.connect(lambda name, slip: slips.append((name, slip)))
    told = [reminders.Told(one, "建设路", "due", made.TODAY) for one in ("p-1", "p-2", "p-gone")]
    live.ask(lambda store: reminders.take(store, 1, made.TODAY, told, made.NOW))
    open_list(live)
    assert [(line[0], line[1], line[2]) for line in live.find("reminders").texts()] == [
        ("建设路", "陈 * 芳", "13800000001"),
        ("建设路", "李 * 国", "名册里没有"),
    ]
    assert not live.find("reminders-print").isEnabled()  # no printer at this station
    session, data = live.desk.state.session.session_id, live.desk.state.page.data
    live.desk.feed(e.Loaded(session, Place.REMINDERS, replace(data, printer=True)))
    live.touch("reminders-print")
    live.until(lambda: slips)
    name, slip = slips[0]
    assert slip.rows[0][0] == "□ 陈 * 芳"
    assert slip.rows[0][1].startswith("13800000001 建设路")
    assert made.NUMBER not in str((slip.title, slip.rows, slip.notes, slip.qr_text, slip.footer))
    live.desk.beside.printing.on_printed(PrintDone("v-1", Reason.OK))  # a visit's slip
    assert live.desk.state.page.busy
    live.desk.beside.printing.on_printed(PrintDone(name, Reason.PRINTER_NO_PAPER))
    assert live.desk.state.page.problem == Reason.PRINTER_NO_PAPER.value
    live.loaded()
    live.until(lambda: live.desk.state.page.data.media)
    live.touch("reminders-export")
    live.until(lambda: list(live.medium.glob("提醒电话-*.html")))
    live.loaded()
    live.find("reminders").selectRow(0)
    live.touch("reminders-called")
    live.until(lambda: live.desk.state.page.notice == "called")
    live.until(lambda: live.find("reminders").texts()[0][4] == "11-21 1001")
    lines = live.ask(lambda store: store.db.execute("SELECT body FROM main.journal WHERE kind = 'reminder-called'").fetchall())
    assert len(lines) == 1
    assert '"p-1"' in lines[0][0]
    assert "陈" not in lines[0][0]
    live.touch("reminders-open")
    live.until_page("person")
    conftest.close(live)


def test_people_without_a_street_stand_last_under_a_heading_of_their_own(qtbot, tmp_path):
    people = (made.entry(), made.entry("440305194810010111", "李建国", "p-2", template=None))
    live = conftest.build(qtbot, tmp_path, people=people)
    told = [reminders.Told("p-1", "", "suspended", None), reminders.Told("p-2", "建设路", "due", made.TODAY)]
    live.ask(lambda store: reminders.take(store, 1, made.TODAY, told, made.NOW))
    open_list(live)

    def shown():
        return [tuple(line[:2]) for line in live.find("reminders").texts()]

    street, nowhere = ("建设路", "李 * 国"), ("未分街道", "陈 * 芳")
    assert shown() == [street, nowhere]
    for wanted in ([street], [nowhere], [street, nowhere]):
        live.touch("reminders-street")
        assert shown() == wanted
    conftest.close(live)


def test_a_sheet_holds_what_a_call_needs_and_no_number():
    row = b.ReminderRow("p-1", "<建设路>", "陈 * 芳", "13800000001", "suspended", None, "k", number=made.NUMBER)
    due = replace(row, person_id="p-2", area="", phone="", urgency="due", due=made.TODAY)
    called = replace(row, person_id="p-3", who="已打", called_on=made.TODAY)
    text = at_desk.sheet(b.RemindersData((row, due, called, replace(due, due=None)), made.TODAY))
    assert "&lt;建设路&gt;" in text
    assert "<建设路>" not in text
    assert "已暂停发放" in text
    assert "2026-11-21 到期" in text
    assert "快到期" in text
    assert "名册里没有" in text
    assert "已打<" not in text
    assert made.NUMBER not in text
    assert "p-1" not in text
