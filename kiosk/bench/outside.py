"""`kiosk bench outside`: a kiosk and a bureau killed at random, judged by somebody who knows nothing of the inside of either.

The harness uses what anybody has: the commands `kiosk provision | sync | home-visits`, the bureau's /v1 and /admin, files on a
stick. It speaks the wire itself, as a portable kiosk whose home visits are brought in by stick; no table, key or file of the
kiosk's store is read. What a command said is brought in is taken off the stick: from then on the kiosk alone has it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from kiosk import config
from kiosk.bureau.process import BureauProcess
from kiosk.canonical import canonical
from kiosk.errors import SyncUnavailable
from kiosk.removable import files
from kiosk.sync import protocol, seal, suites
from kiosk.sync.keys import Keys

STATION = "SZ-OUTSIDE-0001"
PEOPLE = 40
_PATIENCE = 40  # rounds until everything must be delivered


@dataclass
class Outside:
    """What an outsider holds: a folder, the two addresses, its own keys, and what it was told."""

    folder: Path
    bureau: BureauProcess
    rng: random.Random
    suite: suites.Suite
    keys: Keys
    kiosk_id: str = ""  # of the kiosk under test
    own_id: str = ""
    loan_id: str = ""
    given: dict[str, bytes] = field(default_factory=dict)  # record id -> canonical bytes, as they lay on the stick
    received: set[str] = field(default_factory=set)  # a `kiosk sync now` said that a receipt covers them
    last: str = ""  # what the last `kiosk sync now` said
    kills: int = 0
    bureau_kills: int = 0
    their_keys: protocol.PublicKeys | None = None  # of the kiosk under test
    starting: threading.Thread | None = None  # the bureau, again: the kiosk goes on meanwhile

    def bureau_is_there(self) -> None:
        """Wait until a bureau that was killed answers again."""
        if self.starting is not None:
            self.starting.join()
            self.starting = None
            self.bureau.start()  # raises what the thread has met

    @property
    def medium(self) -> Path:
        """The stick."""
        return self.folder / "stick"

    def command(self, *arguments: str, kill_after_s: float = 0.0, stdin: str = "") -> tuple[int | None, str]:
        """Run `kiosk ARGUMENTS`; return (status, what it printed), status None when it was killed by then."""
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "kiosk", *arguments],
            cwd=config.ROOT,
            env={**os.environ, "KIOSK_CONFIG": str(self.folder / "kiosk.toml")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            out, _ = child.communicate(stdin, timeout=kill_after_s or 120)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.communicate()
            self.kills += 1
            return None, ""
        return child.returncode, out

    def enrol(self, code: str) -> str:
        """Register the harness's own keys, by the wire alone; return the id it got."""
        asked = protocol.Enrolment(secret=code.replace("-", "")[-26:-16], station_id=STATION, name="outside", keys=self.keys.public)
        signed = seal.sign(asked, self.keys.sign, STATION)
        answer = httpx.post(
            f"{self.bureau.url}/v1/enrol",
            content=signed,
            headers={"Content-Type": protocol.MEDIA_TYPE},
            trust_env=False,
            timeout=30,
        )
        answer.raise_for_status()
        return "kiosk-" + seal.fingerprint(self.keys.public).lower()


