"""The store: a save against a bare transaction with the same fsyncs, import and look-up at several sizes of roster.

People are made up; templates are random numbers. Two bare transactions stand beside a save, both in an encrypted database with the
same settings, both followed by a write of the mirror's size with the same fsync: one replays the very rows of a save as plain SQL
(so the ratio is what our own code costs), one puts as many bytes into a single row of a table without any index.
"""

from __future__ import annotations

import base64
import itertools
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from kiosk.config import Settings
from kiosk.domain.identity import check_digit
from kiosk.domain.person import Person
from kiosk.domain.record import AuthenticationRecord, Channel, ClockEvidence, Outcome, new_record_id
from kiosk.store import records, service
from kiosk.store.content import content_of
from kiosk.store.engine.database import Store, connect
from kiosk.store.opening import open_store
from kiosk.store.roster import build as roster_build
from kiosk.store.roster import lookup as roster

_SAVE_BOUND = 1.5
_LOOKUP_RATIO_BOUND = 5.0  # ours: p99 of `find` (four statements, checks, values) against one bare indexed read
_IMPORT_RATIO_BOUND = 2.5  # against bare rows into such a file in the same run: people a second moved fourfold between machines
_IMPORT_TURNS = 3  # bare rows and an import in turn, the median of their ratios: in one pair a busy machine falls on either
_MOST_TURNED = 100_000  # people; a million are imported once
_FLAT_BOUND = 2.0  # median look-up in the largest against the smallest roster
_FAMILY, _GIVEN = "王李张刘陈杨黄赵吴周", "国建志德永明华文荣福秀英玉兰桂芳丽珍凤美"


def run(
    people: int = 1_000_000, saves: int = 300, lookups: int = 4000, template_percent: int = 100, seed: int = 1
) -> dict[str, Any]:
    """Measure; return figures and whether they are within their bounds."""
    rng = random.Random(seed)
    out: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-store-") as name:
        folder = Path(name)
        settings = Settings.model_validate({"store": {"directory": str(folder / "var"), "key_file": str(folder / "key")}})
        now = datetime.now(UTC)
        with open_store(settings, now=now) as store:
            out |= _saves(store, folder, saves, now)
            sizes = sorted({size for size in (10_000, 100_000, people) if size <= people})
            medians = []
            for place, size in enumerate(sizes):
                first = 1 + place * _IMPORT_TURNS
                found = _roster(store, folder / "roster.jsonl", size, first, template_percent, lookups, rng, now)
                medians.append(found[f"find_p50_us_{size}"])
                out |= found
        out["find_flat_ratio"] = medians[-1] / medians[0]
    largest = sizes[-1]
    out["within_bounds"] = (
        out["save_ratio"] <= _SAVE_BOUND
        and out[f"find_p99_ratio_{largest}"] <= _LOOKUP_RATIO_BOUND
        and out[f"import_ratio_{largest}"] <= _IMPORT_RATIO_BOUND
        and out["find_flat_ratio"] <= _FLAT_BOUND
    )
    out["bounds"] = (
        f"save_ratio <= {_SAVE_BOUND}, find_p99_ratio <= {_LOOKUP_RATIO_BOUND}, import_ratio <= {_IMPORT_RATIO_BOUND}, "
        f"flat <= {_FLAT_BOUND}"
    )
    return out


