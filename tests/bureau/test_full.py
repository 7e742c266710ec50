"""The bureau's disk is full (SQLITE_FULL from the database itself) or its database locked: nothing is taken, and it says so."""

from __future__ import annotations

import asyncio
import sqlite3

import httpx
import pytest
from sqlalchemy import event, select

from kiosk.bench import sync as bench
from kiosk.bureau import tables
from kiosk.bureau.app import create
from kiosk.bureau.context import BureauSettings, open_context, prepare
from kiosk.sync import protocol


@pytest.fixture
def context(tmp_path):
    settings = BureauSettings(data=str(tmp_path))
    prepare(settings)
    opened = open_context(settings)
    yield opened
    opened.engine.dispose()


def ask(context, method, path, **arguments):
    """One request to the application in this process."""

    async def go():
        transport = httpx.ASGITransport(create(context), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://bureau") as client:
            return await client.request(method, path, **arguments)

    return asyncio.run(go())


def test_a_full_disk(context):
    kiosk = bench._register(context.settings.url, 1)[0]
    bench._fill(kiosk, 400, context.keys.public, context.bureau_id)
    full = [0]

    @event.listens_for(context.engine, "begin")
    def limit(connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count = {full[0] or 2**30}")

    def post(number):
        return ask(context, "POST", "/v1/batches", content=kiosk.batches[number][1], headers={"Content-Type": protocol.MEDIA_TYPE})

    assert post(0).status_code == 200
    full[0] = 1  # SQLite takes this as: not a page more than there are
    answers = [post(number) for number in range(1, 20)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    assert {(answer.status_code, answer.json()["reason"], answer.headers["retry-after"]) for answer in refused} == {
        (503, "bureau-full", "60")
    }
    full[0] = 0
    with context.session.begin() as session:
        there = set(session.scalars(select(tables.Record.record_id)))
    wanted = set().union(*(kiosk.batches[n][2] for n in (0, *(n for n in range(1, 20) if answers[n - 1].status_code == 200))))
    assert there == wanted, "a refused batch left nothing"
    assert {post(number).status_code for number in range(20)} == {200}
    with context.session.begin() as session:
        assert len(list(session.scalars(select(tables.Record.record_id)))) == 400


def test_a_locked_database(context):
    kiosk = bench._register(context.settings.url, 1)[0]
    bench._fill(kiosk, 20, context.keys.public, context.bureau_id)
    other = sqlite3.connect(context.settings.url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:

        @event.listens_for(context.engine, "checkout")
        def hurry(connection, *_):
            connection.execute("PRAGMA busy_timeout = 50")

        assert ask(context, "GET", "/v1/health").status_code == 200, "reading waits for no writer"
        headers = {"Content-Type": protocol.MEDIA_TYPE}
        answer = ask(context, "POST", "/v1/batches", content=kiosk.batches[0][1], headers=headers)
        assert (answer.status_code, answer.json()["reason"], answer.headers["retry-after"]) == (503, "database-away", "10")
        other.execute("ROLLBACK")
        assert ask(context, "POST", "/v1/batches", content=kiosk.batches[0][1], headers=headers).status_code == 200
    finally:
        other.close()
