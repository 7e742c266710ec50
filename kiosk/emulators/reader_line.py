"""Lines for the emulated reader: a pseudo-terminal behind a link, or a TCP port. POSIX only, as all of `emulators`."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import termios
import tty
from pathlib import Path
from typing import Protocol

_SPEEDS = {
    115200: termios.B115200,
    57600: termios.B57600,
    38400: termios.B38400,
    19200: termios.B19200,
    9600: termios.B9600,
}


class Line(Protocol):
    """One way to reach the emulated reader."""

    def read(self, timeout_s: float) -> bytes:
        """Return what arrived within the time, maybe nothing."""

    def write(self, data: bytes) -> None:
        """Send; what nobody listens to is lost."""

    def hears(self, baud: int) -> bool:
        """Whether the other side's port is set to this speed."""

    def close(self) -> None:
        """Vanish, as when unplugged."""


class PtyLine:
    """A pseudo-terminal with a symbolic link of the wanted name."""

    def __init__(self, link: Path, baud: int) -> None:
        self.link = link
        self._master, self._slave = os.openpty()  # the slave is held open, so that clients may come and go
        tty.setraw(self._slave)
        mode = termios.tcgetattr(self._slave)
        mode[4] = mode[5] = _SPEEDS[baud]  # for clients that set no speed
        termios.tcsetattr(self._slave, termios.TCSANOW, mode)
        os.set_blocking(self._master, False)
        link.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            link.unlink()
        link.symlink_to(os.ttyname(self._slave))

    def read(self, timeout_s: float) -> bytes:
        """See Line."""
        if not select.select([self._master], [], [], timeout_s)[0]:
            return b""
        try:
            return os.read(self._master, 4096)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        """See Line."""
        with contextlib.suppress(OSError):  # BlockingIOError too: nobody reads, the terminal's queue is full
            os.write(self._master, data)

    def hears(self, baud: int) -> bool:
        """See Line."""
        mode = termios.tcgetattr(self._slave)
        return bool(mode[5] == _SPEEDS[baud] and mode[4] == _SPEEDS[baud])

    def close(self) -> None:
        """See Line."""
        with contextlib.suppress(OSError):
            if self.link.is_symlink() and os.readlink(self.link) == os.ttyname(self._slave):
                self.link.unlink()
        for end in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(end)


class TcpLine:
    """A TCP port that carries the same frames; one client at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._server = socket.create_server((host, port))
        self._peer: socket.socket | None = None
        self.address: tuple[str, int] = self._server.getsockname()[:2]

    def read(self, timeout_s: float) -> bytes:
        """See Line."""
        ready = select.select([self._server, *([self._peer] if self._peer else [])], [], [], timeout_s)[0]
        if self._server in ready:
            self._hang_up()
            self._peer = self._server.accept()[0]
            self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return b""
        if self._peer is None or self._peer not in ready:
            return b""
        try:
            data = self._peer.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def write(self, data: bytes) -> None:
        """See Line."""
        if self._peer is not None:
            try:
                self._peer.sendall(data)
            except OSError:
                self._hang_up()

    def hears(self, baud: int) -> bool:
        """See Line."""
        return True

    def close(self) -> None:
        """See Line."""
        self._hang_up()
        self._server.close()

    def _hang_up(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None
