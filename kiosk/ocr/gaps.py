"""Is there room in a line for a character that was not read? Pure; used by `fields.py` for the name.

A recogniser leaves out what is not in its alphabet (徐㼆华 is read as 徐华, and it is certain of both characters). The places of
the characters that it did read give it away: Chinese characters stand at one distance from each other, whatever they are.
"""

from __future__ import annotations

from kiosk.ocr.lines import DOTS, TextLine, TextRow

# In heights of the line as the detector cuts it out; measured on 200 drawn names of two to four characters, half of them with one
# that is not in the alphabet: from one character to the next 0.50 to 0.84, over one left out from 1.16; before the first and behind
# the last 0.33 to 0.75, over one left out from 0.95; from the label to the name, in one line with it, up to 1.5.
FARTHEST_NEXT = 1.0
FARTHEST_BEGIN = 0.92
FARTHEST_END = 0.78
FARTHEST_FROM_LABEL = 1.66
FARTHEST_BOXES = 0.5  # between two lines that are parts of one name
_DOT_MORE = 0.17  # a dot may stand in the middle of a whole square
_ASPECT = 85.6 / 54.0  # boxes are in shares of the card's width and height


def room_for_one(row: TextRow, begin: int) -> bool:
    """Return whether a character may stand, unread, in what the row holds from index `begin` of its text on. False for lines whose
    characters have no places (tests of other things, other recognisers)."""
    at, before = 0, None
    for line in row.lines:
        first, at = max(0, begin - at), at + len(line.text)
        if first >= len(line.text):
            continue
        if first == 0 and before is not None and _between(before, line) > FARTHEST_BOXES:
            return True
        if _in_line(line, first):
            return True
        before = line
    return False


def _between(one: TextLine, other: TextLine) -> float:
    high = min(one.box[3] - one.box[1], other.box[3] - other.box[1])
    return (other.box[0] - one.box[2]) * _ASPECT / high


def _in_line(line: TextLine, first: int) -> bool:
    places = line.places
    if len(places) != len(line.text):
        return False
    if first == 0 and places[0] > FARTHEST_BEGIN:
        return True
    if first > 0 and places[first] - places[first - 1] > FARTHEST_FROM_LABEL:
        return True
    if line.long - places[-1] > FARTHEST_END:
        return True
    return any(
        places[at + 1] - places[at] > FARTHEST_NEXT + _DOT_MORE * (line.text[at] in DOTS or line.text[at + 1] in DOTS)
        for at in range(first, len(places) - 1)
    )
