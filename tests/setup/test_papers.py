"""The papers name files, rooms and tests that exist; the README stays short; the version stands in one place."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import kiosk
from kiosk.config import ROOT
from kiosk.domain.policy import PolicyKind
from tests.named_tests import missing_of
from tests.test_directions import MAY

PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = [
    *(ROOT / "kiosk").rglob("*.py"),
    *(ROOT / "tests").rglob("*.py"),
    *(path for path in (ROOT / "assets" / "deploy").rglob("*") if path.is_file()),
    ROOT / "run",
]
MADE_UP = {"doc.md"}  # in tests that write documents
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(paper):
    text = re.sub(r"```.*?```", "", paper.read_text(encoding="utf-8"), flags=re.S)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    assert [target for target in targets if target and not (paper.parent / target).exists()] == []
    assert missing_of(paper.relative_to(ROOT).as_posix()) == []


def test_no_source_names_a_paper_that_is_not_there():
    lost = {}
    for path in SOURCES:
        named = set(re.findall(r"(?<![\w/.-])((?:[\w.-]+/)*[\w-]+\.md)\b", path.read_text(encoding="utf-8")))
        missing = {name for name in named - MADE_UP if not (ROOT / name).is_file() and not (ROOT / "docs" / name).is_file()}
        if missing and path != Path(__file__):
            lost[path.relative_to(ROOT).as_posix()] = sorted(missing)
    assert lost == {}


def test_the_readme_is_read_in_minutes():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120


def test_the_architecture_names_every_room():
    rooms = {room for room in MAY if (ROOT / "kiosk" / room).is_dir()}
    assert {room for room in rooms if f"`{room}`" not in ARCHITECTURE} == set()


# `requests` runs in the voice's own process; these rooms are other processes, or no part of a kiosk.
OTHER_THREADS, OTHER_ROOMS = {"requests"}, {"bureau", "bench", "commands", "demo", "emulators", "evaluate", "gallery", "packaging"}


def test_the_architecture_names_every_thread_of_the_kiosk():
    named = set()
    for path in (ROOT / "kiosk").rglob("*.py"):
        if path.relative_to(ROOT / "kiosk").parts[0] not in OTHER_ROOMS:
            text = path.read_text(encoding="utf-8")
            named |= set(re.findall(r'(?:Thread\([^\n]*?\bname|thread_name_prefix)="([\w-]+)"', text))
    assert len(named) > 15
    missing = {name for name in named - OTHER_THREADS if f"`{name}`" not in ARCHITECTURE and not name.startswith("set-up")}
    assert missing == set(), "the table of threads"


def test_the_walk_names_each_file_once_and_all_exist():
    walk = ARCHITECTURE.split("## The walk of a card to its receipt")[1].split("\n## ")[0]
    folder, files = "", []
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", walk):
        folder = name.rsplit("/", 1)[0] if "/" in name.rstrip("/") else folder
        full = name if "/" in name.rstrip("/") or (ROOT / "kiosk" / name).is_file() else f"{folder}/{name}"
        files.append(full)
    assert [name for name in files if not (ROOT / "kiosk" / name).exists()] == []
    assert len(files) == len(set(files)) > 40


def test_the_documents_of_change_name_files_that_exist():
    for paper in ("docs/changing.md", "CONTRIBUTING.md"):
        text = (ROOT / paper).read_text(encoding="utf-8")
        named = re.findall(r"`((?:kiosk|tests|config|docs|assets)/[\w./-]+)`", text)
        wild = [name for name in named if "NAME" not in name and "*" not in name]
        assert [name for name in wild if not (ROOT / name).exists()] == [], paper


def test_the_glossary_names_what_is_there():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)`", text)
    assert [name for name in named if not ((ROOT / "kiosk" / name).exists() or (ROOT / name).exists())] == []
    assert len(PolicyKind) == 5, "the glossary and docs/decisions/005 speak of five kinds"


def test_the_version_stands_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "kiosk.__version__"}
    told = subprocess.run([sys.executable, "-m", "kiosk", "--version"], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == kiosk.__version__
    assert f"## [{kiosk.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
