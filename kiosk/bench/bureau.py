"""`kiosk bench bureau`: what the bureau takes in a second, and how long a page and a batch take above many rows.

`old`: a folder with another version of this program (a git worktree); both are then measured in turn in this run, on databases of
their own, and the ratio is what counts. `rows`: so many records are put into the database by statements before pages and batches
are timed. `kept`: a folder in which that database stays: filled by the first run, measured again by the next ones.

Needs PostgreSQL, which is set as `assets/deploy/bureau/postgresql.conf` says, for a machine of 8 GB.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from kiosk.bench import sync as fleet
from kiosk.bench.clerk import supervisor
from kiosk.bench.many_rows import put_rows
from kiosk.bench.postgres import Cluster
from kiosk.bureau import sessions
from kiosk.bureau.process import BureauProcess
from kiosk.config import ASSETS
from kiosk.sync import protocol, seal
from kiosk.sync.keys import parse_keys

_HEADERS = {"Content-Type": protocol.MEDIA_TYPE}
_BOUNDS = {"page_p99_ms": 200.0, "batch_p99_ms": 50.0}
_RATIO = 3.0
_PAGES = (
    "/admin/summary",
    "/admin/records?limit=100",
    "/admin/records?decision=pending",
    "/admin/records?decision=returned",
    "/admin/evidence",
)
# What a clerk opens all day: what waits, what was decided, one station, one person, clocks in doubt, stations.
_CLERKS_PAGES = (
    "/records",
    "/records?state=returned",
    "/records?state=confirmed",
    "/records?state=attempts",
    "/records?state=all&suspect=yes",
    "/records?state=confirmed&station=SZ-FLEET-0007",
    "/records?state=confirmed&channel=unit-list",
    "/records?state=returned&channel=home-visit",
    "/records?state=all&person=P12345",
    "/records?state=all&person=王芳",
    "/stations",
)
_STATIONS = 200
_START_S = 900.0  # tables are made first; on a machine that is busy that takes minutes


def run(
    rows: int = 200_000, records: int = 6000, kiosks: int = 20, turns: int = 3, old: str = "", auto_confirm: int = 1, kept: str = ""
) -> dict[str, Any]:
    """Measure; return figures and whether they are within their bounds."""
    out: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-bureau-") as name:
        if turns:
            with Cluster(settings=_settings()) as cluster:
                out = _ingest(Path(name), cluster, records, kiosks, turns, old, bool(auto_confirm))
        if rows:
            folder = Path(kept or name)
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)  # PostgreSQL's own user goes through it
            with Cluster(folder / "pg", _settings()) as cluster:
                out |= _above_many(folder, cluster, rows, bool(auto_confirm))
    out["bounds"] = f"{_BOUNDS}" + (f"; ratio >= {_RATIO}" if old else "")
    within = all(out.get(key, bound) <= bound for key, bound in _BOUNDS.items()) and out.get("ratio", _RATIO) >= _RATIO
    return {**out, "within_bounds": within}


def _settings() -> str:
    """PostgreSQL's settings of a bureau that is installed, on a machine of 8 GB."""
    return (ASSETS / "deploy" / "bureau" / "postgresql.conf").read_text(encoding="utf-8")


class _Other(BureauProcess):
    """The bureau of another version, run from its own folder."""

    def __init__(self, root: str, **given: Any) -> None:
        super().__init__(**given, environment={"PYTHONPATH": root})
        self.root = Path(root)


def _ingest(folder: Path, cluster: Cluster, records: int, kiosks: int, turns: int, old: str, auto_confirm: bool) -> dict[str, Any]:
    speeds: dict[str, list[float]] = {"new": [], **({"old": []} if old else {})}
    for turn in range(turns):
        for which in speeds:
            place = folder / f"{which}-{turn}"
            given: dict[str, Any] = {"data": place, "db": cluster.create(), "auto_confirm": auto_confirm}
            bureau = _Other(old, **given) if which == "old" else BureauProcess(**given)
            bureau.start(_START_S)
            with bureau:
                speeds[which].append(_speed(bureau, records, kiosks))
    out: dict[str, Any] = {f"{which}_records_per_s": statistics.median(found) for which, found in speeds.items()}
    if old:
        ratios = [new / before for new, before in zip(speeds["new"], speeds["old"], strict=True)]
        out |= {"ratio": statistics.median(ratios), "ratios": [round(one, 2) for one in ratios]}
    return {**out, "auto_confirm": auto_confirm}


def _speed(bureau: BureauProcess, records: int, kiosks: int) -> float:
    """Post sealed batches of several kiosks, a connection each; return records a second. All is sealed before the clock starts."""
    keys = parse_keys((bureau.data / "keys.json").read_text(encoding="utf-8"), "bureau")
    bureau_id = "bureau-" + seal.fingerprint(keys.public)
    made = fleet._register(bureau.db, kiosks)
    for kiosk in made:
        fleet._fill(kiosk, records // kiosks, keys.public, bureau_id)
    folder = bureau.data / "bodies"
    folder.mkdir()
    for kiosk in made:
        (folder / kiosk.kiosk_id).write_bytes(b"\n".join(sealed for _, sealed, _ in kiosk.batches))
    # Posted from a process of its own by a bare loop: what is measured is the bureau.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _POSTING, bureau.url, str(folder)], capture_output=True, text=True, check=True, env={**os.environ}
    )
    seconds = float(done.stdout)
    there = bureau.summary()
    if there["batches"] != sum(len(kiosk.batches) for kiosk in made) or there["passes"] != records:
        raise RuntimeError(f"not all was taken: {there['batches']} batches, {there['passes']} passes")
    return records / seconds


