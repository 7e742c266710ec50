"""`kiosk bench reader`: from the first request byte to the event, against the wire time at the emulator's pace.

The emulator runs in a process of its own, as a reader would; its lateness counts against the ratio. Pseudo-terminals: POSIX only.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from kiosk.config import CONFIG, Reader
from kiosk.errors import DeviceError
from kiosk.idcard_reader.client import ReaderClient
from kiosk.idcard_reader.codec import Command, Decoder
from kiosk.idcard_reader.events import CardArrived, CardRead, CardRemoved, ReaderReady
from kiosk.idcard_reader.exchange import BITS_PER_BYTE

READ_REPLY = 1295
WHOLE = 10 + 15 + 10 + 19 + 10 + READ_REPLY  # find, select, read: requests and replies
BOUND = 1.10


def run(cards: int = 30, baud: int = 115200, card: str = "wang") -> dict[str, object]:
    """Lay a card `cards` times; return medians, worst cases and ratios. Raises DeviceError when the emulator does not answer."""
    load_before = os.getloadavg()[0]
    sent: dict[bytes, float] = {}

    def note(request: bytes) -> None:
        sent[request[7:9]] = time.perf_counter()

    read_s: list[float] = []
    whole_s: list[float] = []
    arrived_s: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-reader-") as folder:
        link = Path(folder) / "reader"
        emulator = subprocess.Popen(  # noqa: S603 - ourselves
            [
                sys.executable,
                "-m",
                "kiosk",
                "emulate-reader",
                "--link",
                str(link),
                "--baud",
                str(baud),
                "--cards",
                str(CONFIG / "demo" / "cards.toml"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            encoding="utf-8",
        )
        if emulator.stdin is None or emulator.stdout is None:
            raise DeviceError("the emulator has no pipes")
        stop = threading.Event()
        watchdog = threading.Timer(30 + cards * 5 * max(1.0, 115200 / baud), stop.set)
        watchdog.start()
        try:
            emulator.stdout.readline()
            client = ReaderClient(Reader(port=str(link), baud=baud, poll_interval_s=0.3), on_send=note)
            for event in client.events(stop):
                now = time.perf_counter()
                if isinstance(event, ReaderReady | CardRemoved):
                    if len(read_s) == cards:
                        break
                    emulator.stdin.write(f"lay {card}\n")
                elif isinstance(event, CardArrived):
                    arrived_s.append(now - sent[Command.FIND.value])
                elif isinstance(event, CardRead):
                    read_s.append(now - sent[Command.READ.value])
                    whole_s.append(now - sent[Command.FIND.value])
                    emulator.stdin.write("lift\n")
        finally:
            watchdog.cancel()
            emulator.stdin.close()
            emulator.terminate()
            emulator.wait(10)
            emulator.stdout.close()
    if len(read_s) < cards:
        raise DeviceError(f"only {len(read_s)} of {cards} cards were read")
    wire_ms, whole_wire_ms = (count * BITS_PER_BYTE / baud * 1000 for count in (READ_REPLY, WHOLE))
    read_ms, whole_ms = statistics.median(read_s) * 1000, statistics.median(whole_s) * 1000
    return {
        "cards": cards,
        "baud": baud,
        "load_before": round(load_before, 2),
        "read_wire_ms": round(wire_ms, 2),
        "read_ms_median": round(read_ms, 2),
        "read_ms_worst": round(max(read_s) * 1000, 2),
        "read_ratio": round(read_ms / wire_ms, 4),
        "read_ratio_worst": round(max(read_s) * 1000 / wire_ms, 4),
        "card_wire_ms": round(whole_wire_ms, 2),
        "card_ms_median": round(whole_ms, 2),
        "card_ms_worst": round(max(whole_s) * 1000, 2),
        "card_ratio": round(whole_ms / whole_wire_ms, 4),
        "found_ms_median": round(statistics.median(arrived_s) * 1000, 2),
        "decoder_mb_per_s": round(_decoder_speed(), 1),
        "ratio": round(read_ms / wire_ms, 4),
        "bound": BOUND,
        "within_bounds": read_ms / wire_ms <= BOUND,
    }


def _decoder_speed() -> float:
    """Megabytes of read replies a second through the codec alone, in pieces of 16 bytes as a serial port hands them out."""
    body = (READ_REPLY - 7).to_bytes(2, "big") + bytes([0, 0, 0x90]) + bytes(range(256)) * 5 + bytes(4)
    check = 0
    for byte in body:
        check ^= byte
    frame = bytes.fromhex("AAAAAA9669") + body + bytes([check])
    decoder, frames, begun = Decoder(), 0, time.perf_counter()
    while time.perf_counter() - begun < 0.5:
        for at in range(0, len(frame), 16):
            frames += len(decoder.feed(frame[at : at + 16]))
    if frames == 0:
        raise DeviceError("the codec finds nothing")
    return frames * len(frame) / (time.perf_counter() - begun) / 1e6
