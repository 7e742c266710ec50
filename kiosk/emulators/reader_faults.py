"""Faults the emulated reader can play: how they are written, and which apply to a reply.

Written NAME[=VALUE][@COMMAND][*COUNT]: `late=0.7@read*2` holds back two replies to read by 0.7 s; without @ it concerns every
command, without * it lasts until cleared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.errors import ConfigError

# name -> (default value, what it does)
FAULTS: dict[str, tuple[str, str]] = {
    "silent": ("", "no reply"),
    "late": ("0.7", "reply after VALUE seconds"),
    "double": ("", "the reply twice"),
    "split": ("0.02", "the reply in pieces of 7 bytes, VALUE seconds apart"),
    "slow": ("0.005", "VALUE seconds between bytes"),
    "garbage": ("24", "VALUE noise bytes before the reply"),
    "garbage-after": ("24", "VALUE noise bytes behind the reply"),
    "zeros": ("3", "VALUE zero bytes before the reply"),
    "foreign": ("", "frames of other protocols before the reply (AA AA AA 69 96, 66 66 66 69 96, 55 AA)"),
    "stray-preamble": ("", "a preamble with a large length before the reply"),
    "oversized": ("", "a preamble with an impossible length before the reply"),
    "huge": ("3000", "a correct frame of VALUE data bytes before the reply"),
    "echo": ("", "the request comes back before the reply"),
    "corrupt": ("12", "byte VALUE of the reply is altered"),
    "bad-checksum": ("", "the reply's last byte is altered"),
    "short-length": ("1", "the length field is VALUE too small"),
    "long-length": ("5", "the length field is VALUE too large"),
    "truncated": ("0.5", "only this share of the reply"),
    "sw12": ("A55A", "SW1 and SW2"),
    "iin": ("C3", "the IIN or SN in replies to find and select is filled with this byte"),
    "sw3": ("41", "a fault status instead of the reply"),
    "self-test": ("", "60 to everything"),
    "unauthorised": ("", "66 to everything"),
    "find-fails": ("", "find answers 80; reading works"),
    "select-fails": ("", "select answers 81; reading works"),
    "no-30-03": ("", "the newest address is an unknown command (21)"),
    "no-30-10": ("", "the fingerprint read is an unknown command (21)"),
    "sam-id-first-wrong": ("", "the first SAM id after start is another one"),
    "rf-hang": ("", "select answers 81 until the reader is reset"),
    "inner-length": ("", "the lengths inside the payload do not add up"),
    "unplug-at": ("600", "the port vanishes after VALUE bytes of the reply"),
}
COMMAND_NAMES = {
    b"\x10\xff": "reset", b"\x11\xff": "status", b"\x12\xff": "sam-id", b"\x20\x01": "find", b"\x20\x02": "select",
    b"\x30\x01": "read", b"\x30\x10": "read-fingerprint", b"\x30\x03": "newest-address", b"\x30\x05": "chip-number",
    b"\x61\xff": "rf-size",
}


@dataclass(slots=True)
class Fault:
    """One fault in force; `left` counts down, None is for ever."""

    name: str
    value: str
    command: str = ""
    left: int | None = None


def parse_fault(text: str) -> Fault:
    """Read one specification. Raises ConfigError."""
    match = re.fullmatch(r"([a-z0-9-]+)(?:=([^@*]*))?(?:@([a-z-]+))?(?:\*(\d+))?", text.strip())
    if match is None or match[1] not in FAULTS:
        raise ConfigError(f"unknown fault {text!r}; known: {', '.join(FAULTS)}")
    if match[3] and match[3] not in COMMAND_NAMES.values():
        raise ConfigError(f"unknown command in fault {text!r}; known: {', '.join(COMMAND_NAMES.values())}")
    value = FAULTS[match[1]][0] if match[2] is None else match[2]
    return Fault(match[1], value, match[3] or "", int(match[4]) if match[4] else None)


class FaultList:
    """The faults in force."""

    def __init__(self, specifications: Iterable[str] = ()) -> None:
        self._faults = [parse_fault(text) for text in specifications]

    def take(self, name: str, command: str) -> str | None:
        """Return the fault's value when it applies to this reply, and use it up by one; else None."""
        for fault in self._faults:
            if fault.name == name and fault.command in ("", command) and fault.left != 0:
                if fault.left is not None:
                    fault.left -= 1
                return fault.value
        return None
