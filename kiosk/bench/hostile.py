"""`kiosk bench hostile`: attack a bureau of our own on loopback, one hostile body after another, and measure it meanwhile.

Bounded: nothing here sends more than some hundred megabytes, and only to the bureau process it has started itself. For each attack:
the most memory the bureau's process had, how long the slowest of other requests took meanwhile, and what the attacker was told.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import httpx
import psutil

from kiosk.bench.clerk import supervisor
from kiosk.bench.sync import _register
from kiosk.bureau import sessions
from kiosk.bureau.process import BureauProcess
from kiosk.canonical import canonical
from kiosk.sync import protocol, seal
from kiosk.sync.keys import parse_keys

MB = 1024 * 1024
OBJECTS = b"[" + b"[]," * (15 * MB // 3) + b"[]]"
JOSE = {"Content-Type": protocol.MEDIA_TYPE}


@dataclass(slots=True)
class Seen:
    """What was seen while one attack ran. `others`: requests of others that were answered, and failed; seconds, megabytes."""

    peak_mb: float = 0.0
    slowest_s: float = 0.0
    others: int = 0
    failed: int = 0
    told: list[Any] = field(default_factory=list)


# In a process of its own: the attacker's threads would keep its clock waiting. Each line it is told begins a new count.
_ASKING = """
import json, sys, threading, time, httpx
url, lines = sys.argv[1], []


def listen():
    for line in sys.stdin:
        lines.append(line)
    lines.append("")


threading.Thread(target=listen, daemon=True).start()
client = httpx.Client(base_url=url, trust_env=False, timeout=30.0, verify=False, headers={"Connection": "close"})
client.get("/v1/health")
slowest, good, bad = 0.0, 0, 0
while True:
    if lines:
        print(json.dumps([slowest, good, bad]), flush=True)
        if not lines.pop(0):
            break
        slowest, good, bad = 0.0, 0, 0
    begun = time.monotonic()  # a connection of its own each time; making the client itself is no wait of anybody's
    try:
        right = client.get("/v1/health").status_code == 200
    except httpx.HTTPError:
        right = False
    slowest, good, bad = max(slowest, time.monotonic() - begun), good + right, bad + (not right)
    time.sleep(0.02)
"""


class Watch:
    """Measures the bureau's process and asks it for its health from a third process, over and over, until closed."""

    def __init__(self, bureau: BureauProcess) -> None:
        self._bureau, self._stop, self._seen = bureau, threading.Event(), Seen()
        self._thread = threading.Thread(target=self._measure, daemon=True)
        self._asking = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _ASKING, bureau.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._asking.communicate("", timeout=60)

    @contextlib.contextmanager
    def during(self) -> Iterator[Seen]:
        """See what happens while this lasts; the count of others' requests is there at its end."""
        self._count()  # it asks: on a busy machine its start takes longer than an attack
        seen = self._seen = Seen()
        yield seen
        seen.slowest_s, seen.others, seen.failed = self._count()

    def _count(self) -> tuple[float, int, int]:
        """Return what the third process counted since the last time."""
        asks, tells = cast(IO[str], self._asking.stdin), cast(IO[str], self._asking.stdout)
        asks.write("\n")
        asks.flush()
        slowest, good, bad = json.loads(tells.readline())
        return slowest, good, bad

    def _measure(self) -> None:
        process = psutil.Process(self._bureau.pid)
        while not self._stop.wait(0.01):
            seen = self._seen
            seen.peak_mb = max(seen.peak_mb, process.memory_info().rss / MB)


@dataclass(slots=True)
class Attacker:
    """A stranger, a registered kiosk gone bad, and somebody with the clerk's password, all in one."""

    bureau: BureauProcess
    kiosk: Any
    seconds: float = 3.0  # how long attacks by time go on
    trusts: ssl.SSLContext = field(default_factory=httpx.create_ssl_context)  # once: it costs more than what is sent

    def post(self, path: str, content: Any, headers: dict[str, str] | None = None, *, clerk: bool = False) -> Any:
        """Return the status that the attacker is told, or how the connection ended."""
        password = (self.bureau.data / "admin-password").read_text(encoding="utf-8").strip()
        auth = httpx.BasicAuth("bureau", password if clerk else "")
        try:
            with httpx.Client(base_url=self.bureau.url, trust_env=False, timeout=60.0, verify=self.trusts) as client:
                if clerk:
                    return client.post(path, content=content, headers=headers, auth=auth).status_code
                return client.post(path, content=content, headers=headers).status_code
        except httpx.HTTPError as error:
            return type(error).__name__

    def upload(self, table: bytes) -> Any:
        """Hand a table in as a supervisor; return the status that is told."""
        session = supervisor(self.bureau)
        cookies = {sessions.COOKIE: session.token}
        with httpx.Client(base_url=self.bureau.url, trust_env=False, timeout=120.0, cookies=cookies, verify=self.trusts) as client:
            files, headers = {"file": ("a.xlsx", table)}, {"Origin": self.bureau.url}
            return client.post("/rosters/upload", data={"token": session.form_token}, files=files, headers=headers).status_code

    def sealed(self, plain: bytes) -> bytes:
        """Return these bytes, signed by the registered kiosk and sealed to the bureau."""
        keys = parse_keys((self.bureau.data / "keys.json").read_text(encoding="utf-8"), "")
        bureau_id = "bureau-" + seal.fingerprint(keys.public)
        signed = seal.sign_plain(plain, "batch", self.kiosk.keys.sign, self.kiosk.kiosk_id)
        return seal.encrypt(signed, seal.recipient_key(keys.public), bureau_id)


