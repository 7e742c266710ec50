"""Has a network come back? Looks at this machine's own interfaces, and whether the bureau's port opens. Used by `worker`."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

Link = frozenset[tuple[str, str]]


def links() -> Link:
    """Return (interface, address) of every interface that is up, loopback left out; empty where the system does not say."""
    try:
        import psutil

        up = {name for name, facts in psutil.net_if_stats().items() if facts.isup}
        return frozenset(
            (name, one.address)
            for name, addresses in psutil.net_if_addrs().items()
            if name in up
            for one in addresses
            if one.address and not one.address.startswith(("127.", "::1")) and name != "lo"
        )
    except (ImportError, OSError):
        return frozenset()


def opens(url: str, timeout_s: float = 3.0) -> bool:
    """Return whether somebody accepts a connection at the bureau's own address and port. Nothing is sent.

    Blocks for `timeout_s` at most, and for as long as the system looks up the name.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout_s):
            return True
    except (OSError, UnicodeError):  # UnicodeError: a name that is none
        return False


def came_back(before: Link, now: Link) -> bool:
    """Return whether an interface or an address is there that was not."""
    return bool(now - before)
