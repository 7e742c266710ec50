"""What a visit is told: the order of the checks, local passes, stages, other benefits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from kiosk.domain.person import Benefit, Person, RosterStatus, Template
from kiosk.domain.reasons import Reason
from kiosk.domain.record import Channel, Outcome, RecordStatus
from kiosk.store import outbox, policies, records, service
from kiosk.store.desk import unit_list
from kiosk.store.engine import journal
from kiosk.store.opening import open_store
from tests.store import made


def ask(store, person=made.PERSON, today=made.TODAY, mode="self", now=made.NOW, **options):
    return service.look_up(store, person, today, mode, now=now, **options)


def test_everything_well(store):
    made.give_roster(store, made.entry())
    answer = ask(store, model_digest=made.DIGEST)
    assert (answer.reason, answer.stages, answer.roster_stale, answer.clock_suspect) == (Reason.OK, (), False, False)
    assert answer.entry == made.entry()
    assert answer.eligibilities[0].period == "2026-11"


def test_no_roster_and_unknown_person(store):
    assert ask(store).reason is Reason.NOT_IN_ROSTER
    assert ask(store).roster_stale
    made.give_roster(store, made.entry())
    answer = ask(store, Person("王秀英", "440305195107220242"))
    assert (answer.reason, answer.entry) == (Reason.NOT_IN_ROSTER, None)


WRONG = {
    "name": {"name": "陈小方"},
    "deceased": {"status": RosterStatus.DECEASED},
    "scope": {"local_resident": False},
    "young": {"born": date(1990, 1, 1)},
    "window": {},
    "template": {"template": None},
}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (("name", "deceased", "window", "template"), Reason.NAME_MISMATCH),
        (("deceased", "scope", "window", "template"), Reason.DECEASED),
        (("scope", "young", "window", "template"), Reason.OUT_OF_SCOPE),
        (("young", "template"), Reason.NO_QUALIFICATION),
        (("window", "template"), Reason.NOT_YET),
        (("template",), Reason.NO_TEMPLATE),
    ],
)
def test_order_of_the_checks(store, wrong, reason):
    last = date(2026, 6, 1) if "window" in wrong else None if "young" in wrong else date(2025, 12, 3)
    changes = {}
    for one in wrong:
        changes |= WRONG[one]
    held = Benefit("enterprise-employee", "enterprise-employee", "annual-window", last)
    made.give_roster(store, made.entry(benefits=(held,), **changes))
    assert ask(store, model_digest="other").reason is reason


def test_template_of_another_model_and_too_many_tries(store):
    made.give_roster(store, made.entry())
    assert ask(store, model_digest="e" * 64).reason is Reason.TEMPLATE_OUTDATED
    for n in range(5):
        records.save_visit(store, [made.record(f"v-{n}", outcome=Outcome.FAILED, reason="face-mismatch")], made.NOW)
    assert ask(store, model_digest=made.DIGEST).reason is Reason.TOO_MANY_TRIES
    assert ask(store, mode="query").reason is Reason.OK
    tomorrow = made.NOW + timedelta(days=1)
    assert ask(store, today=made.TODAY + timedelta(days=1), now=tomorrow, model_digest=made.DIGEST).reason is Reason.OK


def test_query_needs_no_face(store):
    made.give_roster(store, made.entry(template=None))
    assert ask(store, mode="query").reason is Reason.OK
    assert ask(store, mode="self").reason is Reason.NO_TEMPLATE


def test_second_try_is_good_news_and_shows_the_stage(store):
    made.give_roster(store, made.entry())
    (record_id,) = records.save_visit(store, [made.record()], made.NOW)
    answer = ask(store)
    assert (answer.reason, answer.stages) == (Reason.ALREADY_DONE, (RecordStatus.SAVED,))
    assert answer.eligibilities[0].earliest_next == date(2026, 12, 1)
    digest = store.db.execute("SELECT content_digest FROM outbox").fetchone()[0]
    outbox.settle(store.db, "b", "receipt", "s", made.NOW, [outbox.RecordVerdict(record_id, digest, "accepted")])
    assert ask(store).stages == (RecordStatus.RECEIVED,)
    outbox.decide(store.db, [(record_id, "returned", "name-mismatch", made.NOW)], 1)
    answer = ask(store)
    assert (answer.reason, answer.stages, answer.returned_reason) == (Reason.OK, (RecordStatus.RETURNED,), "name-mismatch")


def test_resumed_here_is_not_suspended_next_month(store):
    held = Benefit("enterprise-employee", "enterprise-employee", "deferred-month", date(2025, 6, 3))
    made.give_roster(store, made.entry(benefits=(held,), status=RosterStatus.SUSPENDED))
    assert ask(store).eligibilities[0].suspended_months == 5  # July to November
    records.save_visit(store, [made.record()], made.NOW)
    later = made.NOW + timedelta(days=20)
    answer = ask(store, today=later.date(), now=later).eligibilities[0]
    assert (answer.may_pass, answer.suspended_months) == (True, 0)
    made.give_roster(store, made.entry(benefits=(held,), status=RosterStatus.SUSPENDED), version=2, at=later)
    assert ask(store, today=later.date(), now=later).eligibilities[0].suspended_months == 1  # the centre says so after it


def test_passed_elsewhere_this_month_is_not_yet(store):
    held = Benefit("enterprise-employee", "enterprise-employee", "deferred-month", date(2026, 11, 2))
    made.give_roster(store, made.entry(benefits=(held,)))
    assert ask(store).reason is Reason.NOT_YET


def test_several_benefits_each_with_its_own_policy(store):
    held = (
        Benefit("enterprise-employee", "enterprise-employee", "deferred-month", date(2026, 11, 2)),
        Benefit("old-age-allowance", "old-age-allowance", "half-yearly", date(2026, 3, 1)),
        Benefit("living-subsidy", "living-subsidy", "rotation", date(2026, 11, 20)),
    )
    made.give_roster(store, made.entry(benefits=held))
    answer = ask(store)
    assert [item.reason for item in answer.eligibilities] == [Reason.NOT_YET, Reason.OK, Reason.ALREADY_DONE]
    assert answer.reason is Reason.OK
    assert answer.eligibilities[1].suspended_months == 2  # since 2 September: 1 October, 1 November


def test_unknown_policy_falls_back_to_the_default(store):
    held = Benefit("b", "enterprise-employee", "nobody-knows", date(2025, 12, 3))
    made.give_roster(store, made.entry(benefits=(held,)))
    assert ask(store).eligibilities[0].policy_id == "deferred-month"


def test_nobody_without_benefits(store):
    made.give_roster(store, made.entry(benefits=()))
    assert ask(store).reason is Reason.NO_QUALIFICATION


def test_policies_of_the_bureau_prevail(store):
    made.give_roster(store, made.entry())
    text = 'id = "deferred-month"\nkind = "half-yearly"\neffective_from = 2020-01-01\n'
    assert policies.take_bundle(store, {"deferred-month.toml": text}, 2, made.NOW)
    assert ask(store).eligibilities[0].due == date(2026, 6, 3)
    assert not policies.take_bundle(store, {}, 2, made.NOW)
    assert policies.take_bundle(store, {}, 3, made.NOW)
    assert ask(store).eligibilities[0].due == date(2026, 12, 31)


def test_stale_roster_is_said(store):
    made.give_roster(store, made.entry(), at=made.NOW - timedelta(days=36))
    assert ask(store).roster_stale


def test_template_enrolled_here_prevails_over_an_older_one(store):
    made.give_roster(store, made.entry())
    store.db.execute(
        "INSERT INTO templates VALUES ('p-1', ?, ?, 'c-new', '2026-05-01', 'A1', 'live', 0)",
        (made.vector(b"\0\0\0\1"), made.DIGEST),
    )
    assert ask(store).entry.template.consent_id == "c-new"
    newer = Template(made.vector(), made.DIGEST, "c-newest", date(2026, 6, 1))
    made.give_roster(store, replace(made.entry(), template=newer), version=2)
    assert ask(store).entry.template.consent_id == "c-newest"


@pytest.mark.parametrize(
    ("policy", "last", "days_apart"),
    [
        ("deferred-month", date(2025, 12, 3), 9),
        ("annual-window", date(2026, 1, 20), 9),
        ("rotation", date(2025, 12, 20), 20),
        ("half-yearly", date(2026, 6, 1), 20),
        ("campaign", date(2025, 12, 3), 20),
        ("rotation", None, 9),
    ],
)
def test_two_kiosks_offline_claim_one_pass(tmp_path, policy, last, days_apart):
    keys = []
    for number in range(2):
        now = made.NOW + timedelta(days=number * days_apart)
        held = Benefit("enterprise-employee", "enterprise-employee", policy, last)
        with open_store(made.settings(tmp_path / str(number)), now=now) as kiosk:
            made.give_roster(kiosk, made.entry(benefits=(held,)))
            (item,) = ask(kiosk, today=now.date(), now=now).eligibilities
            assert item.may_pass
            keys.append(unit_list.attended(kiosk, item, "p-1", Channel.FACE_TO_FACE, "A1", now).pass_key)
    assert keys[0] == keys[1]


def test_refusals_are_journaled_without_a_name(store):
    service.note_refusal(store, "v-9", Reason.NOT_YET, made.NOW)
    (entry,) = journal.entries_since(store, 0)
    assert '"reason":"not-yet"' in entry.body


@pytest.mark.parametrize(
    ("last_day", "expired"),
    [(None, False), (made.TODAY, False), (made.TODAY - timedelta(days=1), True), (made.TODAY + timedelta(days=1), False)],
)
def test_a_card_past_its_last_day_is_noticed_and_told(store, last_day, expired):
    """The last valid day is a valid one."""
    made.give_roster(store, made.entry())
    answer = ask(store, replace(made.PERSON, document_valid_to=last_day))
    assert (answer.reason, answer.eligibilities[0].card_expired) == (Reason.OK, expired)


def test_a_card_past_its_last_day_is_refused_where_the_policy_says_so(store):
    made.give_roster(store, made.entry())
    text = 'id = "deferred-month"\nkind = "deferred-month"\neffective_from = 2020-01-01\n[who]\nexpired_card = "refuse"\n'
    assert policies.take_bundle(store, {"deferred-month.toml": text}, 2, made.NOW)
    expired = replace(made.PERSON, document_valid_to=made.TODAY - timedelta(days=1))
    assert ask(store, expired).reason is Reason.CARD_EXPIRED
    assert ask(store).reason is Reason.OK
