"""Unit lists on the desk: which files are offered, chosen whatever their name, and where the answers go."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.desk import boards_data as b
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.states import Session
from kiosk.desk.values import ListFile, Place, Role
from kiosk.desk_backend import media
from kiosk.domain.person import Person
from kiosk.removable.files import Medium
from tests.store import made
from tests.unit_list.books import Page, book, listed

NOW = datetime(2026, 11, 30, 9, 5, 7, tzinfo=UTC)
BY = Session(1, "A1", "甲", Role.ATTENDANT, 0.0)
LI = Person("李建国", "440305194810010112")


def answered(source: ListFile | None, unit: str = "示范厂") -> b.UnitListData:
    return b.UnitListData(answers=(b.AnswerRow(2, "* 芳 0029", ""),), saved=1, unit=unit, source=source)


def exported(data: b.UnitListData, folder: Path, now: datetime = NOW) -> e.Acted:
    return media.export(c.Export(BY, Place.UNIT_LIST, str(folder), data), lambda code: code or "好", now)


def test_capital_endings_are_offered_and_leftovers_never(tmp_path):
    for name in ("A.CSV", "b.xlsx", "C.XLSX", "old.xls", "u.txt", "~$b.xlsx", "._b.xlsx", ".x.csv", "photo.jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "A.CSV")
    found = media.look([Medium(tmp_path, writable=True)])
    assert [one.name for one in found.lists] == ["A.CSV", "C.XLSX", "b.xlsx", "old.xls", "u.txt"]


def test_a_stick_that_cannot_be_written_is_offered_for_reading(tmp_path):
    (tmp_path / "list.csv").write_bytes(b"x")
    found = media.look([Medium(tmp_path, writable=False)])
    assert (found.writable, [one.name for one in found.lists]) == ((), ["list.csv"])


@pytest.mark.skipif(sys.platform == "win32", reason="names are Unicode there")
def test_a_name_in_another_encoding_is_shown_and_opened(tmp_path):
    raw = os.fsencode(tmp_path) + b"/" + "名单.csv".encode("gb18030")
    Path(os.fsdecode(raw)).write_bytes(b"x")
    (one,) = media.look([Medium(tmp_path, writable=True)]).lists
    assert one.name == "名单.csv"
    command = c.TakeUnitList(BY, one, "厂", LI)
    told = media.take_unit_list(command, lambda _: pytest.fail("nothing to save"), lambda: None)
    assert told.problem == "list-no-headings"  # it was opened and read


def test_the_second_units_answers_do_not_write_over_the_firsts(tmp_path):
    source = ListFile(str(tmp_path / "list.csv"), "list.csv", str(tmp_path))
    exported(answered(source, "一厂"), tmp_path)
    exported(answered(source, '二/厂: "甲"'), tmp_path)
    exported(answered(source, "一厂"), tmp_path, NOW.replace(minute=6))
    names = sorted(path.name for path in tmp_path.glob("*.csv"))
    assert names == [
        "名单答复-一厂-20261130-090507.csv",
        "名单答复-一厂-20261130-090607.csv",
        "名单答复-二 厂 甲-20261130-090507.csv",
    ]
    text = (tmp_path / names[0]).read_text(encoding="utf-8-sig")
    assert text.splitlines() == ["行号,人员,答复,记录号", "2,* 芳 0029,好,"]


def test_a_stick_that_was_pulled_out_is_told(tmp_path):
    assert exported(answered(None), tmp_path / "gone").problem == "medium-missing"


def test_a_stick_that_takes_no_chinese_names_gets_a_plain_one(tmp_path, monkeypatch):
    from kiosk.removable import files

    real = files.write_file

    def latin_only(path: Path, data: bytes) -> None:
        if not path.name.isascii():
            raise files.RemovableError("medium-unwritable")
        real(path, data)

    monkeypatch.setattr(media.files, "write_file", latin_only)
    assert exported(answered(None), tmp_path).detail == f"{tmp_path.name} / answers-20261130-090507.csv"


def _ready(live):
    live.sign_in()
    live.touch("place-unit-list")
    live.until_page("unit-list")
    live.loaded()
    live.type("unit-name", "Factory")
    live.desk.feed(e.CardRead(LI))
    live.touch("paper-clerk-id")
    live.touch("paper-sealed-list")


def test_two_sticks_the_answers_go_where_the_list_came_from(live, tmp_path):
    first, second = live.medium, tmp_path / "UNIT"
    second.mkdir()
    (first / "a.csv").write_text(f"姓名,证件号码\n陈小芳,{made.NUMBER}\n", encoding="utf-8")
    (second / "b.csv").write_text(f"姓名,证件号码\n陈小芳,{made.NUMBER}\n", encoding="utf-8")
    live.desk.use_media_folders(lambda: [first, second])
    _ready(live)
    live.until(lambda: len(live.desk.state.page.data.files) == 2)
    live.touch("unit-file-1")
    live.touch("unit-take")
    live.until(lambda: bool(live.desk.state.page.data.answers))
    assert live.find("unit-target").text().endswith("UNIT")
    assert "UNIT / b.csv" in live.find("unit-source").text()
    live.touch("unit-export")
    live.until(lambda: bool(list(second.glob("名单答复-*.csv"))))
    assert not list(first.glob("名单答复-*.csv"))


def test_a_list_from_a_read_only_stick_is_answered_onto_the_other_and_it_says_so(live, tmp_path):
    closed = tmp_path / "READONLY"
    closed.mkdir()
    (closed / "b.xlsx").write_bytes(book(Page(listed([("陈小芳", made.NUMBER)]), "名单", hidden_rows={9})))
    live.desk._work.mounted = lambda: [Medium(live.medium, writable=True), Medium(closed, writable=False)]
    _ready(live)
    live.until(lambda: len(live.desk.state.page.data.files) == 1)
    live.touch("unit-file-0")
    live.touch("unit-take")
    live.until(lambda: bool(live.desk.state.page.data.answers))
    assert "名单" in live.find("unit-source").text()
    assert live.find("unit-target").text().endswith(live.medium.name)
    assert "另一个" in live.find("unit-target").text()


def test_more_lists_than_fit_are_reached_by_leaves(live):
    for at in range(20):
        (live.medium / f"list{at:02d}.csv").write_text("姓名,证件号码\n", encoding="utf-8")
    _ready(live)
    live.until(lambda: len(live.desk.state.page.data.files) == 20)
    for _ in range(3):
        live.touch("unit-files-after")
    live.touch("unit-file-1")
    live.touch("unit-take")
    live.until(lambda: live.desk.state.page.problem == "list-no-rows")
    assert "一个人也没有" in live.find("problem").accessibleName()


def test_none_chosen_is_told(live):
    _ready(live)
    live.touch("unit-take")
    assert live.desk.state.page.problem == "file-missing"
