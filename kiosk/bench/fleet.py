"""`kiosk bench fleet`: a simulation of 10 000 kiosks over a day before one bureau: bytes, requests, the queue, what breaks first.

Sizes and times are measured first, from the real codec, ingest and web process of this program on this machine; only the day
itself is simulated, second by second: an ordinary one; one on which the bureau is away for two hours at noon; days on which a
roster is issued at ten, one file for everybody or by catchment.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from kiosk.bench import sync as wire
from kiosk.bureau import ingest
from kiosk.bureau.context import BureauContext, BureauSettings, open_context, prepare
from kiosk.bureau.process import BureauProcess
from kiosk.config import Sync
from kiosk.sync import protocol, roster_file, seal

DAY = 24 * 3600
_OPEN = (9 * 3600 - 1800, 17 * 3600 + 1800)  # 8:30 to 17:30
# GETs of a round with nothing new (`delivery`, `roster_feed`)
_POLLS = ("/v1/time?nonce=x", "/v1/decisions?after=0", "/v1/standing", "/v1/bundle?have=0", "/v1/roster?have=0")
_BARE = "/v1/health"
_HTTP = 450  # bytes of heads, TLS records and acknowledgements around a request and its answer, each way


@dataclass(frozen=True, slots=True)
class Measured:
    """What one thing costs: bytes on the wire, seconds of one core at the bureau. From the real code. poll: all GETs of a round."""

    record_bytes: float
    batch_head_bytes: float
    receipt_bytes: float
    poll_up_bytes: float
    poll_down_bytes: float
    batch_s: float
    record_s: float
    poll_s: float
    person_bytes: float


@dataclass(frozen=True, slots=True)
class Day:
    """One day to be simulated. `away`: seconds from, to; `roster`: second of issue, bytes for each kiosk."""

    name: str
    away: tuple[int, int] = (0, 0)
    roster: tuple[int, float] = (0, 0.0)


def run(
    kiosks: int = 10_000, visits: int = 60, people: int = 5_000_000, cores: int = 8, uplink_mbit: int = 1000, seed: int = 1
) -> dict[str, Any]:
    """Measure, simulate; return figures by day, and what breaks first."""
    found = measure()
    catchment = people / kiosks * 6  # ours: everybody is known at about six kiosks of his streets and those he was at
    whole, local = people * found.person_bytes, catchment * found.person_bytes
    changed = 0.01  # ours: share of people of whom something changes in a day
    days = [
        Day("ordinary"),
        Day("bureau away 12-14", away=(12 * 3600, 14 * 3600)),
        Day("roster: one file for all, whole", roster=(10 * 3600, whole)),
        Day("roster: one file for all, delta", roster=(10 * 3600, whole * changed)),
        Day("roster: by catchment, whole", roster=(10 * 3600, local)),
        Day("roster: by catchment, delta", roster=(10 * 3600, local * changed)),
    ]
    rng = np.random.default_rng(seed)
    out: dict[str, Any] = {"kiosks": kiosks, "visits_a_kiosk": visits, "people": people, "cores": cores, "uplink_mbit": uplink_mbit}
    out |= {f"measured {name}": round(getattr(found, name), 6) for name in Measured.__slots__}
    out["whole roster MB"], out["catchment roster MB"] = whole / 1e6, local / 1e6
    out["catchment delta KB"] = local * changed / 1e3
    for day in days:
        told = simulate(day, found, kiosks, visits, cores, uplink_mbit * 1e6 / 8, rng)
        out |= {f"{day.name}: {name}": value for name, value in told.items()}
    return out


def measure() -> Measured:
    """Take sizes from sealed documents and times from the real ingest (SQLite on this machine, sealed bodies ready)."""
    with tempfile.TemporaryDirectory(prefix="bench-fleet-") as name:
        settings = BureauSettings(data=name, auto_confirm=True)
        prepare(settings)
        context = open_context(settings)
        try:
            (kiosk,) = wire._register(settings.url, 1)
            wire._fill(kiosk, 20 * 12, context.keys.public, context.bureau_id)
            twenty = [sealed for _, sealed, _ in kiosk.batches]
            (single,) = wire._register(settings.url, 1)
            for _ in range(12):
                wire._fill(single, 1, context.keys.public, context.bureau_id)
            ones = [sealed for _, sealed, _ in single.batches]
            large_s, receipt = _taken(context, twenty)
            small_s, _ = _taken(context, ones)
            record_bytes = (_mean(twenty) - _mean(ones)) / 19
            record_s = max(0.0, (large_s - small_s) / 19)
            poll_s, health_s, up, down = _polls(Path(name))
            return Measured(
                record_bytes=record_bytes,
                batch_head_bytes=_mean(ones) - record_bytes,
                receipt_bytes=float(receipt),
                poll_up_bytes=up,
                poll_down_bytes=down,
                batch_s=small_s - record_s + health_s,  # what the web costs beside the ingest itself
                record_s=record_s,
                poll_s=poll_s,
                person_bytes=_person_bytes(Path(name)),
            )
        finally:
            context.engine.dispose()


def _mean(bodies: list[bytes]) -> float:
    return sum(map(len, bodies)) / len(bodies)


def _taken(context: BureauContext, bodies: list[bytes]) -> tuple[float, int]:
    ingest.take_batch(context, bodies[0])  # the first one compiles statements
    began, length = time.process_time(), 0
    for body in bodies[1:]:
        length = len(ingest.take_batch(context, body))
    return (time.process_time() - began) / (len(bodies) - 1), length


def _polls(folder: Path) -> tuple[float, float, float, float]:
    """Seconds of a round's GETs with nothing new and of a bare one at a web process, bytes of the former up and down."""
    rounds = 200
    with BureauProcess(data=folder / "web") as bureau, httpx.Client(base_url=bureau.url, trust_env=False) as http:
        (kiosk,) = wire._register(f"sqlite:///{bureau.data / 'bureau.db'}", 1)
        process = psutil.Process(bureau.pid)

        def seconds() -> float:
            told = process.cpu_times()
            return float(told.user + told.system)

        def asked(path: str) -> tuple[int, int]:
            if path == _BARE:
                return 0, len(http.get(path).raise_for_status().content)
            token = protocol.Token(kiosk_id=kiosk.kiosk_id, method="GET", path=path, at=datetime.now(UTC))
            head = seal.sign(token, kiosk.keys.sign, kiosk.kiosk_id)
            answer = http.get(path, headers={"Authorization": f"Kiosk {head}"}).raise_for_status()
            return len(head), len(answer.content)

        spent, up, down = {}, 0, 0
        for path in (*_POLLS, _BARE):
            for _ in range(10):
                sizes = asked(path)
            before = seconds()
            for _ in range(rounds):
                asked(path)
            spent[path] = (seconds() - before) / rounds
            up, down = up + sizes[0], down + sizes[1]
    bare = spent.pop(_BARE)
    return sum(spent.values()), bare, float(up), float(down)


