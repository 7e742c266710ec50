"""The work list: found by name, number, station and day; a page by key; decided once; four eyes for what was told already."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.event import listen

from kiosk.bureau import decisions, rosters, tables
from kiosk.bureau.clerks import audit, four_eyes, people, record_pages, work_list
from kiosk.bureau.clerks.work_list import Wanted
from kiosk.bureau.context import utcnow
from tests.bureau.clerks.made import Browser
from tests.bureau.made import record, register

ZONE = ZoneInfo("Asia/Shanghai")
PEOPLE = {"P1": ("王芳", "440305195603150028"), "P2": ("<script>李", "440305194001010019"), "P3": ("王", "440305193501010012")}


def issue(context, found=PEOPLE):
    lines = [
        json.dumps({"person_id": key, "name": name, "id_number": number, "status": "active", "benefits": []}, ensure_ascii=False)
        for key, (name, number) in found.items()
    ]
    people.note(context, rosters.issue(context, BytesIO("\n".join(lines).encode()), meant=True))


@pytest.fixture
def kiosk(context):
    issue(context)
    return register(context)


def sent(kiosk, **changes):
    one = record(**changes)
    kiosk.send(one)
    return one["record_id"]


def ids(context, **wanted):
    return [line.record_id for line in work_list.find(context, Wanted(**wanted), ZONE).lines]


def test_records_are_found_by_whom_they_are_about(context, kiosk):
    one, two = sent(kiosk), sent(kiosk, person_id="P2")
    assert ids(context) == [one, two], "what waits longest stands first"
    for text, found in (
        ("王芳", [one]),
        ("440305195603150028", [one]),
        ("P2", [two]),
        (two, [two]),
        ("王", []),
        ("%", []),
        ("x" * 100, []),
    ):
        assert ids(context, person=text) == found, text
    assert ids(context, person="440305195603150028".lower()) == [one]


def test_whom_a_search_means_is_looked_up_before_the_records(context, kiosk, monkeypatch):
    """One condition for record, person and name went through every record: two seconds among a million on PostgreSQL."""
    sent(kiosk)
    asked = []
    listen(context.engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    assert len(ids(context, person="王芳")) == 1
    of_people, shown = (one for one in asked if "FROM records" in one)
    assert "people" not in of_people + shown
    assert " OR " not in of_people.split("person_id IN")[1]
    assert "ORDER BY" not in of_people, "in order and fifty alone, ten million were gone through by time"
    asked.clear()
    ids(context, suspect=True)
    assert not any("clock_suspect IS" in one for one in asked), "the index for doubtful clocks would not be used"
    assert not work_list.find(context, Wanted(person="王芳"), ZONE).cut
    monkeypatch.setattr(work_list, "_NAMESAKES", 0)
    found = work_list.find(context, Wanted(person="王芳"), ZONE)
    assert (found.lines, found.cut) == ([], True), "who is one of too many is found by number, and the page says so"


def test_whom_a_list_does_not_show_is_one_touch_away_in_all(context, kiosk):
    sent(kiosk, outcome="failed", reason="face-mismatch")
    zhang = Browser(context).enter("zhang")
    page = zhang.text("/records?person=王芳")
    (address,) = re.findall(r'id="everywhere" href="([^"]+)"', page)
    assert "/records/" in zhang.text(address.replace("&amp;", "&"))
    assert 'id="everywhere"' not in zhang.text("/records?state=all&person=nobody")


def test_a_viewer_is_told_of_papers_and_a_confirmed_record_is_not_confirmed_again(context, kiosk):
    record_id = sent(kiosk)
    with context.session.begin() as transaction:
        at = transaction.get(tables.Record, record_id).received_at
        paper = {"evidence_id": "paper-1", "kiosk_id": kiosk.kiosk_id, "record_id": record_id, "consent_id": "c"}
        more = {"media_type": "image/png", "digest": "0" * 64, "content": b"x", "received_at": at}
        transaction.add(tables.Evidence(**paper, **more))
    viewer = Browser(context).enter("look").text(f"/records/{record_id}")
    assert "/papers/" not in viewer, "a picture that is refused is a broken one"
    assert "1 份，您的角色不能看" in viewer
    zhang = Browser(context).enter("zhang")
    page = zhang.text(f"/records/{record_id}")
    assert "/papers/paper-1" in page
    assert 'id="confirm"' in page
    assert zhang.post(f"/records/{record_id}/decide", {"decided": "confirmed", "seen": ""}).status_code == 303
    page = zhang.text(f"/records/{record_id}")
    assert 'id="confirm"' not in page
    assert 'id="return"' in page


def test_names_are_nowhere_in_the_database(context, kiosk):
    from pathlib import Path

    whole = b"".join(path.read_bytes() for path in Path(context.settings.data).rglob("*") if path.is_file())
    assert "王芳".encode() not in whole
    assert b"440305195603150028" not in whole
    assert people.by_id(context, ["P1"])["P1"].name == "王芳"


def test_whoever_leaves_the_roster_leaves_the_search(context, kiosk):
    issue(context, {"P1": PEOPLE["P1"]})
    assert set(people.by_id(context, PEOPLE)) == {"P1"}


def test_filters_by_station_way_day_doubt_and_state(context, kiosk):
    other = register(context, 2, "SZ-OTHER")
    here = sent(kiosk)
    there = sent(other, station_id="SZ-OTHER", channel="face-to-face", person_id="P2")
    doubtful = sent(kiosk, person_id="P3")
    with context.session.begin() as transaction:
        for row in transaction.query(tables.Record):
            row.clock_suspect = row.record_id == doubtful
    failed = sent(kiosk, outcome="failed", reason="face-mismatch")
    assert ids(context, station="SZ-OTHER") == [there]
    assert ids(context, channel="face-to-face") == [there]
    assert ids(context, suspect=True) == [doubtful]
    assert ids(context, state="attempts") == [failed]
    assert set(ids(context, state="all")) == {here, there, doubtful, failed}
    decisions.decide(context, here, "returned", "photo-unclear")
    assert ids(context, state="returned") == [here]
    assert here not in ids(context)
    today = datetime.now(ZONE).date()
    assert len(ids(context, state="all", first=today, last=today)) == 4
    assert ids(context, state="all", first=today + timedelta(days=1)) == []
    assert ids(context, state="all", last=today - timedelta(days=1)) == []


def test_a_day_is_the_clerks_own(context, kiosk):
    """23:30 in Shenzhen is still that day, though it is 15:30 in UTC; half past midnight is the next, though UTC says no."""
    one = sent(kiosk)
    for hour_utc, day in (("15:30", "2026-11-20"), ("16:30", "2026-11-21")):
        with context.session.begin() as transaction:
            transaction.get(tables.Record, one).received_at = datetime.fromisoformat(f"2026-11-20T{hour_utc}:00+00:00")
        wanted = datetime.fromisoformat(day).date()
        assert ids(context, first=wanted, last=wanted) == [one]


def test_pages_go_on_by_key_whatever_comes_in_between(context, kiosk, monkeypatch):
    monkeypatch.setattr(work_list, "PAGE", 3)
    made = [sent(kiosk, person_id=f"Q{n}") for n in range(5)]
    with context.session.begin() as transaction:  # all at one moment: the record's id decides
        for row in transaction.query(tables.Record):
            row.received_at = datetime(2026, 11, 20, tzinfo=UTC)
    made.sort()
    first = work_list.find(context, Wanted(), ZONE)
    decisions.decide(context, made[0], "confirmed", "")  # an offset would skip one now
    second = work_list.find(context, Wanted(), ZONE, first.after)
    assert [line.record_id for line in first.lines + second.lines] == made
    assert second.after == ""
    backwards = work_list.find(context, Wanted(state="all"), ZONE)
    rest = work_list.find(context, Wanted(state="all"), ZONE, backwards.after)
    assert [line.record_id for line in backwards.lines + rest.lines] == made[::-1]
    for wrong in ("x", "!!!", "AAAA", "a" * 300, work_list.key_of(utcnow(), "\0")):
        assert len(work_list.find(context, Wanted(), ZONE, wrong).lines) == 3, "no place of ours: the start"


def test_the_page_of_a_record_shows_words_and_no_markup_of_others(context, kiosk):
    record_id = sent(kiosk, person_id="P2", helper_name="<img src=x>", notes="<b>n</b>", reason="ok")
    page = Browser(context).enter("zhang").text(f"/records/{record_id}")
    for shown in ("&lt;script&gt;李", "440305194001010019", "自助人脸", "刷身份证", "&lt;img src=x&gt;", "&lt;b&gt;n&lt;/b&gt;"):
        assert shown in page
    for hidden in ("<script>李", "<img src=x", "self-face", "<b>n"):
        assert hidden not in page
    viewer = Browser(context).enter("look").text(f"/records/{record_id}")
    assert "440305194001010019" not in viewer, "whoever only looks needs no whole number"
    assert "4403**********0019" in viewer
    assert 'id="decide"' not in viewer
    assert "<script>李" not in Browser(context).enter("zhang").text("/records?state=all&person=<script>")


def test_a_clerk_decides_and_goes_on_to_the_next(context, kiosk):
    one, two = sent(kiosk), sent(kiosk, person_id="P2")
    browser = Browser(context).enter("zhang")
    answer = browser.post(f"/records/{one}/decide", {"decided": "confirmed"})
    assert answer.headers["location"] == f"/records/{two}"
    assert "已确认：王芳" in browser.text(f"/records/{two}")
    wrong = browser.post(f"/records/{two}/decide", {"decided": "returned"})
    assert (wrong.status_code, "退回要选原因" in wrong.text) == (400, True)
    wrong = browser.post(f"/records/{two}/decide", {"decided": "returned", "reason": "made-up"})
    assert wrong.status_code == 400
    answer = browser.post(f"/records/{two}/decide", {"decided": "returned", "reason": "photo-unclear", "note": "模糊"})
    assert answer.headers["location"] == "/records"
    told = [(one.record_id, one.decided, one.reason) for one in decisions.after(context, kiosk.kiosk_id, 0).decisions]
    assert told == [(one, "confirmed", ""), (two, "returned", "photo-unclear")]
    logged = [(line["actor"], line["action"], line["subject"]) for line in audit.lines(context)]
    assert ("zhang", "confirmed", one) in logged
    assert ("zhang", "returned", two) in logged
    assert ("zhang", "saw-record", two) in logged


def test_there_is_nothing_to_confirm_about_a_failed_attempt(context, kiosk):
    failed = sent(kiosk, outcome="failed", reason="face-mismatch")
    browser = Browser(context).enter("zhang")
    assert "没有可确认的内容" in browser.text(f"/records/{failed}")
    answer = browser.post(f"/records/{failed}/decide", {"decided": "confirmed"})
    assert (answer.status_code, "没有可确认的内容" in answer.text) == (409, True)
    assert decisions.after(context, kiosk.kiosk_id, 0).decisions == ()


def asked(context, record_id, decided="returned", reason="identity-unclear", name="zhang"):
    answer = (
        Browser(context)
        .enter(name)
        .post(f"/records/{record_id}/decide", {"decided": decided, "reason": reason, "seen": "confirmed"})
    )
    assert answer.status_code == 303, answer.text
    (one,) = [one for one in four_eyes.waiting(context) if one.subject == record_id]
    return one.proposal_id


def test_another_decision_takes_a_second_person(context, kiosk):
    one = sent(kiosk)
    decisions.decide(context, one, "confirmed", "")
    proposal = asked(context, one, name="li")
    assert len(decisions.after(context, kiosk.kiosk_id, 0).decisions) == 1, "asking changes nothing"
    counted = {name: '<b class="count">1</b>' in Browser(context).enter(name).text("/records") for name in ("li", "zhang", "wang")}
    assert counted == {"li": False, "zhang": False, "wang": True}, "whoever may agree is told on every page"
    for name, status, told in (("li", 403, "不能同意自己的申请"), ("zhang", 403, "你的角色不能同意")):
        answer = Browser(context).enter(name).post(f"/requests/{proposal}/settle", {"answer": "agree"})
        assert (answer.status_code, told in answer.text) == (status, True), name
    assert Browser(context).enter("look").get("/requests").status_code == 403
    assert Browser(context).enter("wang").post(f"/requests/{proposal}/settle", {"answer": "agree"}).status_code == 303
    told = [(one.decided, one.reason) for one in decisions.after(context, kiosk.kiosk_id, 0).decisions]
    assert told == [("confirmed", ""), ("returned", "identity-unclear")]
    answer = Browser(context).enter("boss").post(f"/requests/{proposal}/settle", {"answer": "agree"})
    assert (answer.status_code, "已经处理或过期" in answer.text) == (409, True)
    actions = [(line["actor"], line["action"]) for line in audit.lines(context)]
    for wanted in (("li", "asked-override"), ("li", "four-eyes-refused"), ("wang", "agreed-override")):
        assert wanted in actions


def test_a_request_expires_is_taken_back_refused_and_asked_once(context, kiosk, monkeypatch):
    one = sent(kiosk)
    decisions.decide(context, one, "confirmed", "")
    proposal = asked(context, one)
    again = (
        Browser(context)
        .enter("li")
        .post(f"/records/{one}/decide", {"decided": "returned", "reason": "deceased", "seen": "confirmed"})
    )
    assert (again.status_code, "已经有人申请" in again.text) == (409, True)
    assert Browser(context).enter("zhang").post(f"/requests/{proposal}/settle", {"answer": "refuse"}).status_code == 303
    proposal = asked(context, one)
    assert Browser(context).enter("wang").post(f"/requests/{proposal}/settle", {"answer": "refuse"}).status_code == 303
    proposal = asked(context, one)
    later = utcnow() + four_eyes.LASTS + timedelta(seconds=1)
    with monkeypatch.context() as patch:
        patch.setattr(four_eyes, "utcnow", lambda: later)
        with context.session.begin() as transaction, pytest.raises(four_eyes.FourEyesRefused) as refused:
            four_eyes.check(transaction, audit.Actor("wang", "supervisor"), proposal)
        assert refused.value.why == "over"
        assert four_eyes.waiting(context) == []
    outcomes = [line["action"] for line in audit.lines(context) if "override" in line["action"]]
    assert outcomes == ["asked-override", "took-back-override", "asked-override", "refused-override", "asked-override"]


def test_what_changed_meanwhile_is_not_done(context, kiosk):
    one = sent(kiosk)
    decisions.decide(context, one, "confirmed", "")
    proposal = asked(context, one)
    decisions.decide(context, one, "returned", "deceased")  # a program
    answer = Browser(context).enter("wang").post(f"/requests/{proposal}/settle", {"answer": "agree"})
    assert (answer.status_code, "情况已变" in answer.text) == (409, True)
    assert four_eyes.waiting(context)[0].proposal_id == proposal, "neither agreed nor done"


def test_two_clerks_who_decide_at_once_decide_once(context, kiosk):
    one = sent(kiosk)
    first, second = Browser(context).enter("zhang"), Browser(context).enter("li")
    page = second.text(f"/records/{one}")
    assert 'name="seen" value=""' in page
    first.post(f"/records/{one}/decide", {"decided": "confirmed"})
    late = second.post(f"/records/{one}/decide", {"decided": "returned", "reason": "deceased", "seen": ""})
    assert (late.status_code, "已经决定，请重新查看" in late.text) == (409, True)
    assert four_eyes.waiting(context) == [], "who saw no decision has not asked for another one"
    # And when both forms were read before either decided.
    found = record_pages.NotDecided
    with pytest.raises(found) as refused:
        record_pages._decide(
            context, __import__("types").SimpleNamespace(actor=audit.Actor("li", "supervisor")), one, "returned", "deceased", ""
        )
    assert refused.value.why == "decided-already"
    assert len(decisions.after(context, kiosk.kiosk_id, 0).decisions) == 1


def test_the_list_counts_what_waits_up_to_a_bound(context, kiosk, monkeypatch):
    for n in range(4):
        sent(kiosk, person_id=f"Q{n}")
    monkeypatch.setattr(work_list, "_COUNTED_TO", 3)
    assert work_list.waiting(context) == 3
    assert re.search(r"等待决定 3 条", Browser(context).enter("zhang").text("/records"))


def test_human_reviews_have_their_own_list_with_their_day_and_are_marked_when_late(context, kiosk):
    review = {"channel": "human-review", "outcome": "referred", "reason": "review-wanted"}
    late, soon = sent(kiosk, answer_by="2026-11-02", **review), sent(kiosk, answer_by="2099-01-01", person_id="P3", **review)
    plain = sent(kiosk, person_id="P2")
    assert ids(context, state="reviews") == [late, soon]
    assert set(ids(context)) == {late, soon, plain}
    today = datetime(2026, 11, 30, tzinfo=UTC).date()
    lines = work_list.find(context, Wanted(state="reviews"), ZONE).lines
    assert [line.overdue(today) for line in lines] == [True, False]
    assert work_list.reviews(context, today) == (2, 1)
    clerk = Browser(context).enter("zhang")
    page = re.sub(r"\s+", " ", clerk.text("/records?state=reviews"))
    assert "答复期限 2026-11-02 已超期" in page
    assert "超期 1 件" in page
    assert "不含照片" in clerk.text(f"/records/{late}")
    assert clerk.post(f"/records/{late}/decide", {"decided": "confirmed"}).status_code == 303
    assert ids(context, state="confirmed") == [late]
    assert work_list.reviews(context, today) == (1, 0)
