"""What a pilot found: errors by age band and kind of attack, what each limit would cost, and settings that follow. Pure."""

from __future__ import annotations

import csv
import html
import io
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median, quantiles
from typing import Any

from kiosk.domain.rate import needed, told
from kiosk.pilot.book import PilotTake
from kiosk.pilot.plan import BOUND_BAND, BOUND_FRR, BOUND_IAPAR, GENUINE, INSTRUMENTS, QUESTIONS
from kiosk.texts.strings import Strings

Rows = list[tuple[str, ...]]
_LIGHT_TAKES = 30  # so many answered takes before the station's own light may be proposed
_CLEARLY = 0.7


def tables(takes: Sequence[PilotTake], strings: Strings) -> list[tuple[str, tuple[str, ...], Rows]]:
    """Return (title, head, rows) of the report's tables."""

    def say(key: str, **values: object) -> str:
        return strings.text(f"pilot.report.{key}", **values)

    genuine = [one for one in takes if one.kind == GENUINE]
    head = tuple(say(key) for key in ("group", "persons", "takes", "wrong", "referred", "bound", "left", "reasons"))
    people: Rows = [_genuine(say("all"), genuine, BOUND_FRR)]
    for key, answers in QUESTIONS:
        for answer in answers:
            group = [one for one in genuine if one.answers.get(key) == answer]
            name = say("of", question=strings.text(f"pilot.question.{key}"), answer=strings.text(f"pilot.{key}.{answer}"))
            people.append(_genuine(name, group, BOUND_BAND))
    attacks: Rows = []
    for instrument in INSTRUMENTS:
        group = [one for one in takes if one.kind == instrument.key]
        passed = sum(one.passed for one in group)
        attacks.append(_row(instrument.word("name", strings), group, passed, BOUND_IAPAR))
    limits: Rows = []
    for check in sorted({name for one in takes for name in one.checks}):
        limits += _limits(check, genuine, [one for one in takes if one.kind != GENUINE])
    return [
        (say("genuine"), head, people),
        (say("attacks"), head, attacks),
        (say("limits"), tuple(say(key) for key in ("check", "limit", "in_use", "flagged_genuine", "flagged_attacks")), limits),
    ]


def _genuine(name: str, group: Sequence[PilotTake], bound: float) -> tuple[str, ...]:
    return _row(name, group, sum(not one.passed for one in group), bound)


def _row(name: str, group: Sequence[PilotTake], wrong: int, bound: float) -> tuple[str, ...]:
    reasons = Counter(one.reason for one in group if not one.passed)
    referred = reasons.get("liveness-uncertain", 0)
    left = max(0, needed(bound) - len(group))
    shown = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    persons = str(len({one.person for one in group}))
    return (name, persons, str(len(group)), told(wrong, len(group)), str(referred), f"{100 * bound:.0f} %", str(left), shown)


def _limits(check: str, genuine: Sequence[PilotTake], attacks: Sequence[PilotTake]) -> Rows:
    """Other limits for one check: quantiles of what genuine takes score, and the limit in use."""
    scored = [(one.checks[check], one) for one in genuine if check in one.checks and one.checks[check][0] is not None]
    known = sorted(float(one[0][0]) for one in scored if one[0][0] is not None)
    bad = [one.checks[check][0] for one in attacks if check in one.checks and one.checks[check][0] is not None]
    present = next((one.checks[check] for one in (*genuine, *attacks) if check in one.checks), None)
    if present is None or len(known) < 2:
        return []
    limit = present[1]
    below = _attack_is_below(check, (*genuine, *attacks))
    cuts = quantiles(known, n=100, method="inclusive")
    tried = sorted({limit, *(cuts[(n if below else 100 - n) - 1] for n in (1, 2, 5))})
    flags: Callable[[float, float], bool] = (lambda score, at: score < at) if below else (lambda score, at: score > at)
    return [
        (
            check,
            f"{at:.4g}",
            "●" if at == limit else "",
            told(sum(flags(score, at) for score in known), len(known)),
            told(sum(flags(float(score), at) for score in bad if score is not None), len(bad)),
        )
        for at in tried
    ]


