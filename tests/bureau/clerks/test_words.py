"""Words: the same keys in both languages, the same places, and no key that a page asks for is missing."""

from __future__ import annotations

import ast
import json
import re
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from kiosk.bureau import decisions
from kiosk.bureau.clerks import audit_words, four_eyes, station_pages, stations, words, work_list
from kiosk.bureau.clerks.record_pages import CHANNELS
from kiosk.bureau.clerks.roles import Role
from kiosk.config import ROOT
from kiosk.domain.person import RosterStatus
from kiosk.domain.record import Outcome

ROOM = ROOT / "kiosk" / "bureau" / "clerks"
TEXTS = {language: words.texts(language) for language in words.LANGUAGES}


def places(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


def test_both_languages_have_the_same_keys_and_places():
    zh, en = TEXTS["zh_CN"], TEXTS["en"]
    assert set(zh) == set(en)
    assert [key for key in zh if places(zh[key]) != places(en[key])] == []


@pytest.mark.parametrize("path", sorted(ROOM.glob("templates/*.html")), ids=lambda path: path.name)
def test_a_page_asks_for_keys_that_are_there(path):
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r'\bt\("([a-z_A-Z.-]+[a-z])"[,)]', text)) - set(TEXTS["zh_CN"]) == set()


def test_a_handler_asks_for_keys_that_are_there():
    for path in ROOM.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        asked = set(re.findall(r'\.text\("([a-z_.-]+[a-z])"', text))
        assert asked - set(TEXTS["zh_CN"]) == set(), path.name
        for kind in ("AccountRefused", "FourEyesRefused", "NotDecided", "DraftRefused"):
            of = {"AccountRefused": "accounts", "FourEyesRefused": "four_eyes", "NotDecided": "record", "DraftRefused": "rosters"}
            for why in re.findall(rf'{kind}\("([a-z-]+)"\)', text):
                other = {"AccountRefused": "password"}.get(kind, of[kind])
                assert {f"{of[kind]}.{why}", f"{other}.{why}", f"sign_in.{why}"} & set(TEXTS["zh_CN"]), (kind, why)


def test_codes_have_words():
    codes = {
        "channel": CHANNELS,
        "outcome": [one.value for one in Outcome],
        "state": work_list.STATES,
        "status": [one.value for one in RosterStatus],
        "role": [*(one.code for one in Role), "program", "machine"],
        "role_says": [one.code for one in Role],
        "request": four_eyes.AGREES,
        "revoke": station_pages.REVOKE_REASONS,
        "reason": decisions.RETURN_REASONS,
        "band": stations._BANDS,
    }
    missing = [f"{kind}.{code}" for kind, found in codes.items() for code in found if f"{kind}.{code}" not in TEXTS["zh_CN"]]
    assert missing == []


def test_what_is_logged_has_words():
    found = set()
    for path in [*ROOM.glob("*.py"), ROOT / "kiosk/bureau/admin.py"]:
        found |= set(re.findall(r'audit\.(?:note|write)\([^"()]*?"([a-z-]+)"', path.read_text(encoding="utf-8")))
    assert len(found) > 20
    assert {f"action.{one}" for one in found} - set(TEXTS["zh_CN"]) == set()


def test_a_word_that_is_missing_reads_as_its_code(caplog):
    from zoneinfo import ZoneInfo

    found = words.Words("zh_CN", ZoneInfo("Asia/Shanghai"))
    assert found.of("channel", "new-channel") == "new-channel"
    assert found.reason("nobody-knows") == "nobody-knows"
    assert found.reason("face-mismatch") not in ("", "face-mismatch"), "the kiosk's own catalogue"
    assert found.text("no.such") == "no.such"
    assert "word missing: no.such" in caplog.text


def test_what_the_log_keeps_has_words():
    asked = set()
    for path in (ROOT / "kiosk" / "bureau").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("audit.write", "audit.note"):
                asked |= {one.arg for one in node.keywords if one.arg}
    assert len(asked) > 20
    assert {key for key in asked if f"audit_key.{key}" not in TEXTS["zh_CN"]} == set()


def test_a_line_of_the_log_is_told_in_words():
    zh = words.Words("zh_CN", ZoneInfo("Asia/Shanghai"))
    line = {
        "asked_by": "li",
        "reason": "stolen",
        "station": "S-1",
        "digest": "a" * 64,
        "due": "",
        "saved": True,
        "by": ["person", "date"],
    }
    assert audit_words.told(zh, json.dumps({**line, "before": "clerk", "decided": "returned", "unknown": 3})) == [
        ("申请人", "li"),
        ("原因", "被盗"),
        ("站点", "S-1"),
        ("摘要", "a" * 12),
        ("已保存", "是"),
        ("按", "人、日期"),
        ("原来", "经办员"),
        ("决定", "已退回"),
        ("unknown", "3"),
    ]
    assert audit_words.told(zh, '{"reason": "photo-unclear"}') == [("原因", zh.reason("photo-unclear"))]
