"""A rule's message in words: fills the catalogue's [rule] texts. Pure; used by `kiosk policy explain`
and the clerks' preview of a rule. The kiosk's own pages and slips say dates by `next_time`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from kiosk.domain.renewal import RuleMessage

Texts = Mapping[str, str]


def say(message: RuleMessage, rule: Texts | Callable[[str], str], form: Texts | Callable[[str], str]) -> str:
    """Return the message in words.

    rule: text of a key of [rule]; form: text of a key of [rule_format] (day, month, span, span_same_year); tables or functions.
    """
    text, shape = _of(rule), _of(form)

    def day(when: date | None) -> str:
        return "" if when is None else shape("day").format(y=when.year, m=when.month, d=when.day)

    first, last = message.first, message.last
    span = ""
    if first is not None and last is not None:
        key = "span_same_year" if first.year == last.year else "span"
        span = shape(key).format(y=first.year, m=first.month, y2=last.year, m2=last.month)
    return text(message.key).format(
        first_day=day(first),
        last_day=day(last),
        months=message.months,
        months_span=span,
        first_month="" if first is None else shape("month").format(y=first.year, m=first.month),
    )


def _of(texts: Texts | Callable[[str], str]) -> Callable[[str], str]:
    return texts if callable(texts) else texts.__getitem__
