"""Whether the voice is understood: prompts go through a recogniser and back, as toneless syllables; and how soon it speaks.

Not part of `kiosk bench` without a name: it needs requirements/voice.txt and `kiosk voice fetch`. Options: prompts (how many,
spread over the catalogue; 0: all), synthesised (0: the rendered voice alone).
"""

from __future__ import annotations

import difflib
import importlib
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from kiosk.errors import ConfigError
from kiosk.voice import joining, sound
from kiosk.voice.child import ProcessSynthesiser
from kiosk.voice.render import parts
from kiosk.voice.rendered import Rendered

HEARD_AT = 16_000  # Hz, of the recogniser
NOISE_DB = 10.0  # the voice over a station's noise
MOST_TOKENS = 120  # unclear sound would keep the recogniser busy for a minute
TARGET, TARGET_PROMPT = 0.95, 0.80
FIRST_SOUND_MS, CUT_OFF_MS = 150.0, 50.0
_HAN = re.compile("[\u4e00-\u9fff]")


def run(prompts: int = 40, synthesised: int = 1) -> dict[str, Any]:
    """Return shares of syllables that come back, per voice, clean and in noise; and the times. Pieces are left out."""
    recognise = _recogniser()
    rendered = Rendered.load("zh_CN")
    keys = [key for key, item in sorted(rendered.prompts.items()) if len(_HAN.findall(item.text)) > 4]
    chosen = keys[:: max(1, len(keys) // prompts)] if prompts else keys
    figures: dict[str, Any] = {"prompts": len(chosen), "of": len(keys)}
    for name, noise in (("clean", None), (f"noise {NOISE_DB:.0f} dB", np.random.default_rng(13))):
        shares = {key: recognise(_heard(_rendered_sound(rendered, key), noise), rendered.prompts[key].text) for key in chosen}
        figures |= _told(f"rendered {name}", shares, rendered)
        if synthesised and (program := shutil.which("espeak-ng")):
            texts = {key: rendered.prompts[key].text for key in chosen}
            shares = {key: recognise(_heard(_espeak(program, text), noise), text) for key, text in texts.items()}
            figures |= _told(f"espeak-ng {name}", shares, rendered)
    times = _first_sounds_ms(rendered, chosen)
    figures |= {"first sound ms, median": median(times), "first sound ms, longest": max(times), "cut off ms": _cut_off_ms()}
    figures["within_bounds"] = bool(
        figures["rendered clean"] >= TARGET
        and figures["rendered clean, worst prompt"] >= TARGET_PROMPT
        and figures["first sound ms, longest"] <= FIRST_SOUND_MS
        and figures["cut off ms"] <= CUT_OFF_MS
    )
    return figures


def share(wanted: list[str], heard: list[str]) -> tuple[int, int]:
    """Return how many of the wanted syllables come back in order, and how many there are."""
    blocks = difflib.SequenceMatcher(None, wanted, heard, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks), len(wanted)


def _told(name: str, shares: dict[str, tuple[int, int]], rendered: Rendered) -> dict[str, Any]:
    worst = min(shares, key=lambda key: shares[key][0] / shares[key][1])
    right, whole = (sum(values) for values in zip(*shares.values(), strict=True))
    under = sum(got / of < TARGET_PROMPT for got, of in shares.values())
    return {
        name: right / whole,
        f"{name}, worst prompt": shares[worst][0] / shares[worst][1],
        f"{name}, which": rendered.prompts[worst].text,
        f"{name}, prompts under {TARGET_PROMPT:.0%}": under,
    }


def _recogniser() -> Callable[[np.ndarray, str], tuple[int, int]]:
    try:
        whisper = importlib.import_module("faster_whisper")
        from pypinyin import lazy_pinyin
    except ImportError as error:
        raise ConfigError(f"{error.name} is not installed: pip install --require-hashes -r requirements/voice.txt") from error
    model = whisper.WhisperModel(
        str(parts.require(parts.read(), "whisper").parent), device="cpu", compute_type="int8", cpu_threads=1
    )

    def recognise(samples: np.ndarray, text: str) -> tuple[int, int]:
        found, _ = model.transcribe(
            samples,
            language="zh",
            temperature=0.0,
            condition_on_previous_text=False,
            max_new_tokens=MOST_TOKENS,
            initial_prompt="以下是普通话的句子。",
        )
        heard = "".join(segment.text for segment in found)
        return share(lazy_pinyin("".join(_HAN.findall(text))), lazy_pinyin("".join(_HAN.findall(heard))))

    return recognise


def _rendered_sound(rendered: Rendered, key: str) -> tuple[np.ndarray, int]:
    return joining.join([[rendered.path(name)] for name in rendered.prompts[key].files])


def _espeak(program: str, text: str) -> tuple[np.ndarray, int]:
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-voice-") as folder:
        path = Path(folder) / "prompt.wav"
        command = [program, "-v", "cmn-latn-pinyin", "-s", "176", "-w", str(path), text]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return joining.read(path)


def _heard(spoken: tuple[np.ndarray, int], noise: np.random.Generator | None) -> np.ndarray:
    """Return what a microphone in front of it hears: at the recogniser's rate, with pink noise where there is some."""
    from scipy.signal import resample_poly

    samples, rate = spoken
    heard = np.asarray(resample_poly(samples, HEARD_AT, rate), dtype=np.float32)
    if noise is None:
        return heard
    spectrum = np.fft.rfft(noise.standard_normal(len(heard)))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1.0), len(heard))
    level = np.sqrt(np.mean(heard**2)) * 10 ** (-NOISE_DB / 20) / np.sqrt(np.mean(pink**2))
    return np.asarray(heard + pink * level, dtype=np.float32)


def _first_sounds_ms(rendered: Rendered, keys: list[str]) -> list[float]:
    """Return how long the voice's process, once it runs, takes from the wish to a file that can be played."""
    child = ProcessSynthesiser()
    times = []
    try:
        with tempfile.TemporaryDirectory(prefix="kiosk-bench-voice-") as folder:
            for number, key in enumerate([keys[0], *keys]):
                began = time.perf_counter()
                child.join([[rendered.path(name)] for name in rendered.prompts[key].files], Path(folder) / "sink.wav")
                if number:  # the first one starts the process
                    times.append(1000 * (time.perf_counter() - began))
    finally:
        child.close()
    return times


def _cut_off_ms() -> float:
    """Return how long a player that would go on for ever takes to be gone after it is stopped (the longest of ten)."""
    longest = 0.0
    for _ in range(10):
        player = sound.CommandPlayer(("tail", "-f"))
        player.play(Path(__file__))
        time.sleep(0.05)
        process = player._process
        began = time.perf_counter()
        player.stop()
        if process is not None:
            process.wait()
        longest = max(longest, 1000 * (time.perf_counter() - began))
        player.close()
    return longest
