"""The reminder slip as data: what stands on it, its QR payload, and its lines for a paper's width. Pure.

Built by `app.visit_showing` from a finished visit; shown by the result page (same lines, same QR text) and printed by `printer.py`.
Neither the slip nor its code holds a full name or an identity number: paper is left lying about.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from kiosk.config import Channel
from kiosk.domain.identity import mask_name
from kiosk.domain.next_time import next_time
from kiosk.domain.record import RecordStatus
from kiosk.texts.slip_code import code_text

COLUMNS = {58: 32, 80: 48}  # half-width columns of font A (12 dots) on 384 and 576 dots
DOTS = {58: 384, 80: 576}
_LONGEST = 120  # characters of one value; a slip is no letter
_CLOSING = "，。；：！？、）》”,.;:!?)"  # begins no line
_LONGEST_ADDRESS = 250  # [station] verify_url and a record: half an address leads nowhere


class Texts(Protocol):
    """What is needed of `kiosk.texts.strings.Strings`."""

    def text(self, key: str, /, **values: object) -> str:
        """Return the text of `key`."""

    def dated(self, key: str, first: date | None, last: date | None) -> str:
        """Return the text of `key` with the parts of two days filled, as one line."""

    def date(self, day: date) -> str:
        """Return a day in words."""


@dataclass(frozen=True, slots=True)
class Slip:
    """A reminder slip, every value as text for people.

    `rows`: (label, value) from top to bottom. `large`: all of it in large print.
    """

    title: str
    rows: tuple[tuple[str, str], ...] = field(repr=False)
    notes: tuple[str, ...]
    qr_text: str = field(repr=False)
    qr_caption: str
    footer: str
    large: bool = False


class Align(StrEnum):
    """Where a line stands."""

    LEFT = "left"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a layout. `large`: double width and height, so it holds half the columns. `qr`: the code comes here."""

    text: str = field(default="", repr=False)
    align: Align = Align.LEFT
    large: bool = False
    qr: bool = False


def make_slip(
    texts: Texts,
    *,
    name: str,
    stage: RecordStatus,
    record_id: str,
    station: str,
    hotline: str,
    printed_at: datetime,
    next_from: date | None = None,
    next_to: date | None = None,
    returned_reason: str = "",
    verify_url: str = "",
    far: Sequence[Channel] = (),
    large: bool = False,
    answer_by: date | None = None,
    own_code: str = "",
    face_ageing: bool = False,
) -> Slip:
    """Return the slip of one record.

    name: as on the card; only its mask is put on the slip. next_from, next_to: the next window, what is known of it.
    printed_at: local time. returned_reason: in words, when the bureau sent the record back.
    answer_by: this is no pass but a human review, answered by then. verify_url: see `code_text`.
    own_code: see `code_text`. face_ageing: a fresh template is asked for.
    far: the ways for whoever is away or abroad. large: large print, half as much on a line.
    """
    not_done, review = stage in (RecordStatus.RETURNED, RecordStatus.REFUSED), answer_by is not None
    upcoming = None if not_done else next_time(next_from, next_to, printed_at.date())
    window = "" if upcoming is None else texts.dated(upcoming.key, upcoming.first, upcoming.last)
    rows = [
        (texts.text("slip.name"), mask_name(_line(name))),
        (texts.text("slip.stage"), texts.text("slip.review" if review else f"stage.{stage.value}.title")),
        (texts.text("slip.answer_by"), texts.date(answer_by) if answer_by is not None else ""),
        (texts.text("slip.reason"), returned_reason),
        (texts.text("slip.next"), window),
        (texts.text("slip.record"), record_id),
        (texts.text("slip.hotline"), hotline),
        (texts.text("slip.station"), station),
        (texts.text("slip.printed"), f"{texts.date(printed_at.date())} {printed_at:%H:%M}"),
    ]
    promise = (
        "slip.review_open"
        if review
        else "slip.returned"
        if not_done
        else "slip.confirmed"
        if stage is RecordStatus.CONFIRMED
        else "slip.received"
        if stage is RecordStatus.RECEIVED
        else "slip.until_confirmed"
    )
    return Slip(
        title=_line(texts.text("slip.review_title" if review else "slip.title")),
        rows=tuple((_line(label), _line(value)) for label, value in rows if value),
        notes=(
            _line(texts.text(promise)),
            *((_line(texts.text("slip.fresh")),) if face_ageing and not not_done else ()),
            *(() if not_done or review else _check(texts, stage, record_id, hotline, verify_url)),
            _line(texts.text("slip.free")),
            _line(texts.text("slip.fraud", hotline=hotline)),
            *_far(texts, far),
        ),
        qr_text=code_text(texts, _line(record_id), _line(window), _line(hotline), verify_url, own_code),
        qr_caption=_line(texts.text("slip.qr_check" if verify_url else "slip.qr_caption")),
        footer=_line(texts.text("slip.footer")),
        large=large,
    )


