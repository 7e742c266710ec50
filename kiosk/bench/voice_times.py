"""How soon the voice speaks and how soon it is silent: the whole speaker, with a file for a sound card. For `bench.voice`.

From the wish to the first period that the card takes, and from the hush to the last one that is heard. What a card still holds is
heard as long as its player lives, but at most `sound.BUFFER_MS` where the player may run before others (else its buffer is not
made small, and its end alone counts). Under load, and after a rest, four programs a core keep the machine busy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from kiosk.config import ROOT, Voice
from kiosk.voice import speaker as voice
from kiosk.voice.child import ProcessSynthesiser
from kiosk.voice.rendered import Rendered
from kiosk.voice.sound import BUFFER_MS, CommandPlayer

PROMPTS = 20
LOAD = 4  # busy programs a core
TIMEOUT_S = 20.0
_CARD = ROOT / "kiosk" / "emulators" / "sound_player.py"


def run(rendered: Rendered) -> dict[str, Any]:
    """Return times in milliseconds, on a machine left alone (by us) and on a busy one."""
    keys = [key for key, item in sorted(rendered.prompts.items()) if item.seconds > 2.5]
    chosen = keys[:: max(1, len(keys) // PROMPTS)]
    figures: dict[str, Any] = {}
    for name, busy in (("", 0), (" under load", LOAD * (os.cpu_count() or 1))):
        with _load(busy), tempfile.TemporaryDirectory(prefix="kiosk-bench-voice-") as folder:
            firsts, lasts, gaps = _through_the_speaker(chosen, Path(folder) / "card")
        figures |= {
            f"first sound{name} ms, median": median(firsts),
            f"first sound{name} ms, longest": max(firsts),
            f"cut off{name} ms, median": median(lasts),
            f"cut off{name} ms, longest": max(lasts),
            f"prompts{name} with a gap": gaps,
        }
    with _load(LOAD * (os.cpu_count() or 1)), tempfile.TemporaryDirectory(prefix="kiosk-bench-voice-") as folder:
        firsts, _, _ = _through_the_speaker(list(voice.FIRSTS), Path(folder) / "card", rest=True)
    return figures | {"first sound after a rest ms, longest": max(firsts)}


@contextmanager
def _load(programs: int) -> Iterator[None]:
    running = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(programs)]  # noqa: S603
    try:
        yield
    finally:
        for program in running:
            program.kill()
            program.wait()


def _through_the_speaker(keys: list[str], log: Path, *, rest: bool = False) -> tuple[list[float], list[float], int]:
    """Return the times to the first sound, the times to silence, and how many prompts had a moment without sound.

    rest: nobody spoke for so long before each prompt that the voice's process has ended.
    """
    player = CommandPlayer((sys.executable, "-S", "-I", str(_CARD), str(log)), (f"--latency={BUFFER_MS}ms",))
    child = ProcessSynthesiser()
    speaker = voice.Speaker(Voice(), child, player)
    speaker.start()
    firsts, lasts, gaps = [], [], 0
    silences = voice.SETTLE_S, voice.KEEP_S
    if rest:
        voice.SETTLE_S = voice.KEEP_S = 0.5  # nobody waits minutes for a figure
    try:
        for number, key in enumerate([keys[0], *keys]):  # the first one starts the voice's process
            log.unlink(missing_ok=True)
            if rest and number:
                _wait(lambda: child._child is None)
            began = time.monotonic_ns()
            speaker.say([key])
            _wait(lambda: log.exists() and log.stat().st_size > 0)
            time.sleep(0.2 + 0.05 * (number % 5))
            process = player._process
            hushed = time.monotonic_ns()
            speaker.hush()
            if process is not None:
                process.wait()
            gone = time.monotonic_ns()
            taken = [tuple(map(int, line.split())) for line in log.read_text(encoding="ascii").splitlines()]
            if number:
                held = BUFFER_MS * 1_000_000 if player._quick else gone
                heard = min(gone, max(hushed, taken[-1][0]) + held)
                firsts.append((taken[0][0] - began) / 1e6)
                lasts.append((heard - hushed) / 1e6)
                gaps += max(late for _, late in taken) > BUFFER_MS * 1_000_000
    finally:
        voice.SETTLE_S, voice.KEEP_S = silences
        speaker.stop()
    return firsts, lasts, gaps


def _wait(until: Any) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not until() and time.monotonic() < end:
        time.sleep(0.002)
