"""One request at a time to the bureau, by httpx. Turns everything that can go wrong into a `Failure`; decides nothing.

Used by `delivery`, `roster_feed`, `provision`, in the sync worker's thread or a command.
"""

from __future__ import annotations

import contextlib
import ssl
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from kiosk.config import Sync, resolve
from kiosk.errors import ConfigError, SyncUnavailable
from kiosk.sync import json_bounds, limits, protocol, seal, succession, suites
from kiosk.sync.deadline import Deadline, transport
from kiosk.sync.keys import Identity
from kiosk.sync.schedule import Trouble

CONNECT_S = 5.0
TOTAL = 4.0  # ours: a whole request may take so many times the limit of one read
FILE_LEAST_S, FILE_SLOWEST = 60.0, 2048.0  # ours: a file comes with at least so many bytes a second, or the try ends and is resumed
CLOCK_WRONG = timedelta(days=1)  # ours: less than this off, and a certificate out of date is out of date
_NO_CHECK_TIME = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python does not name
# What the bureau signs for a kiosk: all name the bureau, and all but the time the kiosk.
D = TypeVar(
    "D",
    protocol.Answer,
    protocol.Decisions,
    protocol.EvidenceReceipt,
    protocol.LookedUp,
    protocol.RawBundle,
    protocol.Receipt,
    protocol.ReportReceipt,
    protocol.Resolved,
    protocol.RosterChunks,
    protocol.RosterManifest,
    protocol.Standing,
    protocol.StationSettings,
    protocol.Reminders,
    protocol.TimeAnswer,
)


class Failure(SyncUnavailable):
    """A request failed. `trouble` says how; `why` is the bureau's or our own stable reason."""

    def __init__(self, trouble: Trouble, why: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(f"{trouble.value}: {why}" if why else trouble.value)
        self.trouble, self.why, self.retry_after_s = trouble, why, retry_after_s


def check_url(url: str) -> str:
    """Return `url` without a trailing slash. Raises ConfigError unless it is https, or http to this machine."""
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ConfigError("[sync] bureau_url must be https (http only to this machine)")
    return url.rstrip("/")


class Http(httpx.Client):
    """httpx's client with a limit for each whole request, `deadline`, beside its limits for each read."""

    def __init__(self, deadline: Deadline, **given: Any) -> None:
        super().__init__(**given)
        self.deadline = deadline


def open_http(settings: Sync, url: str, *, ignore_dates: bool = False) -> Http:
    """Return a client that speaks to `url` alone and trusts [sync] ca_file alone, when one is named. Raises ConfigError.

    ignore_dates: with a pinned authority only, take its certificates whatever our clock says (see `Client.time`).
    """
    verify: ssl.SSLContext | bool = True
    if check_url(url).startswith("http://"):
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # no TLS: spare the loading of the system's authorities
    elif settings.ca_file:
        try:
            verify = ssl.create_default_context(cafile=str(resolve(settings.ca_file)))
            if ignore_dates:
                verify.verify_flags |= _NO_CHECK_TIME
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"[sync] ca_file: {type(error).__name__}") from error
    # trust_env off: proxies of the environment would be another outbound connection. Redirects are not followed either.
    deadline = Deadline()
    return Http(
        deadline,
        base_url=check_url(url),
        transport=transport(deadline, verify, httpx.Limits(max_connections=1, keepalive_expiry=30.0)),
        trust_env=False,
        follow_redirects=False,
        # No encoding is asked for and none is taken: a decoder unpacks a whole block before any bound of ours counts.
        headers={"Accept-Encoding": "identity"},
        timeout=httpx.Timeout(settings.timeout_s, connect=min(CONNECT_S, settings.timeout_s)),
    )


def exchange(
    http: Http, total_s: float, method: str, path: str, *, content: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, httpx.Headers, bytes]:
    """Send one request and return status, headers and a bounded body, all within `total_s`. Raises httpx.HTTPError, Failure."""
    with http.deadline.within(total_s), http.stream(method, path, content=content or None, headers=headers) as answer:
        return answer.status_code, answer.headers, _bounded(answer)


