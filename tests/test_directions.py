"""Who may import whom, held by parsing the imports: rules in prose drift."""

from __future__ import annotations

import ast
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from setuptools import find_packages

from kiosk import __main__ as main
from tests.sources import statements, tree_of

ROOT = Path(__file__).resolve().parent.parent
KIOSK = ROOT / "kiosk"

BASE = {"domain", "errors", "config", "durable", "layers", "owner_agreement", "plain_text", "settings_trial"}
# room -> rooms of ours it may import (besides itself). Every room is named, here or in ABOVE.
MAY: dict[str, set[str]] = {
    "domain": set(),
    "errors": set(),
    "plain_text": {"errors"},
    "terminal": set(),
    "canonical": set(),
    "digests": set(),
    "child_process": set(),
    "durable": set(),
    "sm4": set(),
    "memory": set(),
    "log": set(),
    "layers": {"errors", "durable", "owner_agreement"},
    "owner_agreement": {"canonical"},
    "settings_trial": {"errors", "layers"},
    "config": {"errors", "layers", "plain_text"},
    "failpoints": {"errors", "config"},
    "packages": {"errors"},
    "models": {"errors", "config", "packages", "plain_text"},
    "texts": {"config", "errors", "plain_text"},
    "removable": {"errors", "durable"},
    "visit": {"domain"},
    "desk": {"domain"},
    "installation": set(),
    "idcard_reader": BASE,
    "camera": BASE,
    "face": BASE | {"camera"},  # camera: the Frame type
    "liveness": BASE | {"camera", "face", "memory", "models"},
    "voice": BASE | {"child_process", "packages", "texts"},
    "microphone": BASE | {"child_process"},
    "ocr": BASE | {"camera", "memory"},  # camera: the Frame type, and how OpenCV is imported
    "printer": BASE | {"texts"},
    "unit_list": {"domain", "errors"},
    "store": BASE | {"canonical", "digests", "sm4", "failpoints"},
    "sync": BASE | {"canonical", "child_process", "digests", "sm4", "store", "failpoints", "removable"},
    "updates": BASE | {"digests", "packages", "removable", "sync"},
    "release": BASE | {"digests", "updates"},
    "ui": BASE | {"visit", "desk", "installation", "texts"},
    "bureau": BASE  # sync: the wire, both ends
    | {"canonical", "digests", "memory", "sm4", "sync", "failpoints", "removable", "texts", "unit_list", "updates"},
    "desk_backend": BASE | {"desk", "unit_list", "store", "sync", "removable", "doctor", "face", "models", "texts", "support"},
    "doctor": BASE | {"camera", "face", "idcard_reader", "microphone", "store", "sync", "models", "voice", "texts", "printer"},
    "support": BASE | {"camera", "doctor", "removable", "store", "sync"},
    "app": BASE
    | {
        "log",
        "memory",
        "models",
        "texts",
        "visit",
        "desk",
        "desk_backend",
        "doctor",
        "installation",
        "idcard_reader",
        "camera",
        "liveness",
        "face",
        "microphone",
        "voice",
        "ocr",
        "pilot",
        "printer",
        "store",
        "sync",
        "support",
        "ui",
        "removable",
    },
    "pilot": BASE | {"camera", "canonical", "liveness", "sync", "texts", "ui"},
    "gallery": BASE | {"texts", "visit", "desk", "installation", "ui"},
    "emulators": BASE | {"camera", "idcard_reader", "microphone", "models", "liveness", "ui", "visit", "voice"},
}
# These may import anything, and are imported by no other room than those of this set.
ABOVE = {"__main__", "commands", "bench", "demo", "evaluate", "packaging"}
# What measures, shows and emulates: no production module imports it, and the installed kiosk leaves it out.
WORKBENCH = {"bench", "demo", "evaluate", "emulators", "gallery", "packaging"}
# These commands exist in the source tree alone (kiosk.__main__.FROM_THE_SOURCE_TREE).
WORKBENCH_COMMANDS = {module for name, (module, _) in main.COMMANDS.items() if name in main.FROM_THE_SOURCE_TREE}
QT_ROOMS = {"pilot", "app", "ui", "commands", "bench", "gallery", "demo"}


