"""Rules as forms: remarks stay, mistakes are named, ten people show what changes, two people issue it."""

from __future__ import annotations

import json
import tomllib
from io import BytesIO

import pytest

from kiosk.bureau import rosters
from kiosk.bureau.clerks import four_eyes, people, policies
from kiosk.bureau.context import utcnow
from tests.bureau.clerks.made import Browser


@pytest.mark.parametrize("name", sorted(policies.shipped()))
def test_every_shipped_rule_is_a_form_and_comes_back_unchanged(name):
    text = policies.shipped()[name]
    fields = policies.fields_of(text)
    assert {"title", "effective_from"} <= {one.name for one in fields}
    assert not {"id", "kind"} & {one.name for one in fields}, "another id is another rule"
    same, fault = policies.changed(text, {one.name: one.value for one in fields})
    assert (tomllib.loads(same), fault) == (tomllib.loads(text), "")


def test_a_value_is_changed_and_the_remarks_stay():
    text = policies.shipped()["annual-window"]
    out, fault = policies.changed(text, {"parameters.window_months": "2", "title": 'a "title" \\ # here'})
    assert fault == ""
    data = tomllib.loads(out)
    assert (data["parameters"]["window_months"], data["title"]) == (2, 'a "title" \\ # here')
    assert out.splitlines()[0] == text.splitlines()[0]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"parameters.window_months": "x"}, "parameters.window_months: a number expected"),
        ({"parameters.window_months": "12"}, "parameters.window_months must be shorter"),
        ({"parameters.payment_day": "31"}, "parameters.payment_day: a number from 1 to 28 expected"),
        ({"effective_from": "soon"}, "effective_from: a date expected"),
        ({"effective_from": "2026-02-31"}, ""),  # refused by the parser, in its words
        ({"who.scope": "nobody"}, "who.scope: 'all' or 'local' expected"),
    ],
)
def test_a_mistake_is_named(values, told):
    _, fault = policies.changed(policies.shipped()["annual-window"], values)
    assert fault != ""
    assert told in fault


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"parameters.window_months": "x"}, "提前可办的月数：要填整数"),
        ({"parameters.window_months": "12"}, "提前可办的月数：要比有效月数短"),
        ({"parameters.payment_day": "31"}, "发放日：要填 1 到 28 的整数"),
        ({"effective_from": ""}, "生效日：要填日期"),
    ],
)
def test_a_clerk_reads_the_mistake_in_chinese(context, values, told):
    li = Browser(context).enter("li")
    answer = li.post("/policies/annual-window", {f"f.{key}": value for key, value in values.items()})
    assert (answer.status_code, told in answer.text) == (400, True)


def test_what_can_be_chosen_is_no_text(context):
    page = Browser(context).enter("li").text("/policies/deferred-month")
    assert '<option value="local">本地</option>' in page
    assert "递延认证" in page


@pytest.fixture
def with_people(context):
    lines = [
        {
            "person_id": f"P{n}",
            "name": f"测试{n}",
            "id_number": f"44030519460315{n:04d}",
            "born": "1946-03-15",
            "benefits": [
                {
                    "benefit_id": "enterprise-employee",
                    "kind": "enterprise-employee",
                    "policy_id": "annual-window" if n < 14 else "campaign",
                    "last_pass": f"{utcnow().year - 1}-{n % 12 + 1:02d}-15",
                }
            ],
        }
        for n in range(20)
    ]
    people.note(context, rosters.issue(context, BytesIO("\n".join(map(json.dumps, lines)).encode())))
    return context


def test_ten_people_show_what_would_change(with_people):
    text = policies.shipped()["annual-window"]
    today = utcnow().date()
    same = policies.preview(with_people, "annual-window", text, today, "zh_CN")
    assert len(same) == policies.EXAMPLES
    assert not any(one.differs for one in same)
    shorter, _ = policies.changed(text, {"parameters.valid_months": "24"})
    found = policies.preview(with_people, "annual-window", shorter, today, "zh_CN")
    assert [one.differs for one in found] == sorted((one.differs for one in found), reverse=True)
    assert found[0].differs
    assert found[0].before != found[0].after
    assert found[0].number.startswith("4403***")


def test_a_rule_is_changed_by_two(with_people):
    context = with_people
    li, wang = Browser(context).enter("li"), Browser(context).enter("wang")
    assert "每年一次" in li.text("/policies")
    page = li.post("/policies/annual-window", {"f.parameters.window_months": "2", "act": "preview"}).text
    assert "对十个人的影响" in page
    assert page.count("测试") == 10
    assert 'value="2"' in page
    assert four_eyes.waiting(context) == [], "looking asks for nothing"
    wrong = li.post("/policies/annual-window", {"f.parameters.window_months": "99", "act": "ask"})
    assert (wrong.status_code, "不能这样改" in wrong.text) == (400, True)
    assert li.post("/policies/annual-window", {"act": "ask"}).status_code == 400, "nothing was changed"
    assert li.post("/policies/no-such", {"act": "ask"}).status_code == 404
    assert li.post("/policies/annual-window", {"f.parameters.window_months": "2", "act": "ask"}).status_code == 303
    (asked,) = four_eyes.waiting(context)
    assert asked.content["summary"] == "提前可办的月数：3 → 2"
    assert li.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 403
    assert wang.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 303
    with context.session.begin() as transaction:
        content = rosters.in_force(transaction)
    assert tomllib.loads(content.policies["annual-window"])["parameters"]["window_months"] == 2
    assert set(content.policies) == set(policies.shipped()), "the others go along as they were"


def test_staff_stay_and_a_rule_that_changed_meanwhile_is_not_overwritten(with_people):
    context = with_people
    li, wang = Browser(context).enter("li"), Browser(context).enter("wang")
    li.post("/policies/annual-window", {"f.parameters.window_months": "2", "act": "ask"})
    (asked,) = four_eyes.waiting(context)
    other, _ = policies.changed(policies.shipped()["annual-window"], {"parameters.grace_days": "9"})
    content = rosters.BundleContent(policies={**policies.shipped(), "annual-window": other}, revoked_staff=("s1",))
    rosters.issue_bundle(context, content)
    answer = wang.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"})
    assert (answer.status_code, "情况已变" in answer.text) == (409, True)
    li.post(f"/requests/{asked.proposal_id}/settle", {"answer": "refuse"})
    li.post("/policies/annual-window", {"f.parameters.window_months": "2", "act": "ask"})
    rosters.add_message(context, "", "beside it", None)  # issues the same once more under another number
    (asked,) = four_eyes.waiting(context)
    assert wang.post(f"/requests/{asked.proposal_id}/settle", {"answer": "agree"}).status_code == 303
    with context.session.begin() as transaction:
        found = rosters.in_force(transaction)
    assert found.revoked_staff == ("s1",)
    assert (
        tomllib.loads(found.policies["annual-window"])["parameters"] | {"grace_days": 9, "window_months": 2}
        == tomllib.loads(found.policies["annual-window"])["parameters"]
    )
