"""Has a network come back? Looks at this machine's own interfaces, sends nothing. Used by `worker` while offline."""

from __future__ import annotations

Link = frozenset[tuple[str, str]]


def links() -> Link:
    """Return (interface, address) of every interface that is up, loopback left out; empty where the system does not say."""
    try:
        import psutil
        up = {name for name, facts in psutil.net_if_stats().items() if facts.isup}
        return frozenset(
            (name, one.address) for name, addresses in psutil.net_if_addrs().items() if name in up
            for one in addresses if one.address and not one.address.startswith(("127.", "::1")) and name != "lo")
    except (ImportError, OSError):
        return frozenset()


def came_back(before: Link, now: Link) -> bool:
    """Return whether an interface or an address is there that was not."""
    return bool(now - before)
