"""The syntax trees of the program's files, parsed once for all the tests of a process that read them."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path

KIOSK = Path(__file__).resolve().parents[1] / "kiosk"


def tree_of(path: Path) -> ast.Module:
    """Return the tree of a file. One of the program's own is kept and shared: nobody changes it."""
    return _kept(path) if path.is_relative_to(KIOSK) else _parsed(path)


@cache
def _kept(path: Path) -> ast.Module:
    made = _parsed(path)
    gc.freeze()  # it stays: no collection of garbage looks through the millions of nodes of all files
    return made


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Yield all statements below a node, at any depth: imports, classes, functions, assignments. Far fewer than `ast.walk`."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            for below in getattr(node, field, ()):
                waiting.append(below)
                if isinstance(below, ast.stmt):
                    yield below
