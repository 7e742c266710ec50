"""Whether the voice is understood: what it says goes through a recogniser and back, as toneless syllables; and how soon it speaks.

Not part of `kiosk bench` without a name: it needs requirements/voice.txt and `kiosk voice fetch`. Options: prompts (how many,
spread over the catalogue; 0: all), kinds (prompts, dates, numbers, with + between them), synthesised (0: the rendered voice
alone, 2: the synthesiser alone), noise (0: clean alone, 2: noise alone), heard (0: times alone), times (0: heard alone).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.bench import hearing, voice_times
from kiosk.bench.hearing import Utterance
from kiosk.voice import joining
from kiosk.voice.rendered import Rendered

HEARD_AT = 16_000  # Hz, of the recogniser
NOISE_DB = 10.0  # the voice over a station's noise
TARGET, TARGET_PROMPT = 0.95, 0.80
PROGRESS = 20  # utterances between two lines of progress
FIRST_SOUND_MS, CUT_OFF_MS = 150.0, 50.0


def run(
    prompts: int = 40,
    kinds: str = "prompts+dates+numbers",
    synthesised: int = 1,
    noise: int = 1,
    heard: int = 1,
    times: int = 1,
) -> dict[str, Any]:
    """Return shares of syllables that come back, per voice, clean and in noise; and the times."""
    rendered = Rendered.load("zh_CN")
    everything = [item for item in hearing.utterances(rendered) if item.kind in kinds.split("+")]
    chosen = everything[:: max(1, len(everything) // prompts)] if prompts else everything
    figures: dict[str, Any] = {"utterances": len(chosen), "of": len(everything)}
    if heard:
        figures |= _heard(chosen, synthesised, noise)
    if times:
        figures |= voice_times.run(rendered)
    bounds = {
        "first sound ms, longest": FIRST_SOUND_MS,
        "first sound under load ms, longest": FIRST_SOUND_MS,
        "first sound after a rest ms, longest": FIRST_SOUND_MS,
        "cut off ms, longest": CUT_OFF_MS,
        "cut off under load ms, longest": CUT_OFF_MS,
    }
    understood = figures.get("rendered clean", 1.0) >= TARGET and figures.get("rendered clean, worst", 1.0) > TARGET_PROMPT
    figures["within_bounds"] = bool(understood and all(figures.get(name, 0.0) <= most for name, most in bounds.items()))
    return figures


def _heard(chosen: Sequence[Utterance], synthesised: int, noise: int) -> dict[str, Any]:
    recognise, count = hearing.recogniser(), hearing.counter()
    voices: dict[str, Callable[[Utterance], tuple[np.ndarray, int]]] = {"rendered": Utterance.sound} if synthesised < 2 else {}
    if synthesised and (program := shutil.which("espeak-ng")):
        voices["espeak-ng"] = lambda utterance: _espeak(program, utterance.text)
    figures: dict[str, Any] = {}
    rooms = {"clean": None, f"noise {NOISE_DB:.0f} dB": np.random.default_rng(13)}
    for name in list(rooms)[noise // 2 : 1 + noise]:
        for voice, sound in voices.items():
            results = []
            for number, utterance in enumerate(chosen, 1):
                written = recognise(_in_a_room(sound(utterance), rooms[name]))
                results.append((count(utterance.wanted, written) / len(utterance.wanted), utterance, written))
                if number % PROGRESS == 0:
                    print(f"{voice} {name}: {number} of {len(chosen)}, {_share(results):.1%}", file=sys.stderr, flush=True)
            figures |= _told(f"{voice} {name}", results)
    return figures


def _share(results: Sequence[tuple[float, Utterance, str]]) -> float:
    """Return the share of all syllables."""
    return sum(got * len(item.wanted) for got, item, _ in results) / sum(len(item.wanted) for _, item, _ in results)


def _told(name: str, results: list[tuple[float, Utterance, str]]) -> dict[str, Any]:
    """Return the share of all syllables, and what came back too badly, the worst first: share, what was said, what was written."""
    bad = sorted(((got, item.text, written) for got, item, written in results if got <= TARGET_PROMPT), key=lambda row: row[0])
    return {
        name: _share(results),
        **{
            f"{name}, {kind} ({len(of_it)})": _share(of_it)
            for kind in dict.fromkeys(item.kind for _, item, _ in results)
            if (of_it := [row for row in results if row[1].kind == kind])
        },
        f"{name}, worst": min(got for got, _, _ in results),
        f"{name}, not over {TARGET_PROMPT:.0%}": len(bad),
        f"{name}, which": [f"{got:.0%} {text} -> {written}" for got, text, written in bad],
    }


def _espeak(program: str, text: str) -> tuple[np.ndarray, int]:
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-voice-") as folder:
        path = Path(folder) / "prompt.wav"
        command = [program, "-v", "cmn-latn-pinyin", "-s", "176", "-w", str(path), text]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return joining.read(path)


def _in_a_room(spoken: tuple[np.ndarray, int], noise: np.random.Generator | None) -> np.ndarray:
    """Return what a microphone hears: at the recogniser's rate, quiet around it, with pink noise throughout where there is some."""
    from scipy.signal import resample_poly

    samples, rate = spoken
    quiet = np.zeros(int(hearing.QUIET_S * HEARD_AT), np.float32)
    voice = np.asarray(resample_poly(samples, HEARD_AT, rate), dtype=np.float32)
    heard = np.concatenate([quiet, voice, quiet])
    if noise is None:
        return heard
    spectrum = np.fft.rfft(noise.standard_normal(len(heard)))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1.0), len(heard))
    level = np.sqrt(np.mean(voice**2)) * 10 ** (-NOISE_DB / 20) / np.sqrt(np.mean(pink**2))
    return np.asarray(heard + pink * level, dtype=np.float32)
