"""The rules' messages in words, the catalogue's completeness, the command, and the demonstration's people."""

from __future__ import annotations

import json
import tomllib
from datetime import date

import pytest

from kiosk.commands import policy as command
from kiosk.config import ASSETS, CONFIG
from kiosk.domain.person import RosterStatus
from kiosk.domain.reasons import Reason
from kiosk.domain.record import RecordStatus
from kiosk.domain.renewal import RuleMessage, decide, message_of
from kiosk.domain.wording import say
from kiosk.store.roster.line import of_line, people_of_toml, to_line
from tests.rules.made import BOOK, benefit, person

CATALOGUES = {
    language: tomllib.loads((ASSETS / "strings" / language / "programme.toml").read_text(encoding="utf-8"))
    for language in ("zh_CN", "en")
}


def told(answer, today, language="zh_CN"):
    return say(message_of(answer, today), CATALOGUES[language]["rule"], CATALOGUES[language]["rule_format"])


@pytest.mark.parametrize(
    ("policy", "last", "today", "words"),
    [
        ("deferred-month", "2026-03-15", "2026-03-20", "尚未到验证时间，验证时间为 2026年4月"),
        ("annual-window", "2026-03-15", "2026-08-01", "尚未到验证时间，验证时间为 2026年12月—2027年3月"),
        ("annual-window", "2026-06-30", "2026-11-01", "尚未到验证时间，验证时间为 2027年3月—6月"),
        ("annual-window", "2026-03-15", "2026-03-16", "您已认证成功，下次认证时间为 2026年12月—2027年3月"),
        ("rotation", "2026-03-15", "2027-03-20", "已过认证时间，请在2027年3月30日（含）之前完成，待遇不受影响"),
        ("deferred-month", "2026-03-15", "2027-06-10", "待遇已暂停3个月，认证通过后恢复并补发，以中心确认为准"),
        ("half-yearly", "2026-03-15", "2026-09-20", "待遇已暂停，认证通过后恢复，以中心确认为准"),
    ],
)
def test_messages_in_the_words_of_the_sources(policy, last, today, words):
    day = date.fromisoformat(today)
    assert told(decide(BOOK, benefit(policy, date.fromisoformat(last)), person(), day), day) == words


ALL = {"all": "{first_day}|{last_day}|{months}|{months_span}|{first_month}"}
FORM = {"day": "D{y}-{m}-{d}", "month": "M{y}-{m}", "span": "S{y}-{m}-{y2}-{m2}", "span_same_year": "s{y}-{m}-{m2}"}


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (None, None, "||5||"),
        (date(2026, 3, 4), None, "D2026-3-4||5||M2026-3"),
        (None, date(2026, 3, 4), "|D2026-3-4|5||"),
        (date(2026, 3, 4), date(2027, 5, 6), "D2026-3-4|D2027-5-6|5|S2026-3-2027-5|M2026-3"),
        (date(2026, 3, 4), date(2026, 5, 6), "D2026-3-4|D2026-5-6|5|s2026-3-5|M2026-3"),
    ],
)
def test_each_value_stands_where_a_text_names_it(first, last, words):
    message = RuleMessage("all", first, last, 5)
    assert say(message, ALL, FORM) == say(message, ALL.__getitem__, FORM.__getitem__) == words


def test_every_answer_has_words_in_both_languages():
    for policy in BOOK.ids:
        for last in (None, date(2026, 3, 31), date(2024, 2, 29)):
            for month in range(1, 25):
                today = date(2026 + (month - 1) // 12, (month - 1) % 12 + 1, 28)
                for status in RosterStatus:
                    answer = decide(BOOK, benefit(policy, last), person(status=status), today, clock_suspect=month == 3)
                    for language in CATALOGUES:
                        assert told(answer, today, language)


def test_catalogue_is_complete_in_both_languages():
    ours = [
        Reason.NOT_IN_ROSTER,
        Reason.NAME_MISMATCH,
        Reason.ROSTER_ABNORMAL,
        Reason.NOT_YET,
        Reason.ALREADY_DONE,
        Reason.DATA_MATCHED,
        Reason.NO_QUALIFICATION,
        Reason.OUT_OF_SCOPE,
        Reason.DECEASED,
        Reason.WITHDRAWN,
        Reason.HELPER_IS_BENEFICIARY,
        Reason.CONSENT_DECLINED,
    ]
    for catalogue in CATALOGUES.values():
        for reason in ours:
            assert set(catalogue["reason"][reason]) == {"title", "why", "now", "who", "attendant", "say"}
            for key in ("title", "why", "now", "who", "say"):
                assert not any(c.isdigit() for c in catalogue["reason"][reason][key])
        assert set(catalogue["stage"]) == {str(stage) for stage in RecordStatus}
    assert set(CATALOGUES["zh_CN"]["rule"]) == set(CATALOGUES["en"]["rule"])
    assert set(CATALOGUES["zh_CN"]["benefit"]) == set(CATALOGUES["en"]["benefit"])


def test_explain_prints_what_the_issue_asks_for(capsys):
    assert command.main(["explain", "--policy", "rotation", "--last-pass", "2026-03-15", "--today", "2027-06-02"]) == 0
    out = capsys.readouterr().out
    for part in ("2026-03-15 … 2027-03-15", "2027-03-30", "2027-03-31", "back-pay months        3", "待遇已暂停3个月"):
        assert part in out
    command.main(["explain", "--policy", "deferred-month", "--today", "2027-06-02", "--json"])
    assert json.loads(capsys.readouterr().out)["may pass today"] == "yes"
    command.main(["list"])
    assert all(policy in capsys.readouterr().out for policy in ("campaign",))


def test_demo_people_meet_every_kind_of_answer():
    today = date(2026, 11, 21)
    people = {entry.person_id: entry for entry in people_of_toml((CONFIG / "demo/roster.toml").read_text(encoding="utf-8"), today)}

    def reason(key):
        entry = people[f"P-{key}"]
        return decide(BOOK, entry.benefits[0], entry, today).reason

    assert {key: reason(key) for key in ("li", "chen", "zhuang", "macau", "permanent", "sun", "ma", "gao", "he")} == {
        "li": Reason.OK,
        "chen": Reason.NOT_YET,
        "zhuang": Reason.OK,
        "macau": Reason.NOT_YET,
        "permanent": Reason.DATA_MATCHED,
        "sun": Reason.DECEASED,
        "ma": Reason.ROSTER_ABNORMAL,
        "gao": Reason.OUT_OF_SCOPE,
        "he": Reason.NO_QUALIFICATION,
    }
    assert "P-wang" not in people
    for entry in people.values():
        assert of_line(to_line(entry)) == entry
        assert all(b.policy_id in BOOK for b in entry.benefits)
        assert all(b.kind in CATALOGUES["zh_CN"]["benefit"] for b in entry.benefits)
