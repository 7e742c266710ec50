"""schemathesis against the bureau's OpenAPI, over HTTP: kiosks' paths, programs' with their password, pages signed in as an
administrator with the tokens of forms: no fault, no undocumented answer.

KIOSK_SCHEMATHESIS_EXAMPLES=500 for a long run.
"""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime
from functools import cache

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from kiosk.bench.sync import _register
from kiosk.bureau import sessions
from kiosk.bureau.app import build
from kiosk.bureau.clerks.roles import NEEDED, OPEN, PROGRAM, Role
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.canonical import canonical
from kiosk.sync import protocol, seal
from tests.bureau.clerks.made import account, row_of

PAGE_EXAMPLES = int(os.environ.get("KIOSK_SCHEMATHESIS_EXAMPLES", "3"))  # each is a page that is written
EXAMPLES = int(os.environ.get("KIOSK_SCHEMATHESIS_EXAMPLES", "10"))
OPERATIONS = [(path, method) for path, methods in build().openapi()["paths"].items() for method in methods]
WRONG_IN_NO_WAY = {
    "/v1/health",
    "/admin/summary",
    "/admin/all-records",
    "/admin/findings/{finding_id}/clear",
}  # no parameter, no body


PAGES = {(path, method) for path, method in OPERATIONS if not path.startswith(("/v1/", "/admin/"))}
# What is wrong with a page's question is told by a page, a redirection or nothing: only that it is no fault can be said of both.
CASES = [
    (path, method, mode)
    for path, method in OPERATIONS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or (path not in WRONG_IN_NO_WAY and (path, method) not in PAGES)
]


@schemathesis.serializer("application/jose")
def as_text(context, value):
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else str(value).encode()


SIGNED = {"/v1/decisions", "/v1/standing", "/v1/roster", "/v1/roster/files/{digest}", "/v1/bundle"}


@cache
def signed_by_a_kiosk(bureau):
    """Return what makes the token of a registered kiosk for exactly the request that is about to be sent."""
    url = f"sqlite:///{bureau.data / 'bureau.db'}"
    kiosk = _register(url, 1)[0]

    def token(case):
        prepared = requests.Request(**case.as_transport_kwargs(base_url=bureau.url)).prepare()
        told = {"kiosk_id": kiosk.kiosk_id, "method": "GET", "path": prepared.path_url, "at": datetime.now(UTC).isoformat()}
        plain = canonical({"schema_version": protocol.SCHEMA_VERSION, "kind": "token", **told})
        return "Kiosk " + seal.sign_plain(plain, "token", kiosk.keys.sign, kiosk.kiosk_id)

    return token


def test_a_signed_request_is_let_in(api, bureau):
    """What is tried below is tried behind the request guard, not in front of it."""
    operation = api["/v1/standing"]["get"]
    case = operation.Case()
    answer = case.call(headers={"Authorization": signed_by_a_kiosk(bureau)(case)})
    assert answer.status_code == 200


@pytest.fixture(scope="module")
def pages(bureau):
    """Begins a session of an administrator: cookie, origin and the token of its forms."""
    context = open_context(BureauSettings(data=str(bureau.data)))
    account(context, "schema", Role.ADMINISTRATOR)

    def begin():
        made = sessions.begin(context, row_of(context, "schema"), "", "127.0.0.1")
        return {"Cookie": f"{sessions.COOKIE}={made.token}", "Origin": bureau.url}, made.form_token

    yield begin
    context.engine.dispose()


def test_a_page_is_asked_behind_the_door(pages, bureau):
    headers, _ = pages()
    assert requests.get(f"{bureau.url}/accounts", headers=headers, timeout=10).status_code == 200
    assert {NEEDED[method.upper(), path] for path, method in PAGES} >= {OPEN, *Role}
    assert all(NEEDED[method.upper(), path] == PROGRAM for path, method in OPERATIONS if path.startswith("/admin/"))


@pytest.fixture(scope="module")
def api(bureau):
    return schemathesis.openapi.from_url(f"{bureau.url}/openapi.json")


@pytest.mark.parametrize(("path", "method", "mode"), CASES)
def test_every_operation(api, bureau, pages, path, method, mode):
    operation = api[path][method]
    headers, left_out, form_token = {}, [], ""
    if (path, method) in PAGES:
        headers, form_token = pages()
        left_out.append(CHECKS.get_one("positive_data_acceptance"))  # a form that fits the schema may still be nobody's record
    if method == "post" and (path.startswith("/v1/") or path in ("/admin/rosters", "/admin/bundle")):
        # What the body is to be (a signature, a roster) no JSON Schema can say; test_forged.py says it.
        left_out.append(CHECKS.get_one("positive_data_acceptance"))
    if path.startswith("/admin/"):
        password = (bureau.data / "admin-password").read_text().strip()
        headers["Authorization"] = "Basic " + base64.b64encode(f"bureau:{password}".encode()).decode()

    token_of = signed_by_a_kiosk(bureau) if path in SIGNED else None

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=PAGE_EXAMPLES if form_token else EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
    )
    def check(case):
        if form_token and isinstance(case.body, dict):
            case.body["token"] = form_token
        more = {} if token_of is None else {"Authorization": token_of(case)}
        case.call_and_validate(headers={**headers, **more}, excluded_checks=left_out)

    check()


def test_the_checks_that_run():
    names = {check.__name__ for check in CHECKS.get_all()}
    assert {"not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"} <= names
    assert len(OPERATIONS) > 15
