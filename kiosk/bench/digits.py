"""Four digits read aloud, by synthetic voices in synthetic rooms: how often the right string is refused, a wrong one taken.

Not part of `kiosk bench` without a name: it needs requirements/voice.txt and `kiosk voice fetch`. Eight Mandarin voices read at two
speeds (`each` strings a voice); what they read with pauses is cut into digits, and put together to `strings` other strings, a few
recordings for many. Each is heard clean, in a room (impulse response and a station's noise made here) and at 10 dB over that noise;
the reading is cut out as a take does it. Wrong: every string with one digit changed. Options: each, strings, folder
(keeps what was rendered), least (the bound), threads.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.config import ASSETS
from kiosk.liveness.digits.reading import COUNT, LEAST_MARGIN, Reading
from kiosk.microphone.ear import MARGIN_S, level_db
from kiosk.microphone.mel import RATE
from kiosk.microphone.recogniser import FOLDER
from kiosk.microphone.scorer import Scorer, changed
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
_SEED = 2020


@dataclass(frozen=True, slots=True)
class Said:
    """One string by one voice. sound: float32, 16 kHz."""

    voice: str
    digits: str
    spliced: bool
    sound: np.ndarray


def run(
    each: int = 6, strings: int = 200, threads: int = 2, folder: str = "var/bench-digits", least: float = LEAST_MARGIN
) -> dict[str, Any]:
    """Return shares, with how many trials stand behind them."""
    spoken = list(_rendered(each, Path(folder)))
    everything = [item for item in spoken if len(set(item.digits)) == COUNT] + _spliced(spoken, strings)
    scorer = Scorer(FOLDER, threads)
    noises = np.random.default_rng(_SEED)
    figures: dict[str, Any] = {"strings": len(everything), "of them spliced": sum(item.spliced for item in everything)}
    seconds: list[float] = []
    good = True
    for room in ("clean", "room", "noise 10 dB"):
        right, wrong, unheard = [], [], 0
        for number, item in enumerate(everything, 1):
            heard = _heard(_in_a_room(item.sound, room, noises, everything))
            if heard is None:
                unheard += 1
                continue
            began = time.perf_counter()
            others = [one for place in changed(item.digits) for one in place]
            scores = scorer.scores(scorer.encode(heard), [item.digits, *others])
            right.append(float(scores[0] - scores[1:].max()))
            seconds.append(time.perf_counter() - began)
            # What was read is one of its alternatives: a wrong string's lead is this at most.
            wrong += [float(one - scores[0]) for one, digits in zip(scores[1:], others, strict=True) if len(set(digits)) == COUNT]
            if number % 10 == 0:
                so_far = sum(one < least for one in right), sum(one >= least for one in wrong), len(wrong)
                print(f"{room}: {number} of {len(everything)}, {so_far}", file=sys.stderr, flush=True)
        rejected = (sum(one < least for one in right) + unheard) / len(everything)
        accepted = sum(one >= least for one in wrong) / max(1, len(wrong))
        figures |= {
            f"{room}: right refused": rejected,
            f"{room}: of them not heard": unheard / len(everything),
            f"{room}: wrong taken": accepted,
            f"{room}: wrong strings": len(wrong),
            f"{room}: refused at 0 / -1 / -2": [
                round(sum(one < at for one in right) / max(1, len(right)), 3) for at in (0, -1, -2)
            ],
            f"{room}: taken at 0 / -1 / -2": [round(sum(one >= at for one in wrong) / max(1, len(wrong)), 4) for at in (0, -1, -2)],
        }
        good = good and rejected <= (NOISY_REJECT if room.startswith("noise") else FALSE_REJECT) and accepted <= FALSE_ACCEPT
    figures |= {"seconds a string, median": float(np.median(seconds)), "seconds a string, longest": max(seconds)}
    figures["within_bounds"] = good and figures["seconds a string, median"] <= LONGEST_S
    return figures


def _rendered(each: int, folder: Path) -> Iterator[Said]:
    """Yield what the voices read, with pauses and in one go; half of them say 幺."""
    from scipy.signal import resample_poly

    from kiosk.voice.render import parts
    from kiosk.voice.render.kokoro import Kokoro
    from kiosk.voice.render.pronounce import Mandarin

    folder.mkdir(parents=True, exist_ok=True)
    rng, mandarin = random.Random(_SEED), Mandarin()
    for voice in VOICES:
        drawn = ["".join(rng.choice("0123456789") for _ in range(COUNT)) for _ in range(25)]
        model = None
        for number, digits in enumerate(drawn[:each]):
            for speed in SPEEDS:
                style = "gap" if (number + round(speed * 10)) % 3 else "run"
                kept = folder / f"{voice}_{digits}_{style}_{speed}_{number}.npy"
                if not kept.exists():
                    model = model or Kokoro(parts.read(), voice, ASSETS / "models" / "voice")
                    text = "".join("幺" if one == "1" and number % 2 == 0 else _HAN[int(one)] for one in digits)
                    text = "，".join(text) if style == "gap" else text
                    sound = model.speak(mandarin.sounds(f"{text}。").phonemes, speed)
                    np.save(kept, resample_poly(sound, 2, 3).astype(np.float32))
                yield Said(voice, digits, False, np.load(kept))


def _spliced(spoken: Sequence[Said], strings: int) -> list[Said]:
    """Return strings put together of single digits, each voice's own, with pauses of a quarter to three quarters of a second."""
    rng = random.Random(_SEED)
    made: list[Said] = []
    for voice in VOICES:
        pieces: dict[str, list[np.ndarray]] = {}
        for item in spoken:
            if item.voice == voice:
                cut = _cut(item.sound)
                if len(cut) == COUNT:
                    for digit, sound in zip(item.digits, cut, strict=True):
                        pieces.setdefault(digit, []).append(sound)
        if len(pieces) < COUNT:
            continue
        for _ in range(strings // len(VOICES)):
            digits = "".join(rng.sample(sorted(pieces), COUNT))
            parts = [rng.choice(pieces[digit]) for digit in digits]
            rests = [np.zeros(round(rng.uniform(0.25, 0.75) * RATE), np.float32) for _ in parts]
            made.append(
                Said(voice, digits, True, np.concatenate([part for pair in zip(parts, rests, strict=True) for part in pair]))
            )
    return made


def _cut(sound: np.ndarray) -> list[np.ndarray]:
    """Return the parts between pauses; a string that was read in one go gives one part."""
    block = round(0.01 * RATE)
    power = np.sqrt(np.mean(sound[: len(sound) // block * block].reshape(-1, block) ** 2, axis=1))
    loud = np.flatnonzero(power > 0.02 * power.max())
    if not len(loud):
        return []
    breaks = [0, *(at + 1 for at, (a, b) in enumerate(pairwise(loud)) if b - a > 8), len(loud)]
    return [sound[max(0, loud[a] - 2) * block : (loud[b - 1] + 3) * block] for a, b in pairwise(breaks)]


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
