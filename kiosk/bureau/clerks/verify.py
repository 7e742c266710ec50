"""The public answer: is what a slip says true? "Valid until this month" and nothing else; no cookie, no session, nothing kept.

A record that is unknown, returned, not confirmed yet, or no certification is answered alike: the number tells nothing else.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from kiosk.bureau import tables
from kiosk.bureau.clerks.pages import ANSWERS, page, words_of
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.passes import HUMAN_REVIEW, NO_PASS
from kiosk.bureau.request_guard import source_of
from kiosk.sync import protocol

router = APIRouter(tags=["public"], responses={code: ANSWERS[code] for code in (404, 408, 429)})
PER_MINUTE = 30  # ours: of one source; a family at home asks twice
_SOURCES = 20_000


class Rate:
    """How often each source asked within its minute. Bounded: the oldest is forgotten first."""

    def __init__(self, most: int = PER_MINUTE) -> None:
        self._most, self._lock = most, threading.Lock()
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def let(self, source: str, now_s: float) -> bool:
        """Count one; return whether it may be answered."""
        with self._lock:
            since, count = self._seen.pop(source, (now_s, 0))
            if now_s - since >= 60.0:
                since, count = now_s, 0
            self._seen[source] = (since, count + 1)
            if len(self._seen) > _SOURCES:
                self._seen.popitem(last=False)
            return count < self._most


_rate = Rate()


@router.get("/verify/{record_id}", response_class=HTMLResponse)
def verify(request: Request, record_id: Annotated[protocol.Id, Path()]) -> HTMLResponse:
    """The page behind the slip's code."""
    words = words_of(request)
    if not _rate.let(source_of(request.scope), time.monotonic()):
        return page(request, "verify.html", 429, answer=words.text("verify.too-many"))
    until = valid_until(request.app.state.context, record_id)
    answer = words.text("verify.none") if until is None else words.text("verify.valid", month=words.month(until))
    return page(request, "verify.html", answer=answer)


def valid_until(context: BureauContext, record_id: str) -> date | None:
    """Return the last day that a confirmed certification is good for; None for anything else."""
    with context.reading.begin() as transaction:
        row = transaction.get(tables.Record, record_id)
        if row is None or row.decision != "confirmed" or row.channel in NO_PASS:
            return None
        if row.outcome != "passed" and row.channel != HUMAN_REVIEW:
            return None
        if transaction.get(tables.Pass, row.pass_key) is None:
            return None
        content = row.content
    try:
        until = date.fromisoformat(json.loads(content)["valid_to"])
    except (ValueError, KeyError, TypeError):
        return None
    return until if until >= utcnow().date() else None