def run(
    kills: int = 60, bureau_kills: int = 12, seconds: int = 0, seed: int = 1, db: str = "", suite: str = "std-1"
) -> dict[str, Any]:
    """Do it; return the counts. `within_bounds` is False when a record was lost, doubled or changed, or a receipt was not true.

    seconds: kill no more after that time, however many kills are still asked for; 0: no such bound.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kiosk-outside-") as name:
        bureau = BureauProcess(data=Path(name) / "bureau", db=db, auto_confirm=True)
        bureau.start()
        try:
            spoken = suites.by_name(suite)
            at = Outside(Path(name), bureau, random.Random(seed), spoken, Keys(*seal.new_keys(spoken)))
            _set_up(at)
            life_s = _quietly(at)
            every = max(1, kills // max(1, bureau_kills))
            until = began + seconds if seconds else float("inf")
            while (at.kills < kills or at.bureau_kills < bureau_kills) and time.monotonic() < until:
                if at.bureau_kills < bureau_kills and at.kills >= min(kills, (at.bureau_kills + 1) * every):
                    _bureau_dies(at, life_s)
                else:
                    _disturbed(at, life_s)
            at.bureau_is_there()
            _settle(at)
            return {**_compare(at), "seconds": round(time.monotonic() - began, 1)}
        finally:
            bureau.kill()


def _set_up(at: Outside) -> None:
    (at.folder / "kiosk.toml").write_text(
        f'[station]\nstation_id = "{STATION}"\nname = "outside"\n[store]\ndirectory = "{at.folder}/kiosk"\n'
        f'key_file = "{at.folder}/database.key"\n[sync]\nbureau_url = "{at.bureau.url}"\nkey_file = "{at.folder}/kiosk.json"\n',
        encoding="utf-8",
    )
    at.medium.mkdir()
    _must(at.command("provision", "--code-file", "-", stdin=at.bureau.enrolment_code(STATION, at.suite.name)), "provision")
    at.own_id = at.enrol(at.bureau.enrolment_code(STATION, at.suite.name))
    at.kiosk_id = next(one["kiosk_id"] for one in at.bureau.summary()["stations"] if one["kiosk_id"] != at.own_id)
    roster = at.folder / "roster.jsonl"
    roster.write_text("".join(json.dumps(_person(number), ensure_ascii=False) + "\n" for number in range(PEOPLE)), encoding="utf-8")
    at.bureau.issue_roster(roster)
    _must(at.command("sync", "now"), "sync now")
    people = [part for number in range(PEOPLE) for part in ("--person", f"P{number}")]
    told = _must(at.command("home-visits", "export", "--to", at.own_id, *people, "--json", str(at.medium)), "export")
    at.loan_id = json.loads(told)["loan"]


def _person(number: int) -> dict[str, Any]:
    body = f"440305195001{number % 28 + 1:02d}{number:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]
    benefit = {"benefit_id": "enterprise-employee", "kind": "enterprise-employee", "policy_id": "deferred-month"}
    return {"person_id": f"P{number}", "name": "张某某", "id_number": body + check, "status": "active", "benefits": [benefit]}


def _record(rng: random.Random) -> dict[str, Any]:
    return {
        "record_id": str(uuid.uuid4()),
        "visit_id": str(uuid.uuid4()),
        "station_id": STATION,
        "person_id": f"P{rng.randrange(PEOPLE)}",
        "benefit_id": "enterprise-employee",
        "policy_id": "deferred-month",
        "policy_period": f"2026-{rng.randrange(1, 13):02d}",
        "channel": "home-visit",
        "outcome": "passed",
        "reason": "ok",
        "clock": {
            "captured_at_utc": datetime.now(UTC).isoformat(),
            "monotonic_s": 12.5,
            "boot_id": "outside",
            "high_water_utc": None,
            "suspect": False,
            "confirmed_by": "",
        },
        "identified_by": "reader",
        "roster_version": 1,
        "author": "A7",
        "consent_id": str(uuid.uuid4()),
        "actions": [],
        "checks": [],
        "model_digest": "",
        "valid_from": None,
        "valid_to": None,
        "helper_name": "",
        "helper_id_number": "",
        "notes": "",
    }


def _must(done: tuple[int | None, str], what: str) -> str:
    if done[0] != 0:
        raise SyncUnavailable(f"{what}: status {done[0]} {done[1][-300:]}")
    return done[1]


def _lay_on(at: Outside) -> None:
    """Put a return with a few records on the stick, as a portable kiosk does."""
    contents = [canonical(_record(at.rng)) for _ in range(at.rng.randrange(1, 6))]
    at.given |= {json.loads(one)["record_id"]: one for one in contents}
    now = datetime.now(UTC)
    keys = at.their_keys = at.their_keys or _keys_of(at)
    document = protocol.HomeReturn(
        return_id=str(uuid.uuid4()),
        loan_id=at.loan_id,
        from_kiosk=at.own_id,
        to_kiosk=at.kiosk_id,
        created_at=now,
        records=tuple(one.decode() for one in contents),
    )
    sealed = seal.encrypt(seal.sign(document, at.keys.sign, at.own_id), seal.recipient_key(keys), at.kiosk_id)
    folder = at.medium / files.ROOT_NAME / at.kiosk_id / "home"
    files.write_file(folder / files.named(f"return-{now + timedelta(days=7):%Y%m%d}-{at.loan_id}", sealed, "jwe"), sealed)


def _keys_of(at: Outside) -> protocol.PublicKeys:
    """The other kiosk's keys, from the bundle that the bureau has sealed to us: a GET like every kiosk's."""
    with httpx.Client(base_url=at.bureau.url, trust_env=False, timeout=30.0) as http:
        path = "/v1/bundle?have=0"
        token = protocol.Token(kiosk_id=at.own_id, method="GET", path=path, at=datetime.now(UTC))
        answer = http.get(path, headers={"Authorization": "Kiosk " + seal.sign(token, at.keys.sign, at.own_id)})
        answer.raise_for_status()
    compact = seal.decrypt(answer.content, at.keys.seal, at.own_id)
    bureau_id = seal.signer_of(compact)
    health = httpx.get(f"{at.bureau.url}/v1/health", trust_env=False, timeout=30.0).json()
    if bureau_id not in health["bureau_ids"].values():
        raise SyncUnavailable("the bundle is of another bureau")
    payload = compact.split(".")[1]
    return _peer_in(payload, at.kiosk_id)


def _peer_in(payload: str, kiosk_id: str) -> protocol.PublicKeys:
    import base64

    data = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    if not data.startswith(b"{"):
        data = seal.decompress(data, 1024 * 1024)
    peers = {one["kiosk_id"]: one["keys"] for one in json.loads(data)["peers"]}
    return protocol.PublicKeys.model_validate(peers[kiosk_id])


def _merge_results(at: Outside, kill_after_s: float = 0.0) -> None:
    status, out = at.command("home-visits", "merge", "--json", str(at.medium), kill_after_s=kill_after_s)
    if status is None:
        return
    for line in out.splitlines():
        told = json.loads(line)
        if told["outcome"] == "refused":
            raise SyncUnavailable(f"a good return was refused: {told['why']}")
        (at.medium / files.ROOT_NAME / at.kiosk_id / "home" / told["file"]).unlink(missing_ok=True)


# What `sync now --json` counts that waits for nothing more.
_SETTLED = ("received", "refused", "confirmed", "returned")


def _deliver(at: Outside, kill_after_s: float = 0.0) -> bool:
    status, out = at.command("sync", "now", "--json", kill_after_s=kill_after_s)
    at.last = f"{status} {out[-600:]}"
    if status is None or not out.startswith("{"):
        return False
    told = json.loads(out)
    at.received |= {record_id for record_id, stage, _ in told["moved"] if stage == "received"}
    counts = told["counts"]
    return status == 0 and not any(number for name, number in counts.items() if name not in _SETTLED)


def _quietly(at: Outside) -> float:
    """Do everything once undisturbed; return how long a command takes."""
    _lay_on(at)
    began = time.monotonic()
    _merge_results(at)
    life_s = time.monotonic() - began
    _deliver(at)
    return life_s


def _disturbed(at: Outside, life_s: float) -> None:
    _lay_on(at)
    work = at.rng.choice((_merge_results, _deliver))
    # A command is mostly its start: kills lie in its second half, where something is written.
    work(at, life_s * at.rng.uniform(0.4, 1.1))


def _bureau_dies(at: Outside, life_s: float) -> None:
    """Kill the bureau while the kiosk delivers to it; start it again while the kiosk works on, and meets nobody at first."""
    at.bureau_is_there()
    _lay_on(at)
    _merge_results(at)
    dies = threading.Timer(life_s * at.rng.uniform(0.4, 1.1), at.bureau.kill)
    dies.start()
    _deliver(at)
    dies.join()
    at.bureau_kills += 1

    def start() -> None:
        with contextlib.suppress(SyncUnavailable):
            at.bureau.start()

    at.starting = threading.Thread(target=start, daemon=True)
    at.starting.start()


def _settle(at: Outside) -> None:
    _merge_results(at)
    for _ in range(_PATIENCE):
        if _deliver(at):
            return
    raise SyncUnavailable(f"not everything was delivered: {at.last}")


def _compare(at: Outside) -> dict[str, Any]:
    there: dict[str, list[dict[str, Any]]] = {}
    for one in at.bureau.all_records():
        there.setdefault(one["record_id"], []).append(one)
    digests = {record_id: at.suite.digest(content) for record_id, content in at.given.items()}
    lost = [one for one in digests if one not in there]
    strangers = [one for one in there if one not in digests]
    changed = [one for one in digests if one in there and there[one][0]["content_digest"] != digests[one]]
    untrue = [one for one in at.received if one not in there]
    doubled = sum(len(rows) - 1 for rows in there.values())
    wanted = len({one["pass_key"] for rows in there.values() for one in rows})
    passes = at.bureau.summary()["passes"]
    _, told = at.command("sync", "status", "--json")
    counts = json.loads(told)["counts"]
    agreed = counts["received"] == len(digests) and counts["refused"] == 0
    verified, _ = at.command("journal", "verify")
    return {
        "kills": at.kills,
        "bureau_kills": at.bureau_kills,
        "records": len(digests),
        "lost": len(lost),
        "doubled": doubled,
        "changed": len(changed),
        "strangers": len(strangers),
        "untrue_receipts": len(untrue),
        "passes": passes,
        "pass_keys": wanted,
        "kiosk_counts": counts,
        "journal_holds": verified == 0,
        "within_bounds": not (lost or doubled or changed or strangers or untrue) and passes == wanted and agreed and verified == 0,
    }
