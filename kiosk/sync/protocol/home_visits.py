"""Home-visit lists between two kiosks of a station, and the records that come back."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from kiosk.sync.limits import MAX_LOAN, MAX_NEWS_RECEIPT, MAX_NEWS_RECEIPTS, MAX_RETURN
from kiosk.sync.protocol.wire import Code, Count, Document, Id, Moment, Short, Wire

LoanId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]  # stands in file names


class LoanedPerson(Wire):
    """One person of a home-visit list. `line`: the roster's line (`store.roster.line`) without its template."""

    person_id: Id
    line: Annotated[str, Field(max_length=8000, repr=False)]
    booked_at: Moment
    booked_by: Short
    note: Code = ""


class HomeLoan(Document):
    """Signed by the lending kiosk, then sealed to one peer: whom the portable kiosk visits at home, until when it may keep them."""

    kind: Literal["home-loan"] = "home-loan"
    loan_id: LoanId
    from_kiosk: Id
    to_kiosk: Id
    created_at: Moment
    until: Moment
    roster_version: Count
    roster_at: Moment | None = None
    people: Annotated[tuple[LoanedPerson, ...], Field(min_length=1, max_length=MAX_LOAN)]


class HomeReturn(Document):
    """Signed by the portable kiosk, then sealed to the lender: its records about those people, byte for byte as digested there."""

    kind: Literal["home-return"] = "home-return"
    return_id: Id
    loan_id: LoanId
    from_kiosk: Id
    to_kiosk: Id
    created_at: Moment
    records: Annotated[tuple[Annotated[str, Field(max_length=20_000)], ...], Field(max_length=MAX_RETURN, repr=False)]


class VisitChange(Wire):
    """The newest word about one booked visit. `cancelled`: why; "": it is to be made, perhaps on a day that was agreed."""

    person_id: Id
    at: Moment
    cancelled: Code = ""
    on_day: date | None = None


class HomeNews(Document):
    """Signed by the lender, then sealed to the portable kiosk: what changed about its visits, and signed receipts of the
    bureau to the lender that cover records about these people."""

    kind: Literal["home-news"] = "home-news"
    news_id: Id
    loan_id: LoanId
    from_kiosk: Id
    to_kiosk: Id
    created_at: Moment
    changes: Annotated[tuple[VisitChange, ...], Field(max_length=MAX_LOAN)] = ()
    receipts: Annotated[tuple[Annotated[str, Field(max_length=MAX_NEWS_RECEIPT)], ...], Field(max_length=MAX_NEWS_RECEIPTS)] = ()
