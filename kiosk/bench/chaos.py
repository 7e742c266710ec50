"""Chaos: a kiosk killed with -9 again and again, behind a line that misbehaves, before a bureau that dies in mid-commit.

At the end every record whose save had returned is at the bureau exactly once, and both sides say the same of each. Called by
`kiosk bench chaos` and, with fewer kills, by the tests.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from kiosk import config
from kiosk.bench import chaos_kiosk
from kiosk.bench.badline import DEEDS, BadLine
from kiosk.bureau.process import BureauProcess
from kiosk.errors import SyncUnavailable
from kiosk.store import outbox
from kiosk.store.opening import open_store
from kiosk.sync.client import Client
from kiosk.sync.delivery import Delivery, journal_lines
from kiosk.sync.provision import provision

# Where the bureau dies by itself: before its commit, after it but before the answer, while it takes a batch; or its disk is full.
_BUREAU_DEEDS = ("before-commit=die@{n}", "after-commit=die@{n}", "ingest=die@{n}", "answer=die@{n}", "ingest=full@{n}", "")


def run(
    kills: int = 220,
    bureau_deaths: int = 24,
    boundaries: int = 400,
    seed: int = 1,
    misbehave_percent: int = 35,
    db: str = "",
    suite: str = "std-1",
) -> dict[str, Any]:
    """Do it; return the counts. `within_bounds` is False when a record was lost or doubled, or a state is wrong on either side.

    kills: at random moments, on a bad line. boundaries: at that many successive statements and requests of a short life.
    """
    rng = random.Random(seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kiosk-chaos-") as name:
        folder = Path(name)
        bureau = BureauProcess(data=folder / "bureau", db=db, auto_confirm=True)
        bureau.start()
        try:
            chosen = chaos_kiosk.settings(folder / "kiosk", bureau.url)
            provision(_patient(chosen), bureau.url, bureau.enrolment_code(chaos_kiosk.STATION, suite))
            deeds = Counter[str]()
            lock = threading.Lock()

            def choose(method: str, path: str) -> str:
                with lock:
                    return rng.choice(DEEDS) if rng.randrange(100) < misbehave_percent else "ok"

            with _Lives(folder / "kiosk") as lives:
                life_ms, there = _undisturbed(lives, folder / "kiosk", bureau.url, rng)
                with BadLine(bureau.url, choose, delay_s=0.9) as line:
                    deaths = _at_random(lives, line.url, bureau, kills, bureau_deaths, life_ms, rng)
                    deeds = line.done
                bureau.stop()
                bureau.environment.clear()
                bureau.start()
                at_boundaries = _at_boundaries(lives, bureau.url, boundaries, there, rng)
            _drain(chosen)
            return {
                **_compare(folder / "kiosk", chosen, bureau),
                "kills_at_random": kills,
                "kills_at_boundaries": at_boundaries,
                "boundaries_of_a_life": there,
                "bureau_deaths": deaths,
                "requests": deeds.total(),
                "misbehaved": deeds.total() - deeds["ok"],
                "deeds": dict(sorted(deeds.items())),
                "seconds": round(time.monotonic() - began, 1),
            }
        finally:
            bureau.kill()


class _Lives:
    """The process that forks kiosks."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "kiosk.bench.chaos_kiosk", str(folder)],
            cwd=config.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> _Lives:
        if self._answer() != "ready":
            raise SyncUnavailable("the kiosk under test did not start")
        return self

    def __exit__(self, *_: object) -> None:
        with self._process as process:
            if process.stdin is not None:
                process.stdin.close()

    def one(self, seed: int, lifetime_ms: int, boundary: int, url: str) -> str:
        """Live once; return how it ended."""
        if self._process.stdin is None:
            raise SyncUnavailable("the kiosk under test is gone")
        self._process.stdin.write(f"{seed} {lifetime_ms} {boundary} {url}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        return self._process.stdout.readline().strip() if self._process.stdout is not None else ""


def _at_random(lives: _Lives, url: str, bureau: BureauProcess, kills: int, deaths: int, life_ms: int, rng: random.Random) -> int:
    """Kill the kiosk `kills` times, and the bureau now and then; return how often the bureau died."""
    died = 0
    every = max(1, kills // max(1, deaths))
    for killed in range(1, kills + 1):
        told = lives.one(rng.randrange(2**31), rng.randrange(life_ms // 4, 2 * life_ms), 0, url)
        if told != "killed":
            raise SyncUnavailable(f"the kiosk under test ended by itself: {told}")
        if not bureau.running:
            died += 1
        if killed % every == 0 or not bureau.running:
            if bureau.running and rng.randrange(2):
                bureau.kill()
                died += 1
            bureau.stop()
            bureau.environment["KIOSK_BUREAU_FAILPOINTS"] = rng.choice(_BUREAU_DEEDS).format(n=rng.randrange(1, 12))
            bureau.start()
    return died


def _undisturbed(lives: _Lives, folder: Path, url: str, rng: random.Random) -> tuple[int, int]:
    """Live a short life to its end; return how long it took (ms) and how many statements and requests it had."""
    began = time.monotonic()
    told = lives.one(rng.randrange(2**31), 0, 10**9, url)
    if told != "ended 0":
        raise SyncUnavailable(f"the kiosk under test does not work: {told}")
    return int((time.monotonic() - began) * 1000), int((folder / "boundaries").read_text())


def _at_boundaries(lives: _Lives, url: str, wanted: int, there: int, rng: random.Random) -> int:
    """Kill the kiosk at `wanted` statements and requests of a short life, evenly spread, or at each in turn; return how often."""
    killed, step = 0, max(1.0, there / max(1, wanted))
    for number in range(wanted):
        boundary = 1 + int(number * step) % there
        told = lives.one(rng.randrange(2**31), 0, boundary, url)
        if told not in ("killed", "ended 0"):
            raise SyncUnavailable(f"the kiosk under test ended by itself: {told}")
        killed += told == "killed"  # a life can be shorter by some statements than the one that was counted
    return killed


def _patient(chosen: config.Settings) -> config.Settings:
    return chosen.model_copy(update={"sync": chosen.sync.model_copy(update={"timeout_s": 30.0})})


def _drain(chosen: config.Settings) -> None:
    """Deliver the rest over a good line."""
    from kiosk.sync.keys import load_identity

    patient = _patient(chosen).sync
    with open_store(chosen) as store:
        client = Client(patient, load_identity(patient))
        delivery = Delivery(patient, client, lambda work: work(store), journal_tail=journal_lines)
        delivery.start()
        for _ in range(3):
            failure = delivery.round(50, by_hand=True).failure
            if failure is not None:
                raise failure
        client.close()


def _compare(folder: Path, chosen: config.Settings, bureau: BureauProcess) -> dict[str, Any]:
    finished = (folder / "ledger").read_text().split()
    there = {one["record_id"]: one for one in bureau.all_records()}
    with open_store(chosen) as store:
        rows = {
            row[0]: row[1:] for row in store.db.execute("SELECT record_id, content_digest, state, decision FROM outbox").fetchall()
        }
        left = {key: value for key, value in outbox.counts(store.db).items() if value}
    lost = [one for one in finished if one not in there]
    strangers = [one for one in there if one not in rows]
    wrong = [
        one
        for one, (digest, state, decision) in rows.items()
        if one not in there or state != "received" or there[one]["content_digest"] != digest or there[one]["decision"] != decision
    ]
    summary = bureau.summary()
    passes = len({one["pass_key"] for one in there.values() if one["outcome"] == "passed"})
    doubled = len(finished) - len(set(finished)) + (0 if summary["passes"] == passes else 1)
    return {
        "records_finished": len(finished),
        "records_at_bureau": len(there),
        "lost": len(lost),
        "doubled": doubled,
        "at_bureau_but_not_at_kiosk": len(strangers),
        "states_wrong": len(wrong),
        "kiosk_states": left,
        "passes": summary["passes"],
        "journal_conflicts": summary["journal_conflicts"],
        "within_bounds": not (lost or doubled or strangers or wrong or summary["journal_conflicts"]),
    }
