"""A scanner in keyboard mode at the desk: it types what a code holds, line by line, with Enter, faster than any page turns."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.sync import slip_codes
from tests.store import made

CODE = "PK1.WyJwLTEiLCJTLTEiXQ." + "s" * 86


@pytest.fixture
def scanner(live, monkeypatch):
    """The desk, and a scanner that types into whatever has the focus. A code that is read right names somebody."""

    def person(store, text, station_id):
        return Person("陈小芳", made.NUMBER, identified_by=IdentifiedBy.SLIP) if CODE in text else made.PERSON

    monkeypatch.setattr(slip_codes, "person", person)
    live.codes = []
    live.desk.moved.connect(lambda moved: live.codes.extend(one.code for one in moved.commands if isinstance(one, c.FindByCode)))
    live.sign_in()
    return live


def scan(text):
    for line in text.split("\n"):
        target = QApplication.focusWidget()
        if line.isascii():
            QTest.keyClicks(target, line)
        else:
            target.insert(line)
            target.textEdited.emit(target.text())
        QTest.keyClick(target, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        f"https://bureau.example/verify/4f3a#{CODE}",
        f"养老金认证记录 d3d4826a-85cc-4741-a980-91f1bcc6d72b\n下次 2027年4月\n有事打电话 12333\n{CODE}",
        f" d3d4826a-85cc-4741-a980-91f1bcc6d72b\n 2027 4\n 12333\n{CODE}",  # one that knows no Chinese
    ],
)
def test_a_scanner_in_keyboard_mode_types_a_slips_code_and_the_person_opens(scanner, text):
    scanner.find("home-number").setFocus()
    scan(text)
    scanner.until_page("person")
    assert len(scanner.codes) == 1
    assert CODE in scanner.codes[0]


def test_on_the_page_for_finding_too(scanner):
    scanner.desk.feed(e.Went(Place.FIND))
    scanner.until_page("find")
    scanner.find("find-number").setFocus()
    scan(f"养老金认证记录 d3d4\n{CODE}")
    scanner.until_page("person")
    assert len(scanner.codes) == 1


def test_an_idcards_number_is_found_at_once_and_a_name_alone_is_still_answered(scanner):
    scanner.find("home-number").setFocus()
    scan(made.NUMBER)
    scanner.until_page("person")
    scanner.touch("place-home")
    scanner.until_page("home")
    scanner.find("home-number").setFocus()
    scan("陈小芳 女士")
    scanner.until(lambda: scanner.view.page_name == "find" and scanner.find("problem").isVisible())
    assert scanner.codes == []
