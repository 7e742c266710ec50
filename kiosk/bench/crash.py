"""Kill -9 at every statement boundary, blind kills, disk full at every size, damage: counts of what was lost or doubled.

`kiosk bench crash` does at least 1 000 points; the tests run a part of it. POSIX only (fork, SIGKILL, RLIMIT_FSIZE). Power loss
is in `power`, which also runs from here when strace is there.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk import failpoints
from kiosk.bench import crash_life
from kiosk.errors import StoreError
from kiosk.store.engine.database import StoreCorrupt

_SCRIPT_ROUNDS = 1


def run(
    points: int = 1000, blind: int = 100, full: int = 60, damage: int = 60, power: int = 400, failing: int = 100, seed: int = 1
) -> dict[str, Any]:
    """Do it. points: boundaries to die at, spread over a life, or over several when one has fewer.

    Returns counts; `within_bounds`: nothing lost, nothing doubled, nothing wrong.
    """
    rng = random.Random(seed)
    began = time.monotonic()
    out: dict[str, Any] = {}
    wrong: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="kiosk-crash-") as name:
        base = Path(name) / "base"
        crash_life.prepare(base)
        out |= _boundaries(base, points, wrong)
        out |= _blind(base, blind, rng, wrong)
        out |= _disk_full(base, full, wrong)
        out |= _damage(base, damage, rng, wrong)
        if power:
            from kiosk.bench.power import run_power

            out |= run_power(base, power, rng, wrong)
        if failing:
            from kiosk.bench.power import run_failing_calls

            out |= run_failing_calls(base, failing, rng, wrong)
    crashes = sum(
        out[key]
        for key in ("boundary_kills", "blind_kills", "disk_full_runs", "damages", "power_losses", "failing_calls")
        if key in out
    )
    out |= {
        "crash_points": crashes,
        "records_acknowledged": out.pop("acknowledged", 0),
        "wrong": dict(wrong),
        "lost": sum(count for what, count in wrong.items() if what.startswith("lost")),
        "doubled": sum(count for what, count in wrong.items() if what.startswith("doubled")),
        "duration_s": time.monotonic() - began,
        "within_bounds": not wrong,
    }
    return out


def die_after(
    base: Path, prepare_child: Callable[[], None], *, kill_after_s: float | None = None, rounds: int = _SCRIPT_ROUNDS
) -> tuple[Path, set[str], int, str]:
    """Copy the base, live in a forked child, return (folder, acknowledged ids, wait status, last words)."""
    folder = base.parent / "life"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base, folder)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(read)
            prepare_child()
            crash_life.live(folder, lambda text: void(os.write(write, (text + "\n").encode())), rounds=rounds)
            status = 0
        except StoreCorrupt as error:
            os.write(write, f"!corrupt {error}\n".encode())
        except (StoreError, OSError) as error:
            os.write(write, f"!refused {type(error).__name__}\n".encode())
            status = 0
        except BaseException as error:  # the parent reports it
            os.write(write, f"!broken {type(error).__name__} {error}\n".encode())
        finally:
            os._exit(status)
    os.close(write)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(pid, signal.SIGKILL)
    said = b""
    while block := os.read(read, 65536):
        said += block
    os.close(read)
    _, status = os.waitpid(pid, 0)
    lines = said.decode().split("\n")[:-1]  # what has no line feed yet was not said to the end
    acknowledged = {record_id for line in lines if not line.startswith("!") for record_id in line.split()}
    return folder, acknowledged, status, next((line for line in lines if line.startswith("!")), "")


def void(_: object) -> None:
    """Drop a value."""


def _boundaries(base: Path, points: int, wrong: Counter[str]) -> dict[str, Any]:
    """First count the boundaries of a life, then die at each of them, or at so many spread over it; then in longer lives."""
    counted = base.parent / "count"

    def count() -> None:
        seen = [0]

        def note(_: str) -> None:
            seen[0] += 1
            counted.write_text(str(seen[0]))

        failpoints.watch(note)

    _, _, status, last = die_after(base, count)
    if status != 0 or last:
        raise RuntimeError(f"a life without a death went wrong: {last}")
    total = int(counted.read_text())
    kills = acknowledged = 0
    rounds = 1
    while kills < points:
        left = points - kills
        first = total * (rounds - 1) + 1  # the first rounds of a longer life were died in already
        step = max(1.0, total / left)
        for number in range(min(total, left)):
            stop_at = first + int(number * step)
            folder, known, status, last = die_after(base, _kill_at(stop_at), rounds=rounds)
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            if last or (not killed and status != 0):
                wrong[last or f"status {status}"] += 1
            kills += killed
            acknowledged += len(known)
            _judge(folder, known, wrong)
        rounds += 1
        if rounds > 20:
            break  # something keeps lives from being killed: the counts say so
    return {"boundaries_in_a_life": total, "boundary_kills": kills, "acknowledged": acknowledged}


def _kill_at(stop_at: int) -> Callable[[], None]:
    def arm() -> None:
        left = [stop_at]

        def note(_: str) -> None:
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        failpoints.watch(note)

    return arm


def _judge(folder: Path, known: set[str], wrong: Counter[str], *, repaired: bool = False) -> None:
    try:
        found = crash_life.inspect(folder, known, repaired=repaired)
    except Exception as error:  # whatever it is, it is a finding
        found = [f"cannot be opened: {type(error).__name__} {error}"]
    wrong.update(found)


def _blind(base: Path, count: int, rng: random.Random, wrong: Counter[str]) -> dict[str, Any]:
    kills = 0
    for _ in range(count):
        folder, known, status, last = die_after(base, lambda: None, kill_after_s=rng.uniform(0.005, 0.25), rounds=50)
        kills += os.WIFSIGNALED(status)
        if last:
            wrong[last] += 1
        _judge(folder, known, wrong)
    return {"blind_kills": kills}


def _disk_full(base: Path, count: int, wrong: Counter[str]) -> dict[str, Any]:
    """No file may grow beyond a limit, which moves from "nothing fits" to "everything fits"."""
    largest = 4 * max(path.stat().st_size for path in base.rglob("*") if path.is_file())
    refused = 0
    for number in range(count):
        limit = largest * number // max(1, count - 1)

        def cramp(limit: int = limit) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write beyond the limit fails as on a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        folder, known, _, last = die_after(base, cramp)
        refused += last.startswith("!refused")
        if last and not last.startswith("!refused"):
            wrong[last] += 1
        _judge(folder, known, wrong)
    return {"disk_full_runs": count, "disk_full_refused": refused}


def _damage(base: Path, count: int, rng: random.Random, wrong: Counter[str]) -> dict[str, Any]:
    """After a whole life something in the main database is overwritten: everything must come back from the mirror."""
    recovered = 0
    for _ in range(count):
        folder, known, _, last = die_after(base, lambda: None)
        if last:
            wrong[last] += 1
        path = folder / "kiosk.db"
        data = bytearray(path.read_bytes())
        start = rng.randrange(len(data))
        length = rng.choice((1, 16, 4096, len(data)))
        for index in range(start, min(len(data), start + length)):
            data[index] ^= rng.randrange(1, 256)
        path.write_bytes(bytes(data))
        before = len(list((folder / "quarantine").glob("*"))) if (folder / "quarantine").exists() else 0
        _judge(folder, known, wrong, repaired=True)
        recovered += len(list((folder / "quarantine").glob("*"))) > before if (folder / "quarantine").exists() else 0
    return {"damages": count, "damages_recovered": recovered}
