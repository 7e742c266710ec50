"""Nothing pinned is without its licence in docs/licences.md, and nothing forbids what a station does with it."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from kiosk.commands import licences
from kiosk.config import CONFIG, ROOT

LISTED = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")


def rows(section: str) -> list[tuple[str, ...]]:
    """Return the cells of the table under a heading, without its head."""
    part = LISTED.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in part.splitlines() if line.startswith("| ")][1:]


def test_every_requirement_is_listed_in_its_version():
    listed = {(name, version) for name, version, _, _ in rows("Packages")}
    pinned = set()
    for path in (ROOT / "requirements").glob("*.txt"):
        pinned |= set(re.findall(r"^([\w.-]+)==([^\s;\\]+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(pinned) > 90
    assert pinned - listed == set(), "kiosk licences --markdown > docs/licences.md"
    assert listed - pinned == set()


def test_every_model_and_picture_is_listed():
    text = {name: licence for name, _, licence, _ in rows("Models and pictures")}
    files = tomllib.loads((CONFIG / "models.toml").read_text(encoding="utf-8"))["file"]
    assert files
    for item in files.values():
        name = item["path"].rsplit("/", 1)[1]
        assert text[name] == item["licence"]


def test_data_in_the_repository_has_its_notices_beside_it():
    listed = {name: licence for name, kind, licence, _ in rows("Data in the repository") if kind == "data"}
    assert listed == {one.name: one.licence for one in licences.DATA}
    for one in licences.DATA:
        path = ROOT / one.name
        assert path.is_file()
        notices = (path.parent / "LICENSES.txt").read_text(encoding="utf-8")
        assert "Copyright (c) 2016 mozillazg" in notices
        assert "SPDX-License-Identifier: Unicode-3.0" in notices


def test_no_licence_is_unknown_and_none_asks_for_our_source():
    for name, _, licence, _ in rows("Packages"):
        assert licence not in ("", "unknown"), name
        choices = [choice.strip() for choice in licence.split(" OR ")]
        assert any(not re.search(r"(?<!L)GPL", choice) for choice in choices), f"{name}: {licence}"


@pytest.mark.parametrize("flag", ["", "--json", "--markdown"])
def test_the_command(capsys, flag):
    assert licences.main([flag] if flag else []) == 0
    printed = capsys.readouterr().out
    if flag == "--json":
        assert {one["name"] for one in json.loads(printed)} >= {"mediapipe", "face_landmarker.task"}
    elif flag == "--markdown":
        assert printed == LISTED
    else:
        assert "UNKNOWN" not in printed


def test_a_package_that_is_not_here_is_said_to_be_unknown(monkeypatch, capsys):
    absent = licences.Licence("package", "x", "1", licences._of_package("no-such-thing"))
    monkeypatch.setattr(licences, "packages", lambda: [absent])
    assert licences.main([]) == 1
    assert "UNKNOWN" in capsys.readouterr().out
