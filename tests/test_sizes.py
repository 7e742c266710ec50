"""No file over 400 lines, no class over 300 or with more than 20 attributes, and no exceptions."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.sources import statements, tree_of

KIOSK = Path(__file__).resolve().parents[1] / "kiosk"
MOST_LINES, MOST_OF_A_CLASS, MOST_ATTRIBUTES = 400, 300, 20


def attributes(class_: ast.ClassDef) -> set[str]:
    """Return what the class's methods set on `self`."""
    targets = [
        target
        for node in statements(class_)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for top in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for target in ast.walk(top)
    ]
    return {
        one.attr for one in targets if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "self"
    }


def test_files_and_classes_are_small():
    files, classes = set(), set()
    for path in KIOSK.rglob("*.py"):
        name, text = path.relative_to(KIOSK).as_posix(), path.read_text(encoding="utf-8")
        if len(text.splitlines()) > MOST_LINES:
            files.add(name)
        for node in statements(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > MOST_OF_A_CLASS or len(attributes(node)) > MOST_ATTRIBUTES:
                    classes.add(f"{name}: {node.name}")
    assert not files, "over 400 lines: split it along its subjects"
    assert not classes, "over 300 lines or 20 attributes: give a part of it a class of its own"
