"""The bureau's keys change: kiosks follow over the network and by stick, nothing is lost, and nobody else changes them."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import pytest

from kiosk.bureau import removable_media as bureau_stick
from kiosk.bureau import rings
from kiosk.bureau.context import BureauSettings, open_context, prepare
from kiosk.bureau.process import BureauProcess
from kiosk.bureau.rings import key_path
from kiosk.commands import bureau as command
from kiosk.errors import ConfigError
from kiosk.store import outbox
from kiosk.store.engine import journal
from kiosk.sync import courier, protocol, seal, succession, suites
from kiosk.sync.client import Failure
from kiosk.sync.keys import Keys, load_pins
from kiosk.sync.provision import provision
from tests.sync.made import Kiosk, bureau_record, make_kiosk, record, settings

BOTH_SUITES = True
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """One bureau of both suites for all tests here: its keys change again and again."""
    with BureauProcess(data=tmp_path_factory.mktemp("town")) as process:
        yield process


def step(town, suite, *given):
    return command.main(["keys", *given, "--data", str(town.data), "--suite", suite.name])


def context_of(town):
    return open_context(BureauSettings(data=str(town.data)))


def in_force(town, suite):
    return rings.bureau_id(rings.pair_of(key_path(town.data, suite.name), suite.name))


def beliefs(kiosk):
    pins = load_pins(kiosk.settings.sync)
    return pins.bureau_id, pins.following and pins.following.bureau_id, pins.before and pins.before.bureau_id


def test_a_kiosk_follows_over_the_network(town, suite, tmp_path, capsys):
    kiosk = make_kiosk(town, tmp_path / "kiosk", suite=suite.name)
    late = make_kiosk(town, tmp_path / "late", suite=suite.name)
    code = town.enrolment_code("SZ-TEST-0001", suite.name)
    old = in_force(town, suite)
    with pytest.raises(ConfigError, match="nothing is announced"):
        step(town, suite, "switch")
    assert step(town, suite, "announce") == 0
    new = rings.bureau_id(rings.pair_of(key_path(town.data, suite.name, "next"), suite.name))
    with pytest.raises(ConfigError, match="announced already"):
        step(town, suite, "announce")
    with pytest.raises(ConfigError, match="none of 2 kiosks has heard"):
        step(town, suite, "switch")
    # Told by a bundle that the keys in force have signed; nothing else changes yet.
    kiosk.save(record(1))
    assert kiosk.round().failure is None
    kiosk.feed()
    assert beliefs(kiosk) == (old, new, None)
    kiosk.save(record(2))
    assert kiosk.round().failure is None
    assert beliefs(kiosk) == (old, new, None)
    assert step(town, suite, "switch") == 0
    # In force as soon as the bureau signs with them; who did not hear goes on with the old ones, and hears.
    saved = kiosk.save(record(3))
    assert kiosk.round().failure is None
    assert beliefs(kiosk) == (new, None, old)
    assert bureau_record(town, saved[0])["verdict"] == "accepted"
    late.save(record(4))
    assert late.round().failure is None
    assert beliefs(late) == (old, None, None)
    with pytest.raises(ConfigError, match="1 kiosks do not believe"):
        step(town, suite, "retire")
    late.feed()
    late.save(record(5))
    assert late.round().failure is None
    assert beliefs(late) == (new, None, old)
    # A code that was made before is good after it.
    chosen = settings(tmp_path / "third", town.url)
    assert provision(chosen, town.url, code).pins.bureau_id == old
    third = Kiosk(chosen, provision(chosen, town.url, code), late.store, late.client, [])
    town.revoke(third.identity.pins.kiosk_id)
    assert step(town, suite, "retire") == 0
    assert not key_path(town.data, suite.name, "old").exists()
    for one in (kiosk, late):
        one.feed()
        assert beliefs(one) == (new, None, None)
        one.save(record(6))
        assert one.round().failure is None
        assert one.counts() == {"received": sum(one.counts().values())}
    lines = [json.loads(one.body)["data"] for one in journal.entries_since(kiosk.store, 0, 500) if one.kind == "bureau-keys"]
    assert {(one["in_force"], one.get("following", ""), one["before"]) for one in lines} == {
        (old, new, ""),
        (new, "", old),
        (new, "", ""),
    }
    step(town, suite, "show")
    told = capsys.readouterr().out
    assert f"{suite.name} in force: {new}, file; newest known to 2 kiosks" in told
    for one in (kiosk, late):
        town.revoke(one.identity.pins.kiosk_id)
        one.close()


def test_a_kiosk_follows_by_stick(town, suite, tmp_path):
    kiosk, stick = make_kiosk(town, tmp_path / "kiosk", suite=suite.name), tmp_path / "stick"
    stick.mkdir()
    old = in_force(town, suite)
    step(town, suite, "announce")

    def carried(*made):
        kiosk.save(*made)
        courier.export(kiosk.run, succession.refreshed(kiosk.identity), stick, journal_tail=None)
        context = context_of(town)
        told = {outcome for _, outcome in bureau_stick.serve(context, stick)}
        taken = courier.import_from(kiosk.run, succession.refreshed(kiosk.identity), stick)
        assert "refused" not in {one.outcome for one in taken}
        return told

    assert carried(record(1)) == {"taken", "new"}
    new = beliefs(kiosk)[1]
    assert beliefs(kiosk) == (old, new, None)
    # Sealed to the old keys, and opened after the change: its receipt comes by the new ones, which were told of.
    kiosk.save(record(2))
    courier.export(kiosk.run, succession.refreshed(kiosk.identity), stick)
    step(town, suite, "switch", "--yes")  # nobody at the bureau has seen yet that this kiosk knows
    bureau_stick.serve(context_of(town), stick)
    assert "refused" not in {one.outcome for one in courier.import_from(kiosk.run, succession.refreshed(kiosk.identity), stick)}
    assert beliefs(kiosk) == (new, None, old)
    assert kiosk.counts() == {"received": 2}
    # What is on the stick when the old keys go is made anew.
    kiosk.save(record(3))
    courier.export(kiosk.run, kiosk.identity, stick)  # by who has not looked again: sealed to the old ones
    step(town, suite, "retire", "--yes")
    assert carried() == {"not-for-us", "new"}
    assert beliefs(kiosk) == (new, None, None)
    assert carried() == {"taken"}
    assert kiosk.counts() == {"received": 3}
    town.revoke(kiosk.identity.pins.kiosk_id)
    kiosk.close()


def test_lost_keys_that_had_announced_their_followers(town, suite, tmp_path):
    """Nobody is visited: who heard of the next keys goes on with them, the others need a code and keep what they have."""
    kiosk = make_kiosk(town, tmp_path / "kiosk", suite=suite.name)
    late = make_kiosk(town, tmp_path / "late", suite=suite.name)
    step(town, suite, "announce")
    kiosk.feed()
    with pytest.raises(ConfigError, match="is there; if it cannot be used"):
        step(town, suite, "lost")
    key_path(town.data, suite.name).unlink()
    for one in (kiosk, late):
        one.save(record(1))
    with pytest.raises(ConfigError, match="kiosks believe those keys alone"):
        prepare(BureauSettings(data=str(town.data)))
    assert step(town, suite, "lost") == 0
    assert kiosk.round().failure is None
    assert beliefs(kiosk)[0] == in_force(town, suite)
    assert kiosk.counts() == {"received": 1}
    assert late.round().failure.why in ("wrong-signer", "bad-signature")
    assert late.counts() == {"waiting": 1}
    again = provision(late.settings, town.url, town.enrolment_code(late.settings.station.station_id, suite.name))
    assert again.pins.kiosk_id == late.identity.pins.kiosk_id
    assert late.round().failure is None
    assert late.counts() == {"received": 1}
    for one in (kiosk, late):
        town.revoke(one.identity.pins.kiosk_id)
        one.close()


# --- nobody else changes them


@pytest.fixture
def pinned(suite, tmp_path):
    """An identity alone, with the bureau's keys, and those that follow."""
    from kiosk.sync.keys import Identity, Pins

    ours, bureau, following = (Keys(*seal.new_keys(suite)) for _ in range(3))
    pins = Pins(suite=suite.name, kiosk_id="kiosk-a", station_id="S", bureau_id=rings.bureau_id(bureau), bureau=bureau.public)
    path = tmp_path / "kiosk.pins.json"
    path.write_text(pins.model_dump_json())
    return Identity(ours, pins, path), bureau, following


