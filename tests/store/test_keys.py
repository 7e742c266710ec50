"""A wrong key moves nothing, a lost one is not replaced, and what an older version put aside comes back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

import pytest

from kiosk import __main__ as program
from kiosk.store import outbox, records
from kiosk.store.engine import key_check, lock
from kiosk.store.engine.database import connect
from kiosk.store.engine.keys import WrongKey
from kiosk.store.opening import open_store
from tests.store import made


def reopen(folder):
    return open_store(made.settings(folder), now=made.NOW)


def save(store, *visits):
    return [records.save_visit(store, [made.record(visit)], made.NOW)[0] for visit in visits]


def files(folder):
    """Every file with its content; the lock is a process's, not data."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "kiosk.lock"
    }


def key_of(folder):
    return bytes.fromhex((folder / "keys" / "database.key").read_text())


@pytest.fixture
def kept(folder):
    with reopen(folder) as store:
        made.give_roster(store, made.entry())
        return save(store, "v-1", "v-2", "v-3")


@pytest.fixture
def config(folder, tmp_path, monkeypatch):
    path = tmp_path / "kiosk.toml"
    path.write_text(
        f'[station]\nstation_id = "S-1"\n'
        f'[store]\ndirectory = "{folder}"\nkey_file = "{folder}/keys/database.key"\n[sync]\nkey_file = "{folder}/keys/kiosk.json"\n'
    )
    monkeypatch.setenv("KIOSK_CONFIG", str(path))
    return path


@pytest.mark.parametrize("note", ["with the note", "of a version without the note"])
@pytest.mark.parametrize("log", ["closed", "killed with its log open"])
def test_a_wrong_key_moves_nothing_and_the_right_one_finds_everything(folder, tmp_path, note, log):
    store = reopen(folder)
    ids = save(store, "v-1", "v-2", "v-3")
    if log == "closed":
        store.close()
    else:  # as after a kill: the log stays, nobody has the lock
        copy = tmp_path / "killed"
        shutil.copytree(folder, copy)
        store.close()
        shutil.rmtree(folder)
        shutil.copytree(copy, folder)
    if note != "with the note":
        (folder / key_check.NOTE).unlink()
    key_file = folder / "keys" / "database.key"
    right = key_file.read_text()
    key_file.write_text("00" * 32 + "\n")
    before = files(folder)
    for _ in range(2):
        with pytest.raises(WrongKey, match="wrong key"):
            reopen(folder)
    assert files(folder) == before
    key_file.write_text(right)
    with reopen(folder) as store:
        assert store.recovered is None
        assert {one.record.record_id for one in records.of_person(store, "p-1")} == set(ids)


def test_a_guest_with_a_wrong_key_is_refused_too(folder, kept):
    owner = lock.try_lock(folder / "kiosk.lock")
    (folder / "keys" / "database.key").write_text("00" * 32 + "\n")
    before = files(folder)
    with pytest.raises(WrongKey):
        reopen(folder)
    assert files(folder) == before
    owner.close()


@pytest.mark.parametrize(
    "command",
    [
        ["sync", "status"],
        ["sync", "status", "--json"],
        ["sync", "now"],
        ["journal", "verify"],
        ["journal", "show"],
    ],
)
@pytest.mark.parametrize("what", ["wrong", "gone"])
def test_every_command_says_so_and_fails(folder, kept, config, capsys, command, what):
    key_file = folder / "keys" / "database.key"
    if what == "wrong":
        key_file.write_text("11" * 32 + "\n")
    else:
        key_file.unlink()
    before = files(folder)
    assert program.main(command) != 0
    said = capsys.readouterr()
    if command[1] != "now":
        assert ("wrong-key" in said.err, "[wrong-key]" in said.err) == (True, True)
        assert ("wrong key" if what == "wrong" else "no key") in said.err
    assert files(folder) == before


def test_no_key_is_made_beside_a_database_a_journal_or_a_quarantine(folder, kept):
    key_file = folder / "keys" / "database.key"
    key_file.unlink()
    with pytest.raises(WrongKey, match="no key"):
        reopen(folder)
    (folder / "kiosk.db").unlink()
    with pytest.raises(WrongKey, match="no key"):
        reopen(folder)  # the journal is there
    assert not key_file.exists()


