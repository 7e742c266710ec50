"""Who has the pass of a person, benefit and period: one record at most, exactly one while any attempt stands.

Called by `ingest` as records come and by `decisions` when one is confirmed or returned; asked by the clerks' pages.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, case, or_, select
from sqlalchemy.orm import Session

from kiosk.bureau import counts, database, tables

NO_PASS = ("enrolment", "declaration")  # channels that end well without certifying anything
HUMAN_REVIEW = "human-review"  # certifies from a clerk's confirmation on, and nothing before


def settle(session: Session, row: tables.Record, now: datetime) -> None:
    """After a decision on one record: give the pass it claims to whoever should have it. The kiosk's row of the record is locked.

    A confirmed attempt comes before an undecided one, then the one that came first; a returned one never has it.
    """
    review = row.channel == HUMAN_REVIEW
    if not review and (row.outcome != "passed" or row.channel in NO_PASS):
        return
    session.flush()
    key = row.pass_key
    # Locked before the attempts are read: of two decisions at one moment the second sees what the first has done.
    held = session.scalar(select(tables.Pass).where(tables.Pass.pass_key == key).with_for_update())
    if held is None:
        if row.decision == "returned" or (review and row.decision != "confirmed"):
            return
        made = database.insert_new(session, tables.Pass, [{"pass_key": key, "record_id": row.record_id, "created_at": now}])
        counts.add(session, {counts.PASSES: len(made)})
        held = session.scalars(select(tables.Pass).where(tables.Pass.pass_key == key).with_for_update()).one()
    confirmed_first = case((tables.Record.decision == "confirmed", 0), else_=1)
    standing = list(
        session.scalars(
            select(tables.Record)
            .where(
                tables.Record.pass_key == key,
                or_(
                    and_(
                        tables.Record.outcome == "passed",
                        tables.Record.channel.not_in((*NO_PASS, HUMAN_REVIEW)),
                        tables.Record.decision != "returned",
                    ),
                    and_(tables.Record.channel == HUMAN_REVIEW, tables.Record.decision == "confirmed"),
                ),
            )
            .order_by(confirmed_first, tables.Record.received_at, tables.Record.record_id)
        )
    )
    if not standing:
        session.delete(held)  # no longer in the way of a good attempt
        return
    best = standing[0]
    mine = next((one for one in standing if one.record_id == held.record_id), None)
    if mine is not None and (mine.decision == "confirmed" or best.decision != "confirmed"):
        best = mine  # whoever has it keeps it, unless a confirmed one waits behind an undecided one
    held.record_id = best.record_id
    for one in standing:
        one.verdict = "accepted" if one is best else "duplicate-pass"
