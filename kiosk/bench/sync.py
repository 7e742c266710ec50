"""Sync: one kiosk's drain against a bare httpx loop that posts the same bytes, and a fleet of kiosks against PostgreSQL.

Both are whole processes on this machine: the bureau with several workers, the database, and the kiosks. The ratio is taken with a
real kiosk (encrypted store, sealing, receipts); the fleet's kiosks keep their records in memory, and seal and verify as real ones.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import column, insert, table

from kiosk.bench import chaos_kiosk
from kiosk.bench.postgres import Cluster
from kiosk.bureau import database, tables
from kiosk.bureau.process import BureauProcess
from kiosk.canonical import canonical
from kiosk.domain.record import AuthenticationRecord, Channel, ClockEvidence, Outcome, new_record_id
from kiosk.store import clock, outbox, records
from kiosk.store.content import content_of
from kiosk.store.opening import open_store
from kiosk.sync import protocol, seal, suites
from kiosk.sync.client import Client
from kiosk.sync.delivery import Delivery
from kiosk.sync.keys import Keys, parse_keys
from kiosk.sync.provision import provision

_RATIO_BOUND = 1.5
_BATCH = 20


def run(kiosks: int = 200, fleet_records: int = 100_000, drain: int = 1000, pairs: int = 5, workers: int = 2) -> dict[str, Any]:
    """Measure; return figures and whether they are within their bounds. Without PostgreSQL the fleet is left out, and said so."""
    out: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-sync-") as name, _cluster() as cluster:
        folder = Path(name)
        out |= _ratio(folder / "ratio", cluster, drain, pairs)
        if cluster is not None:
            out |= _fleet(folder / "fleet", cluster, kiosks, fleet_records, workers)
    out["database"] = "postgresql" if cluster is not None else "sqlite"
    out["bounds"] = f"drain_ratio <= {_RATIO_BOUND}; fleet: none lost, none doubled"
    out["within_bounds"] = out["drain_ratio"] <= _RATIO_BOUND and not out.get("fleet_lost") and not out.get("fleet_doubled")
    return out


@contextmanager
def _cluster() -> Iterator[Cluster | None]:
    if not Cluster.available():
        yield None
        return
    with Cluster() as cluster:
        yield cluster


# --- one kiosk


def _ratio(folder: Path, cluster: Cluster | None, drain: int, pairs: int) -> dict[str, Any]:
    """Drain a real kiosk, then post the very same bytes with a bare loop to a bureau in the state in which the first one was."""
    ratios, drains, bares = [], [], []
    sent: list[bytes] = []
    for number in range(pairs):
        place = folder / str(number)
        db = cluster.create() if cluster else ""
        with BureauProcess(data=place / "bureau", db=db) as bureau:
            chosen = chaos_kiosk.settings(place / "kiosk", bureau.url)
            chosen = chosen.model_copy(update={"sync": chosen.sync.model_copy(update={"timeout_s": 30.0})})
            identity = provision(chosen, bureau.url, bureau.enrolment_code(chaos_kiosk.STATION))
        twin = cluster.copy(db) if cluster else ""
        shutil.copytree(place / "bureau", place / "twin")
        with open_store(chosen) as store, BureauProcess(data=place / "bureau", db=db) as bureau:
            for _ in range(drain):
                records.save_visit(store, [_made_up(chaos_kiosk.STATION)], datetime.now(UTC))
            client = Client(chosen.sync.model_copy(update={"bureau_url": bureau.url}), identity)
            sent.clear()
            send = client.send

            def keeping(path: str, sealed: bytes, model: Any, send: Any = send) -> Any:
                sent.append(sealed)
                return send(path, sealed, model)

            client.send = keeping  # type: ignore[method-assign]  # listens in: what is sent is measured
            client.time()  # both loops begin with an open connection
            delivery = Delivery(chosen.sync, client, lambda work: work(store))
            began = time.perf_counter()
            done = delivery.round(_BATCH)
            drains.append(time.perf_counter() - began)
            client.close()
            if done.failure is not None or outbox.counts(store.db)["received"] != drain:
                raise RuntimeError(f"the drain did not end well: {done.failure}")
        with (
            BureauProcess(data=place / "twin", db=twin) as bureau,
            httpx.Client(base_url=bureau.url, trust_env=False, timeout=30) as bare,
        ):
            bare.get("/v1/health")
            began = time.perf_counter()
            for sealed in sent:
                if bare.post("/v1/batches", content=sealed, headers={"Content-Type": protocol.MEDIA_TYPE}).status_code != 200:
                    raise RuntimeError("the bare loop was refused")
            bares.append(time.perf_counter() - began)
            if len(bureau.all_records()) != drain:
                raise RuntimeError("the twin did not take the records")
        ratios.append(drains[-1] / bares[-1])
    return {
        "drain_records": drain,
        "drain_s": statistics.median(drains),
        "drain_bare_s": statistics.median(bares),
        "drain_ratio": statistics.median(ratios),
        "drain_ratios": [round(one, 3) for one in ratios],
        "drain_records_per_s": drain / statistics.median(drains),
    }


def _made_up(station: str, person: str = "") -> AuthenticationRecord:
    now = datetime.now(UTC)
    return AuthenticationRecord(
        record_id=new_record_id(),
        visit_id=str(uuid.uuid4()),
        station_id=station,
        person_id=person or uuid.uuid4().hex,
        benefit_id="enterprise-employee",
        policy_id="deferred-month",
        policy_period="2026-11",
        channel=Channel.SELF_FACE,
        outcome=Outcome.PASSED,
        reason="ok",
        clock=ClockEvidence(now, time.monotonic(), clock.boot_id(), now),
        identified_by="reader",
        roster_version=1,
        consent_id=str(uuid.uuid4()),
        actions=("blink", "turn-left"),
        checks=(("depth", 0.412345, False), ("stillness", 0.01234, False), ("bent_print", 0.9, False)),
        model_digest="0" * 64,
    )


# --- the fleet


@dataclass
class _Kiosk:
    kiosk_id: str
    station_id: str
    keys: Keys = field(repr=False)
    batches: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list, repr=False)  # id, sealed, record -> digest


def _fleet(folder: Path, cluster: Cluster, count: int, total: int, workers: int) -> dict[str, Any]:
    db = cluster.create()
    with BureauProcess(data=folder, db=db, workers=workers) as bureau:
        bureau_keys = parse_keys((folder / "keys.json").read_text(encoding="utf-8"), "bureau")
        bureau_id = "bureau-" + seal.fingerprint(bureau_keys.public)
        kiosks = _register(db, count)
        for number, kiosk in enumerate(kiosks):
            _fill(kiosk, total // count + (number < total % count), bureau_keys.public, bureau_id)
        began = time.perf_counter()
        tally = asyncio.run(_deliver(bureau.url, kiosks, bureau_keys, bureau_id))
        seconds = time.perf_counter() - began
        there = {one["record_id"]: one for one in bureau.all_records()}
        summary = bureau.summary()
    wanted = {record_id: digest for kiosk in kiosks for _, _, made in kiosk.batches for record_id, digest in made.items()}
    lost = [one for one, digest in wanted.items() if one not in there or there[one]["content_digest"] != digest]
    doubled = (len(there) - len(wanted)) + (summary["passes"] - len(wanted)) + (summary["batches"] - tally.batches)
    delays = sorted(tally.delays_s)
    return {
        "fleet_kiosks": count,
        "fleet_workers": workers,
        "fleet_records": len(wanted),
        "fleet_s": seconds,
        "fleet_records_per_s": len(wanted) / seconds,
        "fleet_batches": tally.batches,
        "fleet_sent_twice": tally.repeated,
        "fleet_p50_ms": delays[len(delays) // 2] * 1000,
        "fleet_p99_ms": delays[int(len(delays) * 0.99)] * 1000,
        "fleet_max_ms": delays[-1] * 1000,
        "fleet_busy_answers": tally.busy,
        "fleet_verdicts": dict(tally.verdicts),
        "fleet_lost": len(lost),
        "fleet_doubled": doubled,
    }


# Named one by one: a bureau of a version before, beside which this one is measured, has no others.
_TEXTS = ("kiosk_id", "station_id", "name", "sign_key", "seal_key", "suite", "revoked_reason", "software")
_NUMBERS = ("last_seq", "backlog", "roster_version", "decision_seq")
_KIOSKS = table("kiosks", column("created_at", tables.Utc()), *map(column, _TEXTS + _NUMBERS))


def _register(db: str, count: int) -> list[_Kiosk]:
    """Enter the kiosks in the bureau's table; two hundred codes and scrypt hashes are not what is measured."""
    kiosks = []
    engine = database.open_engine(db)
    with engine.begin() as connection:
        for number in range(count):
            keys = Keys(*seal.new_keys())
            kiosk = _Kiosk("kiosk-" + seal.fingerprint(keys.public).lower(), f"SZ-FLEET-{number:04d}", keys)
            kiosks.append(kiosk)
            connection.execute(
                insert(_KIOSKS).values(
                    kiosk_id=kiosk.kiosk_id,
                    station_id=kiosk.station_id,
                    name="",
                    sign_key=keys.public.sign,
                    seal_key=keys.public.seal,
                    suite="std-1",
                    created_at=datetime.now(UTC),
                    revoked_reason="",
                    last_seq=0,
                    backlog=0,
                    roster_version=0,
                    software="",
                    decision_seq=0,
                )
            )
    engine.dispose()
    return kiosks


