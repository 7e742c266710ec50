"""`kiosk evaluate lips CSV`: does the mouth of people who talk go with their own sound better than with another's?

Clips with a sound of their own are cut into windows. Genuine: picture and sound of one window. Swapped: the sound of another clip's
window. Shifted: the clip's own sound, 0.8 or 1.5 s off. The shipped rule (`liveness/digits/mouth.py`) comes first, then what else
was tried, each over the same windows. Needs ffmpeg for the sound. Rows: `file`; a clip without sound is left out.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.errors import ModelError
from kiosk.evaluate.clips import ClipError, Progress, frames, is_still, read_rows
from kiosk.evaluate.lips_learned import bands, foretold, without_slow
from kiosk.evaluate.metrics import Rate, error_curve, rates_at
from kiosk.evaluate.report import Report, Table, number
from kiosk.liveness.digits.mouth import GRID_S, LAG_S, agreement, best_correlation, on_grid
from kiosk.liveness.digits.reading import LEAST_AGREEMENT, NOISE_PART
from kiosk.liveness.landmarks import FaceObservation, Landmarker
from kiosk.microphone.ear import level_db
from kiosk.microphone.mel import RATE
from kiosk.microphone.source import BLOCK_S

SECONDS = 12.0  # of a clip
WINDOWS_S = (2.8, 5.0)  # the first is about what reading four digits takes, and as long as the shortest clips
SHIFTS_S = (0.8, 1.5)
SWAPPED_MOST = 20  # other windows to which one window's lips are held
RESAMPLED = 200  # of the clips, for the interval
_TOP, _CHIN, _UPPER, _LOWER, _OUTER_UP, _OUTER_LOW = 10, 152, 13, 14, 0, 17
LIPS = ("jaw", "gap", "outer")
SOUNDS = ("loud", "band")
FORETOLD = "foretold"  # an opening that `lips_learned` expects of the sound


@dataclass(frozen=True, slots=True)
class Talk:
    """One clip: its lips and its sound over time. `lips`, `sounds` by name: (n, 2) of seconds and value; `bands` see there."""

    name: str
    lips: dict[str, np.ndarray]
    sounds: dict[str, np.ndarray]
    bands: np.ndarray

    @property
    def length_s(self) -> float:
        """How long both go on."""
        return float(min(track[-1, 0] for track in (*self.lips.values(), *self.sounds.values())))


Rule = Callable[[Talk, float, Talk, float, float], float | None]  # lips from, sound from, length: how well they agree


def run(csv: Path, make: Callable[[], Landmarker]) -> Report:
    """Return the report. `make` builds a landmarker for each clip."""
    names = [row["file"] for row in read_rows(csv, ("file",)) if row["file"] and not is_still(Path(row["file"]))]
    errors: list[tuple[str, str]] = []
    talks = []
    progress = Progress("clip", len(names))
    for at, name in enumerate(dict.fromkeys(names)):
        progress.at(at, name)
        try:
            talk = watch(csv.parent / name, make)
        except (ClipError, ModelError) as error:
            errors.append((name, str(error)))
            continue
        if talk is not None:
            talks.append(talk)
    progress.done()
    return report(talks, errors)


def watch(path: Path, make: Callable[[], Landmarker]) -> Talk | None:
    """Return a clip's lips and sound; None without sound, or without a face. Raises ClipError, ModelError."""
    sound = _sound(path)
    if sound is None:
        return None
    landmarker, rows = make(), []
    try:
        for frame in frames(path, SECONDS):
            seen = landmarker.observe(frame)
            if seen.points is not None:
                rows.append((seen.t_s, *_lips(seen)))
    finally:
        landmarker.close()
    if len(rows) < 2:
        return None
    table = np.array(rows)
    return Talk(path.name, {name: table[:, [0, at + 1]] for at, name in enumerate(LIPS)}, _loudness(sound), bands(sound))


def _lips(seen: FaceObservation) -> tuple[float, float, float]:
    """Return how far the mouth is open: the jaw's blendshape, inner lips and outer lips over the face's height."""
    if seen.points is None:
        return 0.0, 0.0, 0.0
    points = seen.points[:, :2]
    tall = max(1.0, float(np.linalg.norm(points[_CHIN] - points[_TOP])))
    gap, outer = (float(np.linalg.norm(points[a] - points[b])) / tall for a, b in ((_UPPER, _LOWER), (_OUTER_UP, _OUTER_LOW)))
    return seen.blend("jawOpen"), gap, outer


