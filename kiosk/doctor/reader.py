"""Is there a card reader, and if not, why: what `kiosk doctor` says about it. Called by `checks.py` and `kiosk read-card`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from kiosk.config import Reader
from kiosk.doctor.finding import Phrase
from kiosk.domain.reasons import Reason
from kiosk.errors import DeviceError
from kiosk.idcard_reader import status
from kiosk.idcard_reader.client import ReaderClient
from kiosk.idcard_reader.codec import Command
from kiosk.idcard_reader.status import Remedy, status_of

REMEDIES: dict[Reason, str] = {
    Reason.READER_UNPLUGGED: Phrase("plug the reader in, or set [reader] port, port_patterns or usb_ids"),
    Reason.READER_DENIED: Phrase(
        "let the kiosk's user into the group 'dialout', or install the udev rules and plug the reader in again"
    ),
    Reason.READER_BUSY: Phrase(
        "stop that program: often ModemManager or brltty, which the udev rules keep away, or a second kiosk"
    ),
    Reason.READER_SILENT: Phrase("check its power and cable; if another device has this port, set [reader] port to the reader's"),
    Reason.READER_GARBLED: Phrase(
        "another device may have this port: set [reader] port to the reader's; or look at baud and cable"
    ),
    Reason.READER_SELF_TEST_FAILED: Phrase(
        "pull the reader's plug, wait five seconds, put it back; if it says so again it is broken"
    ),
    Reason.READER_NOT_AUTHORISED: Phrase("its security module is not authorised: only the vendor can put that right"),
}
_NO_PORT = Phrase("set [reader] port to the reader's port, or port_patterns or usb_ids to find it")
_ECHO = Phrase("there is no reader behind this adapter, or its two data lines are bridged: set [reader] port to the reader's")


def look(settings: Reader) -> tuple[Literal["ok", "bad"], str, str]:
    """Ask the reader for its status; return the finding's state, what was found, and what to do. Takes a second or two."""
    if not (settings.port or settings.port_patterns or settings.usb_ids):
        return "bad", Phrase("no port is set"), _NO_PORT
    try:
        port, reply = ReaderClient(settings).ask(Command.STATUS)
    except DeviceError as error:
        what, reason = Phrase.of(error), Reason(error.reason)
        port = what.partition(": ")[0]
        if reason is Reason.READER_UNPLUGGED and not settings.port:
            what = Phrase("no reader among {names}", names=", ".join((*settings.port_patterns, *settings.usb_ids)))
        held = _holders(port) if reason is not Reason.READER_UNPLUGGED else ""
        remedy = _ECHO if "sends back what it gets" in what else REMEDIES[reason]
        return "bad", Phrase.joined((what, Phrase("also open in {held}", held=held) if held else "")), remedy
    known = status_of(reply.sw3)
    if known.remedy is Remedy.READER:
        return (
            "bad",
            Phrase(
                "the reader at {port} says {reason} ({status:02X})",
                port=port,
                reason=known.reason,
                status=reply.sw3,
            ),
            REMEDIES[known.reason],
        )
    if reply.sw3 == status.OK:
        return "ok", Phrase("a reader answers at {port}", port=port), ""
    return (
        "ok",
        Phrase(
            "a reader answers at {port}, though not to the question how it is ({reason}, {status:02X})",
            port=port,
            reason=known.reason,
            status=reply.sw3,
        ),
        "",
    )


def _holders(port: str) -> str:
    """Name the other processes that have this port open, as far as this user may see them. Linux; "" elsewhere."""
    if sys.platform != "linux":
        return ""
    real, names = Path(port).resolve(), set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.name != str(os.getpid()) and any(opened.resolve() == real for opened in (process / "fd").iterdir()):
                names.add((process / "comm").read_text(encoding="utf-8", errors="replace").strip() + f" ({process.name})")
        except OSError:  # ended meanwhile, or another user's
            continue
    return ", ".join(sorted(names))
