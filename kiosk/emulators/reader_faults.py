"""Faults the emulated reader can play: how they are written, and which apply to a reply.

Written NAME[=VALUE][@COMMAND][*COUNT]: `late=0.7@read*2` holds back two replies to read by 0.7 s; without @ it concerns every
command, without * it lasts until cleared.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.errors import ConfigError

_HEAD = bytes.fromhex("AAAAAA9669")
_FOREIGN = bytes.fromhex("AAAAAA6996000400009094666666699600040000909455AA0102")

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
    "loopback": ("", "nothing but the request comes back"),
    "glued": ("80", "a status frame with this byte right before the reply"),
    "corrupt": ("12", "byte VALUE of the reply is altered"),
    "flip": ("40", "bit VALUE of the reply is altered"),
    "lose": ("30", "byte VALUE of the reply is lost"),
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
    "always-91": ("", "the newest address answers 91, card or no card"),
    "no-30-10": ("", "the fingerprint read is an unknown command (21)"),
    "sam-id-first-wrong": ("", "the first SAM id after start is another one"),
    "rf-hang": ("", "select answers 81 until the reader is reset"),
    "inner-length": ("", "the lengths inside the payload do not add up"),
    "unplug-at": ("600", "the port vanishes after VALUE bytes of the reply"),
}
COMMAND_NAMES = {
    b"\x10\xff": "reset",
    b"\x11\xff": "status",
    b"\x12\xff": "sam-id",
    b"\x20\x01": "find",
    b"\x20\x02": "select",
    b"\x30\x01": "read",
    b"\x30\x10": "read-fingerprint",
    b"\x30\x03": "newest-address",
    b"\x30\x05": "chip-number",
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
    try:
        _check_value(match[1], value)
    except ValueError as error:
        raise ConfigError(f"value of fault {text!r}: {error}") from error
    return Fault(match[1], value, match[3] or "", int(match[4]) if match[4] else None)


def _check_value(name: str, value: str) -> None:
    default = FAULTS[name][0]
    if name == "sw12":
        if len(bytes.fromhex(value)) != 2:
            raise ValueError("two bytes in hex expected")
    elif name in ("sw3", "iin", "glued"):
        if len(bytes.fromhex(value)) != 1:
            raise ValueError("one byte in hex expected")
    elif not default:
        if value:
            raise ValueError("this fault takes none")
    elif "." in default:
        if not 0 <= float(value) <= 3600:
            raise ValueError("seconds, or a share, expected")
    elif not 0 <= int(value) <= 8 * 4000:
        raise ValueError("a number of bytes, or of a bit, expected")


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


def disturbed(frame: bytes, request: bytes, name: str, faults: FaultList) -> tuple[list[tuple[float, bytes]], int | None]:
    """Return the reply as [(seconds to wait, bytes)] with the line's faults, and after how many bytes the port vanishes."""
    if faults.take("silent", name) is not None:
        return [], None
    if faults.take("loopback", name) is not None:
        return [(0.0, _framed(request))], None
    altered = bytearray(frame)
    if (value := faults.take("corrupt", name)) is not None:
        altered[int(value) % len(altered)] ^= 0x5A
    if (value := faults.take("flip", name)) is not None:
        altered[int(value) // 8 % len(altered)] ^= 1 << int(value) % 8
    if (value := faults.take("lose", name)) is not None:
        del altered[int(value) % len(altered)]
    if faults.take("bad-checksum", name) is not None:
        altered[-1] ^= 0xFF
    for fault, sign in (("short-length", -1), ("long-length", 1)):
        if (value := faults.take(fault, name)) is not None:
            altered[5:7] = (max(0, int.from_bytes(altered[5:7], "big") + sign * int(value))).to_bytes(2, "big")
    if (value := faults.take("truncated", name)) is not None:
        del altered[int(len(altered) * float(value)) :]
    out = bytes(altered)
    if faults.take("double", name) is not None:
        out = out + out
    before = b""
    if (value := faults.take("garbage", name)) is not None:
        before += os.urandom(int(value))
    if (value := faults.take("zeros", name)) is not None:
        before += bytes(int(value))
    if faults.take("foreign", name) is not None:
        before += _FOREIGN
    if faults.take("stray-preamble", name) is not None:
        before += bytes.fromhex("AAAAAA96690800")
    if faults.take("oversized", name) is not None:
        before += bytes.fromhex("AAAAAA9669FFFF0000")
    if (value := faults.take("huge", name)) is not None:
        before += _huge(int(value))
    if faults.take("echo", name) is not None:
        before += _framed(request)
    if (value := faults.take("glued", name)) is not None:
        before += _framed(bytes([0, 0, int(value, 16)]))
    out = before + out
    if (value := faults.take("garbage-after", name)) is not None:
        out += os.urandom(int(value))
    late = float(faults.take("late", name) or 0)
    vanish = faults.take("unplug-at", name)
    vanish_at = None if vanish is None else int(vanish)
    size, gap = len(out), 0.0
    if (value := faults.take("split", name)) is not None:
        size, gap = 7, float(value)
    elif (value := faults.take("slow", name)) is not None:
        size, gap = 1, float(value)
    pieces = [(gap, out[at : at + size]) for at in range(0, len(out), max(1, size))]
    if pieces:
        pieces[0] = (late, pieces[0][1])
    return pieces, vanish_at


def _huge(size: int) -> bytes:
    return _framed(bytes([0, 0, 0x90]) + bytes(size))


def _framed(content: bytes) -> bytes:
    body = (len(content) + 1).to_bytes(2, "big") + content
    return _HEAD + body + bytes([_xor(body)])


def _xor(data: bytes) -> int:
    check = 0
    for byte in data:
        check ^= byte
    return check
