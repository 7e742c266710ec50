"""A kiosk that saves and delivers until it is killed. Run by `chaos`: one process forks a kiosk a life.

Reads "SEED LIFETIME_MS BOUNDARY URL" a line; forks. The child is killed with -9 after that time, or, with a BOUNDARY above 0, kills
itself at that statement or request of a short life. Answers "killed" or "ended STATUS".
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from kiosk import config, failpoints
from kiosk.domain.record import AuthenticationRecord, Channel, ClockEvidence, Outcome, new_record_id
from kiosk.errors import StoreError
from kiosk.store import clock, records
from kiosk.store.opening import open_store
from kiosk.sync.client import Client
from kiosk.sync.delivery import Delivery, journal_lines
from kiosk.sync.keys import load_identity

STATION = "SZ-CHAOS-0001"


def settings(folder: Path, url: str) -> config.Settings:
    """Return the configuration of the kiosk under test."""
    return config.Settings(
        station=config.Station(station_id=STATION, name="chaos"),
        store=config.Store(directory=str(folder), key_file=str(folder / "database.key")),
        sync=config.Sync(bureau_url=url, key_file=str(folder / "kiosk.json"), timeout_s=0.6),
    )


def made_up(rng: random.Random) -> AuthenticationRecord:
    """Return a record of nobody; some claim the same pass."""
    now = datetime.now(UTC)
    return AuthenticationRecord(
        record_id=new_record_id(),
        visit_id=str(uuid.uuid4()),
        station_id=STATION,
        person_id=f"P{rng.randrange(400)}",
        benefit_id="enterprise-employee",
        policy_id="deferred-month",
        policy_period="2026-11",
        channel=Channel.SELF_FACE,
        outcome=rng.choice((Outcome.PASSED, Outcome.PASSED, Outcome.FAILED)),
        reason="ok",
        clock=ClockEvidence(now, time.monotonic(), clock.boot_id(), None),
        identified_by="reader",
        roster_version=1,
        consent_id=str(uuid.uuid4()),
    )


def live(folder: Path, url: str, seed: int) -> None:
    """Save visits and deliver, for ever. The ledger names a record once its save has returned: from then on it must not be lost."""
    rng = random.Random(seed)
    ledger = os.open(folder / "ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    chosen = settings(folder, url)
    with open_store(chosen) as store:
        client = Client(chosen.sync, load_identity(chosen.sync))
        delivery = Delivery(chosen.sync, client, lambda work: work(store), journal_tail=journal_lines)
        delivery.start()
        while True:
            for _ in range(rng.randrange(1, 4)):
                saved = records.save_visit(store, [made_up(rng) for _ in range(rng.randrange(1, 3))], datetime.now(UTC))
                os.write(ledger, "".join(f"{one}\n" for one in saved).encode())
            try:
                delivery.round(rng.choice((1, 3, 20)))
            except StoreError as error:
                raise SystemExit(3) from error


def short_life(folder: Path, url: str, seed: int, boundary: int) -> None:
    """Save two visits, deliver, hear what was decided; die at the `boundary`-th statement or request."""
    rng, passed = random.Random(seed), 0

    def die(_: str) -> None:
        nonlocal passed
        passed += 1
        if passed == boundary:
            os.kill(os.getpid(), signal.SIGKILL)

    failpoints.watch(die)
    ledger = os.open(folder / "ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    chosen = settings(folder, url)
    with open_store(chosen) as store:
        client = Client(chosen.sync.model_copy(update={"timeout_s": 10.0}), load_identity(chosen.sync))
        delivery = Delivery(chosen.sync, client, lambda work: work(store), journal_tail=journal_lines)
        delivery.start()
        for _ in range(2):
            saved = records.save_visit(store, [made_up(rng)], datetime.now(UTC))
            os.write(ledger, "".join(f"{one}\n" for one in saved).encode())
        delivery.round(1)
    (folder / "boundaries").write_text(str(passed))  # how many there were; written only by a life that was not killed
    os._exit(0)


def main() -> int:
    """Serve lives."""
    folder = Path(sys.argv[1])
    print("ready", flush=True)
    for line in sys.stdin:
        seed, lifetime_ms, boundary, url = line.split()
        child = os.fork()
        if child == 0:
            try:
                if int(boundary):
                    short_life(folder, url, int(seed), int(boundary))
                live(folder, url, int(seed))
            finally:
                os._exit(4)
        if not int(boundary):
            time.sleep(int(lifetime_ms) / 1000)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else f"ended {os.waitstatus_to_exitcode(status)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
