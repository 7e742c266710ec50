"""State x event of the visit, as a table: what each event does in each state, and that nothing else changed meanwhile.

The table lies beside this file. After a change that is meant: `python -m tests.visit.test_table`, and look at the difference.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import zip_longest
from pathlib import Path

import pytest

from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import Person, RosterEntry
from kiosk.domain.reasons import Reason
from kiosk.domain.record import RecordStatus
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import World, step
from tests.visit import samples as x

TABLE = Path(__file__).with_name("table.txt")
AWAY = World("v2", reader_ready=False, camera_ready=False, tries_per_visit=1)
WORLD = World("v2", answer_by=date(2026, 12, 3), visits_born_by=date(1946, 11, 30))
VISIT = s.Visit("v1", card_present=True)
CASE = s.Case(VISIT, x.CHEN, x.entry_of(x.CHEN), (x.due(),), "consent-v1")
OLD = replace(CASE, entry=replace(CASE.entry, born=date(1940, 1, 15)))
HELPED = replace(CASE, visit=replace(VISIT, mode=s.Mode.OTHER, helper=x.LI, tries=2))

KNOWN = (x.CHEN, CASE.entry, CASE.chosen)  # the beneficiary, while the helper's card is asked for

STATES: dict[str, s.State] = {
    "Idle": s.Idle(),
    "ChoosingWho": s.ChoosingWho(s.Visit("v1")),
    "ChoosingWho+card": s.ChoosingWho(VISIT, card=x.CHEN),
    "AwaitingCard": s.AwaitingCard(s.Visit("v1")),
    "AwaitingCard+helper": s.AwaitingCard(s.Visit("v1", s.Mode.OTHER), s.Whose.HELPER),
    "AwaitingCard+friend": s.AwaitingCard(HELPED.visit),
    "AwaitingCard+helper-last": s.AwaitingCard(HELPED.visit, s.Whose.HELPER, Reason.CARD_LIFT_AND_RETRY, True, True, *KNOWN),
    "EnteringNumber": s.EnteringNumber(s.Visit("v1"), s.Whose.BENEFICIARY),
    "EnteringNumber+helper": s.EnteringNumber(s.Visit("v1", s.Mode.OTHER), s.Whose.HELPER, None, *KNOWN),
    "EnteringNumber+friend": s.EnteringNumber(HELPED.visit, s.Whose.BENEFICIARY, Reason.NAME_MISMATCH),
    "ChoosingName": s.ChoosingName(s.Visit("v1"), s.Whose.BENEFICIARY, x.CHEN.id_number, (x.CHEN.name, "陈大文")),
    "ChoosingName+helper": s.ChoosingName(VISIT, s.Whose.HELPER, x.LI.id_number, (x.LI.name, "李大文"), *KNOWN, scanned=True),
    "ScanningCard": s.ScanningCard(s.Visit("v1")),
    "ScanningCard+helper": s.ScanningCard(s.Visit("v1", s.Mode.OTHER), s.Whose.HELPER, *KNOWN),
    "ScanningCard+code": s.ScanningCard(s.Visit("v1"), code=True),
    "LookingUp": s.LookingUp(VISIT, x.CHEN),
    "LookingUp+elsewhere": s.LookingUp(VISIT, x.CHEN, elsewhere=True),
    "Confirming": s.Confirming(VISIT, x.CHEN, CASE.entry, CASE.chosen),
    "ChoosingBenefits": s.ChoosingBenefits(VISIT, x.CHEN, CASE.entry, (x.due(0), x.due(1))),
    "Answered": s.Answered(VISIT, Reason.NOT_YET, person=x.CHEN),
    "Answered+waiting": s.Answered(VISIT, Reason.NO_TEMPLATE, person=x.CHEN),
    "Consenting": s.Consenting(CASE),
    "Instructing": s.Instructing(CASE),
    "Acting": s.Acting(CASE, take_id=1),
    "Acting+practice": s.Acting(CASE, practice=True, take_id=1),
    "Acting+last-try": s.Acting(HELPED, take_id=1),
    "Checking": s.Checking(CASE),
    "Checking+saving": s.Checking(CASE, saving=True),
    "Retrying": s.Retrying(CASE, Reason.LIVENESS_FAILED, 2),
    "Finished": s.Finished(CASE, ("r1",)),
    "Finished+returned": s.Finished(CASE, ("r1",), RecordStatus.RETURNED),
    "Referred": s.Referred(VISIT, Reason.FACE_UNCERTAIN, CASE),
    "Referred+uncertain": s.Referred(VISIT, Reason.LIVENESS_UNCERTAIN, CASE),
    "Referred+no-face": s.Referred(VISIT, Reason.NO_FACE_WANTED, CASE),
    "ReviewConsenting": s.ReviewConsenting(CASE, s.Referred(VISIT, Reason.FACE_MISMATCH, CASE), date(2026, 12, 3)),
    "ReviewConsenting+saving": s.ReviewConsenting(CASE, s.Referred(VISIT, Reason.FACE_MISMATCH, CASE), date(2026, 12, 3), True),
    "ReviewSent": s.ReviewSent(CASE, ("r1",), date(2026, 12, 3)),
    "VisitBooked": s.VisitBooked(OLD),
    "VisitBooked+saved": s.VisitBooked(OLD, saved=True),
    "Referred+eighty": s.Referred(VISIT, Reason.FACE_MISMATCH, OLD),
    "TakingCard": s.TakingCard(VISIT, None),
    "OutOfService": s.OutOfService(Reason.STORE_ERROR),
}


def told(event: e.Event) -> str:
    """An event in one word, with what decides in it."""
    fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
    marks = [str(fields[name]) for name in ("reason", "passed", "benefit_ids", "in_sight") if name in fields and fields[name] != ""]
    if fields.get("elsewhere"):
        marks.append("elsewhere")
    if "person" in fields:
        marks.append("chen" if fields["person"] == x.CHEN else "li")
    if "options" in fields:
        marks.append(str(len(fields["options"])))
    if "eligibilities" in fields:
        marks.append(f"{len(fields['eligibilities'])} of {fields['id_number'][-4:]}")
    if "id_number" in fields and "eligibilities" not in fields:
        marks.append(fields["id_number"][-4:])
    return type(event).__name__ + (f"({', '.join(marks)})" if marks else "")


def leaves(value: object) -> dict[str, object]:
    """All that a state or a case holds, the visit's and the case's fields beside its own."""
    found: dict[str, object] = {}
    for one in dataclasses.fields(value):
        held = getattr(value, one.name)
        inner = {f"visit.{name}": part for name, part in leaves(held).items()} if isinstance(held, s.Visit) else {}
        inner = leaves(held) if isinstance(held, s.Case) else inner or {one.name: held}
        for name, part in inner.items():
            found[name if found.get(name, part) == part else f"{one.name}.{name}"] = part
    return found


def short(value: object) -> str:
    """A value in a word; what is kept from the public as well, since all are made up."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case "" | ():
            return "nothing"
        case Person():
            return "chen" if value == x.CHEN else "li" if value == x.LI else f"{value.name or '?'} {value.id_number[-4:]}"
        case RosterEntry():
            return f"entry of {value.name}"
        case tuple():
            return "+".join(short(one) for one in value)
        case Eligibility():
            return f"{value.benefit_id}{'' if value.may_pass else ' not yet'}"
        case str() | int() | float():
            return str(value)
    return type(value).__name__


