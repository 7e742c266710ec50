"""Four digits read aloud, by synthetic voices in synthetic rooms: how often the right string is refused, a wrong one taken.

Not part of `kiosk bench` without a name: it needs requirements/voice.txt and `kiosk voice fetch`. Eight Mandarin voices read `each`
strings, at two speeds, as whole sentences; each is heard clean, in a room (impulse response and a station's noise made here) and at
10 dB over that noise; the reading is cut out as a take does it. Wrong: every string with one digit changed. Options: each, seed (of
the strings), folder (keeps what was rendered), least (the bound), threads, rooms, every (the n-th string alone).
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.config import ASSETS
from kiosk.evaluate.metrics import Rate
from kiosk.liveness.digits.reading import LEAST_MARGIN, Reading, draw_digits
from kiosk.microphone.ear import MARGIN_S, level_db
from kiosk.microphone.mel import RATE
from kiosk.microphone.recogniser import FOLDER
from kiosk.microphone.scorer import Scorer
from kiosk.microphone.source import BLOCK_S

VOICES = tuple(f"zf_xiao{name}" for name in ("bei", "ni", "xiao", "yi")) + tuple(
    f"zm_yun{name}" for name in ("jian", "xi", "xia", "yang")
)
SPEEDS = (0.8, 1.0)
NOISE_DB = 10.0
ROOM_RT60_S, ROOM_DB = 0.5, 20.0  # reverberation; the voice over the noise in a quiet room
LEAD_S = 2.0  # of noise before the cue
FALSE_REJECT, NOISY_REJECT, FALSE_ACCEPT, LONGEST_S = 0.05, 0.10, 0.01, 4.0
_HAN = "零一二三四五六七八九"
ROOMS = ("clean", "room", "noise 10 dB")
BOUNDS = (1.0, 0.0, -0.5, -1.0, -1.5, -2.0)
TUNED, MEASURED = 2026, 3011  # strings on which the rule was chosen, and others: never the same


@dataclass(frozen=True, slots=True)
class Said:
    """One string by one voice. sound: float32, 16 kHz."""

    voice: str
    digits: str
    sound: np.ndarray


def run(
    each: int = 25,
    seed: int = MEASURED,
    threads: int = 2,
    folder: str = "var/bench-digits",
    least: float = LEAST_MARGIN,
    rooms: str = ",".join(ROOMS),
    every: int = 1,
) -> dict[str, Any]:
    """Return shares, with how many trials stand behind them."""
    everything = list(_rendered(each, Path(folder), seed))
    scorer = Scorer(FOLDER, threads)
    noises = np.random.default_rng(seed)
    figures: dict[str, Any] = {"strings": len(everything[::every])}
    seconds: list[float] = []
    good = True
    for room in rooms.split(","):
        right: list[float] = []
        wrong: list[float] = []
        unheard = 0
        for number, item in enumerate(everything[::every], 1):
            heard = _heard(_in_a_room(item.sound, room, noises, everything))
            if heard is None:
                unheard += 1
                continue
            began = time.perf_counter()
            scored = scorer.against(heard, item.digits)
            seconds.append(time.perf_counter() - began)
            rivals = [lead for place in scored for lead in place]
            right.append(min(rivals))
            # What was read is one of a wrong string's alternatives: its own lead is this at most; the others lie further off.
            wrong += [-lead for lead in rivals] + [-np.inf] * (len(item.digits) * 9 - len(rivals))
            if number % 10 == 0:
                so_far = sum(one < least for one in right), sum(one >= least for one in wrong), len(wrong)
                print(f"{room}: {number} of {len(everything[::every])}, {so_far}", file=sys.stderr, flush=True)
        rejected = sum(one < least for one in right) + unheard
        accepted = sum(one >= least for one in wrong)
        figures |= {
            f"{room}: right refused": Rate(rejected, len(right) + unheard).text(),
            f"{room}: of them not heard": unheard,
            f"{room}: wrong taken": Rate(accepted, len(wrong)).text(),
            f"{room}: refused, taken by bound": {
                at: (sum(one < at for one in right) + unheard, sum(one >= at for one in wrong)) for at in BOUNDS
            },
        }
        most = NOISY_REJECT if room.startswith("noise") else FALSE_REJECT
        good = good and rejected <= most * (len(right) + unheard) and accepted <= FALSE_ACCEPT * len(wrong)
    figures |= {"seconds a string, median": float(np.median(seconds)), "seconds a string, longest": max(seconds)}
    figures["within_bounds"] = good and figures["seconds a string, median"] <= LONGEST_S
    return figures


def _rendered(each: int, folder: Path, seed: int) -> Iterator[Said]:
    """Yield what each voice reads, as natural sentences: half with a pause after each digit, half in one go; half say 幺."""
    from scipy.signal import resample_poly

    from kiosk.voice.render import parts
    from kiosk.voice.render.kokoro import Kokoro
    from kiosk.voice.render.pronounce import Mandarin

    folder.mkdir(parents=True, exist_ok=True)
    rng, mandarin = random.Random(seed), Mandarin()
    for voice in VOICES:
        model = None
        for number in range(each):
            digits, speed = draw_digits(rng), SPEEDS[number % len(SPEEDS)]
            pauses, yao = number // 2 % 2 == 0, number // 4 % 2 == 0
            kept = folder / f"{voice}_{digits}_{speed}_{'gap' if pauses else 'run'}{'_yao' if yao else ''}.npy"
            if not kept.exists():
                model = model or Kokoro(parts.read(), voice, ASSETS / "models" / "voice")
                text = "".join("幺" if yao and one == "1" else _HAN[int(one)] for one in digits)
                sound = model.speak(mandarin.sounds("，".join(text) + "。" if pauses else f"{text}。").phonemes, speed)
                np.save(kept, resample_poly(sound, 2, 3).astype(np.float32))
            yield Said(voice, digits, np.load(kept))


def _in_a_room(sound: np.ndarray, room: str, noises: np.random.Generator, others: Sequence[Said]) -> np.ndarray:
    """Return what the microphone hears, with quiet (or noise) before and after."""
    padded = np.concatenate([np.zeros(round(LEAD_S * RATE), np.float32), sound, np.zeros(round(2.5 * RATE), np.float32)])
    if room == "clean":
        return np.asarray(padded + 1e-5 * noises.standard_normal(len(padded)), dtype=np.float32)
    time_s = np.arange(round(ROOM_RT60_S * RATE)) / RATE
    echo = noises.standard_normal(len(time_s)) * 10 ** (-3 * time_s / ROOM_RT60_S)
    echo *= 0.7 / np.sqrt(np.sum(echo**2))
    echo[0] = 1.0
    size = len(padded) + len(echo)
    wet = np.fft.irfft(np.fft.rfft(padded, size) * np.fft.rfft(echo, size), size)[: len(padded)]
    spectrum = np.fft.rfft(noises.standard_normal(len(padded)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1.0), len(padded))
    noise /= np.sqrt(np.mean(noise**2))
    for _ in range(4):  # people who talk in the hall
        talk = others[int(noises.integers(len(others)))].sound
        noise += (
            0.6
            * np.resize(np.roll(talk, int(noises.integers(len(talk)))), len(noise))
            / max(1e-6, float(np.sqrt(np.mean(talk**2))))
        )
    over = NOISE_DB if room.startswith("noise") else ROOM_DB
    level = np.sqrt(np.mean(sound**2)) * 10 ** (-over / 20) / np.sqrt(np.mean(noise**2))
    return np.asarray(wet + noise * level, dtype=np.float32)


def _heard(sound: np.ndarray) -> np.ndarray | None:
    """Return what a take cuts out and has compared; None where it noticed no reading."""
    reading, block = Reading(("0123",)), round(BLOCK_S * RATE)
    for at in range(0, len(sound) - block, block):
        t_s = at / RATE
        if reading.cued is False and t_s >= LEAD_S - 0.5:
            reading.cue(t_s)
        reading.hear([(t_s, level_db(sound[at : at + block]))])
        if at % (5 * block) == 0:
            reading.step(t_s)
        if reading.spoken is not None:
            break
    reading.step(99.0)  # noise that goes on: the limit
    if reading.spoken is None:
        return None
    begin, end = (round(edge * RATE) for edge in reading.spoken)
    return sound[max(0, begin - round(MARGIN_S * RATE)) : end + round(MARGIN_S * RATE)]
