"""A few kills from outside (commands, wire and stick alone); many: `kiosk bench outside`, or KIOSK_OUTSIDE_KILLS=60 here."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from kiosk.bench import outside
from tests.suite import SUITE

KILLS = int(os.environ.get("KIOSK_OUTSIDE_KILLS", "2"))


@pytest.mark.timeout(180 + 20 * KILLS)
def test_nothing_is_lost_doubled_or_changed_as_an_outsider_sees_it():
    result = outside.run(kills=KILLS, bureau_kills=max(1, KILLS // 5), seed=KILLS, suite=SUITE.name)
    assert result["kills"] == KILLS
    assert result["bureau_kills"] >= 1
    assert result["records"] > 0
    names = ("lost", "doubled", "changed", "strangers", "untrue_receipts")
    assert {name: result[name] for name in names} == dict.fromkeys(names, 0)
    assert result["passes"] == result["pass_keys"]
    assert result["journal_holds"] is True
    assert result["within_bounds"] is True


def test_the_harness_knows_nothing_of_the_inside():
    tree = ast.parse(Path(outside.__file__).read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    ours = {name for name in names if name and name.startswith("kiosk.")}
    assert ours == {"kiosk.bureau.process", "kiosk.canonical", "kiosk.errors", "kiosk.removable", "kiosk.sync", "kiosk.sync.keys"}
