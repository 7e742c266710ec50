"""A limit for a whole request, whatever the other end does: httpx limits each read alone, and one byte every 3 s never ends.

Used by `client`, through which `provision` asks too. Also refuses what nobody asked for: an encoding of the answer, more bytes than
allowed.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx


class Deadline:
    """When the request under way must be over; monotonic."""

    def __init__(self) -> None:
        self._until_s: float | None = None

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Everything inside must be over within so many seconds."""
        self._until_s = time.monotonic() + seconds
        try:
            yield
        finally:
            self._until_s = None

    def left(self, timeout: float | None) -> float | None:
        """Return the time for one operation. Raises httpcore.ReadTimeout when none is left."""
        if self._until_s is None:
            return timeout
        left = self._until_s - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole request took too long")
        return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In portions: a peer that takes a byte now and then would let one write last for ever.
        view = memoryview(buffer)
        for start in range(0, len(view), 65536):
            self._inner.write(bytes(view[start : start + 65536]), self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        made = self._inner.connect_tcp(host, port, self._deadline.left(timeout), local_address, socket_options)
        return _Stream(made, self._deadline)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


def transport(deadline: Deadline, verify: ssl.SSLContext | bool, limits: httpx.Limits) -> httpx.HTTPTransport:
    """Return httpx's own transport with the deadline below every read and write."""
    made = httpx.HTTPTransport(verify=verify, trust_env=False, limits=limits)
    # httpx has no argument for it; its pool has (httpcore.ConnectionPool(network_backend=...)).
    made._pool._network_backend = _Backend(made._pool._network_backend, deadline)
    return made
