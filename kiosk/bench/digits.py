"""Four digits read aloud, by synthetic voices in synthetic rooms: how often the right string is refused, a wrong one taken.

Not part of `kiosk bench` without a name: it needs requirements/voice.txt and `kiosk voice fetch`. Eight Mandarin voices read `each`
strings, at two speeds, as whole sentences; each is heard clean, in a room (impulse response and a station's noise made here) and at
10 dB over that noise; the reading is cut out as a take does it. Wrong: every string with one digit changed. A challenge is two
readings at most, as a take has them: what cannot be told is read once more. Options: each, seed (of the strings), folder (keeps
what was rendered), least (the bound), rooms, every (the n-th string alone). OMP_NUM_THREADS=1 before the command: one core.
"""

from __future__ import annotations

import random
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.config import ASSETS
from kiosk.evaluate.metrics import Rate
from kiosk.liveness.digits.reading import LEAST_MARGIN, WRONG_MARGIN, Reading, draw_digits
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
BOUNDS = (2.0, 1.5, 1.0, 0.5, 0.0, -0.5, -1.0)
TUNED, MEASURED = 2026, 7001  # strings on which the rule was chosen, and others: never the same


@dataclass(frozen=True, slots=True)
class Said:
    """One string by one voice. sound: float32, 16 kHz."""

    voice: str
    digits: str
    sound: np.ndarray


def run(
    each: int = 25,
    seed: int = MEASURED,
    folder: str = "var/bench-digits",
    least: float = LEAST_MARGIN,
    rooms: str = ",".join(ROOMS),
    every: int = 1,
) -> dict[str, Any]:
    """Return shares, with how many trials stand behind them."""
    everything = list(_rendered(each, Path(folder), seed))
    scorer = Scorer(FOLDER)
    asked = everything[::every]
    figures: dict[str, Any] = {"strings": len(asked)}
    seconds: list[float] = []
    good = True
    for room in rooms.split(","):
        readings: list[Weighed] = []
        for number, item in enumerate(asked, 1):
            noises = np.random.default_rng([seed, zlib.crc32(f"{room} {item.voice} {item.digits}".encode())])
            heard = _heard(_in_a_room(item.sound, room, noises, everything))
            began = time.perf_counter()
            leads = None if heard is None else scorer.leads(heard, item.digits).mean(axis=0)
            seconds.append(time.perf_counter() - began)
            readings.append(Weighed(item.voice, leads))
            if number % 10 == 0:
                print(f"{room}: {number} of {len(asked)}, {shares(readings, least)}", file=sys.stderr, flush=True)
        (refused, taken), (challenge_refused, challenge_taken) = shares(readings, least), challenges(readings, least)
        figures |= {
            f"{room}: right refused, a reading": refused.text(),
            f"{room}: of them not heard": sum(one.leads is None for one in readings),
            f"{room}: wrong taken, a reading": taken.text(),
            f"{room}: right refused, a challenge": challenge_refused.text(),
            f"{room}: wrong taken, a challenge": challenge_taken.text(),
            f"{room}: refused, taken by bound": {at: [one.hits for one in shares(readings, at)] for at in BOUNDS},
        }
        most = NOISY_REJECT if room.startswith("noise") else FALSE_REJECT
        good = good and challenge_refused.value <= most and challenge_taken.value <= FALSE_ACCEPT
    figures |= {"seconds a string, median": float(np.median(seconds)), "seconds a string, longest": max(seconds)}
    figures["within_bounds"] = good and figures["seconds a string, median"] <= LONGEST_S
    return figures


@dataclass(frozen=True, slots=True)
class Weighed:
    """One reading. leads: (places, rivals) by how much the right string leads; None where no reading was noticed."""

    voice: str
    leads: np.ndarray | None

    @property
    def right(self) -> float:
        """The margin of the right string."""
        return -np.inf if self.leads is None else float(self.leads.min())

    @property
    def wrong(self) -> list[float]:
        """The margins, at most, of the strings with one digit changed: what was read is one of a wrong string's rivals."""
        if self.leads is None:
            return []
        return [-float(lead) for lead in self.leads.ravel()] + [-np.inf] * (9 * len(self.leads) - self.leads.size)


def shares(readings: Sequence[Weighed], least: float) -> tuple[Rate, Rate]:
    """Return how many right ones are refused, and wrong ones taken, of single readings."""
    wrong = [margin for one in readings for margin in one.wrong]
    return (
        Rate(sum(one.right < least for one in readings), len(readings)),
        Rate(sum(margin >= least for margin in wrong), len(wrong)),
    )


def challenges(readings: Sequence[Weighed], least: float) -> tuple[Rate, Rate]:
    """Return the same of challenges: each voice's readings with its next one for a second try, where the first told nothing.

    A wrong string's second try is taken as often as any wrong string of that voice.
    """
    refused = wrongs = 0
    taken = 0.0
    by: dict[str, list[Weighed]] = {}
    for one in readings:
        by.setdefault(one.voice, []).append(one)
    for same in by.values():
        pool = [margin for one in same for margin in one.wrong]
        second = sum(margin >= least for margin in pool) / max(1, len(pool))
        for one, following in zip(same, [*same[1:], same[0]], strict=True):
            doubtful = one.leads is None or WRONG_MARGIN <= one.right < least
            refused += (doubtful and following.right < least) or (one.leads is not None and one.right < WRONG_MARGIN)
        taken += sum(1.0 if margin >= least else second if margin >= WRONG_MARGIN else 0.0 for margin in pool)
        wrongs += len(pool)
    return Rate(refused, len(readings)), Rate(round(taken), wrongs)


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