def announced(identity, keys, *, signer=None, successor="", bureau_id=""):
    told = protocol.Succession(
        bureau_id=bureau_id or identity.pins.bureau_id, successor_id=successor or rings.bureau_id(keys), keys=keys.public, at=NOW
    )
    return seal.sign(told, (signer or keys).sign, told.successor_id)


def bundle(identity, text="", beside=(), bureau_id=""):
    two = {"bureau_id": bureau_id or identity.pins.bureau_id, "kiosk_id": "kiosk-a"}
    return protocol.RawBundle(version=1, created_at=NOW, succession=text, beside=beside, **two)


def test_an_announcement_is_no_good_unless_the_new_keys_signed_it_for_these(pinned, suite):
    identity, bureau, following = pinned
    other = suites.GM_1 if suite is suites.STD_1 else suites.STD_1
    stranger, crossed = Keys(*seal.new_keys(suite)), Keys(*seal.new_keys(other))
    for text, why in (
        (announced(identity, following, signer=stranger), "bad-signature"),
        (announced(identity, crossed), "other-suite"),
        (announced(identity, following, successor="bureau-OTHER"), "malformed"),
        (announced(identity, following, bureau_id="bureau-OTHER"), "wrong-signer"),
        (announced(identity, bureau), "wrong-signer"),
        ("a.b.c", "malformed"),
        ("x" * 5000, "malformed"),
        (7, "malformed"),
        (seal.sign(protocol.TimeAnswer(bureau_id="b", nonce="n", now=NOW), following.sign, "b"), "malformed"),
    ):
        with pytest.raises(seal.Refused) as refused:
            succession.take(identity, bundle(identity, text))
        assert refused.value.why == why, text
    assert succession.refreshed(identity).pins == identity.pins
    good = succession.take(identity, bundle(identity, announced(identity, following)))
    assert good.pins.believes == rings.bureau_id(following)
    assert succession.take(good, bundle(good)).pins == identity.pins, "taken back by the next bundle"


