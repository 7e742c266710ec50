"""Every route × every role: who is let in stands in one table, and a route without a line there is refused to everybody."""

from __future__ import annotations

import pytest
from fastapi import APIRouter

from kiosk.bureau.app import build
from kiosk.bureau.clerks import roles
from kiosk.bureau.clerks.roles import ENROL, KIOSK, NEEDED, OPEN, OWN, PASSWORD, PROGRAM, SECOND, Role
from tests.bureau.clerks.made import URL, Browser

ROUTES = {(method.upper(), path) for path, methods in build().openapi()["paths"].items() for method in methods}


def test_every_route_stands_in_the_table_and_nothing_else():
    assert {("GET", "/openapi.json")} | ROUTES == set(NEEDED), "a route needs its line in kiosk/bureau/clerks/roles.py"


def test_a_route_without_a_line_is_refused_to_everybody():
    for role in (None, *Role):
        for program in (False, True):
            assert not roles.may(roles.needed("GET", "/new"), role, "", program=program)


@pytest.mark.parametrize(
    ("need", "nobody", "viewer", "clerk", "supervisor", "administrator", "program"),
    [
        (OPEN, 1, 1, 1, 1, 1, 1),
        (KIOSK, 1, 1, 1, 1, 1, 1),
        (PROGRAM, 0, 0, 0, 0, 0, 1),
        (OWN, 0, 1, 1, 1, 1, 0),
        (PASSWORD, 0, 1, 1, 1, 1, 0),
        (ENROL, 0, 1, 1, 1, 1, 0),
        (SECOND, 0, 0, 0, 0, 0, 0),  # a whole session has done it
        (Role.VIEWER, 0, 1, 1, 1, 1, 0),
        (Role.CLERK, 0, 0, 1, 1, 1, 0),
        (Role.SUPERVISOR, 0, 0, 0, 1, 1, 0),
        (Role.ADMINISTRATOR, 0, 0, 0, 0, 1, 0),
    ],
)
def test_who_may(need, nobody, viewer, clerk, supervisor, administrator, program):
    told = [roles.may(need, role, "", program=False) for role in (None, *Role)]
    assert told == [bool(one) for one in (nobody, viewer, clerk, supervisor, administrator)]
    assert roles.may(need, None, "", program=True) == bool(program)


@pytest.mark.parametrize("stage", [SECOND, PASSWORD, ENROL])
def test_a_session_that_is_not_whole_goes_its_own_step_alone(stage):
    needs = (OPEN, KIOSK, PROGRAM, OWN, SECOND, PASSWORD, ENROL, *Role)
    let = {need for need in needs if roles.may(need, Role.ADMINISTRATOR, stage, program=False)}
    assert let == {OPEN, KIOSK, OWN, stage}


_PATH = {"record_id": "r", "evidence_id": "e", "proposal_id": "p", "kiosk_id": "k", "finding_id": "f", "draft_id": "d"} | {
    "version": "1",
    "account_id": "a",
    "name": "clerks.css",
    "digest": "0" * 64,
    "folder": "metadata",
    "part": "00",
}


@pytest.fixture(scope="module")
def browsers(tmp_path_factory):
    from tests.bureau.clerks.made import account
    from tests.bureau.made import opened

    context = opened(tmp_path_factory.mktemp("roles"))
    found = {None: Browser(context)}
    for role in Role:
        account(context, f"a-{role.code}", role)
        found[role] = Browser(context).enter(f"a-{role.code}")
    yield found
    context.engine.dispose()


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_each_role_is_let_in_or_refused_as_the_table_says(browsers, method, path):
    """Over the request guard and the application: what the table says is what is answered."""
    need = NEEDED[(method, path)]
    if need == KIOSK:
        pytest.skip("proves itself in what it sends: tests/sync/test_forged.py")
    for role, browser in browsers.items():
        given = {"headers": {"Origin": URL}, "data": {"token": "0" * 64}} if method == "POST" else {}
        answer = browser.ask(method, path.format(**_PATH), **given)
        refused = (
            "not signed in" in answer.text or answer.headers.get("location") == "/sign-in" or "not for this role" in answer.text
        )
        if need == PROGRAM and role is not None:
            assert answer.status_code in (401, 403), (role, answer.text)
            continue
        assert refused == (not roles.may(need, role, "", program=False)), (role, answer.status_code, answer.text[:200])
        assert answer.status_code != 500


def test_the_program_password_opens_no_page(browsers):
    browser = browsers[None]
    auth = ("bureau", browser.context.admin_password)
    assert browser.get("/admin/summary", auth=auth).status_code == 200
    for path in ("/records", "/accounts", "/audit", "/stations"):
        assert browser.get(path, auth=auth).headers["location"] == "/sign-in"


def test_no_session_reaches_what_is_for_programs(browsers):
    for role in Role:
        assert browsers[role].get("/admin/summary").status_code == 403


def test_the_check_is_of_the_whole_application():
    """A router that somebody adds is asked as well: the dependency is the application's, not the router's."""
    app = build()
    extra = APIRouter()
    extra.get("/unlisted")(lambda: "x")
    app.include_router(extra)
    assert any(one.dependency is roles.allowed for one in app.router.dependencies)


def test_a_person_is_refused_on_a_page_and_a_program_in_json(browsers):
    page = browsers[Role.VIEWER].get("/accounts")
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (403, "text/html")
    assert "您的角色不能做这件事" in page.text
    assert "没有找到" in browsers[Role.VIEWER].get("/no/such/page").text
    assert browsers[Role.VIEWER].get("/admin/summary").json() == {"detail": "not for this role"}
