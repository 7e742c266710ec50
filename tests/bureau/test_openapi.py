"""schemathesis against the bureau's OpenAPI, over HTTP, with a clerk's password: no fault, no undocumented answer.

KIOSK_SCHEMATHESIS_EXAMPLES=500 for a long run.
"""

from __future__ import annotations

import base64
import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from kiosk.bureau.app import build

EXAMPLES = int(os.environ.get("KIOSK_SCHEMATHESIS_EXAMPLES", "10"))
OPERATIONS = [(path, method) for path, methods in build().openapi()["paths"].items() for method in methods]
WRONG_IN_NO_WAY = {"/v1/health", "/admin/summary", "/admin/all-records"}  # no parameter, no body


CASES = [
    (path, method, mode)
    for path, method in OPERATIONS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or path not in WRONG_IN_NO_WAY
]


@schemathesis.serializer("application/jose")
def as_text(context, value):
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else str(value).encode()


@pytest.fixture(scope="module")
def api(bureau):
    return schemathesis.openapi.from_url(f"{bureau.url}/openapi.json")


@pytest.mark.parametrize(("path", "method", "mode"), CASES)
def test_every_operation(api, bureau, path, method, mode):
    operation = api[path][method]
    headers, left_out = {}, []
    if method == "post" and (path.startswith("/v1/") or path == "/admin/rosters"):
        # What the body is to be (a signature, a roster) no JSON Schema can say; test_forged.py says it.
        left_out.append(CHECKS.get_one("positive_data_acceptance"))
    if not path.startswith("/v1/"):
        password = (bureau.data / "admin-password").read_text().strip()
        headers["Authorization"] = "Basic " + base64.b64encode(f"bureau:{password}".encode()).decode()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
    )
    def check(case):
        case.call_and_validate(headers=headers, excluded_checks=left_out)

    check()


def test_the_checks_that_run():
    names = {check.__name__ for check in CHECKS.get_all()}
    assert {"not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"} <= names
    assert len(OPERATIONS) > 15
