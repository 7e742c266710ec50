"""`kiosk read-card`: read ID cards from a reader and print them, or send the reader one command.

Exit status: 0 a card was read (or the command succeeded); 3 the reader is gone or silent; 4 the card could not be read (or the
command answered with a fault); 5 no card within --timeout.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from typing import Any

READ, READER_GONE, CARD_TROUBLE, NO_CARD = 0, 3, 4, 5


def main(argv: list[str]) -> int:
    """Read one card, or with --watch all that come, and print one line or one JSON object a card."""
    from kiosk import config

    parser = argparse.ArgumentParser(prog="kiosk read-card", description=__doc__)
    parser.add_argument("--port", help="device or URL (socket://host:port); default: the configured one")
    parser.add_argument("--baud", type=int, help="line speed to begin with; the others are probed")
    parser.add_argument("--config", help="configuration file")
    parser.add_argument("--all", action="store_true", help="also fingerprint, newest address and chip number")
    parser.add_argument("--watch", action="store_true", help="go on: print every card, and what else happens")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, all fields (personal data!)")
    parser.add_argument("--lenient", action="store_true", help="read even where find or select fails")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="S", help="seconds to wait for a card; default 30")
    parser.add_argument(
        "--command",
        metavar="NAME",
        help="send one command instead: reset, status, sam-id, find, select, read, "
        "read-fingerprint, newest-address, chip-number, rf-size=BYTES",
    )
    options = parser.parse_args(argv)

    from pathlib import Path

    over: dict[str, Any] = {"lenient": True} if options.lenient else {}
    if options.port:
        over |= {"port": options.port, "port_patterns": [], "usb_ids": []}
    if options.baud:
        over["baud"] = options.baud
    if options.port and not options.config:
        settings = config.Settings.model_validate({"reader": over}).reader
    else:
        settings = config.load(Path(options.config) if options.config else None, {"reader": over}).reader
    return _command(settings, options) if options.command else _cards(settings, options)


def _cards(settings: Any, options: argparse.Namespace) -> int:
    from kiosk.idcard_reader import events as e
    from kiosk.idcard_reader.client import ReaderClient

    stop = threading.Event()
    begun, status = time.monotonic(), NO_CARD
    timer = threading.Timer(options.timeout, stop.set)
    timer.daemon = True
    if not options.watch:
        timer.start()
    try:
        for event in ReaderClient(settings, everything=options.all).events(stop):
            if isinstance(event, e.CardRead):
                _print_card(event.card, as_json=options.json)
                status = READ
            elif isinstance(event, e.ReaderGone):
                _say(f"reader: {event.reason}{_remedy(event.reason)}")
                status = READER_GONE
            elif isinstance(event, e.CardTrouble):
                number = "" if event.sw3 is None else f" (SW3 {event.sw3:02X})"
                _say(f"card: {event.reason}{number}" + ("; lift it and lay it again" if event.lift else ""))
                status = CARD_TROUBLE
            elif options.watch:
                what = f"ready {event.sam_id}" if isinstance(event, e.ReaderReady) else type(event).__name__
                _say(f"{time.monotonic() - begun:8.2f} {what}")
            if not options.watch and isinstance(event, e.CardRead | e.ReaderGone | e.CardTrouble):
                return status
    finally:
        timer.cancel()
    if status == NO_CARD:
        _say(f"no card within {options.timeout:g} s")
    return status


def _print_card(card: Any, *, as_json: bool) -> None:
    from kiosk.domain.identity import last_four, mask_name

    if as_json:
        print(json.dumps(card.to_json(), ensure_ascii=False), flush=True)
    else:
        flags = "" if card.number_ok else f" number flagged: {', '.join(sorted(card.number_flags))}"
        print(f"{card.document_kind} {mask_name(card.to_person().name)} ...{last_four(card.id_number)}{flags}", flush=True)


def _command(settings: Any, options: argparse.Namespace) -> int:
    from kiosk.errors import DeviceError
    from kiosk.idcard_reader import sam
    from kiosk.idcard_reader.client import ReaderClient
    from kiosk.idcard_reader.codec import Command
    from kiosk.idcard_reader.status import status_of

    name, _, value = options.command.partition("=")
    command = {c.label: c for c in Command}.get(name)
    size = value or "80"
    if command is None or (command is Command.RF_SIZE and not (size.isdigit() and int(size) < 256)):
        _say(f"unknown command {options.command!r}; see --help")
        return 2
    try:
        reply = ReaderClient(settings).command(command, bytes([int(size)]) if command is Command.RF_SIZE else b"")
    except DeviceError as error:
        _say(f"reader: {error} [{error.reason}]{_remedy(error.reason)}")
        return READER_GONE
    meaning = status_of(reply.sw3)
    out: dict[str, Any] = {"command": name, "sw3": f"{reply.sw3:02X}", "reason": meaning.reason, "data": reply.data.hex()}
    if command is Command.SAM_ID and len(reply.data) == 16:
        out |= {"sam_id": sam.dotted(reply.data), "sam_id_plain": sam.plain(reply.data)}
    print(json.dumps(out) if options.json else " ".join(f"{k}={v}" for k, v in out.items()), flush=True)
    return READ if reply.sw3 in (0x90, 0x9F, 0x91) else CARD_TROUBLE


def _remedy(reason: str) -> str:
    from kiosk.doctor.reader import REMEDIES
    from kiosk.domain.reasons import Reason

    remedy = REMEDIES.get(Reason(reason))
    return f"; {remedy}" if remedy else ""


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
