"""The mirror is painted less often where that takes the processor from those who look for the face."""

from __future__ import annotations

from kiosk.app.visit_showing import MirrorPace


class Clock:
    """A thread that uses a share of the processor."""

    def __init__(self) -> None:
        self.now_s, self.busy_s = 100.0, 7.0
        self.pace = MirrorPace(lambda: self.busy_s, lambda: self.now_s)

    def passes(self, share: float, seconds: float = 0.5) -> bool:
        self.now_s += seconds
        self.busy_s += share * seconds
        return self.pace.step()


def test_an_ordinary_processor_paints_thirty_times_a_second():
    clock = Clock()
    assert [clock.passes(0.1) for _ in range(20)] == [False] * 20
    assert clock.pace.interval_ms == 33


def test_who_paints_all_the_time_paints_less_often_down_to_five_times_a_second():
    clock = Clock()
    seen = []
    for _ in range(5):
        clock.passes(0.9)
        seen.append(clock.pace.interval_ms)
    assert seen == [66, 132, 200, 200, 200]


def test_it_comes_back_when_the_processor_is_free_again():
    clock = Clock()
    for _ in range(3):
        clock.passes(0.9)
    assert not clock.passes(0.2), "between the two bounds it stays"
    seen = []
    for _ in range(4):
        clock.passes(0.05)
        seen.append(clock.pace.interval_ms)
    assert seen == [100, 50, 33, 33]


def test_it_is_looked_at_every_half_second_and_the_shares_between_are_one():
    clock = Clock()
    assert not any(clock.passes(1.0, 0.1) for _ in range(4))
    assert clock.passes(1.0, 0.2)
    assert clock.pace.interval_ms == 66
