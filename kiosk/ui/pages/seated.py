"""坐着办: a page for somebody who sits: words above, everything that is touched (and the camera's circle) in the lower part.

Called by `ui.pages.fitting` alone. Where the lower part begins is a setting: the height a hand reaches from a wheelchair, 1220 mm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from kiosk.ui.theme import MARGIN, Look
from kiosk.ui.widgets.flow import Stack, block

_STEP = 0.04  # of the page: where the controls do not fit below the line, the line goes up by so much and it is tried again


class Parts(Protocol):
    """A page, as far as its placing goes."""

    look: Look
    head: Stack
    body: Stack
    base: Stack
    low: int | None
    body_low: bool
    left_share: float

    def width(self) -> int:
        """Pixels."""

    def height(self) -> int:
        """Pixels."""

    def put_on(self, look: Look) -> None:
        """Give all parts a look."""


@dataclass(frozen=True, slots=True)
class _Needs:
    """Heights in pixels that a page's parts need with one look, in one column or two."""

    pad: int
    gap: int
    columns: bool
    head: int
    body: int
    base: int


def fit(page: Parts, look: Look) -> int | None:
    """Give the page the roomiest look with which everything fits; return where its lower part begins, None where nothing fits."""
    looks = tuple(look.denser())
    measured: list[_Needs] = []  # of `looks`, as far as they were tried: what the parts need is the same for every line
    for low in _lines(page):
        for number, tried in enumerate(looks):
            if number == len(measured):
                page.put_on(tried)
                measured.append(_needs(page))
            if _fits(page, measured[number], low):
                page.put_on(tried)
                return low
    return None


def arrange(page: Parts, low: int) -> None:
    """Place the parts; `low`: what `fit` returned."""
    look, height = page.look, page.height()
    pad, gap, margin = _pad(look), _gap(look), look.px(MARGIN)
    x, width, left, right = _widths(page)
    foot_width, foot_x = (right, 2 * margin + left) if left else (width, x)
    foot = page.base.need(foot_width) if page.base.visible_items() else 0
    page.base.setGeometry(foot_x, height - pad - foot, foot_width, foot)
    if left:  # two columns
        page.head.setGeometry(foot_x, pad, right, min(page.head.want(right), height - 2 * pad - gap - foot))
        top = low if page.body_low else pad
        page.body.setGeometry(margin, top, left, height - pad - top)
    elif page.body_low:
        page.head.setGeometry(x, pad, width, low - pad - gap // 2)
        room = height - low - pad - (foot + gap if foot else 0)
        page.body.setGeometry(x, low, width, room)
    else:
        head, end = page.head.need(width), height - pad - foot - gap
        room = end - pad - head - gap
        spare = max(0, room - page.body.want(width)) if page.body.visible_items() else max(0, low - pad - head)
        page.head.setGeometry(x, pad + spare // 3, width, head)
        page.body.setGeometry(x, pad + spare // 3 + head + gap, width, max(0, room - spare // 3))
    for part in (page.head, page.body, page.base):
        part.arrange()


def _lines(page: Parts) -> Iterator[int]:
    low, step = page.low or 0, max(1, round(page.height() * _STEP))
    while low > 0:
        yield low
        low -= step


def _pad(look: Look) -> int:
    return look.space(24, 12)


def _gap(look: Look) -> int:
    return look.space(36, 18)


def _widths(page: Parts) -> tuple[int, int, int, int]:
    """Return x and width of one column, and the widths of two columns (0, 0 where there is one)."""
    margin = page.look.px(MARGIN)
    width = page.width() - 2 * margin
    if page.look.landscape and page.body.visible_items():
        room = page.width() - 3 * margin
        left = int(room * page.left_share)
        return margin, width, left, room - left
    if page.look.landscape:
        width = min(width, page.look.px(1200))
    return (page.width() - width) // 2, width, 0, 0


def _needs(page: Parts) -> _Needs:
    _, width, left, right = _widths(page)

    def need(part: Stack, wide: int) -> int:
        return block(part).need(wide) if part.visible_items() else 0

    beside = right if left else width
    heights = need(page.head, beside), need(page.body, left or width), need(page.base, beside)
    return _Needs(_pad(page.look), _gap(page.look), bool(left), *heights)


def _fits(page: Parts, needs: _Needs, low: int) -> bool:
    pad, gap = needs.pad, needs.gap
    lower, whole = page.height() - low - pad, page.height() - 2 * pad
    if needs.columns:
        body = needs.body <= (lower if page.body_low else whole)
        return needs.head + gap + needs.base <= whole and body and needs.base <= lower
    between = gap if needs.body else 0
    if page.body_low:
        return needs.head <= low - pad - gap // 2 and needs.body + between + needs.base <= lower
    return needs.head + between + needs.body + gap + needs.base <= whole and needs.base <= lower