def _saves(store: Store, folder: Path, count: int, now: datetime) -> dict[str, Any]:
    """Saves and bare transactions in turn, in changing order, so that whatever the machine does meanwhile meets all."""
    one_row = connect(folder / "bare.db", store.key)
    one_row.execute("CREATE TABLE t (a TEXT)")
    handle = os.open(folder / "bare.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    size = len(content_of(_record("v", now)))
    # What a save writes: the record in the outbox and in the mirror's queue, with some columns; and its frame in the mirror.
    payload, frame = "x" * (2 * size + 1500), b"x" * (size + 1500)
    told: list[tuple[Any, ...]] = []

    def save(number: int) -> float:
        record = _record(f"v-{number}", now)
        began = time.perf_counter()
        records.save_visit(store, [record], now)
        return time.perf_counter() - began

    def plain(connection: Any, statements: list[tuple[Any, ...]]) -> float:
        began = time.perf_counter()
        for statement in statements:
            connection.execute(*statement)
        os.write(handle, frame)
        os.fsync(handle)
        return time.perf_counter() - began

    times: dict[str, list[float]] = {"save": [], "same": [], "one": []}
    with _beside(store, folder / "model") as model, _beside(store, folder / "same") as same:
        real = model.db.execute

        def listen(*statement: Any) -> Any:
            told.append(statement)
            return real(*statement)

        model.db.execute = listen  # type: ignore[method-assign, assignment]  # listens in: the bare statements are measured too
        single: list[tuple[Any, ...]] = [("BEGIN IMMEDIATE",), ("INSERT INTO t VALUES (?)", (payload,)), ("COMMIT",)]
        deeds: dict[str, Callable[[int], float]] = {
            "save": save,
            "same": lambda _: plain(same.db.conn, told),
            "one": lambda _: plain(one_row.conn, single),
        }
        for number in range(count + 20):
            told.clear()
            records.save_visit(model, [_record(f"m-{number}", now)], now)
            told[:] = [statement for statement in told if not statement[0].startswith("SELECT")]
            names = list(deeds)
            for name in names[number % 3 :] + names[: number % 3]:
                seconds = deeds[name](number)
                if number >= 20:
                    times[name].append(seconds)
    os.close(handle)
    one_row.conn.close()
    median = {name: statistics.median(values) * 1000 for name, values in times.items()}
    return {
        "save_ms": median["save"],
        "save_p99_ms": _quantile(times["save"], 0.99) * 1000,
        "bare_same_rows_ms": median["same"],
        "bare_one_row_ms": median["one"],
        "save_ratio": median["save"] / median["same"],
        "save_ratio_one_row": median["save"] / median["one"],
        "saves": count,
    }


def _beside(store: Store, folder: Path) -> Store:
    """Return another, empty store with the same key."""
    values = {"directory": str(folder), "key_file": store.settings.store.key_file}
    return open_store(Settings.model_validate({"store": values}))


def _roster(
    store: Store, path: Path, size: int, first: int, template_percent: int, lookups: int, rng: random.Random, now: datetime
) -> dict[str, Any]:
    with path.open("wb") as file:
        for line in people_lines(size, template_percent):
            file.write(line + b"\n")
    imports: list[_Spent] = []
    ratios: list[_Spent] = []
    for turn in range(_IMPORT_TURNS if size <= _MOST_TURNED else 1):
        bare = _bare_rows(path, store.folder / "bare-rows.db", store.key)
        header = roster.RosterHeader(first + turn, now, size)
        with path.open("rb") as file, _Clock() as clock:
            info = roster.import_snapshot(store, (line.rstrip(b"\n") for line in file), header, now)
        imports.append(clock.spent)
        ratios.append(_Spent(clock.spent.wall / bare.wall, clock.spent.processor / bare.processor))
    path.unlink()
    asked = [rng.randrange(size) for _ in range(lookups)]
    found_s: list[float] = []
    own_find_s: list[float] = []
    bare_find_s: list[float] = []
    whole_s: list[float] = []
    today = now.date()
    for number in asked:
        person = Person(_name(number), _id_number(number))
        own = time.thread_time()  # the ratio is taken in our own time: what else the machine does is in neither
        store.db.conn.execute("SELECT line FROM roster.everybody WHERE id_number = ?", (person.id_number,)).fetchone()
        bare_find_s.append(time.thread_time() - own)
        began, own = time.perf_counter(), time.thread_time()
        entry = roster.find(store, person.id_number)
        middle = time.perf_counter()
        own_find_s.append(time.thread_time() - own)
        answer = service.look_up(store, person, today, now=now)
        whole_s.append(time.perf_counter() - middle)
        found_s.append(middle - began)
        if entry is None or answer.entry != entry:
            raise RuntimeError("a person who is in the roster was not found")
    return {
        f"import_people_per_s_{size}": size / statistics.median(one.wall for one in imports),
        f"import_people_per_cpu_s_{size}": size / statistics.median(one.processor for one in imports),
        f"import_ratio_{size}": statistics.median(one.wall for one in ratios),
        f"import_ratios_{size}": [round(one.wall, 2) for one in ratios],
        f"import_processor_ratio_{size}": statistics.median(one.processor for one in ratios),
        f"find_p99_ratio_{size}": _quantile(own_find_s, 0.99) / _quantile(bare_find_s, 0.99),
        f"find_p50_ratio_{size}": statistics.median(own_find_s) / statistics.median(bare_find_s),
        f"roster_mb_{size}": info.size_bytes / 1e6,
        f"find_p50_us_{size}": statistics.median(found_s) * 1e6,
        f"find_p99_ms_{size}": _quantile(found_s, 0.99) * 1e3,
        f"look_up_p50_us_{size}": statistics.median(whole_s) * 1e6,
        f"look_up_p99_ms_{size}": _quantile(whole_s, 0.99) * 1e3,
    }


@dataclass
class _Spent:
    """Seconds by the clock and of a processor, or two ratios of such."""

    wall: float = 0.0
    processor: float = 0.0


class _Clock:
    """`with` it what is measured; `spent` adds up."""

    def __init__(self) -> None:
        self.spent = _Spent()

    def __enter__(self) -> _Clock:
        self._wall, self._processor = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.spent.wall += time.perf_counter() - self._wall
        self.spent.processor += time.process_time() - self._processor


def _bare_rows(source: Path, path: Path, key: bytes) -> _Spent:
    """Put the same rows, ready made, into the same tables of such a file, with its indexes and one fsync; return what that took.

    Not in it: reading, parsing and checking of lines, and whatever else is ours.
    """
    connection = sqlcipher.connect(str(path), isolation_level=None)
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{roster_build.file_key(key)}'\"")
    for pragma in roster_build.FAST:
        connection.execute(f"PRAGMA {pragma}").fetchall()
    roster_build.make_tables(connection)
    clock, number = _Clock(), 0
    with clock:
        connection.execute("BEGIN")
    with source.open("rb") as file:
        while lines := [line.rstrip(b"\n") for line in itertools.islice(file, 2000)]:
            rows = [(number + n, *roster_build.row(roster_build.parsed(line, n))) for n, line in enumerate(lines, 1)]
            wide = [(number + n, line) for n, line in enumerate(lines, 1)]
            number += len(lines)
            with clock:
                connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)
                connection.executemany("INSERT INTO lines VALUES (?, ?)", wide)
    with clock:
        connection.execute("COMMIT")
        roster_build.make_indexes(connection)
        connection.close()
        with path.open("r+b") as made:
            os.fsync(made.fileno())
    path.unlink()
    return clock.spent


