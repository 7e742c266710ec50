"""`kiosk bench ui` measures what it says; the figures themselves belong to a quiet machine, not to a test."""

from __future__ import annotations

import json
import subprocess
import sys

from kiosk.gallery.scenes import scenes


def test_it_measures_every_page():
    out = subprocess.run(
        [
            sys.executable,
            "-m",
            "kiosk",
            "bench",
            "ui",
            "--json",
            "--option",
            "visits=1",
            "--option",
            "page_ms=25",
            "--option",
            "baseline_ms=300",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    figures = json.loads(out.stdout)["ui"]
    assert figures["pages"] == len(scenes())
    assert figures["events"] > 50
    assert 0 < figures["p50_ms"] <= figures["p99_ms"] <= figures["most_ms"]
    assert figures["slowest_page"] in {scene.name for scene in scenes()}
    assert 0 < figures["costliest_event_cpu_ms"]
