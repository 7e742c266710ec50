"""Checks of the bureau that one comparison the other way would leave open."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update

from kiosk.bureau import context as context_room
from kiosk.bureau import decisions, tables
from kiosk.bureau.app import create
from kiosk.bureau.context import EnrolmentRefused
from kiosk.sync import protocol, seal
from kiosk.sync.keys import Keys
from kiosk.sync.limits import MAX_DECISIONS
from tests.bureau.made import STATION, opened, record, register


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    made = opened(tmp_path_factory.mktemp("bureau"))
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def web(context):
    app = create(context)

    def get(path: str, **given) -> httpx.Response:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bureau.test") as client:
                return await client.get(path, **given)

        return asyncio.run(asked())

    return get


def token(kiosk, path: str) -> dict[str, str]:
    made = protocol.Token(kiosk_id=kiosk.kiosk_id, method="GET", path=path, at=datetime.now(UTC))
    return {"Authorization": f"Kiosk {seal.sign(made, kiosk.keys.sign, kiosk.kiosk_id)}"}


@pytest.mark.parametrize("path", ["/v1/roster?have=0", "/v1/bundle?have=0", "/v1/decisions?after=0", "/v1/standing"])
def test_a_revoked_kiosk_fetches_nothing_any_more(context, web, path):
    kiosk = register(context)
    before = web(path, headers=token(kiosk, path))
    assert before.status_code in (200, 204, 404), before.text
    assert context_room.revoke(context, kiosk.kiosk_id, "stolen")
    after = web(path, headers=token(kiosk, path))
    assert (after.status_code, after.json()["reason"]) == (403, "revoked")


def enrolment(code: str) -> str:
    keys = Keys(*seal.new_keys())
    asked = protocol.Enrolment(secret=code, station_id=STATION, name="测试站", keys=keys.public)
    return seal.sign(asked, keys.sign, STATION)


@pytest.mark.parametrize(("left", "taken"), [(timedelta(minutes=1), True), (timedelta(minutes=-1), False)])
def test_an_enrolment_code_is_good_until_it_expires(context, left, taken):
    secret = context_room.make_code(context, STATION).replace("-", "")[:10]
    with context.session.begin() as session:
        session.execute(update(tables.EnrolmentCode).values(expires_at=datetime.now(UTC) + left))
    if taken:
        assert context_room.enrol(context, enrolment(secret)).kiosk_id
    else:
        with pytest.raises(EnrolmentRefused, match="code-expired"):
            context_room.enrol(context, enrolment(secret))


@pytest.mark.parametrize(("count", "more"), [(MAX_DECISIONS, False), (MAX_DECISIONS + 1, True)])
def test_whoever_has_more_decisions_than_fit_is_told_so(context, count, more):
    kiosk, one = register(context), record()
    kiosk.send(one)
    with context.session.begin() as session:
        for seq in range(1, count + 1):
            told = {"record_id": one["record_id"], "decided": "confirmed", "reason": "", "decided_at": datetime.now(UTC)}
            session.add(tables.Decision(kiosk_id=kiosk.kiosk_id, seq=seq, **told))
    first = decisions.after(context, kiosk.kiosk_id, 0)
    assert (len(first.decisions), first.more) == (MAX_DECISIONS, more)
    rest = decisions.after(context, kiosk.kiosk_id, first.decisions[-1].seq)
    assert (len(rest.decisions), rest.more) == (count - MAX_DECISIONS, False)
