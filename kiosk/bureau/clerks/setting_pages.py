"""Settings of the stations from afar: the form for all, a group or one station, the difference, and asking for it; groups."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from kiosk import config, layers
from kiosk.bureau import sessions, station_settings
from kiosk.bureau.clerks import audit, four_eyes
from kiosk.bureau.clerks.four_eyes import FourEyesRefused
from kiosk.bureau.clerks.pages import ANSWERS, Bureau, Own, Who, page, words_of
from kiosk.bureau.clerks.setting_kinds import kind_of
from kiosk.bureau.clerks.words import Words
from kiosk.bureau.context import BureauContext
from kiosk.layers import TWO_SIGNATURES, Value
from kiosk.sync import settings_rules

router = APIRouter(tags=["page"], responses=ANSWERS)
KEYS = sorted(layers.FROM_AFAR)
_SCOPE = re.compile(r"all|(?:group|station):[A-Za-z0-9][A-Za-z0-9._:@+/=-]{0,119}")
_Scope = Annotated[str, Query(max_length=128)]
_DEFAULTS = config.Settings().model_dump(mode="json")


@router.get("/settings", response_class=HTMLResponse)
def settings_page(request: Request, context: Bureau, _: Who, scope: _Scope = station_settings.ALL) -> HTMLResponse:
    """What is set for a scope, as a form."""
    if not _SCOPE.fullmatch(scope.strip()):
        return _form(request, context, station_settings.ALL, None, "", words_of(request).text("settings.no_scope"), 404)
    return _form(request, context, scope.strip(), None, "", "", 200)


def _checked(scope: str) -> str:
    if not _SCOPE.fullmatch(scope):
        raise HTTPException(404, "no such scope")
    return scope


def _form(
    request: Request,
    context: BureauContext,
    scope: str,
    given: dict[str, str] | None,
    second: str,
    wrong: str,
    status: int,
    diff: Any = None,
) -> HTMLResponse:
    with context.reading.begin() as session:
        held = station_settings.in_force(session, scope)
        sets, groups = station_settings.every(session), station_settings.groups(session)
        reached = station_settings.stations_of(session, scope)
    values = {key: _shown(value) for key, value in (held.values if held else {}).items()} if given is None else given
    rows = [(key, _shown(_default(key)), values.get(key, ""), key in TWO_SIGNATURES, kind_of(key)) for key in KEYS]
    return page(
        request,
        "settings.html",
        status,
        scope=scope,
        rows=rows,
        sets=sets,
        groups=groups,
        reached=reached,
        second=second,
        diff=diff,
        wrong=wrong,
    )


@router.post("/settings", response_class=HTMLResponse)
async def settings_form(
    request: Request,
    context: Bureau,
    who: Own,
    scope: Annotated[str, Form(max_length=128)],
    act: Annotated[Literal["preview", "ask"], Form()] = "preview",
    second: Annotated[str, Form(max_length=8000)] = "",
) -> Response:
    """Show what would differ, or ask for it: a second person must agree."""
    given = {key[2:]: str(value)[:300].strip() for key, value in (await request.form()).items() if key.startswith("f.")}
    return await run_in_threadpool(_take, request, context, who, _checked(scope), act, second, given)


def _take(
    request: Request, context: BureauContext, who: sessions.Session, scope: str, act: str, second: str, given: dict[str, str]
) -> Response:
    words = words_of(request)
    shown = {key: text for key, text in given.items() if text}
    values = {key: parsed(key, text) for key, text in shown.items()}
    faults = settings_rules.faults(values)
    try:
        signed = station_settings.parse_second(second)
    except ValueError:
        return _form(request, context, scope, shown, second, words.text("settings.second_malformed"), 400)
    if not faults and scope.startswith("group:") and TWO_SIGNATURES & set(values):
        return _form(request, context, scope, shown, second, words.text("settings.limits_not_for_groups"), 400)
    if not faults and {key for key in values if key in TWO_SIGNATURES} - {key for one in signed for key in one.values}:
        return _form(request, context, scope, shown, second, words.text("settings.second_missing"), 400)
    if faults:
        told = "；".join(_fault(words, key, why) for key, why in sorted(faults.items()))
        return _form(request, context, scope, shown, second, told, 400)
    with context.reading.begin() as session:
        held = station_settings.in_force(session, scope)
    before: dict[str, Value] = dict(held.values) if held else {}
    diff = difference(before, values)
    if act == "preview":
        return _form(request, context, scope, shown, second, "", 200, diff)
    if not diff:
        return _form(request, context, scope, shown, second, words.text("policies.same"), 400)
    summary = "；".join(f"{_named(words, key)}：{old or '—'} → {new or '—'}" for key, old, new in diff)
    asked = {"values": json.dumps(values), "second": second, "base": held.version if held else 0, "summary": summary[:190]}
    try:
        four_eyes.ask(context, who.actor, "settings", scope, asked)
    except FourEyesRefused as error:
        return _form(request, context, scope, shown, second, words.text(f"four_eyes.{error.why}"), 409)
    sessions.leave(context, who.token, words.text("record.asked"))
    return RedirectResponse("/requests", 303)


def _named(words: Words, key: str) -> str:
    return words.of("setting_key", key)


def _fault(words: Words, key: str, why: str) -> str:
    """Say what is wrong with a value, and what may stand there."""
    kind = kind_of(key)
    told = f"{_named(words, key)}：{words.text('settings.' + why)}"
    if why == "malformed" and kind.choices:
        return f"{told}（{' / '.join(kind.choices)}）"
    if why == "malformed" and kind.number:
        return f"{told}（{words.text('settings.bounds', low=kind.low or '…', high=kind.high or '…')}）"
    return told


@router.post("/settings/group", response_class=HTMLResponse)
def group_form(
    request: Request,
    context: Bureau,
    who: Own,
    station_id: Annotated[str, Form(max_length=128)],
    name: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Put a station into a group, or take it out."""
    words = words_of(request)
    if not _SCOPE.fullmatch(f"station:{station_id.strip()}") or (name.strip() and not _SCOPE.fullmatch(f"group:{name.strip()}")):
        sessions.leave(context, who.token, words.text("stations.number-malformed"))
        return RedirectResponse("/settings", 303)
    with context.session.begin() as session:
        station_settings.put_in_group(session, station_id.strip(), name.strip())
        audit.write(session, who.actor, "station-grouped", station_id.strip(), group=name.strip())
    sessions.leave(context, who.token, words.text("settings.grouped"))
    return RedirectResponse("/settings", 303)


def difference(before: dict[str, Value], after: dict[str, Value]) -> list[tuple[str, str, str]]:
    """Return (key, old, new) of what differs; "" where it is not set."""
    keys = sorted({*before, *after})
    return [
        (key, _shown(before.get(key)), _shown(after.get(key)))
        for key in keys
        if (before.get(key), type(before.get(key))) != (after.get(key), type(after.get(key)))
    ]


def parsed(key: str, text: str) -> Value:
    """Return a typed value of what was typed for a key; text that is none stays text, and is refused by the rules."""
    default = _default(key)
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(default, int | float):
        if re.fullmatch(r"-?\d{1,9}", text):
            return float(text) if isinstance(default, float) else int(text)
        return float(text) if re.fullmatch(r"-?\d{1,9}\.\d{1,9}", text) else text
    return text


def _default(key: str) -> Any:
    here: Any = _DEFAULTS
    for part in key.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return here


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
