"""Pinyin letters -> Chinese characters and words to choose from, for the keyboard on the desk's screen. Standard library alone.

It keeps nothing: no history, no learning of names. The data is made by `assets/pinyin/make.py`.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

_LONGEST = 6  # letters of a syllable: zhuang
_MOST = 400  # characters for a syllable that is not finished yet
_HELD = 48  # letters that are looked at; nobody types a longer name at once
# What else people type for ü, and how passports write it (GB/T 28039): the same syllable.
_ALSO = {"lyu": "lv", "nyu": "nv", "lue": "lve", "nue": "nve", "jv": "ju", "qv": "qu", "xv": "xu", "yv": "yu"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something to choose, and how many of the letters it stands for."""

    text: str
    used: int


class Pinyin:
    """Syllables, and the characters that are read so: those in names first, then GB 2312, then the rest."""

    def __init__(self, characters: str, words: str) -> None:
        """Take the text of characters.txt and of words.txt. Raises ValueError on a line that is none."""
        self._order = ""
        self._tiers: dict[str, tuple[str, ...]] = {}
        for line in characters.splitlines():
            syllable, *tiers = line.split(" ")
            if syllable == "*":
                self._order = "".join(tiers)
            elif len(tiers) == 3:
                self._tiers[syllable] = tuple(tier if tier != "-" else "" for tier in tiers)
            else:
                raise ValueError(f"no syllable: {line[:20]}")
        for also, syllable in _ALSO.items():
            if syllable in self._tiers:
                self._tiers[also] = self._tiers[syllable]
        self._words = {letters: texts.split(" ") for letters, _, texts in (line.partition(" ") for line in words.splitlines())}
        self._begun = {syllable[:length] for syllable in self._tiers for length in range(1, len(syllable) + 1)}

    @classmethod
    def read(cls, folder: Path) -> Pinyin:
        """Return the engine of a folder with characters.txt and words.txt. Raises OSError or ValueError."""
        return cls(*((folder / name).read_text(encoding="utf-8") for name in ("characters.txt", "words.txt")))

    def syllables(self, letters: str) -> tuple[str, ...]:
        """Return the letters cut into syllables, the longest first, so that, where it can be, nothing is left over."""
        letters = _clean(letters)
        end = len(letters)
        whole = self._cut(letters, frozenset())
        if end and not whole[0]:
            whole = self._cut(letters, self._begun)  # the last syllable is not finished yet
        pieces, at = [], 0
        while at < end:
            length = whole[at] or next((n for n in range(min(_LONGEST, end - at), 1, -1) if letters[at : at + n] in self._begun), 1)
            pieces.append(letters[at : at + length])
            at += length
        return tuple(pieces)

    def _cut(self, letters: str, last: Set[str]) -> list[int]:
        """Return the length of the piece that begins at each letter, 0 where nothing fits. last: what may end the letters, too."""
        end = len(letters)
        whole = [0] * (end + 1)
        for at in range(end - 1, -1, -1):
            for length in range(min(_LONGEST, end - at), 0, -1):
                piece, after = letters[at : at + length], at + length
                if (piece in self._tiers and (after == end or whole[after])) or (after == end and piece in last):
                    whole[at] = length
                    break
        return whole

    def candidates(self, letters: str) -> tuple[Candidate, ...]:
        """Return what the letters may begin with: words, then characters of the first syllable; () where there is none."""
        letters = _clean(letters)
        if not letters:
            return ()
        found: dict[str, int] = {}
        for text, used in self._of_words(letters):
            found.setdefault(text, used)
        first = len(self.syllables(letters)[0])
        lengths = [n for n in range(min(_LONGEST, len(letters)), 0, -1) if letters[:n] in self._tiers]
        for length in sorted(lengths, key=lambda n: n != first):  # stable: the cut that fits, then the longer ones
            for character in "".join(self._tiers[letters[:length]]):
                found.setdefault(character, length)
        if not lengths:
            begun = next((n for n in range(min(_LONGEST, len(letters)), 0, -1) if letters[:n] in self._begun), 0)
            for character in self._of_beginning(letters[:begun]):
                found.setdefault(character, begun)
        return tuple(Candidate(text, used) for text, used in found.items())

    def _of_words(self, letters: str) -> list[tuple[str, int]]:
        whole = [(key, len(key)) for key in self._words if letters.startswith(key)]
        begun = [
            (key, len(letters))
            for key in self._words
            if key.startswith(letters) and len(letters) > len(self.syllables(key)[0]) and key != letters
        ]
        return [(text, used) for key, used in (*sorted(whole, key=lambda one: -one[1]), *begun) for text in self._words[key]]

    def _of_beginning(self, begun: str) -> list[str]:
        if not begun:
            return []
        tiers = [tiers for syllable, tiers in self._tiers.items() if syllable.startswith(begun)]
        names = set("".join(one[0] for one in tiers))
        every = (character for text in (*(c for c in self._order if c in names), *(one[1] for one in tiers)) for character in text)
        return list(islice(dict.fromkeys(every), _MOST))


def _clean(letters: str) -> str:
    return "".join(one for one in letters[:_HELD].lower() if "a" <= one <= "z")