def _attack_is_below(check: str, takes: Sequence[PilotTake]) -> bool:
    """On which side of the limit flags lie, as the takes themselves tell it; below where none was flagged and none tells."""
    for one in takes:
        score, limit, flagged, _ = one.checks.get(check, (None, 0.0, False, ""))
        if score is not None and score != limit:
            return (score < limit) == flagged
    return True


def proposal(takes: Sequence[PilotTake]) -> dict[str, Any]:
    """Return the settings that follow, with their grounds; only what the numbers carry."""
    genuine = [one for one in takes if one.kind == GENUINE]
    lit = [one for one in genuine if (one.checks.get("light_time", (None, 0.0, False, ""))[0] or 0.0) >= _CLEARLY]
    settings: dict[str, Any] = {}
    grounds = [f"genuine takes {len(genuine)}, wrongly refused or referred {sum(not one.passed for one in genuine)}"]
    if len(lit) >= _LIGHT_TAKES:
        strengths = sorted(one.light["strength"] for one in lit)
        settings["light_delay_s"] = round(median(one.light["delay_s"] for one in lit), 2)
        settings["light_strength"] = round(0.5 * strengths[len(strengths) // 20], 4)
        flagged = sum(one.checks["light_time"][2] for one in genuine if "light_time" in one.checks)
        grounds.append(f"light: {len(lit)} clear answers; flagged {told(flagged, len(genuine))}")
        if len(genuine) >= needed(BOUND_FRR) and flagged / len(genuine) <= BOUND_FRR:
            settings["checks"] = {"light": "enforce"}
    else:
        grounds.append(f"light: {len(lit)} clear answers, {_LIGHT_TAKES} are needed: nothing proposed")
    return {"liveness": settings, "grounds": grounds, "takes": len(takes)}


def as_csv(takes: Sequence[PilotTake]) -> str:
    """Return every take as a row."""
    checks = sorted({name for one in takes for name in one.checks})
    out = io.StringIO()
    writer = csv.writer(out)
    asked = [key for key, _ in QUESTIONS]
    writer.writerow(
        ["take", "person", "kind", *asked, "passed", "reason", "duration_s", "light_strength", "light_delay_s", *checks]
    )
    for one in takes:
        scores = [one.checks[name][0] if name in one.checks else "" for name in checks]
        light = [one.light.get("strength", ""), one.light.get("delay_s", "")]
        writer.writerow(
            [
                one.take,
                one.person,
                one.kind,
                *(one.answers.get(key, "") for key in asked),
                int(one.passed),
                one.reason,
                one.duration_s,
            ]
            + light
            + ["" if score is None else score for score in scores]
        )
    return out.getvalue()


_STYLE = (
    "body{font:16px/1.5 'Noto Sans CJK SC',system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{border:1px solid #bbb;padding:.3rem .6rem;text-align:left}"
    "th{background:#f0ece2}"
)


def as_html(takes: Sequence[PilotTake], station: str, strings: Strings) -> str:
    """Return one page, nothing loaded from elsewhere."""
    named, opening = strings.text("pilot.report.title", station=station), strings.text("pilot.report.opening", takes=len(takes))
    parts = [f"<h1>{html.escape(named)}</h1><p>{html.escape(opening)}</p>"]
    for title, head, rows in tables(takes, strings):
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
        parts.append(f"<h2>{html.escape(title)}</h2><table><tr>{top}</tr>{body}</table>")
    given = proposal(takes)
    items = "".join(f"<li>{html.escape(str(one))}</li>" for one in given["grounds"])
    wish = html.escape(str(given["liveness"] or "—"))
    parts.append(f"<h2>{html.escape(strings.text('pilot.report.settings'))}</h2><p><code>{wish}</code></p><ul>{items}</ul>")
    language = {"zh_CN": "zh-CN", "zh_Hant": "zh-Hant"}.get(strings.language, "en")
    top = f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{html.escape(named)}</title><style>{_STYLE}</style>'
    return f"{top}{''.join(parts)}</html>\n"
