"""A PostgreSQL cluster in a folder, reached by a socket in it: for tests and benches of the bureau, nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

_OWNER = "postgres"  # the server refuses to run as root; Debian's package makes this user


def _binary(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name) or ""


class Cluster:
    """`with Cluster() as cluster: url = cluster.create()`; everything is gone afterwards, unless it lies in a folder that is given.

    settings: lines of postgresql.conf that are added to those of a small cluster.
    """

    def __init__(self, folder: Path | None = None, settings: str = "") -> None:
        self._kept, self._settings = folder is not None, settings
        self._folder = folder or Path(tempfile.mkdtemp(prefix="kiosk-pg-"))
        self._folder.mkdir(exist_ok=True)
        self._user = _OWNER if os.name == "posix" and os.geteuid() == 0 else None

    @staticmethod
    def available() -> bool:
        """Whether the server is installed."""
        return bool(_binary("initdb") and _binary("pg_ctl"))

    def __enter__(self) -> Cluster:
        if self._user:
            shutil.chown(self._folder, self._user)
        if not self._data.exists():
            made = ("-U", "bureau", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions")
            self._run("initdb", "-D", str(self._data), *made)
        (self._data / "postgresql.auto.conf").write_text(self._settings + "\n", encoding="utf-8")
        self._run(
            "pg_ctl",
            "-D",
            str(self._data),
            "-w",
            "-t",
            "60",
            "-l",
            str(self._folder / "log"),
            "-o",
            f"-k {self._folder} -c listen_addresses='' -c max_connections=120"
            + ("" if self._settings else " -c shared_buffers=256MB -c max_wal_size=4GB"),
            "start",
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._kept:
            self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "-t", "600", "stop")
            return
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def create(self) -> str:
        """Make a database; return its SQLAlchemy URL."""
        name = f"b{uuid.uuid4().hex[:12]}"
        self._run("createdb", "-h", str(self._folder), "-U", "bureau", name)
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://bureau@/{name}?host={self._folder}"

    def copy(self, url: str) -> str:
        """Make a database that is a copy of another one, to which nobody is connected; return its URL."""
        source, name = url.split("@/")[1].split("?")[0], f"b{uuid.uuid4().hex[:12]}"
        self._run("createdb", "-h", str(self._folder), "-U", "bureau", "-T", source, name)
        return url.replace(f"/{source}?", f"/{name}?")

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603
            [_binary(name), *arguments],
            user=self._user,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr.strip()[-400:]}")
