"""The table of rules names tests that exist."""

from __future__ import annotations

import ast
import re

from kiosk.config import ROOT


def test_every_test_the_table_names_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "programme.md").read_text(encoding="utf-8"))
    assert len(named) > 40
    functions = {
        path: {node.name for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)}
        for path in {path for path, _ in named}}
    assert [f"{path}::{name}" for path, name in named if name not in functions[path]] == []
