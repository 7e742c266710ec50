"""Who may import whom, held by parsing the imports: rules in prose drift (house.md)."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KIOSK = ROOT / "kiosk"

BASE = {"domain", "errors", "config"}
# room -> rooms of ours it may import (besides itself). Every room is named.
MAY = {
    "domain": set(),
    "errors": set(),
    "memory": set(),
    "log": set(),
    "config": {"errors"},
    "failpoints": {"errors", "config"},
    "models": {"errors", "config"},
    "texts": {"config", "errors"},
    "removable": {"errors"},
    "visit": {"domain"},
    "desk": {"domain"},
    "idcard_reader": BASE,
    "camera": BASE | {"emulators"},  # emulators: the puppet camera, a source like any other, behind its setting
    "face": BASE | {"camera"},  # camera: the Frame type
    "liveness": BASE | {"camera", "face", "memory", "models"},
    "voice": BASE | {"texts"},
    "ocr": BASE | {"camera", "memory"},  # camera: the Frame type, and how OpenCV is imported
    "printer": BASE | {"texts"},
    "store": BASE | {"failpoints"},
    "sync": BASE | {"store", "failpoints", "removable"},
    "ui": BASE | {"visit", "desk", "texts"},
    "bureau": BASE | {"sync", "failpoints", "removable"},  # sync: the wire, both ends
    "desk_backend": BASE | {"desk", "store", "sync", "removable", "doctor", "face", "models", "texts"},
    "doctor": BASE | {"camera", "idcard_reader", "store", "sync", "models", "voice", "texts", "printer"},
    "app": BASE
    | {
        "log",
        "memory",
        "models",
        "texts",
        "visit",
        "desk",
        "desk_backend",
        "idcard_reader",
        "camera",
        "liveness",
        "face",
        "voice",
        "ocr",
        "printer",
        "store",
        "sync",
        "ui",
        "removable",
    },
    "gallery": BASE | {"texts", "visit", "desk", "ui"},
    "emulators": BASE | {"camera", "idcard_reader", "models", "liveness", "ui", "visit"},
}
# These may import anything, and are imported by no production room.
ABOVE = {"__main__", "commands", "bench", "demo", "evaluate"}
QT_ROOMS = {"app", "ui", "commands", "bench", "gallery", "demo"}


def rooms_and_imports() -> list[tuple[Path, str, int, str]]:
    found = []
    for path in sorted(KIOSK.rglob("*.py")):
        relative = path.relative_to(KIOSK)
        room = relative.parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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


IMPORTS = rooms_and_imports()


def test_there_is_something_to_check():
    assert len(IMPORTS) > 100


@pytest.mark.parametrize("room", sorted(MAY))
def test_directions(room):
    wrong = []
    for path, here, line, name in IMPORTS:
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
        for path, room, line, name in IMPORTS
        if room in ("domain", "visit", "desk") and name.split(".")[0] not in sys.stdlib_module_names | {"kiosk", "__future__"}
    ]
    assert not wrong, "\n".join(wrong)


def test_qt_stays_in_its_rooms():
    wrong = [
        f"kiosk/{path}:{line} imports {name}"
        for path, room, line, name in IMPORTS
        if name.split(".")[0] in ("PySide6", "shiboken6")
        and room not in QT_ROOMS
        and path.name != "worker.py"
        and str(path) != "emulators/person.py"
    ]  # the demo's person has eyes and fingers on the real widgets
    assert not wrong, "\n".join(wrong)


def test_emulators_and_bureau_never_reach_production():
    allowed = {"emulators", "bureau", "commands", "bench", "demo", "evaluate"}
    wrong = [
        f"kiosk/{path}:{line} imports {name}"
        for path, room, line, name in IMPORTS
        if name.startswith(("kiosk.emulators", "kiosk.bureau"))
        and room not in allowed
        and not (room == "camera" and name.startswith("kiosk.emulators.puppet"))
    ]
    assert not wrong, "\n".join(wrong)


def test_posix_only_modules_stay_in_the_emulators():
    """At the top of a module such an import keeps Windows out; behind a look at sys.platform it does not."""
    posix = {"pty", "termios", "tty", "fcntl", "pwd", "grp", "resource"}
    wrong = []
    for path in sorted(KIOSK.rglob("*.py")):
        if path.relative_to(KIOSK).parts[0] in ("emulators", "bench"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                wrong += [f"{path}:{node.lineno} imports {a.name}" for a in node.names if a.name.split(".")[0] in posix]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in posix:
                wrong.append(f"{path}:{node.lineno} imports {node.module}")
    assert not wrong, "\n".join(wrong)
