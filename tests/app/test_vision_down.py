"""The vision fails: in the middle of a take, and for good."""

from __future__ import annotations

import pytest

from kiosk.domain.reasons import Reason
from kiosk.visit import events as e
from kiosk.visit import states as s
from tests.app.test_visit_controller import bench  # noqa: F401


@pytest.fixture
def acting(bench):  # noqa: F811
    bench.card()
    for event in (e.Confirmed(), e.Agreed(), e.BeginTouched()):
        bench.visits.feed(event)
    assert isinstance(bench.visits.state, s.Acting)
    return bench.visits


def test_a_take_begins_again_by_itself_and_costs_no_try(acting, bench):  # noqa: F811
    begun, cancelled = [], []
    acting.begin_take.connect(begun.append)
    acting.cancel_take.connect(lambda: cancelled.append(1))
    first = acting.state.take_id
    acting.devices.on_vision_failed(Reason.MODEL_ERROR)
    assert not acting.state.camera_ready
    assert cancelled
    bench.wait(1.75)
    assert not begun
    bench.wait(0.25)
    assert begun
    assert isinstance(acting.state, s.Acting)
    assert acting.state.take_id == begun[0].take_id == first + 1
    assert acting.state.case.visit.tries == 0


def test_nothing_happens_to_somebody_who_is_not_before_the_camera(bench):  # noqa: F811
    bench.card()
    before = bench.visits.state
    bench.visits.devices.on_vision_failed(Reason.MODEL_ERROR)
    assert bench.visits.state == before
