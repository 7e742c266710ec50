"""`kiosk bench suites` measures both suites in one run; whether within the bound depends on the machine and is not asked here."""

from __future__ import annotations

from kiosk.bench import suites as bench


def test_both_side_by_side():
    told = bench.run(batches=1)
    assert (told["batches"], told["records"]) == (1, 20)
    for key in ("sign_ms", "seal_ms", "open_ms", "way_ms", "bytes"):
        assert told[f"gm-1 / std-1 {key}"] > 0
    assert 0.8 < told["gm-1 / std-1 bytes"] < 1.3
    assert isinstance(told["within_bounds"], bool)
