"""What goes through `Signal(object)`: Qt checks no type there, so every slot names the real one. Found by reading the source.

And the other ways round the types: a field that is known is not asked for by its name in a string, nor a module.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.sources import statements, tree_of
from tests.test_directions import KIOSK, WORKBENCH


def trees() -> dict[Path, ast.Module]:
    return {path: tree_of(path) for path in sorted(KIOSK.rglob("*.py")) if path.relative_to(KIOSK).parts[0] not in WORKBENCH}


def signals() -> tuple[set[str], set[str]]:
    """Return the names of all signals, and of those that carry an object."""
    known, untyped = set(), set()
    for tree in trees().values():
        for node in statements(tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "Signal":
                names = {target.id for target in node.targets if isinstance(target, ast.Name)}
                known |= names
                untyped |= names if any(ast.unparse(one) == "object" for one in node.value.args) else set()
    return known, untyped


def slots() -> dict[str, list[ast.FunctionDef]]:
    found: dict[str, list[ast.FunctionDef]] = {}
    for tree in trees().values():
        for node in statements(tree):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
    return found


def connections() -> Iterator[tuple[str, str, ast.expr]]:
    """Yield where, which signal, and what it is connected to."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "connect"
                and isinstance(node.func.value, ast.Attribute)
            ):
                yield f"{path.relative_to(KIOSK)}:{node.lineno}", node.func.value.attr, node.args[0]


def says_nothing(slot: ast.FunctionDef) -> bool:
    given = [one for one in slot.args.args if one.arg != "self"]
    return any(one.annotation is None or ast.unparse(one.annotation) in ("object", "Any") for one in given)


def test_every_slot_of_an_object_signal_names_the_real_type():
    known, untyped = signals()
    functions, seen, wrong = slots(), set(), []
    for where, name, slot in connections():
        if name not in untyped:
            continue
        seen.add(name)
        if isinstance(slot, ast.Lambda):
            if ast.unparse(slot.args) not in ("", "_") and name not in WITH_NUMBERS:
                wrong.append(f"{where}: a lambda has no types; a method with @Slot(object)")
        elif isinstance(slot, ast.Attribute) and slot.attr not in known:
            wrong += [f"{where}: {slot.attr}" for one in functions[slot.attr] if says_nothing(one)]
    assert wrong == []
    assert len(seen) > 30, "the reading above finds what there is"


# Also the name of a signal that carries a number: a row of a table, whose lambda is checked by its own type.
WITH_NUMBERS = {"opened"}

# Asked for by a name in a string all the same, and why nothing better is to be had.
FOREIGN = {
    "support/health.py": "psutil reads temperatures on some systems alone",
    "app/watchdog.py": "AF_UNIX is not on every system",
    "commands/self_test.py": "AF_UNIX is not on every system",
    "bureau/api.py": "starlette keeps what middleware adds in a bag without types; SQLAlchemy's errors have `orig` or not",
    "bureau/clerks/pages.py": "starlette keeps what middleware adds in a bag without types",
    "bureau/clerks/request_pages.py": "starlette keeps what middleware adds in a bag without types",
    "bureau/clerks/roles.py": "starlette keeps what middleware adds in a bag without types",
    "bureau/clerks/roster_pages.py": "starlette keeps what middleware adds in a bag without types",
    "bureau/clerks/roster_drafts.py": "SQLAlchemy types the result of an update without its count",
    "bureau/operate/observed.py": "starlette keeps the route in a bag without types",
    "failpoints.py": "SIGKILL is not on every system",
    "idcard_reader/photo_child.py": "WinDLL is on Windows alone",
    "idcard_reader/transport.py": "pyserial's ports and errors have these or not, by system",
    "memory.py": "the C library has these or not",
    "ocr/recogniser.py": "rapidocr's answer is typed nowhere",
    "removable/files.py": "flags that are not on every system",
    "store/engine/journal_file.py": "a flag that is not on every system",
    "store/evidence_files.py": "a flag that is not on every system",
}


def test_no_known_field_is_asked_for_by_a_string():
    found = {
        path.relative_to(KIOSK).as_posix()
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "getattr"
        and isinstance(node.args[1], ast.Constant)
    }
    assert found - set(FOREIGN) == set(), "the type knows the field: ask it, or match on the type"
    assert set(FOREIGN) <= found, "take what is gone off the list"


# A module that is asked for by its name, and why.
BY_NAME = {
    "__main__.py": "the one command that was called",
    "commands/bench.py": "the bench that was called, where there is any",
    "commands/self_test.py": "every module of the program is tried",
    "microphone/source.py": "sounddevice is installed where digits are read aloud",
    "sync/devices/token.py": "PKCS #11 is installed where a token is",
    "voice/render/levels.py": "what renders the voice is installed on the machine that does it",
}


def test_no_module_is_imported_by_its_name_to_get_round_a_rule():
    found = {
        path.relative_to(KIOSK).as_posix()
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")).endswith("import_module")
    }
    assert found == set(BY_NAME)
