"""`kiosk voice script|check|fetch|render`: what to record, what is wrong with what was recorded or rendered, and rendering anew."""

from __future__ import annotations

import argparse
import csv
import sys
import wave
from pathlib import Path

from kiosk.config import Settings, load, resolve
from kiosk.errors import ConfigError
from kiosk.texts.strings import SPOKEN
from kiosk.voice.prompts import LENGTH_MARGIN, SUFFIXES, Prompt, all_prompts, duration_s, expected_s
from kiosk.voice.rendered import FOLDER, Rendered

RENDERED = ("zh_CN",)  # languages that have a natural voice in every clone
LOUDNESS_LU = 1.0  # of a rendered prompt: how far it may be from the target


def main(argv: list[str]) -> int:
    """Return 0; for `check` 1 when a recording is unusable or a text has another rendering (what has none is only listed)."""
    parser = argparse.ArgumentParser(prog="kiosk voice", description=__doc__)
    parser.add_argument("what", choices=["script", "check", "fetch", "render"])
    parser.add_argument("--language", choices=SPOKEN, action="append", help="default: all; for render: zh_CN")
    parser.add_argument("--folder", type=Path, help="where the bureau's own recordings lie (default: [voice] recordings)")
    parser.add_argument("--csv", type=Path, help="script: write a table for a speaker into this file")
    parser.add_argument("--voice", help="render: another voice of config/voice.toml")
    parser.add_argument("--out", type=Path, default=FOLDER, help="render: where the recordings go")
    parser.add_argument("--source", type=Path, help="fetch: a folder with the archives, instead of the network")
    parser.add_argument("--digits", action="store_true", help="fetch: only what a station needs to hear digits read aloud")
    args = parser.parse_args(argv)
    languages = tuple(args.language or SPOKEN)
    if args.what == "fetch":
        return _fetch(args.source, digits=args.digits)
    if args.what == "render":
        return _render(tuple(args.language or RENDERED), args.voice, args.out)
    settings = _settings()
    folder = args.folder or resolve(settings.voice.recordings)
    rate = settings.voice.rate_per_min
    if args.what == "script":
        for language in languages:
            _script(language, folder, rate)
        if args.csv:
            _table(args.csv, languages, folder, rate)
        return 0
    bad = sum(_check(language, folder, rate) for language in languages)
    return 1 if bad + sum(_check_rendered(language) for language in RENDERED if language in languages) else 0


def _settings() -> Settings:
    try:
        return load()
    except ConfigError as error:
        print(f"kiosk voice: {error}; going on with the defaults", file=sys.stderr)
        return Settings()


def _script(language: str, folder: Path, rate: int) -> None:
    prompts = all_prompts(language, folder)
    whole = sum(expected_s(item.text, rate) for item in prompts)
    print(f"# {language}: {len(prompts)} prompts, about {whole / 60:.0f} minutes at {rate} a minute")
    for item in prompts:
        print(f"{language}/{item.key}.wav\t{expected_s(item.text, rate):.1f} s\t{item.text}")


def _table(file: Path, languages: tuple[str, ...], folder: Path, rate: int) -> None:
    """Write what a speaker reads from: one line a prompt, ticked off as it is recorded. UTF-8 with its mark, for spreadsheets."""
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["序号", "语言", "文件名", "大约秒数", "要念的话", "已有录音"])
        items = [(language, item) for language in languages for item in all_prompts(language, folder)]
        for number, (language, item) in enumerate(items, 1):
            seconds = f"{expected_s(item.text, rate):.1f}"
            rows.writerow([number, language, f"{item.key}.wav", seconds, item.text, "是" if item.recording else ""])
    print(f"{file}: {len(items)} lines")


def _check(language: str, folder: Path, rate: int) -> int:
    """Print what is not as it should be with a bureau's own recordings; return how many are unusable."""
    bad = recorded = 0
    rendered = Rendered.load(language)
    items = all_prompts(language, folder, rendered)
    for item in items:
        fault = _fault(item, folder, rate)
        recorded += item.recording is not None
        if fault:
            print(fault)
            bad += 1
    keys = {item.key for item in items}
    for path in sorted((folder / language).glob("*")) if (folder / language).is_dir() else ():
        if path.suffix in SUFFIXES and path.stem not in keys and path.stem not in rendered.sentences:
            print(f"{language}/{path.name}: no such prompt")
            bad += 1
    natural = sum(bool(item.rendered) and item.recording is None for item in items)
    silent = len(items) - recorded - natural
    print(f"{language}: {len(items)} prompts, {recorded} recorded, {natural} rendered, {silent} synthesised, {bad} unusable")
    return bad


def _fault(item: Prompt, folder: Path, rate: int) -> str:
    """Return what is wrong with a bureau's recording of a prompt, "" for nothing."""
    place = folder / item.language
    places = [item.recording or place, *(place / (item.key + suffix) for suffix in SUFFIXES)]
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        return ""
    limit = expected_s(item.text, rate) * LENGTH_MARGIN + 1.0
    try:
        length = duration_s(path)
    except (OSError, EOFError, RuntimeError, wave.Error):
        return f"{item.language}/{path.name}: unreadable, WAV with PCM samples (or Ogg, Opus, FLAC) is expected"
    return f"{item.language}/{path.name}: {length:.1f} s, too long (at most {limit:.1f} s)" if length > limit else ""


def _check_rendered(language: str) -> int:
    """Print which prompts do not sound as they are written, or are not even; return how many."""
    rendered = Rendered.load(language)
    stale = rendered.stale({item.key: item.text for item in all_prompts(language)})
    for key, state in sorted(stale.items()):
        print(f"{language}: {key}: rendering {state}; kiosk voice render --language {language}")
    uneven = {key: item.lufs for key, item in rendered.prompts.items() if abs(item.lufs - rendered.lufs) > LOUDNESS_LU}
    for key, lufs in sorted(uneven.items()):
        print(f"{language}: {key}: {lufs} LUFS, {rendered.lufs} is aimed at")
    return len(stale) + len(uneven)


def _fetch(source: Path | None, *, digits: bool) -> int:
    from kiosk.voice.render import parts

    listed = parts.read()
    names = [name for name in listed.files if name.startswith("whisper")] if digits else []
    parts.fetch(listed, print, names=names, source=source)
    return 0


def _render(languages: tuple[str, ...], voice: str | None, out: Path) -> int:
    """Render what changed; needs requirements/voice.txt and `kiosk voice fetch`."""
    from dataclasses import replace

    from kiosk.voice.render import catalogue, parts

    listed = parts.read()
    for language in languages:
        if language not in listed.speech:
            raise ConfigError(f"config/voice.toml has no [speech.{language}]: its prompts are synthesised, or recorded by a bureau")
        speech = listed.speech[language]
        if voice:
            speech = replace(speech, voice=voice)
        texts = {item.key: item.text for item in all_prompts(language)}
        made = catalogue.render(texts, language, listed, speech, lambda line: print(line, flush=True), folder=out)
        megabytes = sum(made.path(name).stat().st_size for name in made.sentences) / 1e6
        minutes = sum(item.seconds for item in made.sentences.values()) / 60
        print(f"{language}: {len(made.prompts)} prompts, {len(made.sentences)} files, {minutes:.1f} minutes, {megabytes:.2f} MB")
    return 0
