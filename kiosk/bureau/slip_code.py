"""The bureau's code on a confirmation: as a kiosk's on its slip (`sync.slip_codes`), signed with the bureau's key, for any station.

Clerks print it from the page of a confirmed record; whoever holds it up to a kiosk is found as with last year's slip.
"""

from __future__ import annotations

from datetime import date

from kiosk.bureau import tables
from kiosk.bureau.context import BureauContext
from kiosk.sync import slip_codes, suites
from kiosk.sync.keys import JournalSigner


def of(context: BureauContext, record_id: str, day: date) -> str:
    """Return the code of a confirmed pass, under the suite of the kiosk that made the record; "" for anything else."""
    with context.reading.begin() as session:
        row = session.get(tables.Record, record_id)
        if row is None or row.decision != "confirmed" or row.outcome != "passed":
            return ""
        suite, person_id = session.get_one(tables.Kiosk, row.kiosk_id).suite, row.person_id
    if suite not in context.rings:
        return ""
    under = context.under(suites.by_name(suite))
    return slip_codes.signed(person_id, "", day, under.bureau_id, JournalSigner(under.keys).sign)