def people_lines(count: int, template_percent: int = 100) -> Iterator[bytes]:
    """Yield `count` made-up people as lines of a roster, each number valid and different."""
    rng = random.Random(7)
    vectors = [base64.b64encode(rng.randbytes(512)).decode() for _ in range(64)]
    digest = "0" * 64
    for n in range(count):
        template = ""
        if n % 100 < template_percent:
            template = (
                f',"template":{{"vector":"{vectors[n % 64]}","model_digest":"{digest}","consent_id":"c-{n}",'
                f'"enrolled_on":"2024-05-01"}}'
            )
        number = _id_number(n)
        yield (
            f'{{"person_id":"p-{n:07d}","name":"{_name(n)}","id_number":"{number}","status":"active",'
            f'"born":"{number[6:10]}-{number[10:12]}-{number[12:14]}","local_resident":true,'
            f'"home_visit":{"true" if n % 200 == 0 else "false"},'
            f'"benefits":[{{"benefit_id":"enterprise-employee","kind":"enterprise-employee","policy_id":"deferred-month",'
            f'"last_pass":"2025-{n % 12 + 1:02d}-{n % 28 + 1:02d}"}}]{template}}}'
        ).encode()


def _id_number(n: int) -> str:
    mixed = n * 7_368_787 % 10_000_019  # a step coprime to the prime: every n gives another number, in no order
    day = date(1935, 1, 1) + timedelta(days=mixed % 10_000)
    first17 = f"{440300 + mixed // 10_000 // 900 % 20:06d}{day:%Y%m%d}{mixed // 10_000 % 900 + 100:03d}"
    return first17 + check_digit(first17)


def _name(n: int) -> str:
    return _FAMILY[n % 10] + _GIVEN[n // 10 % 20] + _GIVEN[n // 200 % 20]


def _record(visit_id: str, now: datetime) -> AuthenticationRecord:
    return replace(
        AuthenticationRecord(
            record_id=new_record_id(),
            visit_id=visit_id,
            station_id="S-BENCH",
            person_id="p-0000001",
            benefit_id="enterprise-employee",
            policy_id="deferred-month",
            policy_period="2026-11",
            channel=Channel.SELF_FACE,
            outcome=Outcome.PASSED,
            reason="ok",
            clock=ClockEvidence(now, 1.0, "boot", now),
            identified_by="reader",
            roster_version=1,
        ),
        consent_id=f"consent-{visit_id}",
        actions=("blink", "turn-left"),
        model_digest="0" * 64,
        checks=tuple((name, 0.5, False) for name in ("depth", "background", "screen", "bent_print", "cutout", "stillness")),
    )


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