def _fill(kiosk: _Kiosk, count: int, to: protocol.PublicKeys, bureau_id: str) -> None:
    """Seal the kiosk's records in batches, as `delivery.pack` does."""
    import json

    recipient = seal.recipient_key(to)
    for seq, start in enumerate(range(0, count, _BATCH), 1):
        contents = [content_of(_made_up(kiosk.station_id)) for _ in range(min(_BATCH, count - start))]
        now = datetime.now(UTC)
        head = protocol.BatchHead(
            batch_id=str(uuid.uuid4()),
            kiosk_id=kiosk.kiosk_id,
            seq=seq,
            created_at=now,
            backlog=count - start - len(contents),
            clock=protocol.SendClock(sent_at_utc=now, monotonic_s=time.monotonic(), boot_id=clock.boot_id()),
        )
        plain = {**head.model_dump(mode="json"), "records": [json.loads(one) for one in contents]}
        signed = seal.sign_plain(canonical(plain), "batch", kiosk.keys.sign, kiosk.kiosk_id)
        kiosk.batches.append(
            (
                head.batch_id,
                seal.encrypt(signed, recipient, bureau_id),
                {
                    one["record_id"]: suites.of(kiosk.keys.sign).digest(content.encode())
                    for one, content in zip(plain["records"], contents, strict=True)
                },
            )
        )


