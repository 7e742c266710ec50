"""No timer outlives its owner: found by reading the source, and tried on a kiosk that is stopped while its timers run."""

from __future__ import annotations

import ast
import sys
import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from kiosk.app.composition import KioskApp
from kiosk.config import ROOT
from kiosk.gallery.scenes import sample_settings
from kiosk.ui.window import KioskWindow
from tests.sources import statements, tree_of
from tests.store import made
from tests.test_directions import WORKBENCH

KIOSK = ROOT / "kiosk"


def calls_of(tree: ast.AST, name: str) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == name]


def test_every_timer_has_an_owner_that_stops_it():
    """QTimer.singleShot without a context fires into whatever is left of its slot's object; a QTimer without a parent likewise.

    Production: a QTimer with a parent, which its owner's stop() can reach. The workbench may use singleShot with a context object.
    """
    wrong = []
    for path in sorted(KIOSK.rglob("*.py")):
        tree = tree_of(path)
        where = path.relative_to(KIOSK)
        workbench = where.parts[0] in WORKBENCH
        for call in calls_of(tree, "QTimer.singleShot"):
            if not workbench or len(call.args) != 3:
                wrong.append(
                    f"{where}:{call.lineno}: a QTimer(self, singleShot=True) that its owner stops (workbench: with a context)"
                )
        if not workbench and where.parts[0] != "commands":  # a command's own timer lives as long as its event loop
            wrong += [f"{where}:{call.lineno}: a QTimer without a parent" for call in calls_of(tree, "QTimer") if not call.args]
    assert wrong == []


def stops_of(class_: ast.ClassDef) -> set[str]:
    """Return the attributes whose stop() is called in this class, by themselves or in a loop over a tuple."""
    stopped: set[str] = set()
    for node in ast.walk(class_):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "stop":
            stopped.add(ast.unparse(node.func.value))
        elif (
            isinstance(node, ast.For)
            and isinstance(node.iter, ast.Tuple)
            and f"{ast.unparse(node.target)}.stop()" in ast.unparse(node)
        ):
            stopped |= {ast.unparse(one) for one in node.iter.elts}
    return stopped


def single_shots_of(class_: ast.ClassDef) -> set[str]:
    """Return the attributes of this class that are single-shot timers, made so at once or afterwards."""
    found = set()
    for node in ast.walk(class_):
        if isinstance(node, ast.Assign) and "singleShot=True" in ast.unparse(node.value):
            found |= {ast.unparse(target) for target in node.targets}
        elif isinstance(node, ast.Call) and ast.unparse(node).endswith(".setSingleShot(True)"):
            found.add(ast.unparse(node.func).removesuffix(".setSingleShot"))
    return found


def test_every_single_shot_is_stopped_by_its_owner():
    seen, left = 0, []
    for path in sorted(KIOSK.rglob("*.py")):
        if path.relative_to(KIOSK).parts[0] in WORKBENCH:
            continue
        for class_ in (node for node in statements(tree_of(path)) if isinstance(node, ast.ClassDef)):
            found = single_shots_of(class_)
            seen += len(found)
            left += [f"{path.relative_to(KIOSK)}: {class_.name} never stops {one}" for one in found - stops_of(class_)]
    assert left == []
    assert seen > 8, "the reading above finds what there is"


def test_a_stopped_kiosk_leaves_no_timer_and_no_hook(qtbot, tmp_path, monkeypatch):
    """It stopped five seconds after a bug: the timer that would have opened it again reached an animation that was gone."""
    monkeypatch.setattr(KioskApp, "_start_workers", lambda _: None)
    before = (sys.excepthook, threading.excepthook)
    app = KioskApp(made.settings(tmp_path / "var", ui={"fullscreen": False}, voice={"enabled": False}))
    app.start()
    assert (sys.excepthook, threading.excepthook) != before
    app._on_crash("ValueError")
    app.desk.view.prepare_in(1500)
    assert app._resume_later.isActive()
    app.stop()
    for owner in (app, app.visits, app.desk, app.desk.view, app.sync):
        assert [timer for timer in owner.findChildren(QTimer) if timer.isActive()] == [], type(owner).__name__
    assert (sys.excepthook, threading.excepthook) == before
    app.window.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    QApplication.processEvents()


def test_a_window_that_could_not_be_made_has_no_clock_that_goes_on(qtbot, monkeypatch):
    """At midnight the clock of one that a test had left half-made asked for its page, in the middle of another test."""
    half_made = []

    def fails(window, kind):
        half_made.append(window)
        raise RuntimeError("no page")

    monkeypatch.setattr(KioskWindow, "_page_for", fails)
    with pytest.raises(RuntimeError, match="no page"):
        KioskWindow(sample_settings())
    qtbot.addWidget(half_made[0])
    assert not [timer for timer in half_made[0].findChildren(QTimer) if timer.isActive()]