def _sound(path: Path) -> np.ndarray | None:
    """Return the clip's sound, float32 at 16 kHz; None where it has none. Raises ClipError without ffmpeg."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(path),
        "-t",
        str(SECONDS),
        "-vn",
        "-ac",
        "1",
        "-ar",
        str(RATE),
        "-f",
        "f32le",
        "-",
    ]
    try:
        told = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603  S607
    except OSError as error:
        raise ClipError(f"ffmpeg is needed for the sound: {error}") from error
    samples = np.frombuffer(told.stdout[: len(told.stdout) // 4 * 4], "<f4")
    return samples if len(samples) > RATE and float(np.abs(samples).max()) > 1e-3 else None


def _loudness(sound: np.ndarray) -> dict[str, np.ndarray]:
    """Return loudness in dB over the noise, of everything and of the band of vowels."""
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(hz < 300) | (hz > 3000)] = 0
    band = np.fft.irfft(spectrum, len(sound)).astype(np.float32)
    return {"loud": _levels(sound), "band": _levels(band)}


def _levels(sound: np.ndarray) -> np.ndarray:
    size = round(BLOCK_S * RATE)
    levels = [level_db(sound[at : at + size]) for at in range(0, len(sound) - size, size)]
    quiet = float(np.percentile(levels, NOISE_PART))
    return np.array([((number + 0.5) * BLOCK_S, max(0.0, level - quiet)) for number, level in enumerate(levels)])


# --- the rules: the shipped one, and what else was tried


def shipped(lips: Talk, lips_s: float, sound: Talk, sound_s: float, length_s: float) -> float | None:
    """The rule of the kiosk: its noise is the room's, here the clip's own quiet."""
    heard = sound.sounds["loud"] - (sound_s - lips_s, 0.0)
    return agreement(lips.lips["jaw"], heard, lips_s, lips_s + length_s)


def tried(mouth: str, heard: str, *, moves: float = 0.0, smooth_s: float = 0.12, slow: bool = True) -> Rule:
    """A rule of another mouth or sound. moves: weight of how fast both change, beside how far they are; slow: with slow changes."""

    def rule(lips: Talk, lips_s: float, sound: Talk, sound_s: float, length_s: float) -> float | None:
        grid = np.arange(lips_s - LAG_S, lips_s + length_s + LAG_S, GRID_S)
        one = on_grid(lips.lips[mouth], grid, smooth_s)
        other = on_grid(sound.sounds[heard] - (sound_s - lips_s, 0.0), grid, smooth_s)
        if not slow:
            one, other = without_slow(one), without_slow(other)
        level = best_correlation(one, other)
        if not moves:
            return level
        speeds = best_correlation(np.abs(np.gradient(one)), np.abs(np.gradient(other)))
        return (1 - moves) * level + moves * speeds

    return rule


RULES: dict[str, Rule] = {
    "shipped": shipped,
    "inner lips": tried("gap", "loud"),
    "outer lips": tried("outer", "loud"),
    "jaw, vowels' band": tried("jaw", "band"),
    "inner lips, vowels' band": tried("gap", "band"),
    "outer lips, vowels' band": tried("outer", "band"),
    "inner lips, smoothed 0.2 s": tried("gap", "band", smooth_s=0.2),
    "inner lips, with speeds": tried("gap", "band", moves=0.5),
    "outer lips, with speeds": tried("outer", "band", moves=0.5),
    "speeds alone": tried("gap", "band", moves=1.0),
    "jaw, 1 to 8 Hz": tried("jaw", "loud", slow=False),
    "outer lips, vowels' band, 1 to 8 Hz": tried("outer", "band", slow=False),
    "jaw, foretold": tried("jaw", FORETOLD, slow=False),
    "outer lips, foretold": tried("outer", FORETOLD, slow=False),
}


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one rule: (clip, score) of each trial."""

    genuine: list[tuple[str, float]]
    swapped: list[tuple[str, float]]
    shifted: list[tuple[str, float]]


