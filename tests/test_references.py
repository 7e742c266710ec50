"""What docstrings and comments point at is there: `room.module`, `room.module.Name`, names of files: a stranger follows them."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from tests.sources import statements, tree_of

ROOT = Path(__file__).resolve().parents[1]
KIOSK = ROOT / "kiosk"
SOURCES = sorted(path for folder in ("kiosk", "tests") for path in (ROOT / folder).rglob("*.py"))
ROOMS = {path.name for path in KIOSK.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
FILES = {path.relative_to(ROOT).as_posix() for path in (*SOURCES, *ROOT.glob("assets/*/*.py"))} | {
    "setup.py",  # packages that bring none
    "download_file.py",  # of rapidocr
}
DOTTED = re.compile(r"`([a-z_]+(?:\.[A-Za-z_]\w*)+)(?:\(\))?`")
KEY = re.compile(r"\.[A-Z]+$")  # `desk.assist.NAME`: a key of the texts
COMMENT = re.compile(r"(?m)(?:^|\s)#\s.*$")
FILE = re.compile(r"(?<![\w/.{])((?:[a-z_]+/)*[a-z_]+\.py)\b")


@functools.cache
def prose(path: Path) -> tuple[str, ...]:
    """Return docstrings and comments of a file."""
    return tuple(_prose(path))


def _prose(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    tree = tree_of(path)
    for node in (tree, *statements(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node, clean=False) or ""
    yield from COMMENT.findall(source)  # tokenising every file took ten times as long as all of the rest


@functools.cache
def resolves(name: str) -> bool:
    """Whether `room.module.Name` is a module below kiosk/, or a word of one."""
    place, parts = KIOSK, name.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if parts and (place / f"{parts[0]}.py").exists():
        place /= f"{parts.pop(0)}.py"
    if not parts:
        return True
    module = place if place.is_file() else place / "__init__.py"
    return bool(re.search(rf"\b{parts[0]}\b", module.read_text(encoding="utf-8")))


def test_every_module_that_is_pointed_at_is_there():
    missing = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in SOURCES
        for text in prose(path)
        for name in DOTTED.findall(text)
        if name.split(".")[0] in ROOMS
        and not name.endswith((".py", ".json", ".toml"))
        and not KEY.search(name)
        and not resolves(name)
    }
    assert missing == set()


def test_every_file_that_is_pointed_at_is_there():
    missing = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in SOURCES
        for text in prose(path)
        for name in FILE.findall(text)
        if not any(file == name or file.endswith("/" + name) for file in FILES)
    }
    assert missing == set()


def test_the_looking_finds_what_is_not_there():
    assert resolves("store.records")
    assert not resolves("store.journal_file")
    assert not resolves("store.records.NobodysName")
    assert FILE.findall("made by `worker.py`, see tests/sync/inspector.py") == ["worker.py", "tests/sync/inspector.py"]
