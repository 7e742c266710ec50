"""What one person may not do alone: revoking, withdrawing, overriding. One asks, another of the same step agrees, within a day."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Transaction

from kiosk.bureau import tables
from kiosk.bureau.clerks import audit
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.clerks.tables import Proposal
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.canonical import canonical
from kiosk.errors import KioskError

LASTS = timedelta(hours=24)
# kind -> who may agree to it
AGREES = {
    "override": Role.SUPERVISOR,  # another decision than the one that was told
    "revoke": Role.SUPERVISOR,  # a kiosk
    "roster-small": Role.SUPERVISOR,  # a roster that looks like a mistake
    "roster-withdraw": Role.SUPERVISOR,
    "bundle": Role.SUPERVISOR,  # policies for all stations
    "settings": Role.SUPERVISOR,  # of stations, from afar
}


class FourEyesRefused(KioskError):
    """Why it cannot be agreed to: own-request, not-for-this-role, over, asked-already, not-there."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Asked:
    """An open request."""

    proposal_id: str
    kind: str
    subject: str
    content: dict[str, Any]
    asked_by: str
    asked_at: datetime
    expires_at: datetime


def ask(context: BureauContext, who: Actor, kind: str, subject: str, content: dict[str, Any]) -> str:
    """Ask for something; return the request's id. Raises FourEyesRefused when the same subject is asked for already."""
    now = utcnow()
    with context.session.begin() as transaction:
        _lock_all(transaction)
        same = transaction.scalar(
            select(Proposal.proposal_id).where(
                Proposal.kind == kind, Proposal.subject == subject, Proposal.outcome == "", Proposal.expires_at > now
            )
        )
        if same is not None:
            raise FourEyesRefused("asked-already")
        made = Proposal(
            proposal_id=str(uuid.uuid4()),
            kind=kind,
            subject=subject,
            content=canonical(content).decode(),
            asked_by=who.name,
            asked_at=now,
            expires_at=now + LASTS,
            settled_by="",
            outcome="",
        )
        transaction.add(made)
        audit.write(transaction, who, f"asked-{kind}", subject, **_logged(content))
        return made.proposal_id


def _lock_all(transaction: Transaction) -> None:
    # PostgreSQL: two people who ask for the same at one moment; the counter's row is what both wait for.
    transaction.execute(select(tables.Counter).where(tables.Counter.name == "audit-seq").with_for_update())


def _logged(content: dict[str, Any]) -> dict[str, Any]:
    # Long texts (a policy) are logged by their length; what was issued stands in the bundle's own table.
    return {key: value if len(str(value)) <= 200 else f"{len(str(value))} characters" for key, value in content.items()}


def waiting(context: BureauContext) -> list[Asked]:
    """Return the open requests, oldest first."""
    with context.session.begin() as transaction:
        rows = transaction.scalars(
            select(Proposal).where(Proposal.outcome == "", Proposal.expires_at > utcnow()).order_by(Proposal.asked_at).limit(200)
        )
        return [_asked(row) for row in rows]


def count_for(context: BureauContext, name: str, role: Role) -> int:
    """Return how many open requests somebody may agree to."""
    kinds = [kind for kind, needed in AGREES.items() if role >= needed]
    if not kinds:
        return 0
    query = (
        select(func.count())
        .select_from(Proposal)
        .where(Proposal.outcome == "", Proposal.expires_at > utcnow(), Proposal.asked_by != name, Proposal.kind.in_(kinds))
    )
    with context.reading.begin() as transaction:
        return transaction.scalar(query) or 0


def _asked(row: Proposal) -> Asked:
    return Asked(row.proposal_id, row.kind, row.subject, json.loads(row.content), row.asked_by, row.asked_at, row.expires_at)


def one(context: BureauContext, proposal_id: str) -> Asked:
    """Return a request, open or over. Raises FourEyesRefused."""
    with context.session.begin() as transaction:
        row = transaction.get(Proposal, proposal_id)
        if row is None:
            raise FourEyesRefused("not-there")
        return _asked(row)


def check(transaction: Transaction, who: Actor, proposal_id: str) -> None:
    """Raise FourEyesRefused unless this person may agree to the request now."""
    why = _fault(transaction.get(Proposal, proposal_id), who)
    if why:
        raise FourEyesRefused(why)


def agree(transaction: Transaction, who: Actor, proposal_id: str) -> None:
    """Agree, within the transaction that does what was asked for: both happen, or neither. Raises FourEyesRefused."""
    row = transaction.scalar(select(Proposal).where(Proposal.proposal_id == proposal_id).with_for_update())
    why = _fault(row, who)
    if row is None or why:
        raise FourEyesRefused(why)
    row.settled_by, row.settled_at, row.outcome = who.name, utcnow(), "agreed"
    audit.write(transaction, who, f"agreed-{row.kind}", row.subject, asked_by=row.asked_by, **_logged(json.loads(row.content)))


def refuse(context: BureauContext, who: Actor, proposal_id: str) -> None:
    """Refuse a request, or take one's own back. Raises FourEyesRefused."""
    with context.session.begin() as transaction:
        row = transaction.scalar(select(Proposal).where(Proposal.proposal_id == proposal_id).with_for_update())
        own = row is not None and row.asked_by == who.name
        why = _fault(row, who)
        if row is None or (why and not (own and why in ("own-request", "not-for-this-role"))):
            raise FourEyesRefused(why)
        row.settled_by, row.settled_at, row.outcome = who.name, utcnow(), "gone" if own else "refused"
        audit.write(transaction, who, f"{'took-back' if own else 'refused'}-{row.kind}", row.subject, asked_by=row.asked_by)


def _fault(row: Proposal | None, who: Actor) -> str:
    if row is None:
        return "not-there"
    if row.outcome or row.expires_at <= utcnow():
        return "over"
    if row.asked_by == who.name:
        return "own-request"
    return "" if Role.of(who.role) >= AGREES[row.kind] else "not-for-this-role"