def _person_bytes(folder: Path) -> float:
    """Bytes of a person with a template in a roster file, of 3 000 made-up ones."""

    def lines() -> Any:
        for number in range(3000):
            vector = base64.b64encode(os.urandom(512)).decode()
            template = {"vector": vector, "model_digest": "0" * 64, "consent_id": f"consent-{number}", "enrolled_on": "2026-01-02"}
            benefit = {"benefit_id": "enterprise-employee", "kind": "enterprise-employee", "policy_id": "deferred-month"}
            person = {"person_id": f"P{number}", "name": f"张某{number}", "id_number": f"44030519500101{number:04d}"}
            yield json.dumps(
                {**person, "status": "active", "benefits": [benefit], "template": template}, ensure_ascii=False
            ).encode()

    _, facts = roster_file.write(lines(), folder)
    return facts.size / facts.lines


def simulate(
    day: Day, cost: Measured, kiosks: int, visits: int, cores: int, uplink: float, rng: np.random.Generator
) -> dict[str, Any]:
    """Return the figures of one day. cores: of the bureau; uplink: bytes a second that it can send."""
    sync = Sync()
    polls = _rounds(day, kiosks, sync, rng)
    records = _records(kiosks, visits, rng)
    waiting = float(0)
    work = polls * cost.poll_s
    up = polls * (cost.poll_up_bytes + len(_POLLS) * _HTTP)
    down = polls * (cost.poll_down_bytes + len(_POLLS) * _HTTP)
    batches = np.zeros(DAY)
    sent = np.zeros(DAY)
    for second in range(DAY):
        waiting += records[second]
        if polls[second] and waiting:
            # Who begins a round sends what he has: on average his share of what waits everywhere.
            going = waiting * min(1.0, polls[second] / kiosks)
            sent[second], waiting = going, waiting - going
            batches[second] = max(going / sync.batch_size, min(going, polls[second]))
    work += batches * cost.batch_s + sent * cost.record_s
    up += batches * (cost.batch_head_bytes + _HTTP) + sent * cost.record_bytes
    down += batches * (cost.receipt_bytes + _HTTP)
    if day.roster[1]:
        down += _downloads(day, kiosks, sync)
    cpu_wait, cpu_share = _queue(work, float(cores))
    line_wait, line_share = _queue(down, uplink)
    told = {
        "requests": int((polls * len(_POLLS) + batches).sum()),
        "requests_a_second_most": int((polls * len(_POLLS) + batches).max()),
        "up_GB": round(float(up.sum()) / 1e9, 2),
        "down_GB": round(float(down.sum()) / 1e9, 2),
        "cores_busy_mean": round(float(work.sum()) / DAY, 2),
        "processor_wait_s_most": round(cpu_wait, 1),
        "line_wait_s_most": round(line_wait, 1),
        "records_left": int(waiting),
    }
    return {**told, "breaks_first": _first(cpu_wait, cpu_share, line_wait, line_share)}