_POSTING = """
import http.client, pathlib, sys, threading, time, urllib.parse
url, folder = urllib.parse.urlsplit(sys.argv[1]), pathlib.Path(sys.argv[2])
wrong = []
def one(path):
    http_ = http.client.HTTPConnection(url.hostname, url.port, timeout=120)
    for body in path.read_bytes().split(b"\\n"):
        http_.request("POST", "/v1/batches", body, {"Content-Type": "application/jose"})
        answer = http_.getresponse()
        answer.read()
        if answer.status != 200:
            wrong.append(answer.status)
threads = [threading.Thread(target=one, args=(path,)) for path in sorted(folder.iterdir())]
began = time.perf_counter()
for each in threads: each.start()
for each in threads: each.join()
if wrong: raise SystemExit(f"refused: {wrong[:5]}")
print(time.perf_counter() - began)
"""


def _above_many(folder: Path, cluster: Cluster, rows: int, auto_confirm: bool) -> dict[str, Any]:
    """Time pages and batches of 20 above many rows."""
    known = folder / "database"  # written when it is filled
    filled = 0.0
    if not known.exists():
        bureau = BureauProcess(data=folder / "bureau", db=cluster.create(), auto_confirm=auto_confirm)
        bureau.start(_START_S)
        kiosks = fleet._register(bureau.db, _STATIONS)
        bureau.stop()
        began = time.perf_counter()
        put_rows(bureau, [one.kiosk_id for one in kiosks], rows)
        filled = time.perf_counter() - began
        known.write_text(bureau.db.split("@/")[1].split("?")[0], encoding="utf-8")
    bureau = BureauProcess(data=folder / "bureau", db=cluster.url(known.read_text(encoding="utf-8")), auto_confirm=auto_confirm)
    bureau.start(_START_S)
    with bureau:
        keys = parse_keys((bureau.data / "keys.json").read_text(encoding="utf-8"), "bureau")
        bureau_id = "bureau-" + seal.fingerprint(keys.public)
        (kiosk,) = fleet._register(bureau.db, 1)
        fleet._fill(kiosk, 20 * 220, keys.public, bureau_id)
        load = [os.getloadavg()[0]]
        pages = {path: [_timed(bureau, path) for _ in range(110)][10:] for path in _PAGES}
        with _clerk(bureau) as clerk:
            pages |= {path: [_opened(clerk, path) for _ in range(110)][10:] for path in _CLERKS_PAGES}
        with httpx.Client(base_url=bureau.url, trust_env=False, timeout=60.0) as http:
            for _, sealed, _ in kiosk.batches[:20]:
                _posted(http, sealed)
            spent = _processor_s(bureau)
            batches = [_posted(http, sealed) for _, sealed, _ in kiosk.batches[20:]]
            spent = _processor_s(bureau) - spent
            with ThreadPoolExecutor(1) as pool:  # pages while batches come
                (again,) = fleet._register(bureau.db, 1)
                fleet._fill(again, 20 * 60, keys.public, bureau_id)
                looking = pool.submit(lambda: [_timed(bureau, "/admin/records?decision=pending") for _ in range(20)])
                both = [_posted(http, sealed) for _, sealed, _ in again.batches]
                beside = looking.result()
        load.append(os.getloadavg()[0])
    return {
        "rows": rows,
        "load_at_start_and_end": load,
        "batch_processor_ms": spent * 1000 / len(batches),
        **{f"page_p50_ms {path}": _share(found, 0.5) for path, found in pages.items()},
        "rows_filled_s": filled,
        **{f"page_p99_ms {path}": _share(found, 0.99) for path, found in pages.items()},
        "page_p99_ms": max(_share(found, 0.99) for found in pages.values()),
        "batch_p50_ms": _share(batches, 0.5),
        "batch_p99_ms": _share(batches, 0.99),
        "batch_beside_pages_p99_ms": _share(both, 0.99),
        "page_beside_batches_p99_ms": _share(beside, 0.99),
    }


def _processor_s(bureau: BureauProcess) -> float:
    """Processor time that the bureau's processes have used: what a batch costs, whoever else is on the machine."""
    import psutil

    root = psutil.Process(bureau.pid)
    return sum(sum(one.cpu_times()[:2]) for one in (root, *root.children(recursive=True)))


@contextlib.contextmanager
def _clerk(bureau: BureauProcess) -> Iterator[httpx.Client]:
    """A supervisor who is signed in."""
    cookies = {sessions.COOKIE: supervisor(bureau).token}
    with httpx.Client(base_url=bureau.url, trust_env=False, timeout=60.0, cookies=cookies) as http:
        yield http


def _opened(clerk: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    if clerk.get(path).status_code != 200:
        raise RuntimeError(f"{path} does not open")
    return (time.perf_counter() - began) * 1000


def _posted(http: httpx.Client, sealed: bytes) -> float:
    began = time.perf_counter()
    if http.post("/v1/batches", content=sealed, headers=_HEADERS).status_code != 200:
        raise RuntimeError("a batch was refused")
    return (time.perf_counter() - began) * 1000


def _timed(bureau: BureauProcess, path: str) -> float:
    began = time.perf_counter()
    bureau.ask("GET", path)
    return (time.perf_counter() - began) * 1000


def _share(found: list[float], share: float) -> float:
    return sorted(found)[min(len(found) - 1, int(len(found) * share))]