def _stream(total: int, block: bytes = b"[[],[]," * 9000) -> Iterator[bytes]:
    for start in range(0, total, len(block)):
        yield block[: total - start]


def _batch(records: bytes) -> bytes:
    head = {"schema_version": protocol.SCHEMA_VERSION, "kind": "batch", "batch_id": str(uuid.uuid4()), "kiosk_id": "x", "seq": 1}
    return json.dumps(head)[:-1].encode() + b',"records":' + records + b"}"


def _workbook(rows: bytes) -> bytes:
    """Return a small XLSX file of which one sheet holds these rows."""
    kinds = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package, main = (
        b"http://schemas.openxmlformats.org/package/2006/relationships",
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    )
    one = b'<Relationships xmlns="' + package + b'"><Relationship Id="rId1" Type="' + kinds + b'/%s" Target="%s"/></Relationships>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", one % (b"officeDocument", b"xl/workbook.xml"))
        archive.writestr("xl/_rels/workbook.xml.rels", one % (b"worksheet", b"worksheets/sheet1.xml"))
        sheets = b'<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>'
        archive.writestr("xl/workbook.xml", b'<workbook xmlns="' + main + b'" xmlns:r="' + kinds + b'">' + sheets + b"</workbook>")
        archive.writestr(
            "xl/worksheets/sheet1.xml", b'<worksheet xmlns="' + main + b'"><sheetData>' + rows + b"</sheetData></worksheet>"
        )
    return out.getvalue()


def _half_open(at: Attacker, first: bytes, count: int) -> list[Any]:
    host, port = at.bureau.url.removeprefix("http://").split(":")
    made = []
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            with contextlib.suppress(OSError):
                one = stack.enter_context(socket.create_connection((host, int(port)), 10))
                one.sendall(first)
                made.append(one)
        time.sleep(at.seconds)
    return [len(made)]


def _dribbled(at: Attacker) -> list[Any]:
    head = b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: 4000000\r\n\r\n"
    host, port = at.bureau.url.removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(socket.create_connection((host, int(port)), 10)) for _ in range(100)]
        for one in made:
            one.sendall(head)
        until = time.monotonic() + at.seconds
        while time.monotonic() < until:
            for one in made:
                with contextlib.suppress(OSError):
                    one.sendall(b"x")
            time.sleep(0.2)
    return [len(made)]


