"""`kiosk voice script|check`: what to record, and what is missing, unreadable or too long."""

from __future__ import annotations

import argparse
import sys
import wave
from pathlib import Path

from kiosk.config import load
from kiosk.errors import ConfigError
from kiosk.texts.strings import SPOKEN
from kiosk.voice.prompts import LENGTH_MARGIN, RECORDINGS, all_prompts, duration_s, expected_s


def main(argv: list[str]) -> int:
    """Return 0; for `check` 1 when a recording is unusable (missing ones are listed, the synthesiser speaks them)."""
    parser = argparse.ArgumentParser(prog="kiosk voice", description=__doc__)
    parser.add_argument("what", choices=["script", "check"])
    parser.add_argument("--language", choices=SPOKEN, action="append", help="default: all spoken languages")
    parser.add_argument("--folder", type=Path, default=RECORDINGS, help="where the recordings lie")
    args = parser.parse_args(argv)
    rate = _rate()
    languages = args.language or list(SPOKEN)
    if args.what == "script":
        for language in languages:
            _script(language, args.folder, rate)
        return 0
    return 1 if sum(_check(language, args.folder, rate) for language in languages) else 0


def _rate() -> int:
    try:
        return load().voice.rate_per_min
    except ConfigError as error:
        print(f"kiosk voice: {error}; counting with 200 a minute", file=sys.stderr)
        return 200


def _script(language: str, folder: Path, rate: int) -> None:
    prompts = all_prompts(language, folder)
    whole = sum(expected_s(item.text, rate) for item in prompts)
    print(f"# {language}: {len(prompts)} prompts, about {whole / 60:.0f} minutes at {rate} a minute")
    for item in prompts:
        print(f"{language}/{item.key}.wav\t{expected_s(item.text, rate):.1f} s\t{item.text}")


def _check(language: str, folder: Path, rate: int) -> int:
    """Print what is not as it should be; return the number of unusable recordings."""
    bad = missing = 0
    keys = set()
    for item in all_prompts(language, folder):
        keys.add(item.key)
        limit = expected_s(item.text, rate) * LENGTH_MARGIN + 1.0
        if item.recording is None:
            missing += 1
            continue
        try:
            length = duration_s(item.recording)
        except (OSError, EOFError, wave.Error):
            print(f"{language}/{item.key}.wav: unreadable, WAV with PCM samples is expected")
            bad += 1
            continue
        if length > limit:
            print(f"{language}/{item.key}.wav: {length:.1f} s, too long (at most {limit:.1f} s)")
            bad += 1
    for path in sorted((folder / language).glob("*.wav")) if (folder / language).is_dir() else ():
        if path.stem not in keys:
            print(f"{language}/{path.name}: no such prompt")
            bad += 1
    print(f"{language}: {len(keys)} prompts, {len(keys) - missing} recorded, {missing} synthesised, {bad} unusable")
    return bad
