"""The desk's rules, one row a case; and that the store asks them again, whatever the desk has let through."""

from __future__ import annotations

import pytest

from kiosk.domain import desk_rules as rules
from kiosk.domain.desk_rules import PROXY_PAPERS, Role
from kiosk.domain.person import Person
from kiosk.domain.record import Channel
from kiosk.store.desk import assisted, declarations, staff, todo, unit_list
from kiosk.store.opening import open_store
from tests.store import made


@pytest.mark.parametrize(
    ("agent", "papers", "problem"),
    [
        ("a", PROXY_PAPERS, ""),
        ("", PROXY_PAPERS, "agent-missing"),
        ("p", PROXY_PAPERS, "agent-is-principal"),
        *(("a", [one for one in PROXY_PAPERS if one != missing], "papers-missing") for missing in PROXY_PAPERS),
        ("a", [], "papers-missing"),
    ],
)
def test_a_proxy_is_another_person_with_all_papers(agent, papers, problem):
    assert rules.proxy_problem("p", agent, papers) == problem


@pytest.mark.parametrize(
    ("papers", "problem"),
    [
        (["clerk-id", "sealed-list"], ""),
        (rules.UNIT_PAPERS, ""),
        (["clerk-id"], "papers-missing"),
        (["sealed-list", "hukou-copies-sealed", "unit-certificate"], "papers-missing"),
    ],
)
def test_a_units_list_needs_the_clerk_and_the_seal(papers, problem):
    assert rules.unit_papers_problem(papers) == problem


@pytest.mark.parametrize(
    ("role", "authors", "problem"),
    [
        (Role.SUPERVISOR, ["1001"], ""),
        (Role.SUPERVISOR, [], ""),
        (Role.SUPERVISOR, ["1001", "9001"], "own-records"),
        (Role.ATTENDANT, ["1001"], "desk-not-allowed"),
        (None, ["1001"], "desk-not-allowed"),
    ],
)
def test_two_people_approve_a_day(role, authors, problem):
    assert rules.approval_problem(role, "9001", authors) == problem


def test_a_death_is_declared_by_somebody_else():
    assert [rules.declarant_problem("p", who) for who in ("a", "", "p")] == ["", "declarant-missing", "declarant-missing"]


@pytest.mark.parametrize(
    ("role", "whose", "problem"),
    [(Role.SUPERVISOR, "1001", ""), (Role.SUPERVISOR, "9001", "revoke-self"), (Role.ATTENDANT, "1001", "desk-not-allowed")],
)
def test_a_supervisor_ends_the_access_of_others(role, whose, problem):
    assert rules.revocation_problem(role, "9001", whose) == problem


@pytest.fixture
def store(tmp_path):
    with open_store(made.settings(tmp_path / "var"), now=made.NOW) as opened:
        made.give_roster(opened, made.entry())
        yield opened


def test_the_store_asks_again(store):
    entry, clerk = made.entry(), Person("经办人", "440305197001010019")
    staff.add(store, "9001", "黄主管", Role.SUPERVISOR, "360914", made.NOW, by="test")
    refused = {
        "agent-is-principal": lambda: assisted.authenticate(
            store, entry, [], Channel.AGENT, "1001", made.NOW, why="", helper=made.PERSON, papers=PROXY_PAPERS
        ),
        "papers-missing": lambda: unit_list.take(
            store, "l", [], unit="厂", clerk=clerk, staff_id="1001", today=made.TODAY, now=made.NOW, papers=["clerk-id"]
        ),
        "declarant-missing": lambda: declarations.declare(
            store, declarations.Declaration.DEATH, entry, {}, "1001", made.TODAY, made.NOW, helper=made.PERSON
        ),
        "desk-not-allowed": lambda: todo.approve(store, made.TODAY, "1001", made.TODAY, made.NOW),
    }
    for why, act in refused.items():
        with pytest.raises(declarations.NotAllowed, match=why):
            act()