def test_replaced_keys_sign_only_what_was_under_way(pinned):
    from kiosk.sync import client

    identity, bureau, following = pinned
    identity = succession.take(identity, bundle(identity, announced(identity, following)))
    moved = succession.signed_by(identity, rings.bureau_id(following))
    assert moved.pins.before.bureau_id == rings.bureau_id(bureau)
    two = {"bureau_id": rings.bureau_id(bureau), "kiosk_id": "kiosk-a"}

    def by_the_old(document):
        return client.verified(moved, seal.sign(document, bureau.sign, rings.bureau_id(bureau)).encode(), type(document))[0]

    assert by_the_old(protocol.Decisions(after=0, decisions=(), **two)).after == 0
    for document in (
        protocol.Standing(at=NOW, state="twin", **two),
        protocol.Bundle(version=1, created_at=NOW, **two),
        protocol.Problem(about="0" * 64, reason="revoked", at=NOW, **two),
    ):
        with pytest.raises(Failure, match="stale"):
            by_the_old(document)
    # A bundle of the old keys announces nothing any more, and one of the new ones lets them go.
    assert succession.take(moved, bundle(moved, "x", bureau_id=rings.bureau_id(bureau))).pins == moved.pins
    assert succession.take(moved, bundle(moved, beside=(rings.bureau_id(bureau),))).pins == moved.pins
    assert succession.take(moved, bundle(moved)).pins.before is None


def test_an_announcement_that_is_no_good_leaves_the_rest_of_its_bundle(town, suite, tmp_path):
    from kiosk.sync import roster_feed

    kiosk = make_kiosk(town, tmp_path / "kiosk", suite=suite.name)
    made = bundle(kiosk.identity, "a.b.c").model_copy(update={"version": 2**40, "revoked_staff": ("1001",)})
    roster_feed.take_announcement(kiosk.run, kiosk.identity, made, NOW)
    roster_feed.take_bundle(kiosk.store, made, NOW)
    roster_feed.take_announcement(kiosk.run, kiosk.identity, made, NOW)
    lines = [
        json.loads(one.body)["data"] for one in journal.entries_since(kiosk.store, 0, 500) if one.kind == "bureau-keys-refused"
    ]
    assert lines == [{"version": 2**40, "why": "malformed"}], "told once"
    assert outbox.get(kiosk.store.db, "bundle_version") == str(2**40)
    town.revoke(kiosk.identity.pins.kiosk_id)
    kiosk.close()
    shutil.rmtree(tmp_path / "kiosk")
