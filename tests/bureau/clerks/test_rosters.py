"""Rosters: looked at before they are issued, issued in the background, withdrawn by two; and the public answer behind a slip."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from kiosk.bureau import decisions, rosters
from kiosk.bureau.clerks import four_eyes, people, roster_drafts, roster_table, verify
from kiosk.bureau.context import utcnow
from kiosk.config import ROOT
from tests.bureau.clerks.made import URL, Browser
from tests.bureau.made import record, register

LIST_READERS = ("people", "delimited", "spreadsheet", "reading")


def file_of(count, **changes):
    """Lines of `count` people; changes: person id -> name."""
    lines = [
        {
            "person_id": f"P{n}",
            "name": changes.get(f"P{n}", f"测试{n}"),
            "id_number": f"{n:018d}",
            "status": "active",
            "benefits": [],
        }
        for n in range(count)
    ]
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in lines).encode()


def upload(browser, data):
    files = {"file": ("roster.jsonl", data)}
    return browser.ask("POST", "/rosters/upload", data={"token": browser.token}, files=files, headers={"Origin": URL})


def issued(context, browser, data):
    answer = upload(browser, data)
    assert answer.status_code == 303, answer.text
    draft_id = answer.headers["location"].rsplit("/", 1)[1]
    assert browser.post(f"/rosters/{draft_id}/issue").status_code == 303
    while roster_drafts.issue_next(context):
        pass
    return draft_id


def test_a_roster_is_looked_at_then_issued_in_the_background(context):
    li = Browser(context).enter("li")
    answer = upload(li, file_of(20))
    page = li.text(answer.headers["location"])
    assert "<dt>人数</dt><dd>20" in page
    assert page.count("<td>新增</td>") == 5
    assert roster_drafts.issued(context) == [], "looked at, not issued"
    draft_id = answer.headers["location"].rsplit("/", 1)[1]
    assert li.post(f"/rosters/{draft_id}/issue").headers["location"] == "/rosters"
    assert "正在发布" in li.text("/rosters")
    assert roster_drafts.issue_next(context)
    assert not roster_drafts.issue_next(context)
    assert [(version, count) for version, count, _, _ in roster_drafts.issued(context)] == [(1, 20)]
    assert people.by_id(context, ["P3"])["P3"].name == "测试3"
    again = li.post(f"/rosters/{draft_id}/issue")
    assert (again.status_code, "已经处理" in again.text) == (409, True)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (file_of(2, P0="王芳").decode().encode("gb18030"), "第1行不是 UTF-8（可能是 GBK）"),
        (file_of(1) + b'\n{"person_id": "P9"}\n' + file_of(1), "第2行：没有姓名；第1行和第3行是同一个编号"),
        (file_of(1).replace(b'"active"', b'"alive"'), "第1行：状态不认识"),
        (file_of(1).replace(b'"P0"', '"编号"'.encode()), "第1行：编号里有不能用的字"),
    ],
)
def test_mistakes_are_told_with_their_lines(context, data, told):
    answer = upload(Browser(context).enter("li"), data)
    assert (answer.status_code, told in answer.text) == (400, True), re.search(r"没有接收[^<]*", answer.text)


def test_lost_templates_and_odd_numbers_stand_in_the_check(context):
    li = Browser(context).enter("li")
    template = {"vector": base64.b64encode(bytes(512)).decode(), "model_digest": "m", "consent_id": "c"}
    lines = [json.loads(one) | {"template": template} for one in file_of(10).splitlines()]
    issued(context, li, "\n".join(map(json.dumps, lines)).encode())
    page = li.text(upload(li, file_of(10)).headers["location"])
    assert '<dt>有人脸模板</dt><dd class="bad">0 (第 1 版 10 人)</dd>' in page
    assert '<dt>号码校验位不对</dt><dd class="bad">' in page


def test_every_fault_has_words():
    from kiosk.bureau.clerks import words

    folder = ROOT / "kiosk"
    names = ("bureau/rosters.py", "bureau/clerks/roster_table.py", *(f"unit_list/{one}.py" for one in LIST_READERS))
    source = "".join((folder / name).read_text(encoding="utf-8") for name in names)
    codes = set(re.findall(r'Fault\(\s*"([a-z0-9_-]+)"', source)) | {"table", "no-json", "twice-person_id", "twice-number"}
    codes |= set(re.findall(r'"(list-[a-z-]+)"', source)) | set(re.findall(r'"(row-[a-z-]+)"', source))
    assert len(codes) > 30
    for language in words.LANGUAGES:
        assert {f"roster_fault.{one}" for one in codes} <= set(words.texts(language))
        assert {f"roster_column.{one}" for one in roster_table._COLUMNS} <= set(words.texts(language))


def test_differences_and_examples_name_who_would_go_first(context):
    li = Browser(context).enter("li")
    issued(context, li, file_of(30))
    data = b"\n".join([*file_of(28, P3="<script>新名").split(b"\n"), file_of(41).split(b"\n")[40]])
    page = li.text(upload(li, data).headers["location"])
    for label, count in (("新增", 1), ("变更", 1), ("减少", 2)):
        assert re.search(rf"<dt>{label}</dt><dd[^>]*>{count}</dd>", page), label
    examples = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td>", page)
    assert [what for what, _ in examples] == ["减少", "减少", "变更", "新增"]
    assert ("变更", "&lt;script&gt;新名") in examples
    assert "000000000000000028" not in page, "numbers are masked"


def test_what_kiosks_would_refuse_is_refused_with_its_line(context):
    li = Browser(context).enter("li")
    answer = upload(li, b'{"person_id": "P1"}')
    assert (answer.status_code, "第1行" in answer.text) == (400, True)
    assert list(context.rosters.glob("*")) == [], "nothing is left of it"
    assert Browser(context).enter("zhang").get("/rosters").status_code == 403


def test_a_much_smaller_roster_takes_a_second_person(context):
    li, wang = Browser(context).enter("li"), Browser(context).enter("wang")
    issued(context, li, file_of(30))
    draft_id = upload(li, file_of(5)).headers["location"].rsplit("/", 1)[1]
    assert "人数明显变少：5 人，上一版 30 人" in li.text(f"/rosters/{draft_id}")
    assert li.post(f"/rosters/{draft_id}/issue").headers["location"] == f"/rosters/{draft_id}"
    assert not roster_drafts.issue_next(context)
    (asked,) = four_eyes.waiting(context)
    assert li.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 403
    assert wang.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 303
    assert roster_drafts.issue_next(context)
    assert [count for _, count, _, _ in roster_drafts.issued(context)] == [5, 30]


def test_a_roster_is_withdrawn_by_issuing_the_one_before(context):
    li, wang = Browser(context).enter("li"), Browser(context).enter("wang")
    issued(context, li, file_of(3))
    assert li.post("/rosters/issued/1/withdraw").status_code == 409, "there is none before it"
    issued(context, li, file_of(4, P1="错名"))
    assert li.post("/rosters/issued/1/withdraw").status_code == 409, "not the newest"
    assert li.post("/rosters/issued/2/withdraw").status_code == 303
    (asked,) = four_eyes.waiting(context)
    assert wang.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 303
    assert roster_drafts.issue_next(context)
    assert [(version, count) for version, count, _, _ in roster_drafts.issued(context)] == [(3, 3), (2, 4), (1, 3)]
    assert people.by_id(context, ["P1", "P3"]).keys() == {"P1"}
    assert people.by_id(context, ["P1"])["P1"].name == "测试1"
    kiosk = register(context)
    sealed, manifest = rosters.offer(context, kiosk.kiosk_id, 2)
    assert (manifest.version, bool(sealed)) == (3, True), "kiosks only ever go forward"


def test_a_draft_is_dropped_with_its_file(context):
    li = Browser(context).enter("li")
    draft_id = upload(li, file_of(3)).headers["location"].rsplit("/", 1)[1]
    assert len(list(context.rosters.glob("*.roster"))) == 1
    assert li.post(f"/rosters/{draft_id}/drop").status_code == 303
    assert list(context.rosters.glob("*")) == []
    assert li.post(f"/rosters/{draft_id}/issue").status_code == 409
    assert li.post("/rosters/nothing/issue").status_code == 404


def test_an_issue_that_was_killed_is_told_and_can_be_asked_for_again(context):
    li = Browser(context).enter("li")
    draft_id = upload(li, file_of(3)).headers["location"].rsplit("/", 1)[1]
    with context.session.begin() as transaction:
        row = transaction.get(roster_drafts.RosterDraft, draft_id)
        row.state, row.changed_at = "issuing", utcnow() - roster_drafts._STUCK * 2
    assert not roster_drafts.issue_next(context)
    assert roster_drafts.get(context, draft_id).state == "failed"
    assert li.post(f"/rosters/{draft_id}/issue").status_code == 303
    assert roster_drafts.issue_next(context)
    assert roster_drafts.get(context, draft_id).state == "issued"


def test_a_file_that_is_gone_is_a_failure_that_is_told(context):
    li = Browser(context).enter("li")
    draft_id = upload(li, file_of(3)).headers["location"].rsplit("/", 1)[1]
    issued(context, li, file_of(2))
    for path in context.rosters.glob("*.roster"):
        path.unlink()
    li.post(f"/rosters/{draft_id}/issue")
    roster_drafts.issue_next(context)
    assert (roster_drafts.get(context, draft_id).state, "发布失败" in li.text("/rosters")) == ("failed", True)


# --- the public answer


def test_the_answer_is_a_month_and_nothing_else(context):
    kiosk = register(context)
    next_year = utcnow().year + 1
    good = record(valid_from="2026-12-01", valid_to=f"{next_year}-11-30", person_id="P-secret")
    kiosk.send(good)
    browser = Browser(context, source="198.51.100.7")
    path = f"/verify/{good['record_id']}"
    unknown = browser.get("/verify/nothing-of-ours").text
    assert browser.get(path).text == unknown, "received is not confirmed"
    decisions.decide(context, good["record_id"], "confirmed", "")
    answer = browser.get(path)
    assert f"有效至 {next_year}年11月" in answer.text
    assert f"Valid until {next_year}-11" in browser.get(path, headers={"Accept-Language": "en"}).text
    for hidden in ("P-secret", "SZ-TEST", "self-face", "enterprise", "set-cookie"):
        assert hidden not in answer.text + str(answer.headers)
    assert (answer.headers["cache-control"], answer.status_code) == ("no-store", 200)
    decisions.decide(context, good["record_id"], "returned", "deceased")
    assert browser.get(path).text == unknown, "a returned one looks like one that never was"


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "failed", "reason": "face-mismatch"},
        {"channel": "enrolment"},
        {"valid_to": "2020-01-01"},
        {"valid_to": None},
    ],
)
def test_what_is_no_valid_certification_is_answered_like_an_unknown_one(context, changes):
    kiosk = register(context)
    one = record(**{"valid_to": f"{utcnow().year + 1}-01-31", **changes})
    kiosk.send(one)
    decisions.decide(context, one["record_id"], "confirmed", "")
    assert verify.valid_until(context, one["record_id"]) is None


def test_questions_are_counted_by_source(context):
    asker = Browser(context, source="198.51.100.9")
    codes = [asker.get(f"/verify/guess-{n}").status_code for n in range(verify.PER_MINUTE + 3)]
    assert codes == [200] * verify.PER_MINUTE + [429] * 3
    assert Browser(context, source="198.51.100.10").get("/verify/guess").status_code == 200


def test_the_count_is_bounded_and_forgets():
    rate = verify.Rate(2)
    assert [rate.let("a", 0.0) for _ in range(3)] == [True, True, False]
    assert rate.let("a", 60.0)
    for n in range(verify._SOURCES + 10):
        rate.let(f"s{n}", 61.0)
    assert len(rate._seen) == verify._SOURCES


def test_uploads_leave_no_name_in_the_clear(context):
    issued(context, Browser(context).enter("li"), file_of(3, P1="独特之名"))
    whole = b"".join(path.read_bytes() for path in Path(context.settings.data).rglob("*") if path.is_file())
    assert "独特之名".encode() not in whole, "neither the people nor a draft's examples"