class Client:
    """Speaks for one provisioned kiosk. Not thread-safe; close it in the thread that uses it."""

    def __init__(self, settings: Sync, identity: Identity, http: Http | None = None) -> None:
        self.identity = identity
        self._settings, self._url = settings, settings.bureau_url or identity.pins.url
        self._http = http or open_http(settings, self._url)
        self.offset: timedelta | None = None  # bureau's clock minus ours

    @property
    def url(self) -> str:
        """The bureau's address."""
        return self._url

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def refresh(self) -> None:
        """See what else this program learnt of the bureau's keys, from a stick or by another code."""
        self.identity = succession.refreshed(self.identity)

    # --- up

    def send(self, path: str, sealed: bytes, model: type[D]) -> tuple[D, str]:
        """Post sealed bytes; return the bureau's signed answer, verified, and its signed text. Raises Failure."""
        status, headers, body = self._exchange("POST", path, content=sealed, headers={"Content-Type": protocol.MEDIA_TYPE})
        if status != 200:
            raise self._failure(status, headers, body, self.identity.suite.digest(sealed))
        return self._verified(body, model)

    def ask_sealed(self, path: str, sealed: bytes, model: type[D]) -> D:
        """Post sealed bytes; return the bureau's answer, which is sealed to us alone. Raises Failure."""
        status, headers, body = self._exchange("POST", path, content=sealed, headers={"Content-Type": protocol.MEDIA_TYPE})
        if status != 200:
            raise self._failure(status, headers, body, self.identity.suite.digest(sealed))
        return open_sealed(self.identity, body, model)

    # --- down

    def time(self) -> datetime:
        """Ask the bureau's time, and keep its difference to ours. Raises Failure.

        A kiosk whose clock is wrong by a year finds every certificate out of date. The answer is signed by the pinned bureau and
        echoes our nonce, so it can be had without the certificate's dates: if it says that it is our clock, we go on without them.
        """
        try:
            return self._time()
        except Failure as failure:
            if failure.why != "certificate" or not self._settings.ca_file:
                raise
            self._http.close()
            self._http = open_http(self._settings, self._url, ignore_dates=True)
            try:
                now = self._time()
            except Failure:
                now = None
            if now is not None and self.offset is not None and abs(self.offset) > CLOCK_WRONG:
                return now
            self._http.close()
            self._http = open_http(self._settings, self._url)
            raise

    def _time(self) -> datetime:
        nonce = str(uuid.uuid4())
        status, headers, body = self._exchange("GET", f"/v1/time?nonce={nonce}" + suite_query(self.identity))
        if status != 200:
            raise self._failure(status, headers, body, self.identity.suite.digest(b""))
        answer, _ = self._verified(body, protocol.TimeAnswer)
        if answer.nonce != nonce:
            raise Failure(Trouble.FORGED, "replayed")
        self.offset = answer.now - datetime.now(UTC)
        return answer.now

    def get_signed(self, path: str, model: type[D]) -> D:
        """Get a signed document. Raises Failure."""
        return self._verified(self._get(path), model)[0]

    def get_sealed(self, path: str, model: type[D]) -> D | None:
        """Get a document sealed to us, or None when there is nothing newer. Raises Failure."""
        body = self._get(path)
        if not body:
            return None
        document = open_sealed(self.identity, body, model)
        self._follow(document.bureau_id)
        return document

    def _get(self, path: str) -> bytes:
        for last in (False, True):
            status, headers, body = self._exchange("GET", path, headers=self._token(path))
            if status == 204:
                return b""
            if status == 200 and body:  # nothing newer is 204: an empty answer is a broken one
                return body
            failure = self._failure(status, headers, body, self.identity.suite.digest(b""))
            if last or failure.why != "token-stale":
                raise failure
            self.time()  # our clock ran away since we last asked
        raise Failure(Trouble.BROKEN)

    def fetch(self, path: str, target: Path, size: int) -> Iterator[int]:
        """Fetch a file of `size` bytes into `target`, going on where an earlier try stopped; yields the bytes that are there.

        Raises Failure; what arrived stays for the next try. OSError when the disk is full.
        """
        have = target.stat().st_size if target.exists() else 0
        if have >= size:
            yield have
            return
        headers = {**self._token(path), "Range": f"bytes={have}-"}
        total_s = FILE_LEAST_S + (size - have) / FILE_SLOWEST
        try:
            with self._http.deadline.within(total_s), self._http.stream("GET", path, headers=headers) as answer:
                if answer.status_code not in (200, 206):
                    raise self._failure(answer.status_code, answer.headers, _bounded(answer), self.identity.suite.digest(b""))
                resumed = answer.status_code == 206 and answer.headers.get("content-range", "").startswith(f"bytes {have}-")
                have = have if resumed else 0
                with target.open("ab" if resumed else "wb") as file:
                    for block in _raw(answer, 256 * 1024):
                        have += len(block)
                        if have > size:
                            raise Failure(Trouble.FORGED, "too-large")
                        file.write(block)
                        yield have
        except httpx.HTTPError as error:
            raise _transport(error) from error
        if have < size:
            raise Failure(Trouble.UNKNOWN, "truncated")

    def _token(self, path: str) -> dict[str, str]:
        if self.offset is None:
            self.time()
        token = protocol.Token(
            kiosk_id=self.identity.pins.kiosk_id,
            method="GET",
            path=path,
            at=datetime.now(UTC) + (self.offset or timedelta()),
            believes=self.identity.pins.believes,
        )
        return {"Authorization": "Kiosk " + seal.sign(token, self.identity.keys.sign, self.identity.pins.kiosk_id)}

    # --- both

    def _exchange(
        self, method: str, path: str, *, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, httpx.Headers, bytes]:
        try:
            return exchange(self._http, self._settings.timeout_s * TOTAL, method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise _transport(error) from error

    def _verified(self, body: bytes, model: type[D]) -> tuple[D, str]:
        document, text = verified(self.identity, body, model)
        self._follow(document.bureau_id)
        return document, text

    def _follow(self, signer: str) -> None:
        """Announced keys of the bureau are in force as soon as it signs with them."""
        self.identity = succession.signed_by(self.identity, signer)

    def _failure(self, status: int, headers: httpx.Headers, body: bytes, about: str) -> Failure:
        """Return what an error status means. Only a signed problem about just these bytes is believed to be final."""
        problem: protocol.Problem | None = None
        why = ""
        try:
            said = json_bounds.parse(body)
            why = str(said.get("reason", ""))[:64]
            problem = succession.verify(self.identity, str(said.get("signed", "")), protocol.Problem)
        except (ValueError, AttributeError, seal.Refused):
            pass
        if problem is not None and problem.about != about:
            problem = None
        if problem is not None:
            self._follow(problem.bureau_id)
        if problem is not None and problem.reason == "revoked" and problem.kiosk_id == self.identity.pins.kiosk_id:
            return Failure(Trouble.REVOKED, "revoked")
        if status == 413:
            return Failure(Trouble.TOO_LARGE, why)
        if status in (429, 503):
            return Failure(Trouble.BUSY, why, _retry_after(headers))
        if status in (400, 401, 403, 404, 409, 415) and problem is not None:
            return Failure(Trouble.REFUSED, problem.reason)
        return Failure(Trouble.BROKEN, why or f"http-{status}")


def suite_query(identity: Identity) -> str:
    """Return what a question without a token adds, so that it is answered under our suite, and by keys that we believe.

    Nothing for the first suite; nothing of keys while the bureau's oldest are in force here, which is what it takes silence for.
    """
    suite = "" if identity.suite is suites.STD_1 else f"&suite={identity.suite.name}"
    return suite + (f"&bureau={identity.pins.bureau_id}" if identity.pins.before is not None else "")


def verified(identity: Identity, body: bytes, model: type[D]) -> tuple[D, str]:
    """Return the bureau's signed document if it is the pinned bureau's and meant for this kiosk. Raises Failure(FORGED)."""
    try:
        text = body.decode("ascii").strip()
        document = succession.verify(identity, text, model)
        signer = seal.signer_of(text)
    except UnicodeDecodeError as error:
        raise Failure(Trouble.FORGED, "truncated") from error
    except seal.Refused as error:
        raise Failure(Trouble.FORGED, error.why) from error
    if not isinstance(document, protocol.TimeAnswer) and document.kiosk_id != identity.pins.kiosk_id:
        raise Failure(Trouble.FORGED, "not-for-us")
    if document.bureau_id != signer:
        raise Failure(Trouble.FORGED, "wrong-signer")
    return document, text


def open_sealed(identity: Identity, body: bytes, model: type[D]) -> D:
    """Return a document sealed to this kiosk and signed by the pinned bureau. Raises Failure(FORGED)."""
    try:
        compact = seal.decrypt(body.strip(), identity.keys.seal, identity.pins.kiosk_id)
    except seal.Refused as error:
        raise Failure(Trouble.FORGED, error.why) from error
    return verified(identity, compact.encode(), model)[0]


def _bounded(answer: httpx.Response) -> bytes:
    out = bytearray()
    for block in _raw(answer):
        out += block
        if len(out) > limits.MAX_SEALED:
            raise Failure(Trouble.FORGED, "too-large")
    return bytes(out)


def _raw(answer: httpx.Response, size: int | None = None) -> Iterator[bytes]:
    if answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Failure(Trouble.FORGED, "content-encoding")
    yield from answer.iter_raw(size)


def _transport(error: httpx.HTTPError) -> Failure:
    # Only these are certain to have sent nothing; after anything else the request may have arrived.
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol):
        return Failure(Trouble.UNREACHABLE, "certificate" if is_certificate(error) else "")
    return Failure(Trouble.UNKNOWN, type(error).__name__)


def is_certificate(error: BaseException | None) -> bool:
    """Whether a request failed because the other end's certificate was not believed."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _retry_after(headers: httpx.Headers) -> float:
    # Seconds only; the date form would need a clock that we cannot trust.
    with contextlib.suppress(ValueError):
        return max(0.0, float(headers.get("retry-after", "")))
    return 0.0
