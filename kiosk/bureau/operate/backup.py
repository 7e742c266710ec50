"""`kiosk bureau backup | restore`: everything of one bureau at one moment, encrypted; and back into an empty place.

The database first, as it is at one moment (SQLite: its own backup; PostgreSQL: pg_dump), then the files: a roster file that is
issued meanwhile is in the backup without a row, never the other way round. The bureau goes on working.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from sqlalchemy import Engine, create_engine, inspect, make_url, text

import kiosk
from kiosk.bureau import database
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.operate.vault import Cipher, Opener, Sealer, VaultRefused
from kiosk.errors import ConfigError, KioskError

FILES = ("*.json", "*.key", "admin-password")  # keys of every suite, settings
_ABOUT, _SQLITE, _DUMP = "about.json", "bureau.db", "bureau.dump"


class RestoreRefused(KioskError):
    """Nothing was restored. `why`: not-empty, other-database, damaged, tool-missing."""

    def __init__(self, why: str, message: str = "") -> None:
        super().__init__(f"{why}: {message}" if message else why)
        self.why = why


def backup(context: BureauContext, target: Path, key: bytes, cipher: Cipher = "aes") -> dict[str, Any]:
    """Write a backup, whole or not at all; return what it says about itself. Raises OSError, RestoreRefused (tool-missing)."""
    data = Path(context.settings.data)
    part = target.with_name(f".{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=data, prefix="backup-") as folder:
            dump = _dump(context, Path(folder))
            names = [(path, path.name) for pattern in FILES for path in sorted(data.glob(pattern)) if path.is_file()]
            names += [(path, f"rosters/{path.name}") for path in sorted((data / "rosters").glob("*.roster"))]
            about = {
                "version": kiosk.__version__,
                "bureau_id": context.bureau_id,
                "created_at": utcnow().isoformat(),
                "database": "sqlite" if dump.name == _SQLITE else "postgresql",
                "files": {name: _digest(path) for path, name in [(dump, dump.name), *names] if path.is_file()},
            }
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                sealer = Sealer(file, key, cipher)
                with tarfile.open(fileobj=cast(IO[bytes], sealer), mode="w|", format=tarfile.PAX_FORMAT) as tar:
                    _add_bytes(tar, _ABOUT, json.dumps(about).encode())
                    for path, name in [(dump, dump.name), *names]:
                        if name in about["files"]:
                            tar.add(path, name, recursive=False)
                sealer.close()
                file.flush()
                os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return about


def restore(source: Path, key: bytes, data: Path, url: str) -> dict[str, Any]:
    """Bring a backup back into an empty folder and an empty database; return what it says about itself.

    Raises VaultRefused (a wrong key, damage), RestoreRefused; then the place is as empty as before.
    """
    if data.exists() and any(data.iterdir()):
        raise RestoreRefused("not-empty", f"{data} holds something: restore into a new folder")
    _must_be_empty(url)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        about = _unpack(source, key, data)
        if (about["database"] == "sqlite") != (not url):
            raise RestoreRefused("other-database", f"the backup is of {about['database']}: " + ("no --db" if url else "give --db"))
        if url:
            _load(data / _DUMP, url)
            (data / _DUMP).unlink()
        (data / "rosters").mkdir(exist_ok=True, mode=0o700)
    except BaseException:
        for path in data.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
    return about


def _unpack(source: Path, key: bytes, data: Path) -> dict[str, Any]:
    about: dict[str, Any] = {}
    found: dict[str, str] = {}
    try:
        with source.open("rb") as file:
            opener = Opener(file, key)
            with tarfile.open(fileobj=cast(IO[bytes], opener), mode="r|") as tar:
                for member in tar:
                    inside = tar.extractfile(member)
                    place = PurePosixPath(member.name)
                    if inside is None or not member.isfile() or place.is_absolute() or ".." in place.parts:
                        raise RestoreRefused("damaged", "a name that no backup has")
                    if member.name == _ABOUT:
                        about = json.loads(inside.read())
                        continue
                    found[member.name] = _write(data / place, inside)
            while opener.read(1024 * 1024):
                continue  # to its end: what was cut off is noticed
    except (tarfile.TarError, ValueError) as error:
        raise RestoreRefused("damaged") from error
    if not about or found != about["files"]:
        raise RestoreRefused("damaged", "a file is missing or another")
    return about


def _write(path: Path, source: IO[bytes]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    hasher = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while block := source.read(1024 * 1024):
            hasher.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return hasher.hexdigest()


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- the database


def _dump(context: BureauContext, folder: Path) -> Path:
    url = context.settings.url
    if url.startswith("sqlite"):
        target = folder / _SQLITE
        with contextlib.closing(sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)) as source:
            with contextlib.closing(sqlite3.connect(target)) as copy:
                source.backup(copy, pages=2000, sleep=0.01)
        return target
    target = folder / _DUMP
    _tool("pg_dump", url, "--format=custom", "--compress=0", "--no-owner", "--file", str(target))
    return target


def _load(dump: Path, url: str) -> None:
    _tool("pg_restore", url, "--no-owner", "--exit-on-error", "--single-transaction", str(dump))


def _tool(name: str, url: str, *arguments: str) -> None:
    parts = make_url(url)
    host = parts.host or str(parts.query.get("host", ""))
    where = ["--dbname", parts.database or "", *(["--username", parts.username] if parts.username else [])]
    where += [*(["--host", host] if host else []), *(["--port", str(parts.port)] if parts.port else [])]
    environment = {**os.environ, **({"PGPASSWORD": str(parts.password)} if parts.password else {})}
    program = shutil.which(name)
    if program is None:
        raise RestoreRefused("tool-missing", f"{name} (Debian: postgresql-client)")
    done = subprocess.run([program, *where, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ConfigError(f"{name}: {done.stderr.strip()[-300:]}")


def _must_be_empty(url: str) -> None:
    if not url:
        return
    with _connected(url) as engine:
        if inspect(engine).get_table_names():
            raise RestoreRefused("not-empty", "the database has tables: restore into a new one")


@contextlib.contextmanager
def _connected(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def rows_of(url: str) -> dict[str, str]:
    """Return a digest of every table's rows, whatever their order: a restored bureau is compared with the one it was."""
    out = {}
    engine = database.open_engine(url)
    with engine.connect() as connection:
        for table in sorted(inspect(engine).get_table_names()):
            rows = sorted(repr(tuple(row)) for row in connection.execute(text(f'SELECT * FROM "{table}"')))  # noqa: S608
            out[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    engine.dispose()
    return out


__all__ = ["RestoreRefused", "VaultRefused", "backup", "restore", "rows_of"]
