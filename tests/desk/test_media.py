"""Lists and scans that lie on media: only regular files of a bounded size are read, and what is plugged in is offered."""

from __future__ import annotations

import os

import pytest

from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.states import Session
from kiosk.desk.values import ListFile, Role
from kiosk.desk_backend import media
from kiosk.domain.person import Person
from kiosk.removable.files import Medium

BY = Session(7, "1001", "陈站员", Role.ATTENDANT, 0.0)
CLERK = Person("经办人", "440305197001010019")


def never(_):
    raise AssertionError("nothing may reach the store")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("folder", "list-unreadable"),
        ("symlink", "list-unreadable"),
        ("fifo", "list-unreadable"),
        ("missing", "list-unreadable"),
        ("huge", "list-too-large"),
        ("no-table", "list-no-headings"),
    ],
)
def test_what_is_no_list_is_told_and_never_reaches_the_store(tmp_path, kind, told):
    path = tmp_path / "list.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "symlink":
        (tmp_path / "secret").write_text("姓名,证件号码\n")
        path.symlink_to(tmp_path / "secret")
    elif kind == "fifo":
        os.mkfifo(path)  # must not hang
    elif kind == "huge":
        path.write_bytes(b"x" * (5 * 1024 * 1024 + 1))
    elif kind == "no-table":
        path.write_text("a,b\n")
    file = ListFile(str(path), path.name, str(tmp_path))
    answer = media.take_unit_list(c.TakeUnitList(BY, file, "示范厂", CLERK), never, lambda: None)
    assert isinstance(answer, e.Acted)
    assert answer.problem == told


def test_a_scan_is_registered_by_its_digest(tmp_path):
    path = tmp_path / "proof.pdf"
    path.write_bytes(b"abc")
    answer = media.register_scan(c.RegisterScan(BY, str(path)))
    assert answer.document.name == "proof.pdf"
    assert answer.document.digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("kind", ["missing", "folder", "symlink", "huge", "no-path"])
def test_what_cannot_be_read_is_no_scan(tmp_path, kind, monkeypatch):
    path = tmp_path / "proof.pdf"
    if kind == "folder":
        path.mkdir()
    elif kind == "symlink":
        (tmp_path / "secret").write_bytes(b"s")
        path.symlink_to(tmp_path / "secret")
    elif kind == "huge":
        monkeypatch.setattr(media, "MAX_SCAN", 10)
        path.write_bytes(b"x" * 11)
    told = "a\0b" if kind == "no-path" else str(path)
    assert media.register_scan(c.RegisterScan(BY, told)) == e.ScanRegistered(7, told, None)


def test_lists_are_offered_from_a_medium_that_cannot_be_written_too(tmp_path):
    locked, open_ = tmp_path / "locked", tmp_path / "open"
    for folder in (locked, open_):
        folder.mkdir()
    (locked / "b.csv").write_text("")
    (locked / "a.xlsx").write_text("")
    (locked / "c.pdf").write_text("")
    found = media.look([Medium(locked, writable=False), Medium(open_, writable=True)])
    assert found.writable == (str(open_),)
    assert [one.path for one in found.lists] == [str(locked / "a.xlsx"), str(locked / "b.csv")]
