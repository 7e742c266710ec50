"""The bureau as a child process, for the demo, tests and benches: start, kill, start again at one address, ask it as a clerk."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import httpx

from kiosk.config import ROOT
from kiosk.errors import SyncUnavailable


class BureauProcess:
    """One bureau. `data` holds everything that must outlive a kill; `db` is a database URL or empty for SQLite in `data`."""

    root = ROOT  # of the program that is run
    popen: ClassVar[Any] = subprocess.Popen  # what starts it; the tests have a quicker one

    def __init__(
        self,
        port: int = 0,
        db: str = "",
        data: Path | str = "",
        *,
        auto_confirm: bool = False,
        workers: int = 1,
        tls: tuple[Path, Path] | None = None,
        ca: Path | None = None,
        environment: Mapping[str, str] | None = None,
        extra: tuple[str, ...] = (),
    ) -> None:
        if not data:
            raise ValueError("data folder needed")
        self.port, self.db, self.data = port, db, Path(data)
        self.auto_confirm, self.workers, self.tls, self.ca, self.extra = auto_confirm, workers, tls, ca, extra
        self.environment = dict(environment or {})
        self.url = ""
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> BureauProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        child = self._child
        return child is not None and child.poll() is None

    @property
    def pid(self) -> int:
        """Number of the process. Raises SyncUnavailable when it does not run."""
        if self._child is None:
            raise SyncUnavailable("the bureau does not run")
        return self._child.pid

    def start(self, timeout_s: float = 120.0) -> str:
        """Start it and wait until it answers; return its URL. Raises SyncUnavailable."""
        if self.running:
            return self.url
        return self._start(timeout_s)

    def _start(self, timeout_s: float) -> str:
        self._reap()  # of one that died by itself
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "url").unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "kiosk",
            "bureau",
            "--init",
            "--data",
            str(self.data),
            "--port",
            str(self.port),
            "--workers",
            str(self.workers),
            "--until-eof",
            *self.extra,
        ]
        command += ["--db", self.db] if self.db else []
        command += ["--auto-confirm"] if self.auto_confirm else []
        command += ["--tls-cert", str(self.tls[0]), "--tls-key", str(self.tls[1])] if self.tls else []
        with (self.data / "log").open("ab") as log:
            self._child = self.popen(
                command,
                cwd=self.root,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=self.workers > 1,
            )
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.running:
            if self._answers():
                self.port = int(self.url.rsplit(":", 1)[1])
                return self.url
            time.sleep(0.05)
        self.kill()
        raise SyncUnavailable(f"the bureau did not start; see {self.data / 'log'}")

    def _answers(self) -> bool:
        try:
            self.url = (self.data / "url").read_text(encoding="utf-8").strip()
            with self._client() as client:
                return client.get("/v1/health", timeout=2.0).status_code == 200
        except (OSError, httpx.HTTPError, ValueError, httpx.InvalidURL):
            return False

    def stop(self, timeout_s: float = 10.0) -> None:
        """Ask it to stop; kill it when it does not."""
        if self._child is None:
            return
        if self.running:
            self._child.terminate()
            try:
                self._child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._child.kill()
        self._reap()

    def kill(self) -> None:
        """Kill it at once, as a power failure would."""
        if self._child is not None:
            if self.workers > 1 and os.name == "posix":
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._child.pid, signal.SIGKILL)  # or its workers would go on
            self._child.kill()
            self._reap()

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait()
            if self._child.stdin is not None:
                self._child.stdin.close()
            self._child = None

    def pause(self) -> None:
        """Freeze it: connections open, nothing answers (POSIX)."""
        if self._child is not None:
            self._child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `pause`."""
        if self._child is not None:
            self._child.send_signal(signal.SIGCONT)

    # --- as a clerk

    def _client(self) -> httpx.Client:
        # One that trusts nobody where there is no TLS: loading the system's authorities takes longer than the request.
        verify = ssl.create_default_context(cafile=str(self.ca)) if self.ca else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.Client(base_url=self.url, verify=verify, trust_env=False, timeout=60.0)

    def ask(self, method: str, path: str, **arguments: Any) -> Any:
        """Call an /admin path with the clerk's password; return its JSON. Raises httpx.HTTPError."""
        password = (self.data / "admin-password").read_text(encoding="utf-8").strip()
        with self._client() as client:
            answer = client.request(method, path, auth=("bureau", password), **arguments)
            answer.raise_for_status()
            return answer.json()

    def enrolment_code(self, station_id: str, suite: str = "") -> str:
        """Return a one-time code for a station, under the bureau's first suite when none is named."""
        asked = {"station_id": station_id, **({"suite": suite} if suite else {})}
        return str(self.ask("POST", "/admin/codes", json=asked)["code"])

    def issue_roster(self, path: Path, *, meant: bool = True) -> int:
        """Issue a roster file (lines of JSON); return its version. meant: also one that is much smaller than the last."""
        with path.open("rb") as file:
            return int(self.ask("POST", "/admin/rosters", files={"file": file}, params={"meant": meant})["version"])

    def issue_bundle(self, **content: Any) -> int:
        """Issue policies, staff and revocations; return the version."""
        return int(self.ask("POST", "/admin/bundle", json=content)["version"])

    def decide(self, record_id: str, decided: str, reason: str = "") -> None:
        """Confirm or return a record."""
        self.ask("POST", "/admin/decisions", json={"record_id": record_id, "decided": decided, "reason": reason})

    def revoke(self, kiosk_id: str, reason: str = "revoked") -> None:
        """Revoke a kiosk."""
        self.ask("POST", f"/admin/kiosks/{kiosk_id}/revoke", json={"reason": reason})

    def message(self, text: str, station_id: str = "") -> None:
        """Leave a message for attendants."""
        self.ask("POST", "/admin/messages", json={"text": text, "station_id": station_id})

    def show_code(self, code: str, name: str, id_number: str, platform: str = "social-card") -> None:
        """The national platform, which the bureau plays, shows somebody a code."""
        self.ask("POST", "/admin/national-codes", json={"code": code, "platform": platform, "name": name, "id_number": id_number})

    def summary(self) -> dict[str, Any]:
        """Counts and stations."""
        return dict(self.ask("GET", "/admin/summary"))

    def record(self, record_id: str) -> dict[str, Any]:
        """One record as the bureau has it. Raises httpx.HTTPStatusError when it is not there."""
        return dict(self.ask("GET", f"/admin/records/{record_id}"))

    def records(self, limit: int = 1000) -> list[dict[str, Any]]:
        """The newest records."""
        return list(self.ask("GET", f"/admin/records?limit={limit}"))

    def all_records(self) -> list[dict[str, Any]]:
        """Every record in short, page by page."""
        out: list[dict[str, Any]] = []
        while True:
            after = {"after": out[-1]["record_id"]} if out else {}
            page = self.ask("GET", "/admin/all-records", params=after)
            out += page
            if not page:
                return out
