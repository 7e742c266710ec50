"""`FOR_SUPERVISORS` is the guard: by what the store knows, not by what the desk says, nobody else gets such a command done."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from kiosk.desk import commands as c
from kiosk.desk import states as s
from kiosk.desk.values import Place, Role
from kiosk.desk_backend import commands as work
from kiosk.desk_backend.moment import Moment
from kiosk.store.desk import staff
from kiosk.store.opening import open_store
from tests.store import made

AT = Moment(made.NOW, made.TODAY, 100.0)
PIN = "270518"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with open_store(made.settings(tmp_path_factory.mktemp("guard") / "var"), now=made.NOW) as opened:
        for number, role in (("9001", Role.SUPERVISOR), ("9002", Role.SUPERVISOR), ("1001", Role.ATTENDANT)):
            staff.add(opened, number, f"人{number}", role, PIN, made.NOW, by="set-up")
        staff.revoke(opened, "9002", made.NOW, by="9001")
        yield opened


def commands(by: s.Session) -> list[c.Command]:
    return [
        c.ApproveDay(by, made.TODAY),
        c.ConfirmCamera(by, "replaced"),
        c.AddStaff(by, "1002", "新人", Role.ATTENDANT, PIN),
        c.ResetPin(by, "1001", PIN),
        c.RevokeStaff(by, "1001"),
        c.BindCard(by, "1001", "chip:01"),
    ]


SUE = s.Session(1, "9001", "主管", Role.SUPERVISOR, 0.0)
NOT_ALLOWED = {
    "an attendant": replace(SUE, staff_id="1001", role=Role.ATTENDANT),
    "an attendant who says to be a supervisor": replace(SUE, staff_id="1001"),
    "a supervisor who was revoked": replace(SUE, staff_id="9002"),
    "nobody": replace(SUE, staff_id="4711"),
    "a supervisor by a short PIN": replace(SUE, quick=True),
}


def test_every_command_of_supervisors_is_tried():
    assert {type(one) for one in commands(SUE)} | {c.Maintain} == set(c.FOR_SUPERVISORS)
    assert set(c.FOR_SUPERVISORS) - {c.Maintain} <= set(get_args(c.InStore))


@pytest.mark.parametrize("who", NOT_ALLOWED)
def test_nobody_else_maintains(store, who):
    """It is done outside the store, and asked there first."""
    refused = work.may_maintain(store, c.Maintain(NOT_ALLOWED[who], "restart"))
    assert (refused.place, refused.problem) == (Place.MAINTENANCE, "desk-not-allowed")
    assert work.may_maintain(store, c.Maintain(SUE, "restart")) is None


@pytest.mark.parametrize("who", NOT_ALLOWED)
def test_nobody_else_gets_it_done(store, who):
    before = staff.members(store)
    for command in commands(NOT_ALLOWED[who]):
        answer = work.in_store(store, command, AT)
        assert (answer.problem, answer.notice) == ("desk-not-allowed", ""), command
        wanted = {c.ApproveDay: Place.APPROVAL, c.ConfirmCamera: Place.CAMERA}.get(type(command), Place.STAFF)
        assert answer.place is wanted
    assert staff.members(store) == before


def test_a_supervisor_does(store):
    assert work.in_store(store, c.AddStaff(SUE, "1003", "新人", Role.ATTENDANT, PIN), AT).notice == "staff-added"
    assert work.in_store(store, c.RevokeStaff(SUE, "1003"), AT).notice == "staff-revoked"
    assert work.in_store(store, c.RevokeStaff(SUE, "9001"), AT).problem == "revoke-self"