def layout(slip: Slip, width_mm: int = 80) -> tuple[Line, ...]:
    """Return the lines for paper of 58 or 80 mm, none wider than its columns. Raises ValueError on another width."""
    if width_mm not in COLUMNS:
        raise ValueError("paper of 58 or 80 mm expected")
    rule = Line("-" * COLUMNS[width_mm])
    large, columns = slip.large, COLUMNS[width_mm] // (2 if slip.large else 1)
    out = [Line(part, Align.CENTRE, large=True) for part in wrap(slip.title, COLUMNS[width_mm] // 2)]
    out.append(rule)
    wide = max((width_of(label) for label, _ in slip.rows), default=0) + 2
    for label, value in slip.rows:
        if wide + width_of(value) <= columns:
            out.append(Line(label + " " * (wide - width_of(label)) + value, large=large))
        else:  # a long value gets lines of its own
            out += [Line(part, large=large) for part in wrap(label, columns)]
            out += [Line("  " + part, large=large) for part in wrap(value, columns - 2)]
    out.append(rule)
    for note in slip.notes:
        out += [Line(part, large=large) for part in wrap(note, columns)]
    out.append(Line(qr=True, align=Align.CENTRE))
    out += [Line(part, Align.CENTRE, large=large) for part in wrap(slip.qr_caption, columns)]
    out += [Line(part, Align.CENTRE, large=large) for part in wrap(slip.footer, columns)]
    return tuple(out)


def width_of(text: str) -> int:
    """Return the columns a text takes: two for Chinese characters and full-width signs."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def wrap(text: str, columns: int) -> list[str]:
    """Return the text in lines of at most `columns`, broken between Chinese characters, at spaces and after hyphens."""
    lines, line = [], ""
    for piece in _pieces(text):
        if width_of(line + piece.rstrip()) <= columns:
            line += piece
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = ""
        for character in piece if width_of(piece) > columns else (piece,):
            if width_of(line + character) > columns and line:
                lines.append(line)
                line = ""
            line += character
    if line.strip():
        lines.append(line.rstrip())
    return lines


# ---- inside


def _check(texts: Texts, stage: RecordStatus, record_id: str, hotline: str, verify_url: str) -> tuple[str, ...]:
    """How anybody finds out whether the slip is true. The bureau answers for what it confirmed and for nothing before."""
    if not verify_url:
        return (_line(texts.text("slip.check_phone", hotline=hotline)),)
    key = "slip.check" if stage is RecordStatus.CONFIRMED else "slip.check_later"
    return _line(texts.text(key)), _line(code_text(texts, record_id, "", hotline, verify_url), _LONGEST_ADDRESS)


def _far(texts: Texts, far: Sequence[Channel]) -> tuple[str, ...]:
    """The ways for relatives elsewhere or abroad, one a line; nothing where the station names none."""
    ways = [" ".join(part for part in (way.name, way.address, way.hours, way.phone) if part) for way in far]
    return (_line(texts.text("slip.far")), *(_line(f"· {way}") for way in ways)) if ways else ()


def _line(text: str, longest: int = _LONGEST) -> str:
    """One line without anything a printer could take for a command: a name comes from a chip or a roster."""
    kept = "".join(" " if c in "\t\n\r" else c for c in text if c in "\t\n\r" or unicodedata.category(c)[0] != "C")
    return " ".join(kept.split())[:longest]


def _pieces(text: str) -> list[str]:
    """What must stay together: runs of narrow characters up to a space or hyphen, Chinese characters one by one.

    Closing punctuation stays with what it closes.
    """
    out: list[str] = []
    for character in text:
        narrow = width_of(character) == 1
        joins = out and (character in _CLOSING or (narrow and width_of(out[-1][-1]) == 1 and out[-1][-1] not in " -"))
        if joins:
            out[-1] += character
        else:
            out.append(character)
    return out
