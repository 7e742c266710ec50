"""One row of a unit's list, on its way from the file (`kiosk.unit_list`) to the store (`kiosk.store.desk.unit_list`)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One row as read: `line` is the file's own number of it, counted from 1.

    problem "": to be certified; else why it is not, whatever the store would say: bad-row (name or number missing), hidden-row
    (filtered away or hidden by the clerk), number-cut (the spreadsheet made a float of the number).
    """

    line: int
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    benefit: str = ""
    problem: str = ""
