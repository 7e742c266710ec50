"""Rosters and rules that somebody would like to be others: old ones again, forged, broken. Nothing changes, and it is told."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime

import pytest

from kiosk.errors import ConfigError
from kiosk.store import policies, service
from kiosk.store.engine import journal
from kiosk.store.opening import open_store
from kiosk.store.roster import lookup as roster
from kiosk.sync import client, protocol, roster_feed, seal
from kiosk.sync.client import Failure
from kiosk.sync.roster_feed import Feed
from tests.store import made

RULE = 'id = "deferred-month"\nkind = "half-yearly"\neffective_from = 2020-01-01\n'


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "var"


# --- rosters


@pytest.mark.parametrize("lost", ["database", "roster", "both"])
def test_an_old_roster_does_not_come_in_over_a_loss(folder, lost):
    """Whoever deletes files gets no older list in: the journal remembers the version."""
    with open_store(made.settings(folder), now=made.NOW) as store:
        made.give_roster(store, made.entry(), version=3)
        shutil.copytree(folder, folder.parent / "old")
        made.give_roster(store, made.entry(name="新名字"), version=7)
    for path in folder.glob("*.db*"):
        if lost == "both" or path.name.startswith("roster") == (lost == "roster"):
            path.unlink()
    with open_store(made.settings(folder), now=made.NOW) as store:
        with pytest.raises(roster.RosterRefused, match="not newer"):
            made.give_roster(store, made.entry(), version=3)
        found = roster.find(store, made.NUMBER)
        assert found is None or found.name == "新名字"
        made.give_roster(store, made.entry(name="新名字"), version=8)


def test_an_old_roster_file_in_the_new_ones_place_is_noticed(folder):
    """The files of last month copied over those of this month (encrypted with the same key): not taken for the roster in use."""
    with open_store(made.settings(folder), now=made.NOW) as store:
        made.give_roster(store, made.entry(name="旧名字"), version=3)
        store.db.execute("PRAGMA roster.wal_checkpoint(TRUNCATE)").fetchall()
        (old,) = folder.glob("roster-*.db")
        shutil.copy(old, folder.parent / "old.db")
        made.give_roster(store, made.entry(name="新名字"), version=7)
        store.db.execute("PRAGMA roster.wal_checkpoint(TRUNCATE)").fetchall()
    (new,) = folder.glob("roster-*.db")
    for rest in folder.glob(f"{new.name}-*"):
        rest.unlink()
    shutil.copy(folder.parent / "old.db", new)
    with open_store(made.settings(folder), now=made.NOW) as store:
        assert roster.version(store) != 7, "it does not pass for the new one"
        with pytest.raises(roster.RosterRefused, match="not newer"):
            made.give_roster(store, made.entry(), version=6)


# --- rules


@pytest.fixture
def store(folder):
    with open_store(made.settings(folder), now=made.NOW) as opened:
        made.give_roster(opened, made.entry())
        yield opened


def due(store):
    return service.look_up(store, made.PERSON, made.TODAY, now=made.NOW, monotonic_s=0).eligibilities[0].due


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id = 1",
        RULE.replace("half-yearly", "king"),
        "\x00",
        "[" * 5000,
        RULE + "surprise = 1\n",
        RULE + "effective_from = 1-1-1\n",
    ],
)
def test_rules_that_are_none_change_nothing(store, text):
    before = due(store)
    with pytest.raises(ConfigError):
        policies.take_bundle(store, {"good.toml": RULE.replace("deferred-month", "other"), "bad.toml": text}, 5, made.NOW)
    assert due(store) == before
    assert policies.take_bundle(store, {"good.toml": RULE}, 5, made.NOW), "its version was not used up"


def test_old_rules_do_not_come_back_and_every_change_is_journaled(store):
    before = due(store)
    assert policies.take_bundle(store, {"a.toml": RULE}, 4, made.NOW)
    changed = due(store)
    assert changed != before
    for version in (4, 3, 0):
        assert not policies.take_bundle(store, {}, version, made.NOW)
    assert due(store) == changed
    kinds = [entry.kind for entry in journal.entries_since(store, 0)]
    assert kinds.count("policies-changed") == 1


def bundle(kiosk, **changes):
    pins = kiosk.identity.pins
    values = {
        "bureau_id": pins.bureau_id,
        "kiosk_id": pins.kiosk_id,
        "version": 9000,
        "created_at": datetime.now(UTC),
        "policies": {"deferred-month": RULE},
        **changes,
    }
    return protocol.Bundle(**values)


def test_a_bundle_that_the_bureau_did_not_sign_is_refused(kiosk):
    """Rules, staff and PINs in it: signed by a stranger, by this kiosk itself, and for another kiosk."""
    stranger, _ = seal.new_keys()
    pins, recipient = kiosk.identity.pins, seal.recipient_key(kiosk.identity.keys.public)
    own, other = kiosk.identity.keys.sign, {"bureau_id": "bureau-other"}
    for key, signer, changes in (
        (stranger, pins.bureau_id, {}),
        (own, pins.kiosk_id, {}),
        (own, pins.bureau_id, {}),
        (stranger, "bureau-other", other),
    ):
        body = seal.encrypt(seal.sign(bundle(kiosk, **changes), key, signer), recipient, pins.kiosk_id)
        with pytest.raises(Failure) as refused:
            client.open_sealed(kiosk.identity, body, protocol.Bundle)
        assert refused.value.why in ("bad-signature", "wrong-signer")
    assert policies.book(kiosk.store) is not None


def test_a_bad_rule_in_a_signed_bundle_leaves_that_rule_as_it_was_and_is_told(kiosk):
    before = [policy for policy in policies.book(kiosk.store).all() if policy.policy_id == "deferred-month"]
    staff = ({"staff_id": "X1", "name": "某", "role": "supervisor", "pin_hash": "$argon2id$x"},)
    sent = bundle(kiosk, policies={"deferred-month": "nonsense"}, staff=staff)
    assert roster_feed.take_bundle(kiosk.store, protocol.RawBundle.model_validate(sent.model_dump()), datetime.now(UTC))
    assert [policy for policy in policies.book(kiosk.store).all() if policy.policy_id == "deferred-month"] == before
    assert kiosk.store.db.execute("SELECT count(*) FROM staff WHERE staff_id = 'X1'").fetchone() == (1,)
    (told,) = roster_feed.refused_parts(kiosk.store)
    assert told.startswith("policies/deferred-month: ")
    assert Feed(kiosk.settings.sync, kiosk.client, kiosk.run).pull(threading.Event()) is not None, "the feed goes on"