def score(talks: Sequence[Talk], rule: Rule, length_s: float) -> Scores:
    """Hold each window's lips to its own sound, to others', and to its own at another time."""
    rng = np.random.default_rng(2020)
    starts = [(talk, at * length_s) for talk in talks for at in range(int(talk.length_s // length_s))]
    found = Scores([], [], [])

    def add(to: list[tuple[str, float]], lips: Talk, lips_s: float, sound: Talk, sound_s: float) -> None:
        value = rule(lips, lips_s, sound, sound_s, length_s)
        if value is not None:
            to.append((lips.name, value))

    for talk, at_s in starts:
        add(found.genuine, talk, at_s, talk, at_s)
        others = [one for one in starts if one[0] is not talk]
        for index in rng.permutation(len(others))[:SWAPPED_MOST]:
            add(found.swapped, talk, at_s, *others[int(index)])
        for shift in (sign * shift for shift in SHIFTS_S for sign in (1, -1)):
            if 0 <= at_s + shift and at_s + shift + length_s <= talk.length_s:
                add(found.shifted, talk, at_s, talk, at_s + shift)
    return found


def eer(genuine: Sequence[tuple[str, float]], other: Sequence[tuple[str, float]]) -> tuple[float, float, float]:
    """Return the equal error rate and its 95 % interval, the clips drawn anew: windows of one clip are alike."""
    value = error_curve([one for _, one in genuine], [one for _, one in other]).eer()[0]
    names = sorted({name for name, _ in genuine})
    by = {name: ([s for n, s in genuine if n == name], [s for n, s in other if n == name]) for name in names}
    rng, many = np.random.default_rng(7), []
    for _ in range(RESAMPLED if names and other else 0):
        drawn = [by[names[int(at)]] for at in rng.integers(len(names), size=len(names))]
        many.append(error_curve([s for same, _ in drawn for s in same], [s for _, rest in drawn for s in rest]).eer()[0])
    low, high = np.nanpercentile(many, (2.5, 97.5)) if many else (np.nan, np.nan)
    return value, float(low), float(high)


def report(talks: Sequence[Talk], errors: Sequence[tuple[str, str]]) -> Report:
    """Return tables of equal error rates, and what the shipped bound refuses and takes."""
    openings = foretold([(talk.lips["jaw"], talk.bands) for talk in talks])
    talks = [
        replace(talk, sounds=talk.sounds | {FORETOLD: opening})
        for talk, opening in zip(talks, openings, strict=True)
        if len(opening)  # too short a clip
    ]
    rates = Table("Equal error rate", ("rule", "window s", "windows", "swapped", "95 %", "shifted", "95 %"))
    bounds = Table("The shipped rule", ("at least", "own refused", "swapped taken", "shifted taken"))
    data: dict[str, Any] = {"clips": len(talks), "rules": {}}
    for length_s in WINDOWS_S:
        for name, rule in RULES.items():
            found = score(talks, rule, length_s)
            swapped, shifted = eer(found.genuine, found.swapped), eer(found.genuine, found.shifted)
            data["rules"][f"{name}, {length_s:.1f} s"] = {"swapped": swapped, "shifted": shifted, "windows": len(found.genuine)}
            rates.rows.append((name, number(length_s, 1), str(len(found.genuine)), *_percent(swapped), *_percent(shifted)))
            if name == "shipped" and length_s == WINDOWS_S[0]:
                for least in (LEAST_AGREEMENT, 0.2, 0.3):
                    own = [one for _, one in found.genuine]
                    taken, refused = rates_at(own, [one for _, one in found.swapped], least)
                    later, _ = rates_at(own, [one for _, one in found.shifted], least)
                    bounds.rows.append((number(least, 2), *(_text(rate) for rate in (refused, taken, later))))
    notes = [f"{len(talks)} clips with a sound of their own, at most {SECONDS:.0f} s of each; intervals: clips drawn anew."]
    return Report("lips", data, [rates, bounds], notes, errors=list(errors))


def _percent(rate: tuple[float, float, float]) -> tuple[str, str]:
    value, low, high = (100 * one for one in rate)
    return f"{value:.0f} %", f"{low:.0f}-{high:.0f}"


def _text(rate: Rate) -> str:
    return rate.text()
