"""Documents that name their tests as `path::test`: a claim whose test is gone is found. Used by tests of documents."""

from __future__ import annotations

import ast
import re

from kiosk.config import ROOT


def named_in(document: str) -> list[tuple[str, str]]:
    """Return (path, function) of every test that a document below the project's root names."""
    return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / document).read_text(encoding="utf-8"))


def missing_of(document: str) -> list[str]:
    """Return the named tests that do not exist."""
    named = named_in(document)
    functions = {path: _functions(path) for path in {path for path, _ in named}}
    return [f"{path}::{name}" for path, name in named if name not in functions[path]]


def _functions(path: str) -> set[str]:
    if not (ROOT / path).is_file():
        return set()
    return {
        node.name
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }
