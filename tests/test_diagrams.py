"""docs/states.md shows the machines as they are, and every kind of state that a person can meet."""

from __future__ import annotations

from kiosk.config import ROOT
from kiosk.desk import states as ds
from kiosk.visit import states as vs
from tests import diagrams


def test_the_page_is_current():
    written = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
    assert written == diagrams.page(), "python -m tests.diagrams > docs/states.md"


def test_every_state_is_reached_and_left():
    edges = diagrams.visit_edges()
    names = {one.__name__ for one in vs.State.__args__}
    assert {state for state, _, _ in edges} == names == {after for _, _, after in edges}
    edges = diagrams.desk_edges()
    names = {one.__name__ for one in ds.State.__args__} - {"Open"} | {f"Open_{one.__name__}" for one in ds.Page.__args__}
    assert {state for state, _, _ in edges} == names == {after for _, _, after in edges}
