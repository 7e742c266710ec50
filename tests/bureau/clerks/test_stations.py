"""Stations: who is silent, behind, in trouble; alarms by page, webhook and mail, told once and once more when it is back."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import update

from kiosk.bureau import standing, tables
from kiosk.bureau.clerks import alarms, audit, settings, stations
from kiosk.bureau.clerks.stations import Band
from kiosk.bureau.clerks.tables import Alarm
from kiosk.bureau.context import code_address, utcnow
from kiosk.errors import ConfigError
from kiosk.installation import codes
from kiosk.sync import protocol
from tests.bureau.clerks.made import Browser
from tests.bureau.clerks.test_work_list import issue
from tests.bureau.made import record, register


def heard(context, kiosk, hours_ago):
    with context.session.begin() as transaction:
        transaction.get(tables.Kiosk, kiosk.kiosk_id).last_contact = utcnow() - timedelta(hours=hours_ago)


def shown(context, show="all", text=""):
    return [one.station_id for one in stations.find(context, show, text, 24.0, None)[0]]


def test_the_table_says_who_is_silent_behind_and_in_trouble(context):
    good, silent, behind, odd, gone, fresh = (register(context, n, f"S-{n}") for n in range(6))
    for one, hours in ((good, 1), (silent, 25), (behind, 1), (odd, 2), (gone, 99)):
        heard(context, one, hours)
    with context.session.begin() as transaction:
        transaction.get(tables.Kiosk, behind.kiosk_id).backlog = 7
        row = transaction.get(tables.Kiosk, odd.kiosk_id)
        standing.found(transaction, row, "two-machines", "boot x", utcnow())
        row.clock_offset_s = -3600.0
        transaction.get(tables.Kiosk, gone.kiosk_id).revoked_at = utcnow()
    assert shown(context) == [f"S-{n}" for n in range(6)]
    assert shown(context, "silent") == ["S-1"]
    assert shown(context, "backlog") == ["S-2"]
    assert shown(context, "trouble") == ["S-3"]
    assert shown(context, "revoked") == ["S-4"]
    assert shown(context, text="测试站5") == ["S-5"]
    assert shown(context, text="%") == []
    counted = stations.counts(context, 24.0)
    assert (counted.all, counted.silent, counted.backlog, counted.trouble, counted.revoked) == (6, 1, 1, 1, 1)
    page = Browser(context).enter("look").text("/stations")
    for word in ("两台机器在用同一把密钥", "失联", "-3600 秒", "从未"):
        assert word in page
    assert "已查明" not in page, "a viewer only looks"
    assert Browser(context).enter("look").text(f"/stations/{fresh.kiosk_id}")


def test_pages_of_kiosks_go_on_by_key(context, monkeypatch):
    monkeypatch.setattr(stations, "PAGE", 2)
    for n in (3, 1, 2):
        register(context, n, f"S-{n}")
    browser = Browser(context).enter("look")
    first = browser.text("/stations")
    assert "S-2" in first
    assert "S-3" not in first
    import html
    import re

    more = html.unescape(re.search(r'id="more" href="([^"]+)"', first)[1])
    assert "S-3" in browser.text(more)
    assert "S-1<" not in browser.text(more)


def test_revoking_takes_two_and_the_kiosk_is_refused_afterwards(context):
    kiosk = register(context)
    li, wang = Browser(context).enter("li"), Browser(context).enter("wang")
    assert Browser(context).enter("zhang").post(f"/stations/{kiosk.kiosk_id}/revoke", {"reason": "stolen"}).status_code == 403
    assert li.post(f"/stations/{kiosk.kiosk_id}/revoke", {"reason": "stolen"}).status_code == 303
    page = li.text(f"/stations/{kiosk.kiosk_id}")
    assert "申请停用，等待另一位主管复核" in page
    assert 'id="revoke"' not in page, "who comes later sees that it is asked for"
    kiosk.send(record())  # not yet
    from kiosk.bureau.clerks import four_eyes

    (asked,) = four_eyes.waiting(context)
    assert li.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 403
    assert wang.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 303
    from kiosk.bureau.ingest import Turned

    with pytest.raises(Turned, match="revoked"):
        kiosk.send(record())
    again = li.post(f"/stations/{kiosk.kiosk_id}/revoke", {"reason": "stolen"})
    assert (again.status_code, "已经停用" in again.text) == (409, True)
    assert ("wang", "agreed-revoke", kiosk.kiosk_id) in [
        (one["actor"], one["action"], one["subject"]) for one in audit.lines(context)
    ]


def test_a_finding_is_cleared_by_a_supervisor(context):
    kiosk = register(context)
    with context.session.begin() as transaction:
        standing.found(transaction, transaction.get(tables.Kiosk, kiosk.kiosk_id), "batch-number", "4", utcnow())
        (finding,) = standing.open_findings(transaction)
    path = f"/stations/findings/{finding['finding_id']}/clear"
    assert Browser(context).enter("zhang").post(path).status_code == 403
    assert Browser(context).enter("li").post(path).status_code == 303
    assert standing.of(context, kiosk.kiosk_id).state == "good"
    assert Browser(context).enter("li").post(path).status_code == 404


def test_codes_and_messages_are_checked(context):
    li = Browser(context).enter("li")
    li.post("/stations/code", {"station_id": "SZ-0317"})
    shown = li.text("/stations")
    code = re.search(r"[A-Z2-7]{5}-[A-Z2-7-]{20,}", shown)[0]
    assert codes.parse(code_address(code, "SZ-0317")) == codes.ScannedCode(code, "SZ-0317")
    assert '<div class="qr"><svg' in shown
    assert "qr" not in li.text("/stations"), "shown once"
    li.post("/stations/code", {"station_id": "not a number!"})
    assert "站点编号只能用" in li.text("/stations")
    li.post("/stations/message", {"text": "  "})
    assert "消息是空的" in li.text("/stations")


def test_troubles_come_from_the_kiosks_journal(context):
    kiosk = register(context)
    with context.session.begin() as transaction:
        for seq, kind, body in (
            (1, "attendant-called", '{"data": {"reason": "camera-unplugged", "visit": "v"}}'),
            (2, "unexpected-error", "[" * 5000),
            (3, "visit-saved", '{"data": {"reason": "ok"}}'),
        ):
            transaction.add(
                tables.JournalLine(kiosk_id=kiosk.kiosk_id, seq=seq, kind=kind, digest="0" * 64, body=body, received_at=utcnow())
            )
    assert [(one.seq, one.code) for one in stations.troubles(context, kiosk.kiosk_id)] == [(2, ""), (1, "camera-unplugged")]
    assert "请工作人员" in Browser(context).enter("look").text(f"/stations/{kiosk.kiosk_id}")


def test_a_stations_name_is_text_on_the_pages(context):
    kiosk = register(context)
    with context.session.begin() as session:
        session.execute(update(tables.Kiosk).where(tables.Kiosk.kiosk_id == kiosk.kiosk_id).values(name="<b onclick=x>站</b>"))
    browser = Browser(context).enter("look")
    for path in ("/stations", f"/stations/{kiosk.kiosk_id}"):
        page = browser.ask("GET", path).text
        assert "<b onclick" not in page
        assert "&lt;b onclick" in page


# --- whom the machine fails


def test_failures_by_age_hide_groups_of_fewer_than_five(context):
    year = datetime.now(UTC).year
    people = {f"A{n}": (f"甲{n}", f"44030519{year - 1900 - 72}03150{n:03d}"[:18].ljust(18, "8")) for n in range(5)}
    people |= {f"B{n}": (f"乙{n}", f"440305{year - 91}0315{n:04d}") for n in range(4)}
    issue(context, people)
    kiosk = register(context)
    for person in people:
        kiosk.send(record(person_id=person, outcome="failed" if person in ("A0", "B1") else "passed"))
    kiosk.send(record(person_id="A1", channel="face-to-face"), record(person_id="A1", outcome="referred"))
    assert stations.fairness(context) == [Band("70-74", 5, 1), Band("90+", 0, 0)]
    page = Browser(context).enter("look").text("/stations")
    assert "20.0 %" in page
    assert "少于 5 次" in page
    assert [stations.band_of(str(year - age), year) for age in (59, 60, 89, 90)] == ["<60", "60-64", "85-89", "90+"]
    assert stations.band_of("", year) == stations.band_of(None, year) == "unknown"


# --- alarms


class Post:
    """A server that takes posts, or refuses them."""

    def __init__(self):
        self.got, self.status = [], 200

        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((body, self.headers.get("X-Signature")))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@contextmanager
def mail_server():
    """An SMTP server that takes mails: yields (port, mails, control); control["refuse"]: says no."""
    mails, control, started = [], {"refuse": False}, threading.Event()
    loop = asyncio.new_event_loop()

    async def serve(reader, writer):
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                writer.write(b"250 taken\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"451 not now\r\n" if control["refuse"] and word == b"MAIL" else b"250 ok\r\n")
        await writer.drain()
        writer.close()

    async def begin():
        control["server"] = await asyncio.start_server(serve, "127.0.0.1", 0)
        control["port"] = control["server"].sockets[0].getsockname()[1]
        started.set()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(begin()), loop.run_forever()), daemon=True)
    thread.start()
    started.wait(10)
    yield control["port"], mails, control
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    control["server"].close()
    loop.close()


def configure(context, text):
    folder = Path(context.settings.data)
    (folder / "clerks.toml").write_text(text, encoding="utf-8")
    secret = folder / "hook-secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)


def test_silent_for_a_day_is_told_once_by_each_way_and_once_more_when_it_is_back(context):
    kiosk, other = register(context, 1, "S-1"), register(context, 2, "S-2")
    heard(context, kiosk, 25)
    heard(context, other, 23)
    with Post() as hook, mail_server() as (port, mails, _):
        configure(
            context,
            f"""
            [webhook]
            url = "http://127.0.0.1:{hook.server.server_port}/x"
            secret_file = "hook-secret"
            [mail]
            host = "127.0.0.1"
            port = {port}
            tls = "none"
            sender = "kiosks@example.invalid"
            to = ["duty@example.invalid"]
            """,
        )
        for _ in range(3):
            alarms.look(context)
        assert len(hook.got) == len(mails) == 1, "once, however often it is looked"
        body, signature = hook.got[0]
        told = json.loads(body)
        assert (told["kind"], told["station_id"], told["kiosk_id"]) == ("kiosk-silent", "S-1", kiosk.kiosk_id)
        assert signature == hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
        import email
        from email import policy

        mail = email.message_from_string(mails[0], policy=policy.default)
        assert "终端失联：S-1" in mail["Subject"]
        assert "请打电话询问站点" in mail.get_content()
        assert "1 台终端超过 24 小时没有联系" in Browser(context).enter("look").text("/stations")
        heard(context, kiosk, 0)
        for _ in range(3):
            alarms.look(context)
        assert [json.loads(one)["kind"] for one, _ in hook.got] == ["kiosk-silent", "kiosk-heard-again"]
        assert len(mails) == 2
        assert "没有联系" not in Browser(context).enter("look").text("/stations")
        heard(context, kiosk, 26)
        alarms.look(context)
        assert len(hook.got) == len(mails) == 3, "silent again: told again"


def test_what_could_not_be_told_is_tried_again_and_the_other_way_is_not_doubled(context):
    heard(context, register(context, 1, "S-1"), 25)
    with Post() as hook, mail_server() as (port, mails, control):
        base = f'[webhook]\nurl = "http://127.0.0.1:{hook.server.server_port}"\n[mail]\nhost = "127.0.0.1"\nport = {port}\n'
        configure(context, base + 'tls = "none"\nsender = "a@example.invalid"\nto = ["b@example.invalid"]\n')
        hook.status, control["refuse"] = 500, True
        alarms.look(context)
        assert (len(hook.got), mails) == (1, [])
        hook.status = 200
        alarms.look(context)
        assert (len(hook.got), mails) == (2, [])
        control["refuse"] = False
        alarms.look(context)
        alarms.look(context)
        assert (len(hook.got), len(mails)) == (2, 1)


def test_an_alarm_another_worker_is_telling_is_left_alone(context):
    heard(context, register(context, 1, "S-1"), 25)
    with Post() as hook:
        alarms.look(context)
        configure(context, f'[webhook]\nurl = "http://127.0.0.1:{hook.server.server_port}"\n')
        with context.session.begin() as transaction:
            transaction.query(Alarm).one().busy_until = utcnow() + timedelta(minutes=1)
        alarms.look(context)
        assert hook.got == []


def test_a_revoked_kiosk_is_no_alarm(context):
    kiosk = register(context)
    heard(context, kiosk, 30)
    alarms.look(context)
    assert len(stations.alarms(context)) == 1
    with context.session.begin() as transaction:
        transaction.get(tables.Kiosk, kiosk.kiosk_id).revoked_at = utcnow()
    alarms.look(context)
    assert stations.alarms(context) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[mail]\nhost = "mail.example"\nsender = "a"\nto = []\ntls = "none"', "without TLS on this machine alone"),
        ('[webhook]\nurl = "http://alarms.example"', "https, or http on this machine alone"),
        ('timezone = "Nowhere/At_All"', "timezone"),
        ("[alarms]\nsilent_h = 0", "alarms.silent_h"),
        ("unknown = 1", "unknown"),
        ("not toml", "clerks.toml"),
    ],
)
def test_a_mistake_in_the_settings_is_named(context, text, told):
    configure(context, text)
    with pytest.raises(ConfigError, match=told):
        settings.of(context)


def test_a_device_that_does_not_answer_is_seen_in_the_list(context):
    kiosk, now = register(context), utcnow()
    told = protocol.StationReport(kiosk_id=kiosk.kiosk_id, at=now, camera="no", reader="yes").model_dump_json()
    with context.session.begin() as transaction:
        transaction.add(tables.KeptReport(kiosk_id=kiosk.kiosk_id, told_at=now, received_at=now, content=told))
    page = Browser(context).enter("look").text("/stations")
    assert "摄像头: 没有应答" in page
    assert "读卡器: " not in page
