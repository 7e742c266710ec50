"""The chaos bench with few kills; the whole of it: `kiosk bench chaos`, or KIOSK_CHAOS_KILLS=220 here. Under each suite."""

from __future__ import annotations

import os

import pytest

from kiosk.bench import chaos

KILLS = int(os.environ.get("KIOSK_CHAOS_KILLS", "2"))
BOTH_SUITES = True


@pytest.mark.timeout(120 + 6 * KILLS)
def test_every_finished_record_is_at_the_bureau_exactly_once(suite):
    result = chaos.run(kills=KILLS, bureau_deaths=max(1, KILLS // 8), boundaries=3 * KILLS, seed=KILLS, suite=suite.name)
    assert result["kills_at_random"] == KILLS
    assert result["kills_at_boundaries"] >= 2 * KILLS
    assert result["records_finished"] > 0
    assert result["misbehaved"] > 0
    assert (result["lost"], result["doubled"], result["states_wrong"], result["at_bureau_but_not_at_kiosk"]) == (0, 0, 0, 0)
    assert result["within_bounds"] is True
