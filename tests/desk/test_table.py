"""State x event of the desk, as a table: what each event does in each state, and that nothing else changed meanwhile.

The table lies beside this file. After a change that is meant: `python -m tests.desk.test_table`, and look at the difference.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import get_args

import pytest

from kiosk.desk import boards_data as b
from kiosk.desk import events as e
from kiosk.desk import states as s
from kiosk.desk.machine import step
from kiosk.desk.values import Found, ListFile, Member, Place
from kiosk.domain.person import Person, Template
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel
from tests.desk import samples as d
from tests.visit import samples as x

TABLE = Path(__file__).with_name("table.txt")
ANN = s.Session(1, d.ANN.staff_id, d.ANN.name, d.ANN.role, 0.0)
SUE = s.Session(1, d.SUE.staff_id, d.SUE.name, d.SUE.role, 0.0)
FOUND = d.found()
FOUND_BY_PHOTO = replace(FOUND, entry=replace(FOUND.entry, template=Template(b"", "d", "c", origin="photo")))
APPROVAL = s.Board(Place.APPROVAL, b.ApprovalData((d.day(),)))
OWN = s.Board(Place.APPROVAL, b.ApprovalData((d.day((d.SUE.staff_id,)),)))
STRANGE_CAMERA = s.Board(Place.CAMERA, b.CameraData(believed=False, why=("serial",)))
PAGES: dict[str, s.Page] = {
    **{f"Board.{place}": s.Board(place, object()) for place in Place},
    "Board.approval+day": APPROVAL,
    "Board.approval+own": OWN,
    "Board.camera+strange": STRANGE_CAMERA,
    "Board.reminders+rows": s.Board(Place.REMINDERS, b.RemindersData((d.TO_CALL, d.CALLED), d.TODAY, printer=True)),
    "Board.reminders+no-printer": s.Board(Place.REMINDERS, b.RemindersData((d.TO_CALL,), d.TODAY)),
    "Board.sync+busy": s.Board(Place.SYNC, object(), busy=True),
    "Finding": s.Finding(),
    "Finding+busy": s.Finding(x.CHEN.id_number, busy=True),
    "Finding+elsewhere": s.Finding(x.CHEN.id_number, busy=True, elsewhere=True),
    "Showing": s.Showing(d.found()),
    "Showing+not-in-roster": s.Showing(Found(x.CHEN, Reason.NOT_IN_ROSTER)),
    "Showing+clock": s.Showing(d.found(clock_suspect=True)),
    "Assisting": s.Assisting(d.found(), Channel.FACE_TO_FACE),
    "Assisting+agent": s.Assisting(d.found(), Channel.AGENT, x.LI),
    "Assisting+filled": s.Assisting(d.found(), Channel.FACE_TO_FACE, filled=True),
    "Assisting+leaving": s.Assisting(d.found(), Channel.FACE_TO_FACE, filled=True, leaving=e.Went(Place.HOME)),
    "Assisting+busy": s.Assisting(d.found(), Channel.FACE_TO_FACE, busy=True),
    "Assisting+scanning": s.Assisting(d.found(), Channel.AGENT, x.LI, scanning="stick/proof.pdf"),
    "Enrolling": s.Enrolling(d.found()),
    "Enrolling+consented": s.Enrolling(d.found(), consented=True),
    "Enrolling+no-template": s.Enrolling(replace(FOUND, entry=replace(FOUND.entry, template=None)), consented=True),
    "Enrolling+chip": s.Enrolling(replace(FOUND, entry=replace(FOUND.entry, template=None)), consented=True, chip=True),
    "Enrolling+photo": s.Enrolling(FOUND_BY_PHOTO, consented=True),
    "Enrolling+not-in-roster": s.Enrolling(Found(x.CHEN, Reason.NOT_IN_ROSTER), consented=True),
    "Enrolling+looking": s.Enrolling(d.found(), consented=True, looking=True, take_id=1),
    "Enrolling+ready": s.Enrolling(d.found(), consented=True, take_id=1, ready=True),
    "Enrolling+busy": s.Enrolling(d.found(), consented=True, busy=True),
    "TakingDeclaration": s.TakingDeclaration(d.found()),
    "TakingDeclaration+declarant": s.TakingDeclaration(d.found(), x.LI),
    "TakingDeclaration+busy": s.TakingDeclaration(d.found(), x.LI, busy=True),
    "Done": s.Done(Channel.FACE_TO_FACE, ("r1",), d.found()),
}
STATES: dict[str, s.State] = {
    "Closed": s.Closed(),
    "Asking": s.Asking(),
    "Asking+card": s.Asking("chip:01"),
    "SettingUp": s.SettingUp(),
    "SettingUp+busy": s.SettingUp(busy=True),
    "SigningIn": s.SigningIn(),
    "SigningIn+quick": s.SigningIn(quick=d.ANN),
    "SigningIn+locked": s.SigningIn(wait_until_s=30.0),
    "SigningIn+busy": s.SigningIn(busy=True),
    **{name: s.Open(SUE, page) for name, page in PAGES.items()},
    "attendant: Board.home": s.Open(ANN, PAGES["Board.home"]),
    "attendant: Board.approval+day": s.Open(ANN, APPROVAL),
    "quick: Board.staff": s.Open(dataclasses.replace(SUE, quick=True), PAGES["Board.staff"]),
}


def short(value: object, deep: bool = True) -> str:
    """A value in a few letters; people by a name of their own. deep: with all that is in it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case "" | ():
            return "nothing"
        case StrEnum():
            return str(value)
        case Person():
            return "chen" if value == x.CHEN else "li"
        case Member():
            return value.staff_id
        case Found():
            return f"{value.reason}{'+clock' if value.clock_suspect else ''} {short(value.person)}"
        case ListFile():
            return value.name
        case date():
            return f"{value:%m%d}"
        case str() if len(value) == 64:
            return f"{value[0]}*64"
        case str() | int() | float():
            return str(value)
        case tuple():
            return "+".join(short(one) for one in value) if deep else f"{len(value)} of {type(value[0]).__name__}"
        case s.Session():
            return f"{value.staff_id} {value.role}{' quick' if value.quick else ''} {value.session_id} since {value.touched_s:g}"
    if dataclasses.is_dataclass(value):
        held = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        inner = [f"{name}={short(one)}" if deep else name for name, one in held.items() if one]
        return f"{type(value).__name__}({', '.join(inner)})"
    return type(value).__name__


