"""`kiosk bench bureau`: what the bureau takes in a second, and how long a page and a batch take above many rows.

`old`: a folder with another version of this program (a git worktree); both are then measured in turn in this run, on databases of
their own, and the ratio is what counts. `rows`: so many records are put into the database by statements before pages and batches
are timed. Needs PostgreSQL.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, text

from kiosk.bench import sync as fleet
from kiosk.bench.postgres import Cluster
from kiosk.bureau import database
from kiosk.bureau.process import BureauProcess
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


def run(
    rows: int = 200_000, records: int = 6000, kiosks: int = 20, turns: int = 3, old: str = "", auto_confirm: int = 1
) -> dict[str, Any]:
    """Measure; return figures and whether they are within their bounds."""
    with tempfile.TemporaryDirectory(prefix="bench-bureau-") as name, Cluster() as cluster:
        folder = Path(name)
        out = _ingest(folder, cluster, records, kiosks, turns, old, bool(auto_confirm))
        out |= _above_many(folder / "many", cluster, rows, bool(auto_confirm))
    out["bounds"] = f"{_BOUNDS}" + (f"; ratio >= {_RATIO}" if old else "")
    within = all(out[key] <= bound for key, bound in _BOUNDS.items()) and out.get("ratio", _RATIO) >= _RATIO
    return {**out, "within_bounds": within}


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
    with BureauProcess(data=folder, db=cluster.create(), auto_confirm=auto_confirm) as bureau:
        keys = parse_keys((folder / "keys.json").read_text(encoding="utf-8"), "bureau")
        bureau_id = "bureau-" + seal.fingerprint(keys.public)
        (kiosk,) = fleet._register(bureau.db, 1)
        fleet._fill(kiosk, 20 * 220, keys.public, bureau_id)
        began = time.perf_counter()
        engine = database.open_engine(bureau.db)
        with engine.connect() as connection:
            _put_rows(connection, kiosk.kiosk_id, rows)
        engine.dispose()
        filled = time.perf_counter() - began
        pages = {path: [_timed(bureau, path) for _ in range(40)][10:] for path in _PAGES}
        with httpx.Client(base_url=bureau.url, trust_env=False, timeout=60.0) as http:
            batches = [_posted(http, sealed) for _, sealed, _ in kiosk.batches][20:]
            with ThreadPoolExecutor(1) as pool:  # pages while batches come
                (again,) = fleet._register(bureau.db, 1)
                fleet._fill(again, 20 * 60, keys.public, bureau_id)
                looking = pool.submit(lambda: [_timed(bureau, "/admin/records?decision=pending") for _ in range(20)])
                both = [_posted(http, sealed) for _, sealed, _ in again.batches]
                beside = looking.result()
    return {
        "rows": rows,
        "rows_filled_s": filled,
        **{f"page_p99_ms {path}": _share(found, 0.99) for path, found in pages.items()},
        "page_p99_ms": max(_share(found, 0.99) for found in pages.values()),
        "batch_p50_ms": _share(batches, 0.5),
        "batch_p99_ms": _share(batches, 0.99),
        "batch_beside_pages_p99_ms": _share(both, 0.99),
        "page_beside_batches_p99_ms": _share(beside, 0.99),
    }


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


def _put_rows(connection: Connection, kiosk_id: str, rows: int) -> None:
    """Put made-up records of the last three years into the tables, as ingest would have left them, in a hundredth of its time."""
    made = {"kiosk": kiosk_id, "rows": rows}
    at = "now() - (n::float8 / :rows) * interval '1095 days'"
    decided = "CASE WHEN n % 200 = 0 THEN '' WHEN n % 211 = 0 THEN 'returned' ELSE 'confirmed' END"
    connection.execute(
        text(  # every part of it is a constant
            "INSERT INTO records SELECT 'R' || n, :kiosk, 'B' || n / 20, md5('c' || n) || md5('d' || n), repeat('x', 600), "  # noqa: S608
            "'P' || n / 3, 'P' || n / 3 || '/enterprise-employee/deferred-month/' || n, 'self-face', 'passed', 'ok', "
            f"{at}, NULL, false, {at}, 'accepted', {decided}, '' FROM generate_series(1, :rows) n"
        ),
        made,
    )
    for statement in (
        "INSERT INTO record_ids SELECT record_id, content_digest, received_at FROM records",
        "INSERT INTO passes SELECT pass_key, record_id, received_at FROM records",
        "INSERT INTO counts SELECT 'record:' || verdict || '/' || CASE decision WHEN '' THEN 'pending' ELSE decision END, 'made', "
        "count(*) FROM records GROUP BY verdict, decision",
    ):
        connection.execute(text(statement))
    connection.commit()
    connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(text("VACUUM ANALYZE"))
