"""What a suite costs: both side by side in one run, batch by batch in turns, so that the ratio holds on any machine.

`seal`, `open`: a batch of 20 records signed and sealed, opened and verified, in memory. `way`: from the kiosk's encrypted store to
the bureau's database and back (packed, taken, receipt verified and applied), without the network. Called by `kiosk bench suites`.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiosk import config
from kiosk.bureau import ingest, tables
from kiosk.bureau.context import BureauContext, BureauSettings, open_context, prepare
from kiosk.domain.record import AuthenticationRecord, Channel, ClockEvidence, Outcome, new_record_id
from kiosk.store import clock, outbox, records
from kiosk.store.engine.database import Store
from kiosk.store.opening import open_store
from kiosk.sync import client, protocol, registration, seal, suites
from kiosk.sync.batches import Clocks, accept_receipt, pack
from kiosk.sync.keys import Identity, Keys, Pins

STATION = "SZ-BENCH-0001"
_BATCH = 20
_BOUND = 2.0  # the issue: gm-1 within twice of std-1 for a batch of 20


@dataclass
class _End:
    """A kiosk of one suite and its bureau, and what was measured."""

    suite: suites.Suite
    store: Store
    context: BureauContext
    identity: Identity
    size: int = 0
    seal_s: list[float] = field(default_factory=list)
    open_s: list[float] = field(default_factory=list)
    way_s: list[float] = field(default_factory=list)
    sign_s: list[float] = field(default_factory=list)


def run(batches: int = 60) -> dict[str, Any]:
    """Do it; times are medians. `within_bounds`: gm-1's way takes at most twice as long as std-1's."""
    with tempfile.TemporaryDirectory(prefix="kiosk-suites-") as name:
        ends = [_make(suite, Path(name) / suite.name) for suite in (suites.STD_1, suites.GM_1)]
        try:
            for number in range(batches + 3):  # three to warm up
                for one in ends if number % 2 else ends[::-1]:
                    _once(one, keep=number >= 3)
        finally:
            for one in ends:
                one.store.close()
                one.context.engine.dispose()
        out: dict[str, Any] = {"batches": batches, "records": _BATCH}
        std, gm = ({**_figures(one)} for one in ends)
        for key in std:
            out[f"std-1 {key}"], out[f"gm-1 {key}"] = std[key], gm[key]
        for key in ("sign_ms", "seal_ms", "open_ms", "way_ms", "bytes"):
            out[f"gm-1 / std-1 {key}"] = round(gm[key] / std[key], 2)
        return {**out, "within_bounds": out["gm-1 / std-1 way_ms"] <= _BOUND}


def _figures(one: _End) -> dict[str, float]:
    way = statistics.median(one.way_s)
    return {
        "sign_ms": round(1000 * statistics.median(one.sign_s), 3),
        "seal_ms": round(1000 * statistics.median(one.seal_s), 3),
        "open_ms": round(1000 * statistics.median(one.open_s), 3),
        "way_ms": round(1000 * way, 2),
        "batches_per_s": round(1 / way, 1),
        "bytes": one.size,
    }


def _once(one: _End, *, keep: bool) -> None:
    now = datetime.now(UTC)
    for _ in range(_BATCH):
        records.save_visit(one.store, [_record(now)], now)
    began = time.perf_counter()
    rows = outbox.lease(one.store.db, now, _BATCH)
    packed = pack(one.store, one.identity, rows, "network", Clocks())
    text = ingest.take_batch(one.context, packed.sealed)
    receipt, signed = client.verified(one.identity, text.encode(), protocol.Receipt)
    with one.store.transaction():
        moved = accept_receipt(one.store.db, receipt, signed)
    way_s = time.perf_counter() - began
    if len(moved) != _BATCH:
        raise RuntimeError("not everything was received")
    opened = seal.decrypt(packed.sealed, one.context.keys.seal, one.context.bureau_id)
    plain = seal.verify_bytes(opened, one.identity.keys.sign, one.identity.pins.kiosk_id, "batch")
    if keep:
        one.way_s.append(way_s)
        one.seal_s.append(_timed(lambda: _sealed(one, plain)))
        one.open_s.append(_timed(lambda: _opened(one, packed.sealed)))
        one.sign_s.append(_timed(lambda: one.suite.signature.sign(plain, one.identity.keys.sign)))
        one.size = len(packed.sealed)


def _sealed(one: _End, plain: bytes) -> bytes:
    signed = seal.sign_plain(plain, "batch", one.identity.keys.sign, one.identity.pins.kiosk_id)
    return seal.encrypt(signed, one.identity.bureau_seal, one.identity.pins.bureau_id)


def _opened(one: _End, sealed: bytes) -> protocol.Batch:
    compact = seal.decrypt(sealed, one.context.keys.seal, one.context.bureau_id)
    return seal.verify(compact, seal.verify_key(one.identity.keys.public), one.identity.pins.kiosk_id, protocol.Batch)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _make(suite: suites.Suite, folder: Path) -> _End:
    settings = BureauSettings(data=str(folder / "bureau"), suites=(suite.name,))
    (folder / "bureau").mkdir(parents=True)
    prepare(settings)
    context = open_context(settings)
    keys = Keys(*seal.new_keys(suite))
    kiosk_id = "kiosk-" + seal.fingerprint(keys.public).lower()
    with context.session.begin() as session:
        session.add(
            tables.Kiosk(
                kiosk_id=kiosk_id,
                station_id=STATION,
                name="",
                sign_key=keys.public.sign,
                seal_key=keys.public.seal,
                suite=suite.name,
                created_at=datetime.now(UTC),
            )
        )
    pins = Pins(
        suite=suite.name, kiosk_id=kiosk_id, station_id=STATION, bureau_id=context.bureau_id, bureau=context.keys.public, url=""
    )
    identity = Identity(keys, pins)
    chosen = config.Settings(
        station=config.Station(station_id=STATION),
        store=config.Store(directory=str(folder / "kiosk"), key_file=str(folder / "database.key")),
    )
    store = open_store(chosen)
    registration.follow(store, identity, datetime.now(UTC))
    return _End(suite, store, context, identity)


def _record(now: datetime) -> AuthenticationRecord:
    return AuthenticationRecord(
        record_id=new_record_id(),
        visit_id=str(uuid.uuid4()),
        station_id=STATION,
        person_id=f"P{uuid.uuid4().hex[:12]}",
        benefit_id="enterprise-employee",
        policy_id="deferred-month",
        policy_period="2026-11",
        channel=Channel.SELF_FACE,
        outcome=Outcome.PASSED,
        reason="ok",
        clock=ClockEvidence(now, time.monotonic(), clock.boot_id(), None),
        identified_by="reader",
        roster_version=1,
        consent_id=str(uuid.uuid4()),
        checks=(("depth", 0.25, False), ("stillness", 0.5, False), ("same-face", 0.75, False)),
    )