def _first(cpu_wait: float, cpu_share: float, line_wait: float, line_share: float) -> str:
    limits = {"the processor": (cpu_wait, cpu_share), "the line": (line_wait, line_share)}
    name, (wait, share) = max(limits.items(), key=lambda one: one[1])
    return f"{name}: {wait:.0f} s behind" if wait > 10 else f"nothing; nearest {name} ({share:.0%} in its busiest minute)"


def _rounds(day: Day, kiosks: int, sync: Sync, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return how many kiosks begin a round in each second: spread over the interval, and after an absence as back-off lets them."""
    out = np.zeros(DAY)
    first = rng.uniform(0, sync.interval_s, kiosks)
    for step in range(int(DAY / sync.interval_s)):
        at = (first + step * sync.interval_s).astype(int)
        at = at[at < DAY]
        if day.away[1]:
            at = at[(at < day.away[0]) | (at >= day.away[1] + sync.probe_s)]
        np.add.at(out, at, 1.0)
    if day.away[1]:
        # Each looks at the bureau's port every probe_s with jitter, and delivers at once when it opens (docs/sync.md, When).
        np.add.at(out, (day.away[1] + rng.uniform(0, sync.probe_s, kiosks)).astype(int), 1.0)
    return out


def _records(kiosks: int, visits: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return how many records are saved in each second: most in the morning, none at night."""
    at = _OPEN[0] + rng.beta(1.6, 3.0, kiosks * visits) * (_OPEN[1] - _OPEN[0])
    return np.bincount(at.astype(int), minlength=DAY).astype(float)


def _downloads(day: Day, kiosks: int, sync: Sync) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return bytes wanted in each second: every kiosk hears of the new roster within one interval."""
    out = np.zeros(DAY)
    end = day.roster[0] + int(sync.interval_s)
    out[day.roster[0] : end] = kiosks * day.roster[1] / sync.interval_s
    return out


def _queue(work: np.ndarray[Any, np.dtype[np.float64]], rate: float) -> tuple[float, float]:
    """Return (longest wait in seconds behind a server of `rate` a second, its share of use in the busiest minute)."""
    left = longest = 0.0
    for second in range(DAY):
        left = max(0.0, left + work[second] - rate)
        longest = max(longest, left / rate)
    busiest = np.convolve(work, np.ones(60), "valid").max() / (60 * rate)
    return longest, float(busiest)
