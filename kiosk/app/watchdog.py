"""Tell the service manager that the GUI thread lives. Used by `app`; does nothing where no service manager listens.

Protocol: sd_notify(3), a datagram to $NOTIFY_SOCKET.
"""

from __future__ import annotations

import os
import socket

AGAIN = 75  # exit status: the program is to be started again, by the service manager or by `kiosk run` itself


def notify(message: str) -> bool:
    """Send "READY=1", "WATCHDOG=1", "STATUS=…" or "STOPPING=1"; return whether somebody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    family = getattr(socket, "AF_UNIX", None)  # not on Windows
    if not address or family is None:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.sendto(message.encode(), address)
    except OSError:
        return False
    return True


def status(*, at: str, reader: bool, camera: bool | None) -> str:
    """Return the message where somebody is (idle, visit, desk), and how the devices are (camera None: it has said nothing yet).

    Read by the updater (`kiosk.updates.system`), which changes the program only when nobody is there.
    """
    words = {True: "yes", False: "no", None: "unknown"}
    return f"STATUS=at={at} reader={words[reader]} camera={words[camera]}"


def interval_s() -> float | None:
    """Return how often to notify (a third of the manager's limit), or None where no watchdog is set."""
    text = os.environ.get("WATCHDOG_USEC", "")
    return int(text) / 3_000_000 if text.isdigit() and int(text) > 0 else None
