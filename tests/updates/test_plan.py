"""Which version, when, and when a rollout stops: the decisions, and what a list of files may say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.updates import plan
from kiosk.updates.manifest import Entry, Manifest, ManifestError, of_folder, parse, version_key
from kiosk.updates.plan import Health, Moment, Offer
from tests.updates import made

A = "SZ-A"


def test_a_packages_own_list_is_no_file_of_the_version(tmp_path):
    """A release is made of what a package laid out: that list would differ from the one that is signed, and nothing would pass."""
    tree = made.version_tree(tmp_path, "0.2.0", 2)
    before = of_folder(tree, "0.2.0")
    (tree / "files.json").write_bytes(before.to_bytes())
    (tree / "files.sm3.json").write_bytes(b"{}")
    assert of_folder(tree, "0.2.0") == before


def test_the_newest_that_is_open_is_taken_and_never_an_older_one():
    offers = [Offer("0.2.0", 100), Offer("0.10.0", 100), Offer("0.9.0", 100)]
    assert plan.choose("0.9.0", offers, A, {}) == "0.10.0"
    assert plan.choose("0.10.0", offers, A, {}) is None
    assert plan.choose("0.11.0", offers, A, {}) is None


def test_a_ring_opens_to_the_named_and_to_its_share():
    offers = [Offer("0.2.0", 0, frozenset({A}))]
    assert plan.choose("0.1.0", offers, A, {}) == "0.2.0"
    assert plan.choose("0.1.0", offers, "SZ-B", {}) is None


def test_rings_hold_about_their_share_each_within_the_next_and_others_each_time():
    stations = [f"SZ-{number}" for number in range(2000)]
    ten = {name for name in stations if plan.in_ring(name, "0.2.0", 10)}
    half = {name for name in stations if plan.in_ring(name, "0.2.0", 50)}
    assert 140 < len(ten) < 260
    assert 900 < len(half) < 1100
    assert ten < half
    assert ten != {name for name in stations if plan.in_ring(name, "0.3.0", 10)}
    assert all(plan.in_ring(name, "0.2.0", 100) for name in stations)
    assert not any(plan.in_ring(name, "0.2.0", 0) for name in stations)


def test_two_failures_are_enough():
    offers = [Offer("0.2.0", 100), Offer("0.3.0", 100)]
    assert plan.choose("0.1.0", offers, A, {"0.3.0": 1}) == "0.3.0"
    assert plan.choose("0.1.0", offers, A, {"0.3.0": 2}) == "0.2.0"
    assert plan.choose("0.2.0", offers, A, {"0.3.0": 2}) is None


def test_a_withdrawn_version_is_left_for_the_newest_that_is_not():
    offers = [Offer("0.2.0", 100), Offer("0.3.0", 100, withdrawn=True)]
    assert plan.choose("0.3.0", offers, A, {}) == "0.2.0"
    assert plan.choose("0.1.0", offers, A, {}) == "0.2.0"
    assert plan.choose("0.3.0", [offers[1]], A, {}) is None, "nothing else is open: it stays"


@pytest.mark.parametrize(
    ("moment", "hours", "answer"),
    [
        (Moment(1, False, False), (1, 5), True),
        (Moment(5, False, False), (1, 5), False),
        (Moment(0, False, False), (1, 5), False),
        (Moment(23, False, False), (22, 5), True),
        (Moment(4, False, False), (22, 5), True),
        (Moment(5, False, False), (22, 5), False),
        (Moment(2, True, False), (1, 5), False),
        (Moment(2, False, True), (1, 5), False),
    ],
)
def test_the_hours(moment, hours, answer):
    assert plan.may_switch(moment, *hours) is answer


def test_a_device_that_was_gone_before_is_not_held_against_the_new_version():
    assert plan.as_well_as(Health(True, False, True), Health(True, False, True))
    assert not plan.as_well_as(Health(True, True, True), Health(True, False, True))
    assert not plan.as_well_as(Health(True, True, True), Health(True, True, False))
    assert not plan.as_well_as(Health(True, False, False), Health(False, False, False))


@pytest.mark.parametrize(
    ("old", "new", "stops"),
    [
        ((0, 800), (1, 3), False),
        ((0, 800), (2, 8), True),
        ((8, 800), (2, 200), False),
        ((8, 800), (12, 200), True),
        ((0, 0), (0, 0), False),
    ],
)
def test_a_rollout_stops_when_the_new_version_is_worse_beyond_chance(old, new, stops):
    assert plan.should_stop(*old, *new) is stops


# ---- lists of files


def listed(*files, version="0.2.0") -> bytes:
    return json.dumps({"version": version, "files": list(files)}).encode()


GOOD = ["a", "0" * 64, 3, 0]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (listed(GOOD, version="0.3.0"), "another version"),
        (listed(["../a", "0" * 64, 3, 0]), "leads elsewhere"),
        (listed(["/a", "0" * 64, 3, 0]), "leads elsewhere"),
        (listed(["a/./b", "0" * 64, 3, 0]), "leads elsewhere"),
        (listed(["a\\b", "0" * 64, 3, 0]), "leads elsewhere"),
        (listed(["C:a", "0" * 64, 3, 0]), "leads elsewhere"),
        (listed(["a", "../../etc/passwd"]), "link that leads elsewhere"),
        (listed(["a", "/etc/passwd"]), "link that leads elsewhere"),
        (listed(["a", "0" * 63, 3, 0]), "no digest"),
        (listed(["a", "0" * 64, -1, 0]), "no size"),
        (listed(["a", "0" * 64, True, 0]), "no size"),
        (listed(["a", "0" * 64, 10**12, 0]), "no size"),
        (listed(GOOD, GOOD), "twice"),
        (listed(["b", "0" * 64, 3, 0], GOOD), "not in order"),
        (listed(GOOD, ["a/b", "0" * 64, 3, 0]), "folder too"),
        (listed(*([f"f{n}", "0" * 64, 500_000_000, 0] for n in range(5))), "too large"),
        (listed(), "too many"),
        (b"[" * 100_000, "not whole"),
        (b"null", "not whole"),
        (listed(["a"]), "not whole"),
    ],
)
def test_a_list_that_leads_out_of_its_folder_or_is_not_whole_is_refused(content, why):
    with pytest.raises(ManifestError, match=why):
        parse(content, "0.2.0")


def test_a_folder_gives_a_list_that_reads_back_the_same(tmp_path):
    manifest = of_folder(made.version_tree(tmp_path, "0.2.0"), "0.2.0")
    assert parse(manifest.to_bytes(), "0.2.0") == manifest
    assert {entry.path for entry in manifest.entries if entry.program} == {"run"}
    assert [entry.link for entry in manifest.entries if entry.link] == ["run"]


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), unique=True, min_size=1, max_size=6))
def test_whatever_names_files_have_a_list_is_taken_or_refused_and_never_leads_out(names):
    entries = tuple(Entry(name, "0" * 64, 1) for name in sorted(names))
    try:
        manifest = parse(Manifest("0.2.0", entries).to_bytes(), "0.2.0")
    except ManifestError:
        return
    for entry in manifest.entries:
        assert not entry.path.startswith("/")
        assert ".." not in entry.path.split("/")


@pytest.mark.parametrize("version", ["", "1", "v1.0", "1.0-rc1", "1.0.0.0.0", "../1.0", "1.0\n", "12345.0"])
def test_what_is_no_version(version):
    with pytest.raises(ManifestError, match="no version"):
        version_key(version)