@dataclass
class _Tally:
    delays_s: list[float] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    repeated: int = 0
    busy: int = 0


async def _deliver(url: str, kiosks: list[_Kiosk], bureau: Keys, bureau_id: str) -> _Tally:
    """All kiosks at the same moment, each one batch after the other, each receipt verified; every tenth batch is sent twice."""
    tally, key = _Tally(), seal.verify_key(bureau.public)
    limits = httpx.Limits(max_connections=len(kiosks), max_keepalive_connections=len(kiosks))
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=120.0, limits=limits) as http:

        async def post(sealed: bytes) -> str:
            while True:
                began = time.perf_counter()
                answer = await http.post("/v1/batches", content=sealed, headers={"Content-Type": protocol.MEDIA_TYPE})
                if answer.status_code == 503:
                    tally.busy += 1
                    await asyncio.sleep(float(answer.headers["retry-after"]))
                    continue
                tally.delays_s.append(time.perf_counter() - began)
                answer.raise_for_status()
                return answer.text

        async def one(kiosk: _Kiosk) -> None:
            for number, (batch_id, sealed, made) in enumerate(kiosk.batches):
                text = await post(sealed)
                receipt = seal.verify(text, key, bureau_id, protocol.Receipt)
                if receipt.batch_id != batch_id or receipt.batch_digest != suites.of(key).digest(sealed):
                    raise RuntimeError("a receipt of another batch")
                if {v.record_id: v.content_digest for v in receipt.verdicts} != made:
                    raise RuntimeError("a receipt about other records")
                tally.verdicts.update(v.verdict for v in receipt.verdicts)
                tally.batches += 1
                if number % 10 == 0:
                    tally.repeated += 1
                    if await post(sealed) != text:
                        raise RuntimeError("another receipt for the same bytes")

        await asyncio.gather(*map(one, kiosks))
    return tally
