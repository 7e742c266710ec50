"""Health, access log and measures: what they say, and what they do not."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time

import httpx
import pytest

from kiosk.bureau import rosters
from kiosk.bureau.app import create
from kiosk.bureau.operate import measures, observed
from kiosk.bureau.process import BureauProcess
from kiosk.config import ROOT
from kiosk.sync import protocol, seal
from tests.bureau.made import opened, record, register
from tests.operate.test_backup import LINE


@pytest.fixture
def context(tmp_path):
    made = opened(tmp_path / "bureau")
    yield made
    made.engine.dispose()


def ask(context, path, source="127.0.0.1", **arguments):
    async def go():
        transport = httpx.ASGITransport(create(context), raise_app_exceptions=False, client=(source, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://bureau") as client:
            return await client.get(path, **arguments)

    return asyncio.run(go())


def test_health_says_that_it_lives_and_whether_it_is_ready(context, monkeypatch):
    assert ask(context, "/health/live").json() == {"status": "ok"}
    assert ask(context, "/health/ready").status_code == 200
    monkeypatch.setattr(observed, "LEAST_FREE", 2**62)
    answer = ask(context, "/health/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "no", "why": "disk-full"})
    assert ask(context, "/health/live").status_code == 200
    monkeypatch.setattr(context.reading, "begin", lambda: (_ for _ in ()).throw(observed.SQLAlchemyError("away")))
    assert ask(context, "/health/ready").json()["why"] == "database-away"


def test_health_is_for_this_machine(context):
    for path in ("/health/live", "/health/ready"):
        answer = ask(context, path, source="198.51.100.7")
        assert (answer.status_code, answer.json()["why"]) == (403, "ask on this machine")


def test_the_access_log_names_operations_and_no_path_query_or_person(context, tmp_path):
    kiosk, one = register(context), record(person_id="P-somebody")
    kiosk.send(one)
    observed.log_to(str(tmp_path / "access"))
    try:
        ask(context, f"/admin/records/{one['record_id']}")
        ask(context, "/v1/time?nonce=abcdef")
        ask(context, "/no/such/P-somebody")
    finally:
        for handler in observed.access.handlers:
            handler.close()
        observed.access.handlers.clear()
        observed.access.setLevel("WARNING")
    text = (tmp_path / "access").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["method"], line["operation"], line["status"]) for line in lines] == [
        ("GET", "other", 401),
        ("GET", "/v1/time", 200),
        ("GET", "other", 303),
    ]
    assert {frozenset(line) for line in lines} == {frozenset(("at", "method", "operation", "status", "ms", "bytes"))}
    for secret in (one["record_id"], "P-somebody", "abcdef", "127.0.0.1"):
        assert secret not in text


def test_stock_says_what_alarms_ask_for(context):
    kiosk = register(context)
    kiosk.send(record(), record(), backlog=7)
    register(context, 2)  # never heard of
    found = {name: value for name, (_, value) in measures.stock(context).items()}
    assert (found["bureau_kiosks"], found["bureau_kiosks_silent"], found["bureau_backlog"]) == (2, 1, 7)
    assert found["bureau_records"] == {"accepted/pending": 1, "duplicate-pass/pending": 1}
    assert (found["bureau_passes"], found["bureau_batches"]) == (1, 1)
    assert found["bureau_disk_free_bytes"] > 0


def test_nginx_serves_roster_files_only_to_whom_the_bureau_lets_in(context, tmp_path):
    (tmp_path / "roster").write_text(LINE + "\n", encoding="utf-8")
    rosters.issue(context, tmp_path / "roster")
    kiosk = register(context)
    (file,) = context.rosters.glob("*.roster")
    path = f"/v1/roster/files/{file.stem}"
    object.__setattr__(context, "settings", context.settings.model_copy(update={"accel": "/rosters"}))
    refused = ask(context, path, headers={"Authorization": "Kiosk x"})
    assert (refused.status_code, "x-accel-redirect" in refused.headers) == (401, False)
    token = protocol.Token(kiosk_id=kiosk.kiosk_id, method="GET", path=path, at=observed_now())
    signed = seal.sign(token, kiosk.keys.sign, kiosk.kiosk_id)
    answer = ask(context, path, headers={"Authorization": f"Kiosk {signed}"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["x-accel-redirect"] == f"/rosters/{file.name}"


def observed_now():
    from kiosk.bureau.context import utcnow

    return utcnow()


def test_the_worker_shows_the_web_processes_measures_on_loopback_alone(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with BureauProcess(data=tmp_path / "bureau", extra=("--access-log", str(tmp_path / "access"))) as bureau:
        for _ in range(3):
            httpx.get(f"{bureau.url}/v1/time?nonce=n", trust_env=False)
        assert httpx.get(f"{bureau.url}/metrics", trust_env=False).status_code == 303, "not at the web processes"
        command = [sys.executable, "-m", "kiosk", "bureau", "work", "--data", str(bureau.data), "--metrics-port", str(port)]
        worker = subprocess.Popen(command, cwd=ROOT)
        try:
            text = told(port)
        finally:
            worker.terminate()
            assert worker.wait(30) == 0
    assert 'bureau_requests_total{method="GET",operation="/v1/time",status="200"} 3.0' in text
    assert 'bureau_request_seconds_count{operation="/v1/time"} 3.0' in text
    assert "bureau_kiosks 0.0" in text
    assert '"operation": "/v1/time"' in (tmp_path / "access").read_text()
    assert (tmp_path / "access").stat().st_mode & 0o077 == 0


def told(port):
    for _ in range(300):
        try:
            return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        except httpx.ConnectError:
            time.sleep(0.1)
    raise AssertionError("no measures")
