"""Power loss: replay what a life wrote, cut back to what was fsynced, and look what is left. Used by `crash`; needs strace (Linux).

A life runs under strace, which records every write, truncation, rename and fsync with its data. The replay keeps for each
file what is durable (at its last fsync) and what is only pending. At a point in time the power goes: pending writes survive
not at all, or each 512-byte sector of them by chance, in any order, as a disk's cache may do. An acknowledged record is one
whose id had been said before that point. Assumed: the names of files are durable at once, as on ext4 after an fsync of the
file.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.bench import crash_life
from kiosk.errors import StoreError
from kiosk.store.engine.database import StoreCorrupt

_SECTOR = 512
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += +(-?\d+)")
_FD_PATH = re.compile(r"^(?:\d+|AT_FDCWD)<([^>]*)>")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TRACED = "pwrite64,write,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,link,linkat,openat"


@dataclass
class _File:
    """What is durable, and what is not yet: (offset, data), or (size, None) for a truncation."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    size: int = 0  # as the running system sees it

    def write(self, offset: int, data: bytes) -> None:
        self.pending.append((offset, data))
        self.size = max(self.size, offset + len(data))

    def truncate(self, size: int) -> None:
        self.pending.append((size, None))
        self.size = size

    def sync(self) -> None:
        self.durable = self.after(None)
        self.pending.clear()

    def after(self, rng: random.Random | None, share: float = 1.0) -> bytearray:
        """Return the content when `share` of the pending sectors made it; rng None: all."""
        out = bytearray(self.durable)
        for offset, data in self.pending:
            if data is None:
                if rng is None or rng.random() < share:
                    del out[offset:]
                    out.extend(bytes(offset - len(out)))
                continue
            for start in range(0, len(data), _SECTOR):
                if rng is None or rng.random() < share:
                    piece = data[start : start + _SECTOR]
                    end = offset + start + len(piece)
                    if len(out) < end:
                        out.extend(bytes(end - len(out)))
                    out[offset + start : end] = piece
        return out


def run_power(base: Path, points: int, rng: random.Random, wrong: Counter[str]) -> dict[str, Any]:
    """Record one life under strace and lose power at `points` moments of it. Returns counts; without strace, says so."""
    if shutil.which("strace") is None:
        return {"power_losses": 0, "power_note": "strace is not installed: not run"}
    folder, log, said = base.parent / "traced", base.parent / "strace.log", base.parent / "said"
    status, _ = _strace(base, folder, said, ["-y", "-xx", "-s", "10000000", "-e", f"trace={_TRACED}", "-o", str(log)])
    if status:
        raise RuntimeError("a life without a death went wrong")
    calls = list(_calls(log, folder, said))
    moments = set(rng.sample(range(len(calls)), min(points, len(calls))))
    files = {path.relative_to(base).as_posix(): _start(path) for path in base.rglob("*") if path.is_file()}
    known: set[str] = set()
    losses = 0
    for number, (call, name, number_or_name, data) in enumerate(calls):
        _apply(files, known, call, name, number_or_name, data)
        if number in moments:
            share = rng.choice((0.0, 0.0, 0.5, 0.9))
            left = base.parent / "left"
            _lay_out(files, left, rng, share)
            losses += 1
            try:
                wrong.update(crash_life.inspect(left, known))
            except Exception as error:  # whatever it is, it is a finding
                wrong[f"cannot be opened after power loss: {type(error).__name__} {error}"] += 1
    return {"power_losses": losses, "power_calls_recorded": len(calls)}


def run_failing_calls(base: Path, count: int, rng: random.Random, wrong: Counter[str]) -> dict[str, Any]:
    """Let the n-th write, truncation or fsync of a life fail, once or from then on: no space left, or an error of the disk.

    The life may refuse what it cannot save, never lose what it said it had.
    """
    if shutil.which("strace") is None:
        return {"failing_calls": 0}
    folder, log, said = base.parent / "failing", base.parent / "count.log", base.parent / "said"
    names = ("pwrite64", "write", "fdatasync", "fsync", "ftruncate")
    _strace(base, folder, said, ["-c", "-e", f"trace={','.join(names)}", "-o", str(log)])
    table = [line.split() for line in log.read_text().splitlines()]
    total = {row[-1]: int(row[3]) for row in table if row and row[-1] in names}
    refused = done = 0
    for _ in range(count):
        name = rng.choice([one for one in names if total.get(one)])
        error = "ENOSPC" if "write" in name else "EIO"
        when = f"{rng.randrange(1, total[name] + 1)}{rng.choice(('', '+'))}"
        status, last = _strace(
            base, folder, said, ["-e", f"trace={name}", "-e", f"inject={name}:error={error}:when={when}", "-o", os.devnull]
        )
        done += 1
        refused += status == 3
        if status not in (0, 3):
            wrong[f"{name} {error} {when}: {last}"] += 1
        try:
            wrong.update(crash_life.inspect(folder, _known(said)))
        except Exception as error_found:  # whatever it is, it is a finding
            wrong[f"cannot be opened after {name} {error}: {type(error_found).__name__} {error_found}"] += 1
    return {"failing_calls": done, "failing_calls_refused": refused}


