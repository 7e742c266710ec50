"""The bureau's form for settings of stations: what differs is shown first, two clerks send it, what may not be set is named."""

from __future__ import annotations

import pytest

from kiosk.bureau import station_settings
from kiosk.bureau.clerks import audit, four_eyes, setting_kinds, setting_pages, words
from kiosk.sync import seal, settings_rules
from tests.bureau.clerks.made import Browser
from tests.bureau.made import register


def merged(context, station):
    with context.session.begin() as session:
        return station_settings.merged(session, station)[1]


def test_two_supervisors_send_what_one_previewed(context):
    register(context, 1, "S-1")
    li, wang = Browser(context).enter("li"), Browser(context).enter("wang")
    form = {"scope": "all", "f.voice.volume": "0.5", "f.ui.large_text": "true", "act": "preview"}
    page = li.post("/settings", form).text
    assert page.index("<small>ui.large_text</small></td><td>—</td><td>是</td>") < page.index(
        "<small>voice.volume</small></td><td>—</td><td>0.5</td>"
    )
    assert merged(context, "S-1") == {}, "a preview sends nothing"
    assert li.post("/settings", {**form, "act": "ask"}).status_code == 303
    assert li.post("/settings", {**form, "act": "ask"}).status_code == 409
    (asked,) = four_eyes.waiting(context)
    assert "音量：— → 0.5" in wang.text("/requests")
    assert li.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 403
    assert merged(context, "S-1") == {}
    assert wang.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 303
    assert merged(context, "S-1") == {"ui.large_text": True, "voice.volume": 0.5}
    told = [(one["actor"], one["action"], one["subject"]) for one in audit.lines(context)]
    assert ("li", "asked-settings", "all") in told
    assert ("wang", "agreed-settings", "all") in told
    assert li.post("/settings", {**form, "act": "ask"}).status_code == 400, "nothing differs any more"


def test_every_setting_has_a_name_and_says_what_may_stand_there():
    named = words.texts("zh_CN")
    for key in setting_pages.KEYS:
        kind = setting_kinds.kind_of(key)
        assert f"setting_key.{key}" in named, key
        assert all(one.isdigit() or f"setting_value.{one}" in named for one in kind.choices), key
        if kind.choices:  # each of them is taken, and nothing else
            allowed = [one for one in kind.choices if not settings_rules.faults({key: setting_pages.parsed(key, one)})]
            assert allowed, key
            assert settings_rules.faults({key: setting_pages.parsed(key, "pink")}) == {key: "malformed"}, key
    assert setting_kinds.kind_of("voice.volume") == setting_kinds.SettingKind((), "0", "1", True)
    assert setting_kinds.kind_of("store.nothing") == setting_kinds.SettingKind()


@pytest.mark.parametrize("name", ["look", "zhang"])
def test_viewers_and_clerks_do_not_set_stations(context, name):
    browser = Browser(context).enter(name)
    assert browser.get("/settings").status_code == 403
    assert browser.post("/settings", {"scope": "all", "f.voice.volume": "1.0"}).status_code == 403
    assert browser.post("/settings/group", {"station_id": "S-1", "name": "east"}).status_code == 403


@pytest.mark.parametrize(
    ("scope", "key", "value", "told"),
    [
        ("all", "store.key_file", "/tmp/x", "不能远程设置"),
        ("all", "liveness.checks.depth", "off", "低于项目规定的最低要求"),
        ("all", "voice.volume", "loud", "音量：值不对（0 到 1）"),
        ("all", "ui.theme", "pink", "屏幕配色：值不对（paper / contrast）"),
        ("all", "match.accept", "0.45", "还要项目负责人的签名"),
        ("group:east", "match.accept", "0.45", "只能对全部站点或一个站点"),
    ],
)
def test_what_may_not_be_set_is_named_and_not_asked_for(context, scope, key, value, told):
    answer = Browser(context).enter("li").post("/settings", {"scope": scope, f"f.{key}": value, "act": "ask"})
    assert (answer.status_code, told in answer.text) == (400, True)
    assert four_eyes.waiting(context) == []


def test_no_program_issues_what_the_rules_refuse(context):
    with pytest.raises(seal.Refused, match="below-minimum"):
        station_settings.issue(context, "all", {"liveness.checks.depth": "off"}, ())


def test_the_nearer_scope_goes_before_and_a_group_reaches_its_stations_at_once(context):
    one, two = register(context, 1, "S-1"), register(context, 2, "S-2")
    for scope, volume in (("all", 0.1), ("group:east", 0.2), ("station:S-2", 0.3)):
        station_settings.issue(context, scope, {"voice.volume": volume}, ())
    assert merged(context, "S-1") == {"voice.volume": 0.1}
    with context.session.begin() as session:
        have = station_settings.merged(session, "S-1")[0]
    assert station_settings.document(context, one.kiosk_id, have) is None
    li = Browser(context).enter("li")
    assert li.post("/settings/group", {"station_id": "S-1", "name": "east"}).status_code == 303
    assert merged(context, "S-1") == {"voice.volume": 0.2}
    assert station_settings.document(context, one.kiosk_id, have) is not None
    assert merged(context, "S-2") == {"voice.volume": 0.3}
    assert "1 个站点" in li.text("/settings?scope=group:east")
    li.post("/settings/group", {"station_id": "S-1", "name": ""})
    assert merged(context, "S-1") == {"voice.volume": 0.1}
    assert station_settings.document(context, two.kiosk_id, 0) is not None
    assert li.get("/settings?scope=../x").status_code == 404
    li.post("/settings/group", {"station_id": "no number!", "name": "x"})
    assert "站点编号只能用" in li.text("/settings")


def test_a_request_that_others_overtook_is_not_sent(context):
    li, wang = Browser(context).enter("li"), Browser(context).enter("wang")
    li.post("/settings", {"scope": "all", "f.voice.volume": "0.5", "act": "ask"})
    (asked,) = four_eyes.waiting(context)
    station_settings.issue(context, "all", {"ui.theme": "contrast"}, ())
    assert wang.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 409
    assert merged(context, "S-1") == {"ui.theme": "contrast"}
