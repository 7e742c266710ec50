"""A line that misbehaves: an HTTP proxy on loopback that loses, doubles, delays, cuts, swaps and refuses. For chaos tests."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

DEEDS = (
    "lose-request",
    "lose-answer",
    "double",
    "delay",
    "truncate",
    "other-answer",
    "garble",
    "status:413",
    "status:429",
    "status:500",
    "status:503",
    "after:500",
)


class BadLine:
    """Forwards to `target`; `choose(method, path)` says what to do with each request: "ok" or one of DEEDS."""

    def __init__(self, target: str, choose: Callable[[str, str], str] | None = None, *, delay_s: float = 1.0) -> None:
        self.target, self.delay_s = target, delay_s
        self.choose = choose or (lambda method, path: "ok")
        self.done: Counter[str] = Counter()
        self._open: set[socket.socket] = set()
        self._earlier: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """Where the kiosk should connect."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> BadLine:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # its thread finds the end and closes it
        deadline = time.monotonic() + 15.0
        while self._open and time.monotonic() < deadline:
            time.sleep(0.02)

    def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        parts = urlsplit(self.target)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _handler(line) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def handle(self) -> None:
                line._open.add(self.connection)
                with contextlib.suppress(OSError, http.client.HTTPException):  # that is what we are for
                    super().handle()

            def finish(self) -> None:
                with contextlib.suppress(OSError):
                    super().finish()
                self.connection.close()
                line._open.discard(self.connection)

            def do_GET(self) -> None:
                line._serve(self)

            def do_POST(self) -> None:
                line._serve(self)

        return Handler

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length", 0)))
        headers = {key: value for key, value in request.headers.items() if key.lower() not in ("host", "connection")}
        deed = self.choose(request.command, request.path)
        self.done[deed] += 1
        request.close_connection = deed != "ok"
        if deed == "lose-request":
            return
        if deed.startswith("status:"):
            self._answer(request, int(deed[7:]), [("Retry-After", "1")], b"{}")
            return
        try:
            status, got, content = self._forward(request.command, request.path, headers, body)
            if deed == "double":
                status, got, content = self._forward(request.command, request.path, headers, body)
        except (OSError, http.client.HTTPException):
            request.close_connection = True
            return  # the bureau is gone: so are we
        earlier = self._earlier.get(request.path.split("?")[0], content)
        self._earlier[request.path.split("?")[0]] = content
        if deed == "lose-answer":
            return
        if deed == "delay":
            time.sleep(self.delay_s)
        elif deed == "after:500":
            status, content = 500, b"{}"
        elif deed == "other-answer":
            content = earlier
        elif deed == "garble" and content:
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        keep = [(key, value) for key, value in got if key.lower() in ("content-type", "retry-after", "content-range")]
        self._answer(request, status, keep, content, cut=deed == "truncate")

    @staticmethod
    def _answer(
        request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], content: bytes, *, cut: bool = False
    ) -> None:
        request.send_response(status)
        for key, value in headers:
            request.send_header(key, value)
        if status != 204:
            request.send_header("Content-Length", str(len(content)))
        if request.close_connection:
            request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(content[: len(content) // 2] if cut else content)
        request.wfile.flush()