def _known(said: Path) -> set[str]:
    """What was said to the end: a line without its line feed was not."""
    lines = said.read_text().split("\n")[:-1] if said.exists() else []
    return {record_id for line in lines for record_id in line.split()}


def _strace(base: Path, folder: Path, said: Path, options: list[str]) -> tuple[int, str]:
    """Live under strace on a copy of the base; return (status, last words)."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base, folder)
    said.unlink(missing_ok=True)
    done = subprocess.run(  # noqa: S603  our own interpreter
        ["strace", "-f", *options, sys.executable, "-m", "kiosk.bench.power", str(folder), str(said)],  # noqa: S607
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return done.returncode, done.stderr.strip().rsplit("\n", 1)[-1][-200:]


def _start(path: Path) -> _File:
    data = path.read_bytes()
    return _File(bytearray(data), [], len(data))


def _calls(log: Path, folder: Path, said: Path) -> Iterator[tuple[str, str, int | str, bytes]]:
    """Yield (call, file, offset or other name, data) of what touched the folder, and what was said."""
    with log.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            match = _CALL.match(line)
            if match is None or match[3].startswith("-"):
                continue
            call, rest = match[1], match[2]
            texts = [_unhex(text) for text in _QUOTED.findall(rest)]
            if call in ("rename", "renameat", "renameat2", "link", "linkat"):
                kind = "rename" if call.startswith("rename") else "link"
                one, two = (_name(text.decode(), folder) for text in texts[:2])
                if one is not None and two is not None:
                    yield kind, one, two, b""
            elif call in ("unlink", "unlinkat"):
                gone = _name(texts[0].decode(), folder)
                if gone is not None:
                    yield "unlink", gone, 0, b""
            elif call == "openat":
                opened = _name(texts[0].decode(), folder)
                if opened is not None and ("O_TRUNC" in rest or "O_CREAT" in rest):
                    yield ("truncate" if "O_TRUNC" in rest else "create"), opened, 0, b""
            else:
                found = _FD_PATH.match(rest)
                path = _unhex(found[1]).decode() if found else ""
                if path == str(said) and call == "write":
                    yield "said", "", 0, texts[0]
                name = _name(path, folder)
                if name is None:
                    continue
                if call == "pwrite64":
                    yield "write", name, int(rest.rsplit(", ", 1)[1]), texts[0][: int(match[3])]
                elif call == "write":
                    yield "append", name, 0, texts[0][: int(match[3])]
                elif call == "ftruncate":
                    yield "truncate", name, int(rest.rsplit(", ", 1)[1]), b""
                else:
                    yield "sync", name, 0, b""


def _apply(files: dict[str, _File], known: set[str], call: str, name: str, other: int | str, data: bytes) -> None:
    if call == "said":
        known.update(data.decode().split())
    elif call == "rename":
        if name in files:
            files[str(other)] = files.pop(name)
        else:
            for old in [one for one in files if one.startswith(name + "/")]:
                files[str(other) + old.removeprefix(name)] = files.pop(old)
    elif call == "link":
        files[str(other)] = files[name]
    elif call == "unlink":
        files.pop(name, None)
    elif call == "sync":
        if name in files:
            files[name].sync()
    else:
        file = files.setdefault(name, _File())
        if call == "write":
            file.write(int(other), data)
        elif call == "append":
            file.write(file.size, data)
        elif call == "truncate":
            file.truncate(int(other))


def _lay_out(files: dict[str, _File], left: Path, rng: random.Random, share: float) -> None:
    shutil.rmtree(left, ignore_errors=True)
    left.mkdir()
    for name, file in files.items():
        if name.endswith("-shm"):
            continue  # never relied on: SQLite makes it anew
        path = left / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(file.after(rng, share) if file.pending else file.durable))


def _name(path: str, folder: Path) -> str | None:
    return path[len(str(folder)) + 1 :] if path.startswith(str(folder) + "/") else None


def _unhex(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()


def _life(folder: Path, said: Path) -> None:
    handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    crash_life.live(folder, lambda text: void(os.write(handle, (text + "\n").encode())))


def void(_: object) -> None:
    """Drop a value."""


if __name__ == "__main__":
    try:
        _life(Path(sys.argv[1]), Path(sys.argv[2]))
    except StoreCorrupt:
        raise
    except (StoreError, OSError):
        sys.exit(3)  # refused: the disk is full or broken, and the life said so