def moved(before: object, after: object) -> str:
    """What of a state is not as it was before: other values, and new ones but for a field's own default."""
    had, has = leaves(before), leaves(after)
    ruled = {one.name: one.default for one in dataclasses.fields(after)}
    ruled |= {f"visit.{one.name}": one.default for one in dataclasses.fields(s.Visit)}
    new = [
        f"{name}={short(value)}"
        for name, value in has.items()
        if (name in had and (had[name] != value or type(had[name]) is not type(value)))
        or (name not in had and not (ruled.get(name) == value and type(ruled.get(name)) is type(value)))
    ]
    return ", ".join(new)


def wanted_of(before: s.State, command: c.Command) -> str:
    """A command with all that is in it; of a case, what differs from the state's."""
    values = [getattr(command, one.name) for one in dataclasses.fields(command)]
    shown = [f"case[{moved(before, one)}]" if isinstance(one, s.Case) else short(one) for one in values]
    return f"{type(command).__name__}({', '.join(shown)})" if shown else type(command).__name__


def row(state: s.State, event: e.Event, world: World) -> str:
    """What an event does in a state, "" for nothing."""
    after, wanted = step(state, event, world)
    if after == state and not wanted:
        return ""
    kind = type(after).__name__ if type(after) is not type(state) else ""
    return f"{kind}[{moved(state, after)}]" + "".join(f" +{wanted_of(state, one)}" for one in wanted)


def rows(name: str) -> Iterator[str]:
    """One line for each event that does something in a state; all others do nothing there.

    Below it, where it does something else without reader and camera, at a station with one try: that.
    """
    state = STATES[name]
    for event in [*x.touches(), *x.device_events(), *x.answers("v1", 1)]:
        usual, away = row(state, event, WORLD), row(state, event, AWAY)
        if usual:
            yield f"    {told(event)} -> {usual}"
        if away != usual:
            yield f"    {told(event)}, nothing plugged in -> {away or 'nothing'}"


def table() -> dict[str, list[str]]:
    """The rows of each state as they were written down."""
    out: dict[str, list[str]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines() if TABLE.exists() else []:
        if line.startswith(" "):
            out[next(reversed(out))].append(line)
        else:
            out[line] = []
    return out


WRITTEN = table()


def test_every_state_stands_in_the_table():
    assert {type(state) for state in STATES.values()} == set(s.State.__args__)


def test_the_table_knows_these_states_and_no_others():
    assert list(WRITTEN) == list(STATES)


@pytest.mark.parametrize("name", STATES)
def test_what_each_event_does_in_each_state(name):
    for row_now, row_then in zip_longest(rows(name), WRITTEN[name]):
        assert row_now == row_then, "meant? python -m tests.visit.test_table, and read the difference"


if __name__ == "__main__":
    TABLE.write_text("".join(f"{line}\n" for name in STATES for line in (name, *rows(name))), encoding="utf-8")
