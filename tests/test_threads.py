"""What may not run in the store's thread, held by reading the source: every save, look-up and delivery waits behind that thread."""

from __future__ import annotations

import ast

import pytest

from tests.sources import statements
from tests.test_directions import KIOSK, modules_of, reached


def test_nothing_of_removable_media_runs_in_the_stores_thread():
    """A function that takes the Store, or a lambda named `store`, runs in its thread; so does what it calls by name.

    A medium may take its time, and every save, look-up and delivery waits behind that thread.
    """
    rooms = ("store", "sync", "desk_backend", "app")
    sources = {
        name: path.read_text(encoding="utf-8")
        for name, path in modules_of(KIOSK).items()
        if name.startswith(tuple(f"kiosk.{room}." for room in rooms))
    }
    assert slow_calls(sources) == []


@pytest.mark.parametrize(
    "text",
    [
        "def work(store: Store) -> bytes:\n    return files.read_file(path, 9)\n",
        "def work(store: Store):\n    return helper()\ndef helper():\n    return files.find_media()\n",
        "def carry(run):\n    run(lambda store: files.write_file(path, store.read()))\n",
        "def carry(run):\n    def inside(store: Store):\n        return [files.remove(one) for one in store]\n    run(inside)\n",
        "from kiosk.desk_backend import scans\ndef work(store: HasDatabase):\n    return scans.for_review(documents)\n",
    ],
)
def test_a_call_of_a_medium_in_the_stores_thread_is_found(text):
    sources = {
        "kiosk.sync.made_up": "from kiosk.removable import files\n" + text,
        "kiosk.desk_backend.scans": "from kiosk.removable.files import read_file\n"
        "def for_review(documents):\n    return _read(documents)\ndef _read(one):\n    return read_file(one, 9)\n",
    }
    assert len(slow_calls(sources)) == 1


def slow_calls(sources: dict[str, str]) -> list[str]:
    """Return "module:line" of every function of the store's thread from which a function of `kiosk.removable` is reached."""
    trees = {module: ast.parse(text) for module, text in sources.items()}
    functions = {
        f"{module}.{node.name}": node for module, tree in trees.items() for node in tree.body if isinstance(node, ast.FunctionDef)
    }
    calls = {
        name: _called(node, _names(trees[name.rpartition(".")[0]]), name.rpartition(".")[0]) for name, node in functions.items()
    }
    slow = {name for name in calls if any(one.startswith("kiosk.removable") for one in reached(calls, name))}
    wrong = []
    for module, tree in trees.items():
        names = _names(tree)
        for node in ast.walk(tree):
            if not _takes_store(node):
                continue
            called = _called(node, names, module)
            if any(one.startswith("kiosk.removable") or one in slow for one in called):
                wrong.append(f"{module}:{node.lineno}")
    return wrong


def _takes_store(node: ast.AST) -> bool:
    if isinstance(node, ast.Lambda):
        return any(one.arg == "store" for one in node.args.args)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        kinds = {ast.unparse(one.annotation) for one in (*node.args.args, *node.args.kwonlyargs) if one.annotation is not None}
        return bool(kinds & {"Store", "HasDatabase", "Database"})
    return False


def _names(tree: ast.Module) -> dict[str, str]:
    """Return what the imported names of a module stand for."""
    found = {}
    for node in statements(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
    return found


def _called(node: ast.AST, names: dict[str, str], module: str) -> set[str]:
    """Return the functions that are named inside: called now or handed on, it is the same to the thread."""
    found = set()
    for inside in ast.walk(node):
        if isinstance(inside, ast.Name) and isinstance(inside.ctx, ast.Load):
            found.add(names.get(inside.id, f"{module}.{inside.id}"))
        elif isinstance(inside, ast.Attribute) and isinstance(inside.value, ast.Name) and inside.value.id in names:
            found.add(f"{names[inside.value.id]}.{inside.attr}")
    # The names of modules and of error classes are no calls.
    return {one for one in found if one != "kiosk.removable.files" and not one.rpartition(".")[2][:1].isupper()}
