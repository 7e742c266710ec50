"""Makes the catalogue zh_Hant (繁體) out of zh_CN: words by a table, characters by OpenCC. For `kiosk texts` and its tests alone.

A made file says which texts it was made of (a digest), so that a changed sentence is noticed where OpenCC is not installed.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kiosk.errors import ConfigError
from kiosk.texts.strings import DIRECTORY

SOURCE, TARGET = "zh_CN", "zh_Hant"
TERMS = "terms-zh_Hant.toml"
_HEAD = "# Made from zh_CN/{name} by `kiosk texts traditional`; never edited by hand. Words: {terms}.\n# made-of: {digest}\n"
_MADE_OF = re.compile(r"^# made-of: ([0-9a-f]{64})$", re.MULTILINE)
_PLACE = re.compile(r"(\{[^}]*\})")  # {places} are names, not text
_BARE = re.compile(r"^[A-Za-z0-9_-]+$")

Convert = Callable[[str], str]


def terms(directory: Path = DIRECTORY) -> dict[str, str]:
    """Return the words that differ, simplified -> traditional, the longest first."""
    data: dict[str, str] = tomllib.loads((directory / TERMS).read_text(encoding="utf-8"))["terms"]
    return dict(sorted(data.items(), key=lambda item: -len(item[0])))


def converter(words: Mapping[str, str]) -> Convert:
    """Return simplified -> traditional (Hong Kong's forms). Raises ConfigError where OpenCC is not installed."""
    try:
        import opencc
    except ImportError as error:
        raise ConfigError("OpenCC is not installed: pip install --require-hashes -r requirements/voice.txt") from error
    characters: Convert = opencc.OpenCC("s2hk").convert
    pattern = re.compile("|".join(map(re.escape, words)) or r"(?!)")

    def convert(text: str) -> str:
        made = []
        for part in _PLACE.split(text):
            if _PLACE.fullmatch(part):
                made.append(part)
                continue
            at = 0
            for found in pattern.finditer(part):
                made += [characters(part[at : found.start()]), words[found.group()]]
                at = found.end()
            made.append(characters(part[at:]))
        return "".join(made)

    return convert


def digest(source: Path, words: Mapping[str, str]) -> str:
    """Return the SHA-256, in hex, of the texts of a file and of the table: comments and order do not count."""
    texts = tomllib.loads(source.read_text(encoding="utf-8"))
    return hashlib.sha256(json.dumps([texts, dict(words)], sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def made_text(source: Path, words: Mapping[str, str], convert: Convert) -> str:
    """Return the whole traditional file of a simplified one."""
    data = tomllib.loads(source.read_text(encoding="utf-8"))
    head = _HEAD.format(name=source.name, terms=TERMS, digest=digest(source, words))
    return head + "\n" + "\n".join(_tables(data, convert, ())) + "\n"


def make(directory: Path = DIRECTORY) -> list[str]:
    """Write every file of zh_Hant anew where it is not current; return the names of those that changed, and of those removed."""
    words = terms(directory)
    convert = converter(words)
    target = directory / TARGET
    target.mkdir(exist_ok=True)
    changed = []
    sources = {path.name: path for path in sorted((directory / SOURCE).glob("*.toml"))}
    for name, source in sources.items():
        wanted = made_text(source, words, convert)
        place = target / name
        if not place.exists() or place.read_text(encoding="utf-8") != wanted:
            place.write_text(wanted, encoding="utf-8", newline="\n")
            changed.append(name)
    for gone in sorted(path for path in target.glob("*.toml") if path.name not in sources):
        gone.unlink()
        changed.append(gone.name)
    return changed


def outdated(directory: Path = DIRECTORY) -> list[str]:
    """Return the names of files that were not made of today's texts. Needs no OpenCC."""
    words = terms(directory)
    sources = {path.name: path for path in (directory / SOURCE).glob("*.toml")}
    made = {path.name: path.read_text(encoding="utf-8") for path in (directory / TARGET).glob("*.toml")}
    bad = {name for name in sources.keys() ^ made.keys()}
    for name in sources.keys() & made.keys():
        said = _MADE_OF.search(made[name])
        if said is None or said.group(1) != digest(sources[name], words):
            bad.add(name)
    return sorted(bad)


def _tables(table: Mapping[str, Any], convert: Convert, path: tuple[str, ...]) -> list[str]:
    lines = [f"{_key(key)} = {_quoted(convert(value))}" for key, value in table.items() if isinstance(value, str)]
    if lines and path:
        lines = ["", f"[{'.'.join(map(_key, path))}]", *lines]
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += _tables(value, convert, (*path, key))
    return lines


def _key(key: str) -> str:
    return key if _BARE.match(key) else json.dumps(key, ensure_ascii=False)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML basic string
