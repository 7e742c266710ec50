"""Pages of the rules: what is in force, a rule as a form, what other values would do to ten people, and asking for them."""

from __future__ import annotations

import tomllib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from kiosk.bureau import sessions
from kiosk.bureau.clerks import four_eyes, policies, settings
from kiosk.bureau.clerks.four_eyes import FourEyesRefused
from kiosk.bureau.clerks.pages import ANSWERS, Bureau, Own, Who, page, words_of
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.sync import bundle_parts, protocol

router = APIRouter(tags=["page"], responses=ANSWERS)
PolicyName = Annotated[protocol.Id, Path()]


@router.get("/policies", response_class=HTMLResponse)
def policies_page(request: Request, context: Bureau, _: Who) -> HTMLResponse:
    """The rules in force."""
    rows = []
    for name, text in policies.content_of(context).policies.items():
        data = tomllib.loads(text)
        rows.append(
            {"name": name, "kind": data.get("kind", ""), "title": data.get("title", ""), "since": data.get("effective_from")}
        )
    return page(request, "policies.html", rows=rows)


@router.get("/policies/{name}", response_class=HTMLResponse)
def policy_page(request: Request, context: Bureau, _: Who, name: PolicyName) -> HTMLResponse:
    """One rule as a form."""
    return _policy(request, context, name, {}, "", 200)


def _policy(
    request: Request, context: BureauContext, name: str, values: dict[str, str], wrong: str, status: int, examples: Any = None
) -> HTMLResponse:
    text = policies.content_of(context).policies.get(name)
    if text is None:
        raise HTTPException(404, "no such rule")
    fields = policies.fields_of(text)
    title = tomllib.loads(text).get("title", "")
    return page(
        request,
        "policy.html",
        status,
        name=name,
        title=title,
        text=text,
        fields=fields,
        values=values,
        examples=examples,
        wrong=wrong,
    )


@router.post("/policies/{name}", response_class=HTMLResponse)
async def policy_form(
    request: Request, context: Bureau, who: Own, name: PolicyName, act: Annotated[Literal["preview", "ask"], Form()] = "preview"
) -> Response:
    """Show what other values would do to ten people, or ask for them: a second person must agree."""
    given = {key[2:]: str(value)[:500] for key, value in (await request.form()).items() if key.startswith("f.")}
    return await run_in_threadpool(_take, request, context, who, name, act, given)


def _take(request: Request, context: BureauContext, who: sessions.Session, name: str, act: str, given: dict[str, str]) -> Response:
    words = words_of(request)
    content = policies.content_of(context)
    old = content.policies.get(name)
    if old is None:
        raise HTTPException(404, "no such rule")
    text, fault = policies.changed(old, given)
    fault = fault or bundle_parts.book_fault({**content.policies, name: text})
    if fault:
        return _policy(request, context, name, given, words.text("policies.fault", why=policies.fault_in_words(fault, words)), 400)
    if act == "preview":
        today = utcnow().astimezone(settings.of(context).zone).date()
        examples = policies.preview(context, name, text, today, words.language)
        return _policy(request, context, name, given, "", 200, examples)
    if text == old:
        return _policy(request, context, name, given, words.text("policies.same"), 400)
    before = {one.name: one.value for one in policies.fields_of(old)}
    summary = "；".join(
        f"{words.of('policy_field', key)}：{words.of('policy_choice', before[key])} → {words.of('policy_choice', value)}"
        for key, value in given.items()
        if before.get(key, value) != value
    )
    asked = {"text": text, "base": policies.mark_of(content, name), "summary": summary[:190]}
    try:
        four_eyes.ask(context, who.actor, "bundle", name, asked)
    except FourEyesRefused as error:
        return _policy(request, context, name, given, words.text(f"four_eyes.{error.why}"), 409)
    sessions.leave(context, who.token, words.text("record.asked"))
    return RedirectResponse("/requests", 303)
