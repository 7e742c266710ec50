"""The chain: every kind of tampering is located."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest

from kiosk.canonical import canonical
from kiosk.commands import journal as command
from kiosk.store import records
from kiosk.store.engine import journal
from kiosk.store.opening import open_store
from tests.store import made


@pytest.fixture
def filled(store):
    for n in range(10):
        journal.note(store, "thing", {"n": n}, made.NOW + timedelta(seconds=n))
    return store


def test_a_whole_chain_holds(filled):
    verdict = journal.verify(filled)
    assert (verdict.ok, verdict.entries, verdict.first_seq, verdict.last_seq, verdict.unsigned) == (True, 10, 1, 10, 0)


@pytest.mark.parametrize(
    ("statement", "bad", "why"),
    [
        ("UPDATE journal SET body = replace(body, '\"n\":4', '\"n\":5') WHERE seq = 5", 5, "body altered"),
        ("UPDATE journal SET signature = '00' WHERE seq = 5", 5, "signature wrong"),
        ("UPDATE journal SET kind = 'other' WHERE seq = 5", 5, "out of place"),
        ("DELETE FROM journal WHERE seq = 5", 5, "missing"),
        ("DELETE FROM journal WHERE seq >= 9", 9, "missing"),  # cut off at the end: the mirror has them
        ("DELETE FROM journal", 1, "missing"),
    ],
)
def test_tampering_is_located(filled, statement, bad, why):
    filled.db.execute(statement)
    verdict = journal.verify(filled)
    assert (verdict.ok, verdict.bad_seq, verdict.why) == (False, bad, why)


def test_a_guest_sees_a_cut_too(filled):
    filled.db.execute("DELETE FROM journal WHERE seq >= 9")
    with open_store(made.settings(filled.folder), now=made.NOW) as guest:
        assert not guest.is_owner
        assert journal.verify(guest).bad_seq == 9


def test_a_forged_entry_with_a_right_digest_breaks_the_signature(filled):
    body = json.loads(filled.db.execute("SELECT body FROM journal WHERE seq = 5").fetchone()[0])
    text = canonical({**body, "data": {"n": 99}}).decode()
    digest = hashlib.sha256(text.encode()).hexdigest()
    filled.db.execute("UPDATE journal SET body = ?, digest = ? WHERE seq = 5", (text, digest))
    assert journal.verify(filled).why == "signature wrong"


def test_whoever_has_the_key_still_breaks_the_chain(filled):
    body = json.loads(filled.db.execute("SELECT body FROM journal WHERE seq = 5").fetchone()[0])
    text = canonical({**body, "data": {"n": 99}}).decode()
    digest = hashlib.sha256(text.encode()).hexdigest()
    filled.db.execute(
        "UPDATE journal SET body = ?, digest = ?, signature = ? WHERE seq = 5", (text, digest, filled.signer.sign(digest.encode()))
    )
    verdict = journal.verify(filled)
    assert (verdict.bad_seq, verdict.why) == (6, "chain broken")


def test_two_entries_cannot_change_places(filled):
    filled.db.execute("UPDATE journal SET seq = 100 WHERE seq = 4")
    filled.db.execute("UPDATE journal SET seq = 4 WHERE seq = 5")
    filled.db.execute("UPDATE journal SET seq = 5 WHERE seq = 100")
    assert journal.verify(filled).bad_seq == 4


def test_keys_of_the_kiosk(folder):
    class Signer:
        key_id, public = "ed25519:test", ""

        def sign(self, data):
            return "signed:" + data.decode()

    def check(key_id, data, signature):
        return signature == "signed:" + data.decode() if key_id == "ed25519:test" else None

    with open_store(made.settings(folder), now=made.NOW) as store:
        journal.note(store, "before-provisioning", {}, made.NOW)
    with open_store(made.settings(folder), signer=Signer(), now=made.NOW) as store:
        journal.note(store, "after", {}, made.NOW)
        assert journal.verify(store).unsigned == 1  # a key nobody gave cannot be checked, and is counted
        assert journal.verify(store, check) == journal.Verdict(2, 1, 2)
        store.db.execute("UPDATE journal SET signature = 'signed:x' WHERE seq = 2")
        assert journal.verify(store, check).bad_seq == 2


def test_entries_travel_and_carry_their_chain(filled):
    first = journal.entries_since(filled, 0, 4)
    rest = journal.entries_since(filled, first[-1].seq)
    lines = first + rest
    assert [line.seq for line in lines] == list(range(1, 11))
    for before, line in zip(lines, lines[1:], strict=False):
        assert json.loads(line.body)["previous"] == before.digest
        assert hashlib.sha256(line.body.encode()).hexdigest() == line.digest
        assert len(line.body) <= journal.MAX_BODY


def test_it_is_written_in_the_transaction_it_tells_of(store):
    with pytest.raises(ValueError, match="transaction"):
        journal.append(store, "x", {}, made.NOW)
    with pytest.raises(ValueError, match="characters"):
        journal.note(store, "x", {"much": "x" * 2000}, made.NOW)

    def undone():
        with store.transaction():
            journal.append(store, "x", {}, made.NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert journal.entries_since(store, 0) == []


def test_no_name_and_no_number_in_the_chain(store):
    made.give_roster(store, made.entry())
    records.save_visit(store, [made.record(helper_name="标记名", helper_id_number="MARK-NUMBER", notes="标记备注")], made.NOW)
    text = "".join(entry.body for entry in journal.entries_since(store, 0))
    for mark in ("标记名", "MARK-NUMBER", "标记备注", "陈小芳", made.NUMBER):
        assert mark not in text


def test_command(filled, monkeypatch, tmp_path, capsys):
    folder = filled.folder
    filled.db.execute("UPDATE journal SET kind = 'other' WHERE seq = 7")
    filled.close()
    config = tmp_path / "kiosk.toml"
    config.write_text(
        f'[station]\nstation_id = "S-1"\n'
        f'[store]\ndirectory = "{folder}"\nkey_file = "{folder}/keys/database.key"\n[sync]\nkey_file = "{folder}/keys/kiosk.json"\n'
    )
    monkeypatch.setenv("KIOSK_CONFIG", str(config))
    assert command.main(["verify"]) == 1
    assert "entry 7" in capsys.readouterr().out
    assert command.main(["show", "--last", "3"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