def _at_once(count: int, work: Callable[[], Any]) -> list[Any]:
    told: list[Any] = []
    threads = [threading.Thread(target=lambda: told.append(work()), daemon=True) for _ in range(count)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return sorted(set(map(str, told)))


def _batches_at_once(at: Attacker, body: bytes) -> list[Any]:
    return _at_once(40, lambda: at.post("/v1/batches", body, JOSE))


def _enrolments(at: Attacker) -> list[Any]:
    public = at.kiosk.keys.public

    def one() -> Any:
        asked = protocol.Enrolment(secret="AAAAAAAAAA", station_id=f"S-{uuid.uuid4().hex[:8]}", name="x", keys=public)  # noqa: S106
        signed = seal.sign_plain(canonical(asked.model_dump(mode="json")), "enrolment", at.kiosk.keys.sign, asked.station_id)
        return at.post("/v1/enrol", signed, JOSE)

    return _at_once(40, one)


_JSON = {"Content-Type": "application/json"}
_ROSTER = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + b"x" * (100 * MB) + b"\r\n--x--\r\n"
_HEAD = b"POST /v1/batches HTTP/1.1\r\nHost: x\r\n"
_HALF = _HEAD + b"Content-Type: application/jose\r\nContent-Length: 1000\r\n\r\nx"
Work = Callable[[], list[Any]]


def _once(at: Attacker, path: str, body: Any, headers: dict[str, str], *, clerk: bool = False) -> Work:
    return lambda: [at.post(path, body, headers, clerk=clerk)]


def _attacks(at: Attacker) -> dict[str, Work]:
    """Return what is done, by name. What is packed for several attacks is ready."""
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    objects = at.sealed(_batch(OBJECTS))
    noise = os.urandom(2 * MB).hex().encode()[: 4 * MB - 1000]
    announced = {**_JSON, "Content-Length": str(400 * MB)}
    return {
        "400 MB of JSON, no password": _once(at, "/admin/bundle", _stream(400 * MB), _JSON),
        "400 MB announced and sent, no password": _once(at, "/admin/rosters", _stream(400 * MB), announced),
        "endless body from a stranger to /v1/batches": _once(at, "/v1/batches", _stream(400 * MB), JOSE),
        "12 MB of [[],[] with the password": _once(at, "/admin/bundle", _stream(12 * MB), _JSON, clerk=True),
        "7 MB of [[],[] with the password": _once(at, "/admin/bundle", OBJECTS[: 7 * MB], _JSON, clerk=True),
        "deep nesting with the password": _once(at, "/admin/bundle", b"[" * 150_000, _JSON, clerk=True),
        "a line of 100 MB in a roster, with the password": _once(at, "/admin/rosters", _ROSTER, form, clerk=True),
        "a table of 7 million empty rows, signed in": lambda: [at.upload(_workbook(b"<row/>" * 7_000_000))],
        "a table of 9 million empty cells, signed in": lambda: [at.upload(_workbook(b"<row>" + b"<c/>" * 9_000_000 + b"</row>"))],
        "zstd: 16 MB of objects in a kiosk's batch": _once(at, "/v1/batches", objects, JOSE),
        "zstd: 1 GB in a kiosk's batch": lambda: [at.post("/v1/batches", at.sealed(b" " * (1000 * MB)), JOSE)],
        "deep nesting in a kiosk's batch": _once(at, "/v1/batches", at.sealed(_batch(b"[" * 90_000 + b"]" * 90_000)), JOSE),
        "numbers of 3 MB, NaN, half a surrogate in kiosks' batches": lambda: [
            at.post("/v1/batches", at.sealed(_batch(odd)), JOSE)
            for odd in (b"[" + b"9" * (3 * MB) + b"]", b"[NaN]", b'["\\ud800"]', b"[1e999]")
        ],
        "40 at once: 16 MB of objects in kiosks' batches": lambda: _batches_at_once(at, objects),
        "40 at once: 4 MB of noise": lambda: _batches_at_once(at, noise),
        "40 wrong one-time codes at once": lambda: _enrolments(at),
        "a content encoding": _once(at, "/v1/batches", b"x", {**JOSE, "Content-Encoding": "zstd"}),
        "1 100 half-sent heads": lambda: _half_open(at, _HEAD + b"X-Slow: ", 1100),
        "1 100 half-sent bodies": lambda: _half_open(at, _HALF, 1100),
        "100 bodies of a byte now and then": lambda: _dribbled(at),
    }


def attack(bureau: BureauProcess, names: tuple[str, ...] = (), *, seconds: float = 3.0) -> dict[str, Seen]:
    """Run the attacks (all, or those named) one after another; return what was seen."""
    url = f"sqlite:///{bureau.data / 'bureau.db'}"
    at = Attacker(bureau, _register(url, 1)[0], seconds)
    attacks, out = _attacks(at), {}
    with Watch(bureau) as watch:
        for name in names or tuple(attacks):
            with watch.during() as seen:
                seen.told = attacks[name]()
                time.sleep(0.3)
            out[name] = seen
    return out


def run(only: str = "") -> dict[str, Any]:
    """Start a bureau and attack it; `only`: this attack alone."""
    with tempfile.TemporaryDirectory() as folder, BureauProcess(data=Path(folder) / "bureau") as bureau:
        found = attack(bureau, (only,) if only else ())
        log = (bureau.data / "log").stat().st_size
    told: dict[str, Any] = {
        name: f"{seen.peak_mb:.0f} MB; others {seen.slowest_s:.2f} s at most, {seen.others} well, {seen.failed} not; {seen.told}"
        for name, seen in found.items()
    }
    within = all(seen.peak_mb < 300 and seen.slowest_s < 1 and not seen.failed for seen in found.values())
    return {**told, "log_bytes": log, "within_bounds": within}