@cache
def rooms_and_imports() -> list[tuple[Path, str, int, str]]:
    found = []
    for path in sorted(KIOSK.rglob("*.py")):
        relative = path.relative_to(KIOSK)
        room = relative.parts[0].removesuffix(".py")
        for node in statements(tree_of(path)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                names = [node.module or ""]
                if node.module == "kiosk":
                    names = [f"kiosk.{alias.name}" for alias in node.names]
            found.extend((relative, room, node.lineno, name) for name in names)
    return found


def modules_of(package: Path) -> dict[str, Path]:
    modules = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def graph(package: Path) -> dict[str, set[str]]:
    """Return module -> modules of the package that it imports, wherever in the file the import stands."""
    modules = modules_of(package)
    return {name: _imported(path, set(modules)) - {name} for name, path in modules.items()}


def _imported(path: Path, modules: set[str]) -> set[str]:
    found: set[str] = set()
    for node in statements(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & modules
            if names - modules:  # something inside the module itself is meant
                found.add(node.module or "")
    return found & modules


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of nodes that reach each other."""
    reach = {start: reached(edges, start) for start in edges}
    return sorted(map(list, {tuple(sorted(b for b in reach[a] if a in reach[b])) for a in edges if a in reach[a]}))


def reached(edges: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in edges.get(waiting.pop(), set()) - seen:
            seen.add(name)
            waiting.append(name)
    return seen


def test_there_is_something_to_check():
    assert len(rooms_and_imports()) > 100


@pytest.mark.parametrize("room", sorted(MAY))
def test_directions(room):
    wrong = []
    for path, here, line, name in rooms_and_imports():
        if here != room or not name.startswith("kiosk."):
            continue
        other = name.split(".")[1]
        if other not in MAY[room] | {room, "__version__"}:
            wrong.append(f"kiosk/{path}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_every_room_is_named():
    rooms = {path.relative_to(KIOSK).parts[0].removesuffix(".py") for path in KIOSK.rglob("*.py")} - {"__init__"}
    assert rooms - set(MAY) - ABOVE == set()


def test_domain_and_visit_know_the_standard_library_only():
    wrong = [
        f"kiosk/{path}:{line} imports {name}"
        for path, room, line, name in rooms_and_imports()
        if room in ("domain", "visit", "desk", "installation")
        and name.split(".")[0] not in sys.stdlib_module_names | {"kiosk", "__future__"}
    ]
    assert not wrong, "\n".join(wrong)


def test_qt_stays_in_its_rooms():
    wrong = [
        f"kiosk/{path}:{line} imports {name}"
        for path, room, line, name in rooms_and_imports()
        if name.split(".")[0] in ("PySide6", "shiboken6")
        and room not in QT_ROOMS
        and path.name != "worker.py"
        and str(path) != "emulators/person.py"
    ]  # the demo's person has eyes and fingers on the real widgets
    assert not wrong, "\n".join(wrong)


def test_bench_demo_emulators_evaluate_and_gallery_never_reach_production():
    wrong = [
        f"kiosk/{path}:{line} imports {name}"
        for path, room, line, name in rooms_and_imports()
        if name.startswith("kiosk.")
        and name.split(".")[1] in WORKBENCH
        and room not in WORKBENCH
        and not (room == "commands" and path.stem in WORKBENCH_COMMANDS)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_installed_kiosk_leaves_them_out():
    find = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]["find"]
    rooms = {name.split(".")[1] for name in find_packages(str(ROOT), find["exclude"], find["include"]) if "." in name}
    packages = {path.parent.name for path in KIOSK.glob("*/__init__.py")}
    assert rooms == packages - WORKBENCH


def test_a_command_of_the_source_tree_says_so_in_an_installed_kiosk(monkeypatch, capsys):
    monkeypatch.setattr(main.importlib.util, "find_spec", lambda name: None)
    assert main.main(["demo"]) == 2
    assert "source tree" in capsys.readouterr().err
    main.main(["--help"])
    shown = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")}
    assert shown == set(main.COMMANDS) - main.FROM_THE_SOURCE_TREE


def test_the_bureau_is_a_process_of_its_own():
    wrong = [
        f"kiosk/{path}:{line} imports {name}"
        for path, room, line, name in rooms_and_imports()
        if name.startswith("kiosk.bureau") and room not in {"bureau", *ABOVE}
    ]
    assert not wrong, "\n".join(wrong)


def test_no_circle_between_files():
    """Imports inside functions and those for types alone count: a circle that is hidden is a circle."""
    assert circles(graph(KIOSK)) == []


def test_no_circle_between_rooms():
    rooms: dict[str, set[str]] = {}
    for _, room, _, name in rooms_and_imports():
        if name.startswith("kiosk.") and name.split(".")[1] not in (room, "__version__"):
            rooms.setdefault(room, set()).add(name.split(".")[1])
            rooms.setdefault(name.split(".")[1], set())
    assert circles(rooms) == []


def test_a_circle_is_found_where_it_hides(tmp_path):
    package = tmp_path / "kiosk"
    (package / "room").mkdir(parents=True)
    for name, text in {
        "room/__init__": "",
        "a": "from kiosk.room import b\n",
        "room/b": "def late():\n    from kiosk import c\n",
        "c": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from kiosk.a import A\n",
        "d": "import kiosk.a\n",
    }.items():
        (package / f"{name}.py").write_text(text)
    assert circles(graph(package)) == [["kiosk.a", "kiosk.c", "kiosk.room.b"]]


def test_posix_only_modules_stay_in_the_emulators():
    """At the top of a module such an import keeps Windows out; behind a look at sys.platform it does not."""
    posix = {"pty", "termios", "tty", "fcntl", "pwd", "grp", "resource"}
    wrong = []
    for path in sorted(KIOSK.rglob("*.py")):
        if path.relative_to(KIOSK).parts[0] in ("emulators", "bench"):
            continue
        for node in tree_of(path).body:
            if isinstance(node, ast.Import):
                wrong += [f"{path}:{node.lineno} imports {a.name}" for a in node.names if a.name.split(".")[0] in posix]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in posix:
                wrong.append(f"{path}:{node.lineno} imports {node.module}")
    assert not wrong, "\n".join(wrong)
