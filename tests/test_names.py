"""One class name, one thing, where a reader could mistake them: no room uses two classes of one name."""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from itertools import combinations

from tests.sources import statements, tree_of
from tests.test_directions import KIOSK, modules_of

# Two of a name that one room uses all the same, each with the reason. A row of the bureau's tables bears the name of the document
# that it keeps; both are written with their module (`tables.Record`, `protocol.Record`).
ALLOWED = {
    "Action": "the desk's button; the retiree's pages, where the liveness action is shown, have `Button`",
    "Card": "the white card of the desk's pages and of the retiree's: one thing, drawn densely and widely",
    "Notice": "the strip that says what is wrong, of the desk's pages and of the retiree's: one thing, as above",
    "Channel": "a section of the settings, known by its section alone; the gallery shows settings and records",
    "DeskOpened": "one event, told to the visit and to presence: written `e.` and `p.`",
    "DeskClosed": "one event, told to the visit and to presence: written `e.` and `p.`",
    "VisionFailed": "one event, told to the visit and to presence: written `e.` and `p.`",
    "Shown": "what two of the clerks' pages show, each a value of its own file",
}


@functools.cache
def parsed() -> dict[str, ast.Module]:
    """Return module -> its syntax tree."""
    return {name: tree_of(path) for name, path in modules_of(KIOSK).items()}


def mistakable() -> dict[str, set[str]]:
    """Return class name -> rooms that define or import two classes of that name."""
    trees = parsed()
    rooms: dict[str, dict[str, set[str]]] = defaultdict(dict)  # class name -> module -> rooms that use this one by its bare name
    for module, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                rooms[node.name][module] = {_room(module)}
    for module, tree in trees.items():
        for node in statements(tree):
            if isinstance(node, ast.ImportFrom):
                for one in node.names:
                    if one.asname is None and (node.module or "") in rooms.get(one.name, {}):
                        rooms[one.name][node.module or ""].add(_room(module))
    found = {name: {room for a, b in combinations(used.values(), 2) for room in a & b} for name, used in rooms.items()}
    return {name: both for name, both in found.items() if both}


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_no_room_uses_two_classes_of_one_name():
    found = mistakable()
    assert {name: both for name, both in found.items() if name not in ALLOWED} == {}, "rename one, or give the reason above"
    assert set(ALLOWED) <= set(found), "take what is gone off the list"


# Words that only this house knew, and the field's word for each (docs/glossary.md).
PRIVATE = {
    "stir": "motion",
    "knock": "reachability probe",
    "door": "request guard, reachability probe",
    "doors": "request guard",
    "keeper": "face buffer",
    "lend": "export",
    "lent": "exported",
    "borrowed": "imported",
    "office": "context",
    "stick": "medium",
    "sticks": "media",
}
STAY = {"stick_folders": "a setting of stations in the field", "stick": "the commands' flag --stick", "_OLD_OFFICE": "Microsoft's"}


def test_names_use_the_fields_words():
    found = set()
    for tree in parsed().values():
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                    found.add(name)
                case ast.Name(id=name):
                    found.add(name)
    found |= {name.rpartition(".")[2] for name in modules_of(KIOSK)}
    parts = {name: re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_") for name in found - set(STAY)}
    assert {name: PRIVATE[part] for name, words in parts.items() for part in words if part in PRIVATE} == {}
    assert set(STAY) <= found