def told(value: object, *left_out: object, deep: bool = True) -> str:
    """An event, command or state with what is in it, but for what everybody knows (`left_out`: names of fields, values)."""
    assert dataclasses.is_dataclass(value)
    held = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    fields = [short(one, deep) for name, one in held.items() if name not in left_out and one not in left_out]
    return f"{type(value).__name__}({', '.join(fields)})" if fields else type(value).__name__


def told_state(before: s.State, after: s.State) -> str:
    """Where it went; within a page, only what changed."""
    who = ""
    if isinstance(after, s.Open) and (not isinstance(before, s.Open) or before.session != after.session):
        who = f" as {short(after.session)}"
    a, z = (one.page if isinstance(one, s.Open) else one for one in (before, after))
    if type(a) is not type(z) or (isinstance(a, s.Board) and isinstance(z, s.Board) and a.place is not z.place):
        return told(z) + who
    changed = [
        f.name
        for f in dataclasses.fields(z)
        if getattr(a, f.name) != getattr(z, f.name) or type(getattr(a, f.name)) is not type(getattr(z, f.name))
    ]
    return f"[{', '.join(f'{name}={short(getattr(z, name))}' for name in changed) or 'same'}]{who}"


def rows(name: str) -> Iterator[str]:
    """One line for each event that does something in a state; all others do nothing there. Staying signed in is nothing."""
    state = STATES[name]
    for event in [*d.touches(), *d.answers(1)]:
        after, wanted = step(state, event, d.world(0.0, 2))
        if after == state and not wanted:
            continue
        by = (state.session,) if isinstance(state, s.Open) else ()
        commands = "".join(f" +{told(one, *by)}" for one in wanted)
        yield f"    {told(event, 'session_id', deep=False)} -> {told_state(state, after)}{commands}"


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


def test_every_state_and_every_page_stands_in_the_table():
    assert {type(state) for state in STATES.values()} == set(get_args(s.State))
    assert {type(page) for page in PAGES.values()} == set(get_args(s.Page))
    assert {page.place for page in PAGES.values() if isinstance(page, s.Board)} == set(Place)


def test_the_table_knows_these_states_and_no_others():
    assert list(WRITTEN) == list(STATES)


@pytest.mark.parametrize("name", STATES)
def test_what_each_event_does_in_each_state(name):
    for row_now, row_then in zip_longest(rows(name), WRITTEN[name]):
        assert row_now == row_then, "meant? python -m tests.desk.test_table, and read the difference"


if __name__ == "__main__":
    TABLE.write_text("".join(f"{line}\n" for name in STATES for line in (name, *rows(name))), encoding="utf-8")
