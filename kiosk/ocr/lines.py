"""Lines of text as a picture gives them, made safe to look at: bounded, printable, in order. Pure; for `fields.py`, `card_ocr.py`.

Whatever a camera is shown can stand in these lines: nothing in here trusts their length, number, characters or boxes.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MAX_LINES = 60  # a card has a dozen; a page of newspaper is no card
MAX_LENGTH = 64  # characters of one line

DOTS = "·•・.‧∙⋅●"  # what recognisers take the dot of 阿依古丽·买买提 for

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in shares of the card's width and height


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line the recogniser found. `box`: in shares of the card, (0, 0) its top left; `score`: 0..1, of its least
    certain character (a mean would hide one bad character in a long line)."""

    text: str = field(repr=False)
    box: Box
    score: float = 1.0
    long: float = 0.0  # how long the line is, in heights of itself; 0: not known
    places: tuple[float, ...] = field(default=(), repr=False)  # the middle of each character, in the same measure; (): not known


@dataclass(frozen=True, slots=True)
class TextRow:
    """Lines that stand beside each other, joined from left to right. `doubt`: what is missing in the least certain of them."""

    text: str = field(repr=False)
    box: Box
    doubt: float
    lines: tuple[TextLine, ...] = field(default=(), repr=False)  # from left to right


def clean(lines: Iterable[TextLine]) -> list[TextLine]:
    """Return the lines that can be looked at: at most MAX_LINES, NFKC, no control characters or spaces, finite boxes."""
    out: list[TextLine] = []
    for line in lines:
        if len(out) == MAX_LINES:
            break
        box, score = line.box, line.score
        if len(box) != 4 or not all(map(math.isfinite, (*box, score))) or box[2] <= box[0] or box[3] <= box[1]:
            continue
        if min(box) < -0.5 or max(box) > 1.5 or len(line.text) > MAX_LENGTH:
            continue
        text = unicodedata.normalize("NFKC", line.text)
        if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") for c in text):
            continue  # no recogniser of print sees these: somebody else wrote the line
        text = "".join(text.split())
        if text:
            places = line.places if len(line.places) == len(text) and all(map(math.isfinite, (*line.places, line.long))) else ()
            out.append(TextLine(text, box, min(max(score, 0.0), 1.0), line.long, places))
    return out


def rows_of(lines: Sequence[TextLine]) -> list[TextRow]:
    """Return the rows of cleaned lines from top to bottom."""
    groups: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda one: one.box[1] + one.box[3]):
        middle = (line.box[1] + line.box[3]) / 2
        for group in reversed(groups[-3:]):
            anchor = group[0].box
            if abs(middle - (anchor[1] + anchor[3]) / 2) < 0.5 * min(anchor[3] - anchor[1], line.box[3] - line.box[1]):
                group.append(line)
                break
        else:
            groups.append([line])
    return [_joined(group) for group in groups]


def _joined(group: list[TextLine]) -> TextRow:
    group.sort(key=lambda one: one.box[0])
    x0, y0, x1, y1 = zip(*(line.box for line in group), strict=True)
    doubt = 1.0 - min(line.score for line in group)
    return TextRow("".join(line.text for line in group), (min(x0), min(y0), max(x1), max(y1)), doubt, tuple(group))
