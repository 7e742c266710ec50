"""Connections to the bureau, bounded: how many, how long a request's head may take, and one line in the log instead of one each.

`BoundedProtocol` is given to uvicorn by `kiosk bureau`. Half-sent requests are the cheapest attack there is: at the limit the one
that has owed its rest for longest is closed for the newest, so that whoever sends a whole request is served.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import time
from collections import OrderedDict
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 800  # ours, a process
MAX_HANDSHAKES = 200  # connections that have not finished their TLS handshake
HEAD_S = 10.0  # a request's head, from the first byte; a handshake
TOLD_EVERY_S = 10.0
log = logging.getLogger(__name__)


class RateLimitedLog:
    """Says what happens often in a line now and then, with a count."""

    def __init__(self, what: str) -> None:
        self._what, self._count, self._last_s = what, 0, -TOLD_EVERY_S

    def note(self) -> None:
        """It happened once more."""
        self._count += 1
        now = time.monotonic()
        if now - self._last_s >= TOLD_EVERY_S:
            log.warning("%s: %d", self._what, self._count)
            self._count, self._last_s = 0, now


class Book:
    """The open connections of this process. `owing`: those whose client has yet to send something, the longest so first.

    A half-sent body owes as a half-sent head does: were only heads turned out, whoever fills the limit with bodies would have each
    newcomer closed before its first byte came.
    """

    def __init__(self, limit: int = MAX_CONNECTIONS) -> None:
        self.limit = limit
        self.owing: OrderedDict[BoundedProtocol, None] = OrderedDict()
        self.served: OrderedDict[BoundedProtocol, None] = OrderedDict()
        self._turned_out = RateLimitedLog("connections closed for newer ones")

    def add(self, one: BoundedProtocol) -> None:
        """A connection was made; at the limit the one that owes longest goes, else the oldest at all."""
        if len(self.owing) + len(self.served) >= self.limit:
            among = self.owing or self.served
            oldest = next(iter(among))
            del among[oldest]
            oldest.transport.abort()
            self._turned_out.note()
        self.owing[one] = None

    def whole(self, one: BoundedProtocol) -> None:
        """A whole request has come."""
        if self.owing.pop(one, self) is None:
            self.served[one] = None

    def waits(self, one: BoundedProtocol) -> None:
        """It was answered, and is open for the next request."""
        self.gone(one)
        self.owing[one] = None

    def gone(self, one: BoundedProtocol) -> None:
        """It is closed."""
        self.owing.pop(one, None)
        self.served.pop(one, None)


BOOK = Book()
_LATE = RateLimitedLog("request heads that took too long")


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with a limit on connections and on the time of a request's head."""

    _head_task: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP alone is listened on
        """A client is there."""
        super().connection_made(transport)
        accepted = transport.get_extra_info("socket")
        if accepted is not None:
            PENDING.pop(accepted.fileno(), None)
        BOOK.add(self)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._head_came()
        BOOK.gone(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body:
            BOOK.whole(self)
        if self.cycle is not before:
            self._head_came()
        elif (before is None or before.response_complete) and self._head_task is None and not self.transport.is_closing():
            self._expect_head()  # of the next request on this connection

    def on_response_complete(self) -> None:
        """An answer is out."""
        super().on_response_complete()
        if not self.transport.is_closing():
            BOOK.waits(self)

    def _expect_head(self) -> None:
        self._head_task = self.loop.call_later(HEAD_S, self._late)

    def _head_came(self) -> None:
        if self._head_task is not None:
            self._head_task.cancel()
            self._head_task = None

    def _late(self) -> None:
        self._head_task = None
        if not self.transport.is_closing():
            _LATE.note()
            self.transport.abort()


PENDING: OrderedDict[int, tuple[socket.socket, float]] = OrderedDict()  # accepted, not yet speaking: handshakes, by file number


class BoundedListener(socket.socket):
    """A listening socket that ends handshakes which take too long, or are too many: uvicorn sees nothing before they are over."""

    def listen(self, _backlog: int = 0, /) -> None:
        """Have the system keep many that are not accepted yet, whatever number are to be accepted in one go."""
        super().listen(1024)

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept one connection."""
        made, address = super().accept()
        now = time.monotonic()
        for number, (one, since) in list(PENDING.items()):
            if one.fileno() != number:
                del PENDING[number]
            elif now - since > HEAD_S or len(PENDING) >= MAX_HANDSHAKES:
                del PENDING[number]
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # gone by itself
            else:
                break  # they are in order of time
        PENDING[made.fileno()] = (made, now)
        return made, address


def fit_to_files() -> None:
    """Let in no more connections than this process may have files open, with room for its own."""
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        BOOK.limit = MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(50, min(MAX_CONNECTIONS, soft - 200))


class OneLine(logging.Filter):
    """Lets a message that says the same as the last ones through once in a while."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is written."""
        now = time.monotonic()
        key = str(record.msg)[:80]
        if now - self._seen.get(key, -TOLD_EVERY_S) < TOLD_EVERY_S:
            return False
        self._seen[key] = now
        if len(self._seen) > 100:
            self._seen.clear()
        return True


def quiet_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Have the event loop's own troubles (no file left to accept with) told in a line, not as a traceback each."""
    told = RateLimitedLog("event loop")

    def handle(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        log.warning("%s (%s)", context.get("message", "event loop"), type(error).__name__) if not isinstance(
            error, OSError
        ) else told.note()

    loop.set_exception_handler(handle)
