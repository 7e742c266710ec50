"""`kiosk bench NAME…`: measure speed as ratios in one run, so that the figures hold on any machine."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# name -> what it measures. Each is a module of kiosk.bench with run(**options) -> dict.
BENCHES: dict[str, str] = {
    "start": "command to touchable first page, against importing the same libraries",
    "vision": "cost of a frame, against the bare FaceLandmarker call",
    "match": "cost of an embedding, against the bare onnxruntime call",
    "reader": "request to card, against the wire time",
    "store": "save of a visit, lookup and import at several sizes",
    "sync": "drain of the outbox, against a bare httpx loop; a fleet of kiosks",
    "suites": "batches under std-1 and gm-1: sealing, opening, the whole way, size",
    "bureau": "records a second at the bureau, pages and batches above many rows (PostgreSQL)",
    "fleet": "a simulated day of 10 000 kiosks before one bureau, from measured sizes and times",
    "hostile": "hostile bodies and connections at a bureau: its memory, and how long others wait",
    "ui": "event latency of the GUI thread",
    "idle": "memory and processor time while nobody is there; installed size",
    "visit": "whole visits: how long the machine makes people wait",
    "soak": "thousands of visits with faults: memory, files, threads",
    "crash": "kill -9 at every statement boundary",
    "update": "bytes of an update on the wire, of two versions as packages lay them out (by name only)",
    "voice": "share of syllables that a recogniser gives back; how soon the voice speaks (by name only)",
    "digits": "four digits read aloud: the right ones refused, wrong ones taken (by name only)",
    "chaos": "kill -9 and a misbehaving network during sync",
    "outside": "the same by somebody who knows nothing of the inside: commands, wire, stick",
}

BY_NAME = {"voice", "digits", "update"}  # needs packages, weights or versions that no station and no test has


def main(argv: list[str]) -> int:
    """Run the named benches (all without a name); print a table, or JSON. Status 1 when a bound that a bench names is missed."""
    known = {name: text for name, text in BENCHES.items() if importlib.util.find_spec(f"kiosk.bench.{name}")}
    parser = argparse.ArgumentParser(prog="kiosk bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known) + " (default: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--html", type=Path, help="write a page with a table and bars")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="passed to the bench, e.g. visits=50")
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"unknown bench {unknown[0]!r}; known: {', '.join(known)}")
    given = dict(item.split("=", 1) for item in options.option)
    passed = {key: int(value) if value.lstrip("-").isdigit() else value for key, value in given.items()}
    results: dict[str, Any] = {"machine": machine()}
    for name in options.names or [name for name in known if name not in BY_NAME]:
        if not options.json:
            print(f"{name}: {known[name]} …", flush=True)
        results[name] = importlib.import_module(f"kiosk.bench.{name}").run(**passed)
        if not options.json:
            for key, value in results[name].items():
                print(f"  {key:<32} {_show(value)}")
    if options.json:
        print(json.dumps(results, ensure_ascii=False, indent=2, default=str))
    if options.html:
        from kiosk.bench.page import write_page

        write_page(options.html, results)
    return 1 if any(isinstance(r, dict) and r.get("within_bounds") is False for r in results.values()) else 0


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
    }


def _show(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