@pytest.mark.parametrize("lost", ["database", "database and note", "note, first page garbage"])
def test_a_wrong_key_is_told_where_the_database_is_gone_or_hurt_as_well(folder, kept, lost):
    if "database" in lost:
        for path in folder.glob("kiosk.db*"):
            path.unlink()
    if "note" in lost:
        (folder / key_check.NOTE).unlink()
    if "garbage" in lost:
        data = bytearray((folder / "kiosk.db").read_bytes())
        data[:4096] = os.urandom(4096)
        (folder / "kiosk.db").write_bytes(data)
    right = (folder / "keys" / "database.key").read_text()
    (folder / "keys" / "database.key").write_text("22" * 32 + "\n")
    before = files(folder)
    with pytest.raises(WrongKey):
        reopen(folder)
    assert files(folder) == before
    (folder / "keys" / "database.key").write_text(right)
    with reopen(folder) as store:
        assert store.recovered.records == 3


def put_aside_as_before(folder, key):
    """What version 1.2 did at a start with a wrong key: the database and the journal aside, fresh ones under the wrong key."""
    (folder / "quarantine").mkdir(exist_ok=True)
    (folder / "kiosk.db").rename(folder / "quarantine" / "20261121T020000-000001-kiosk.db")
    for path in (folder / "journal").glob("*.journal"):
        path.rename(path.with_suffix(".abcd1234.damaged"))
    (folder / key_check.NOTE).unlink()
    if key is not None:
        (folder / "keys" / "database.key").write_text(key + "\n")
        spare = folder.parent / "spare"
        (folder / "quarantine").rename(spare)
        with reopen(folder) as store:
            pass
        spare.rename(folder / "quarantine")
        (folder / key_check.NOTE).unlink(missing_ok=True)
        assert store.recovered is None


@pytest.mark.parametrize("present", ["none", "under the wrong key", "fresh under the right key"])
def test_a_database_in_quarantine_that_the_key_opens_is_brought_back(folder, kept, present):
    right = (folder / "keys" / "database.key").read_text().strip()
    put_aside_as_before(folder, {"none": None, "under the wrong key": "33" * 32, "fresh under the right key": right}[present])
    (folder / "keys" / "database.key").write_text(right + "\n")
    with reopen(folder) as store:
        assert {one.record.record_id for one in records.of_person(store, "p-1")} == set(kept)
        assert "store-brought-back" in {json.loads(one.body)["kind"] for one in journal_entries(store)}
    with reopen(folder) as store:
        assert store.recovered is None
        assert outbox.counts(store.db)["waiting"] == 3
        save(store, "v-4")


def journal_entries(store):
    from kiosk.store.engine import journal

    return journal.entries_since(store, 0, 1000)


def test_what_a_database_in_use_lacks_is_copied_out_of_the_quarantine_once(folder, kept):
    put_aside_as_before(folder, (folder / "keys" / "database.key").read_text().strip())
    quarantine = folder / "quarantine"
    quarantine.rename(folder.parent / "later")
    with reopen(folder) as store:
        new = save(store, "v-new")
    shutil.rmtree(quarantine, ignore_errors=True)
    (folder.parent / "later").rename(quarantine)
    for _ in range(2):
        with reopen(folder) as store:
            assert {one.record.record_id for one in records.of_person(store, "p-1")} == {*kept, *new}
            assert outbox.counts(store.db)["waiting"] == 4
    with reopen(folder) as store:
        told = [json.loads(one.body)["data"] for one in journal_entries(store) if one.kind == "store-brought-back"]
    assert [(one["records"], one["whole"]) for one in told] == [(3, False)]


def test_a_damaged_database_in_quarantine_is_left_there(folder, kept):
    data = bytearray((folder / "kiosk.db").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "kiosk.db").write_bytes(data)
    with reopen(folder) as store:
        assert (store.recovered.why, store.recovered.records) == ("damaged", 3)
    with reopen(folder) as store:
        assert outbox.counts(store.db)["waiting"] == 3
        assert not [one for one in journal_entries(store) if one.kind == "store-brought-back"]


def test_the_note_opens_nothing_and_is_private(folder, kept):
    noted = (folder / key_check.NOTE).read_text().strip()
    assert noted != key_of(folder).hex()
    assert not key_check.opens(folder / "kiosk.db", bytes.fromhex(noted))
    assert key_check.opens(folder / "kiosk.db", key_of(folder))
    assert oct((folder / key_check.NOTE).stat().st_mode)[-3:] == "600"
    db = connect(folder / "kiosk.db", key_of(folder))
    db.conn.close()
