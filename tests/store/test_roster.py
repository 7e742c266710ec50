"""The roster: bringing in, versions, finding, names to choose, what this kiosk knows better."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.names import tidy_name
from kiosk.domain.person import RosterStatus
from kiosk.errors import StoreError
from kiosk.store.opening import open_store
from kiosk.store.roster import decoys
from kiosk.store.roster import line as roster_format
from kiosk.store.roster import lookup as roster
from tests.store import made

PEOPLE = [made.entry(f"44030519500101{n:03d}X", f"测试{'甲乙丙丁戊'[n % 5]}", f"p-{n}", home_visit=n % 3 == 0) for n in range(20)]
LINES = [roster_format.to_line(one) for one in PEOPLE]


def header(version=2, count=None, **changes):
    return roster.RosterHeader(version, made.NOW, len(LINES) if count is None else count, **changes)


def test_snapshot_in_and_everybody_found(store):
    info = roster.import_snapshot(store, LINES, header(), made.NOW)
    assert (info.version, info.people, info.issued_at) == (2, 20, made.NOW)
    for one in PEOPLE:
        assert roster.find(store, one.id_number) == one
        assert roster.find_person(store, one.person_id) == one
    assert roster.find(store, "440305195001010991") is None
    assert list(roster.everybody(store)) == sorted(PEOPLE, key=lambda one: one.person_id)
    assert {one.person_id for one in roster.home_visits(store)} == {one.person_id for one in PEOPLE if one.home_visit}


def test_found_however_the_number_is_typed(store):
    made.give_roster(store, made.entry("440305500315002", person_id="old"), made.entry("44030519560315003X", person_id="x"))
    assert roster.find(store, "44030519560315003x").person_id == "x"
    assert roster.find(store, " ４４０３０５-19560315003Ｘ ").person_id == "x"
    assert roster.find(store, "440305500315002").person_id == "old"  # a number of 15 digits, as the roster has it


def test_version_only_goes_up(store):
    made.give_roster(store, made.entry(), version=5)
    for version in (5, 4, 0):
        with pytest.raises(roster.RosterRefused, match="not newer"):
            made.give_roster(store, made.entry(name="换人了"), version=version)
    assert roster.find(store, made.NUMBER).name == "陈小芳"
    made.give_roster(store, made.entry(name="新名字"), version=6)
    assert roster.find(store, made.NUMBER).name == "新名字"
    assert len(list(store.folder.glob("roster-*.db"))) == 1  # the old file is gone


@pytest.mark.parametrize(
    "spoil", ["count", "digest", "json", "status", "twice", "person-twice", "date", "template", "removed", "raises"]
)
def test_what_is_not_as_announced_changes_nothing(store, spoil):
    made.give_roster(store, made.entry(), version=1)
    lines, announced = list(LINES), header()
    if spoil == "count":
        lines.pop()
    elif spoil == "digest":
        announced = header(digest="0" * 64)
    elif spoil == "json":
        lines[7] = b'{"person_id": '
    elif spoil == "twice":
        lines[7] = json.dumps({**json.loads(lines[7]), "id_number": PEOPLE[3].id_number}).encode()
    elif spoil == "person-twice":
        lines[7] = json.dumps({**json.loads(lines[7]), "person_id": "p-3"}).encode()
    elif spoil == "raises":

        def torn():
            yield from LINES[:7]
            raise StoreError("the stick was pulled")

        lines = torn()
    else:
        data = json.loads(lines[7])
        data |= {
            "status": {"status": "king"},
            "date": {"born": "1950-02-30"},
            "template": {"template": {"vector": "AAAA"}},
            "removed": {"removed": True},
        }[spoil]
        lines[7] = json.dumps(data).encode()
    with pytest.raises(StoreError) as caught:
        roster.import_snapshot(store, lines, announced, made.NOW)
    assert "测试" not in str(caught.value)  # no person's data in an error
    assert roster.version(store) == 1
    assert roster.find(store, made.NUMBER) is not None
    assert len(list(store.folder.glob("roster-*.db"))) == 1
    roster.import_snapshot(store, LINES, header(), made.NOW)
    assert roster.info(store).people == 20


def test_digest_is_of_the_lines_with_their_line_feeds(store):
    digest = hashlib.sha256(b"".join(line + b"\n" for line in LINES)).hexdigest()
    assert roster.import_snapshot(store, LINES, header(digest=digest), made.NOW).version == 2


def test_delta_changes_adds_and_removes(store):
    roster.import_snapshot(store, LINES, header(), made.NOW)
    changed = replace(PEOPLE[0], status=RosterStatus.SUSPENDED)
    new = made.entry(person_id="new")
    delta = [
        roster_format.to_line(changed),
        roster_format.to_line(new),
        b'{"person_id": "p-5", "removed": true}',
        b'{"person_id": "never-was", "removed": true}',
    ]
    info = roster.apply_delta(store, delta, header(3, 4, base_version=2), made.NOW)
    assert (info.version, info.people) == (3, 20)
    assert roster.find_person(store, "p-0").status is RosterStatus.SUSPENDED
    assert roster.find(store, made.NUMBER).person_id == "new"
    assert roster.find_person(store, "p-5") is None


@pytest.mark.parametrize(
    ("delta", "announced"),
    [
        ([b'{"person_id": "p-1", "removed": true}'], header(3, 2, base_version=2)),  # count
        ([b'{"person_id": "p-1", "removed": true}', b"nonsense"], header(3, 2, base_version=2)),
        ([b'{"person_id": "p-1", "removed": true}'], header(3, 1, base_version=1)),  # another base
        ([b'{"person_id": "p-1", "removed": true}'], header(2, 1, base_version=2)),  # not newer
        ([roster_format.to_line(replace(PEOPLE[4], person_id="thief"))], header(3, 1, base_version=2)),  # somebody's number
    ],
)
def test_a_delta_is_taken_whole_or_not_at_all(store, delta, announced):
    roster.import_snapshot(store, LINES, header(), made.NOW)
    with pytest.raises(roster.RosterRefused):
        roster.apply_delta(store, delta, announced, made.NOW)
    assert roster.version(store) == 2
    assert list(roster.everybody(store)) == sorted(PEOPLE, key=lambda one: one.person_id)


def test_stale(store):
    assert roster.is_stale(store, made.NOW)  # none at all
    made.give_roster(store, made.entry())
    assert not roster.is_stale(store, made.NOW + timedelta(days=35))
    assert roster.is_stale(store, made.NOW + timedelta(days=35, seconds=1))
    assert roster.is_stale(store, made.NOW + timedelta(days=2), days=1)


def test_a_guest_brings_in_and_the_owner_sees_it(store, folder):
    made.give_roster(store, made.entry(), version=1)
    assert roster.version(store) == 1
    with open_store(made.settings(folder), now=made.NOW) as guest:
        made.give_roster(guest, made.entry(name="新名字"), version=2)
    assert roster.find(store, made.NUMBER).name == "新名字"


def test_a_number_of_15_digits_is_found_by_the_card_of_18(store):
    line = json.dumps({**json.loads(roster_format.to_line(made.entry())), "id_number": "440305380102003"}).encode()
    roster.import_snapshot(store, [line], roster.RosterHeader(1, made.NOW, 1), made.NOW)
    for number in ("440305193801020030", "440305380102003", "４４０３０５３８０１０２００３"):
        assert roster.find(store, number).id_number == "440305193801020030"
    (kept,) = store.db.execute("SELECT line FROM roster.lines").fetchone()
    assert kept == line  # as the bureau wrote it


def test_a_roster_built_before_numbers_were_extended_still_finds_the_card(store):
    made.give_roster(store, made.entry("440305193801020030"))
    store.db.execute("UPDATE roster.people SET id_number = '440305380102003'")
    assert roster.find(store, "440305193801020030") is not None
    assert roster.find(store, "440305380102003") is not None
    assert roster.find(store, "440305183801020030") is None  # another century: another person


def test_one_person_under_both_forms_is_refused_with_the_lines(store):
    people = [made.entry("440305193801020030"), made.entry("440305380102003", person_id="p-2")]
    data = [json.loads(roster_format.to_line(one)) for one in people]
    data[1]["id_number"] = "440305380102003"
    lines = [json.dumps(one).encode() for one in data]
    with pytest.raises(roster.RosterRefused, match="lines 1 and 2 of the roster have the same number"):
        roster.import_snapshot(store, lines, roster.RosterHeader(1, made.NOW, 2), made.NOW)
    assert roster.version(store) == 0


def test_a_template_that_goes_leaves_the_line_as_it_was(store):
    line = json.dumps({**json.loads(roster_format.to_line(made.entry())), "name": "刘\ue863"}, ensure_ascii=False).encode()
    roster.import_snapshot(store, [line], roster.RosterHeader(1, made.NOW, 1), made.NOW)
    with store.transaction():
        roster.drop_template(store, "p-1")
    (kept,) = store.db.execute("SELECT line FROM roster.lines").fetchone()
    assert (json.loads(kept)["name"], "template" in json.loads(kept)) == ("刘\ue863", False)
    assert roster.find(store, made.NUMBER).name == "刘䶮"


def test_same_name_is_lenient_on_form_only():
    assert roster.same_name("阿依·古丽", " 阿依•古丽 ")
    assert roster.same_name("ＷＡＮＧ ", "WANG")
    assert not roster.same_name("王芳", "王芬")
    assert not roster.same_name("", "王芬")


def test_names_to_choose_reveal_nothing(store):
    made.give_roster(store, made.entry(), version=1)
    here = roster.names_to_choose(store, made.NUMBER)
    assert len(set(here)) == len(here) == 4
    assert "陈小芳" in here
    assert roster.names_to_choose(store, made.NUMBER) == here
    made.give_roster(store, made.entry(), made.entry("440305195001010011", "李国", "p-2"), version=2)
    assert roster.names_to_choose(store, made.NUMBER) == here  # a new roster changes nothing
    unknown = roster.names_to_choose(store, "440305195603150036")
    assert len(set(unknown)) == 4
    assert len({len(name) for name in unknown}) == 1
    assert roster.names_to_choose(store, "440305195603150036") == unknown


@given(st.text("0123456789", min_size=17, max_size=17), st.sampled_from(["王芳", "陈小芳", "欧阳建国", "买买提江·吐尔逊", None]))
def test_decoys_fit_the_name(digits, name):
    offered = decoys.options(b"k" * 32, digits + "X", name)
    assert len(set(offered)) == 4
    assert name is None or name in offered
    if name is not None and len(name) <= 3:
        assert {len(one) for one in offered} == {len(name)}
    assert decoys.options(b"k" * 32, digits + "X", name) == offered


def test_right_name_stands_anywhere():
    places = {decoys.options(b"k" * 32, f"4403051950010100{n:02d}", "陈小芳").index("陈小芳") for n in range(60)}
    assert places == {0, 1, 2, 3}


dates = st.none() | st.dates()


@given(
    st.builds(
        made.entry,
        name=st.text(min_size=1).filter(tidy_name),
        status=st.sampled_from(RosterStatus),
        born=dates,
        local_resident=st.booleans(),
        home_visit=st.booleans(),
    )
)
def test_a_line_is_the_entry(entry):
    line = roster_format.to_line(entry)
    assert b"\n" not in line
    assert roster_format.of_line(line) == entry
    assert roster_format.check(json.loads(line)) == ""


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["person_id", "name", "id_number", "benefits", "status", "template", "vector"]), inner
            )
        ),
    )
)
def test_what_check_lets_through_can_be_read(data):
    if roster_format.check(data) == "":
        roster_format.of_data(data)
