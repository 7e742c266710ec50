"""Opening, keys, durability settings, damage and recovery."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading

import pytest

from kiosk.domain.record import RecordStatus
from kiosk.errors import StoreError
from kiosk.store import outbox, records, service
from kiosk.store.engine import journal
from kiosk.store.engine.database import StoreCorrupt
from kiosk.store.engine.journal_file import JournalFile, frame_text
from kiosk.store.engine.keys import derive
from kiosk.store.opening import open_store
from kiosk.store.roster import lookup as roster
from tests.store import made


def reopen(folder, **options):
    return open_store(made.settings(folder), now=made.NOW, **options)


def saved(store, *some):
    return records.save_visit(store, list(some), made.NOW)


def test_files_are_encrypted_and_private(store, folder):
    made.give_roster(store, made.entry())
    saved(store, made.record(notes="marker-note"))
    store.close()
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        data = path.read_bytes()
        assert not data.startswith(b"SQLite format 3"), path.name
        for secret in ("陈小芳".encode(), b"marker-note", made.NUMBER.encode(), made.vector()[:64]):
            assert secret not in data, path.name
        if os.name == "posix":
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_durable_and_clean_settings(store):
    made.give_roster(store, made.entry())
    roster.version(store)
    ask = lambda pragma: store.db.execute(f"PRAGMA {pragma}").fetchone()[0]  # noqa: E731
    assert (ask("journal_mode"), ask("synchronous"), ask("foreign_keys"), ask("secure_delete")) == ("wal", 2, 1, 1)
    assert (ask("roster.journal_mode"), ask("roster.synchronous"), ask("roster.secure_delete")) == ("wal", 2, 1)


def test_key_from_a_command(folder):
    def with_command(text):
        code = f"import sys; sys.stdout.write({text!r})"
        return made.settings(
            folder,
            store={"directory": str(folder), "key_command": f'{sys.executable} -c "{code}"', "key_file": str(folder / "never")},
        )

    with open_store(with_command("ab" * 32)) as opened:
        assert opened.key == b"\xab" * 32
    assert not (folder / "never").exists()
    for wrong in ("", "ab" * 31, "zz" * 32):
        with pytest.raises(StoreError, match="64 hexadecimal digits"):
            open_store(with_command(wrong))
    with pytest.raises(StoreError, match="key_command failed") as caught:
        open_store(made.settings(folder, store={"directory": str(folder), "key_command": "/nonexistent/tool"}))
    assert "nonexistent" not in str(caught.value)


def test_a_connection_belongs_to_its_thread(store):
    failures = []

    def elsewhere():
        try:
            roster.version(store)
        except StoreError as error:
            failures.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(failures) == 1


def test_a_second_process_is_a_guest(store, folder):
    with reopen(folder) as guest:
        assert (store.is_owner, guest.is_owner, guest.mirror) == (True, False, None)
        saved(guest, made.record())
    assert len(records.of_person(store, "p-1")) == 1
    saved(store, made.record("v-2"))
    assert [frame.seq for frame in store.mirror.read()] == [1, 2]  # the owner mirrors what the guest left


def test_a_guest_takes_over_when_the_owner_has_gone(store, folder):
    """A command was first, the kiosk started meanwhile: it must not stay without a mirror for ever."""
    with reopen(folder) as kiosk:
        store.close()
        saved(kiosk, made.record())
        assert kiosk.is_owner
        assert [frame.seq for frame in kiosk.mirror.read()] == [1]
        with reopen(folder) as other:
            assert not other.is_owner


@pytest.mark.parametrize("where", ["first page", "middle", "cut short", "zeroes", "garbage"])
def test_damage_is_found_and_everything_comes_back(folder, where):
    with reopen(folder) as store:
        made.give_roster(store, made.entry(), version=7)
        done = [saved(store, made.record(f"v-{n}", helper_name="测试乙", helper_id_number="X1")) for n in range(30)]
        kept = {one.record.record_id: one.record for one in records.of_person(store, "p-1", 100)}
    path = folder / "kiosk.db"
    data = bytearray(path.read_bytes())
    if where == "first page":
        data[100:200] = os.urandom(100)
    elif where == "middle":
        data[len(data) // 2] ^= 1  # a single flipped bit
    elif where == "cut short":
        del data[len(data) // 2 :]
    elif where == "zeroes":
        data[4096:] = bytes(len(data) - 4096)
    else:
        data[:] = b"not a database at all"
    path.write_bytes(data)
    with reopen(folder) as store:
        assert store.recovered is not None
        assert (store.recovered.records, store.recovered.entries) == (30, 31)
        assert store.recovered.quarantined
        back = {one.record.record_id: one.record for one in records.of_person(store, "p-1", 100)}
        assert back == kept
        assert set(back) == {one for ids in done for one in ids}
        assert outbox.counts(store.db)["waiting"] == 30  # each waits for the bureau again, once
        assert journal.verify(store).ok
        assert roster.version(store) == 7  # its file was not hurt
        with pytest.raises(roster.RosterRefused):
            made.give_roster(store, made.entry(), version=7)
        saved(store, made.record("v-after"))
    with reopen(folder) as store:
        assert store.recovered is None
        assert len(records.of_person(store, "p-1", 100)) == 31
        assert journal.verify(store).ok


def test_lost_database_comes_back(folder):
    with reopen(folder) as store:
        saved(store, made.record())
    for path in folder.glob("kiosk.db*"):
        path.unlink()
    with reopen(folder) as store:
        assert (store.recovered.why, store.recovered.records) == ("missing", 1)


def test_recovery_of_many_entries_some_twice_some_out_of_order(folder):
    with reopen(folder) as store:
        for n in range(300):
            journal.note(store, "n", {"n": n}, made.NOW)
        saved(store, made.record())
    path = next((folder / "journal").glob("*.journal"))
    frames = list(_mirror(folder).read())
    for order in (frames + frames[-3:], frames[200:] + frames[:200]):
        (folder / "kiosk.db").write_bytes(b"x" * 9000)
        path.unlink()
        _mirror(folder).append(
            "2026-11", [frame_text(one.seq, one.body, one.signature, one.key_id, json.dumps(one.rows)) for one in order]
        )
        with reopen(folder) as store:
            assert (store.recovered.entries, store.recovered.records) == (301, 1)
            assert journal.verify(store).ok


def _mirror(folder):
    key = bytes.fromhex((folder / "keys" / "database.key").read_text())
    return JournalFile(folder / "journal", derive(key, "journal-file"))


def test_damage_while_running_is_told_apart_and_healed_by_reopening(folder):
    store = reopen(folder)
    made.give_roster(store, made.entry())
    for n in range(50):
        saved(store, made.record(f"v-{n}"))
    store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    path = folder / "kiosk.db"
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)
    store.db.execute("PRAGMA cache_size = 0")
    store.db.execute("PRAGMA shrink_memory")

    def work():
        for n in range(50):
            records.of_person(store, f"p-{n}")
            saved(store, made.record(f"v-x{n}"))

    with pytest.raises(StoreCorrupt):
        work()
    store.close()
    with reopen(folder) as store:
        assert len({one.record.visit_id for one in records.of_person(store, "p-1", 200)}) >= 50


def test_damaged_roster_does_not_touch_the_records(store, folder):
    made.give_roster(store, made.entry(), version=3)
    saved(store, made.record())
    store.db.execute("PRAGMA roster.wal_checkpoint(TRUNCATE)").fetchall()
    store.close()
    path = next(folder.glob("roster-*.db"))
    path.write_bytes(os.urandom(path.stat().st_size))
    with reopen(folder) as store:
        assert store.recovered is None
        with pytest.raises(StoreError):
            roster.find(store, made.NUMBER)
        assert roster.version(store) == 0
        assert service.look_up(store, made.PERSON, made.TODAY, now=made.NOW).reason == "not-in-roster"
        with pytest.raises(roster.RosterRefused):
            made.give_roster(store, made.entry(), version=2)  # an older one is still refused
        made.give_roster(store, made.entry(), version=3)  # the same one may be fetched again
        assert service.look_up(store, made.PERSON, made.TODAY, now=made.NOW).stages == (RecordStatus.SAVED,)


def test_a_roster_of_another_version_of_the_program_is_fetched_anew(store, folder):
    made.give_roster(store, made.entry(), version=3)
    store.db.execute("UPDATE roster.about SET value = '1' WHERE key = 'layout'")
    store.close()
    with reopen(folder) as store:
        with pytest.raises(StoreError):
            roster.version(store)
        assert roster.version(store) == 0
        made.give_roster(store, made.entry(), version=3)
        assert roster.find(store, made.NUMBER) is not None


def test_a_busy_or_full_database_is_not_damage(store, folder):
    pages = store.db.execute("PRAGMA page_count").fetchone()[0]
    store.db.execute(f"PRAGMA max_page_count = {pages}")
    done = []

    def work():
        for n in range(200):
            done.extend(saved(store, made.record(f"v-{n}", notes="x" * 1500)))

    with pytest.raises(StoreError) as caught:
        work()
    assert not isinstance(caught.value, StoreCorrupt)
    assert "full" in str(caught.value)
    store.db.execute("PRAGMA max_page_count = 1000000")
    assert len(records.of_person(store, "p-1", 500)) == len(done) == outbox.counts(store.db)["waiting"]
    saved(store, made.record("v-later"))
    assert journal.verify(store).ok


def test_mirror_that_cannot_be_written_loses_nothing(folder):
    from kiosk import failpoints

    with reopen(folder) as store:
        saved(store, made.record())
        failpoints.arm("mirror.write", "oserror")
        saved(store, made.record("v-2"))
        assert store.mirror_failed
        failpoints.disarm()
        saved(store, made.record("v-3"))
        assert not store.mirror_failed
        assert [frame.seq for frame in store.mirror.read()] == [1, 2, 3]


def test_torn_end_of_the_mirror_is_cut(folder):
    with reopen(folder) as store:
        for n in range(3):
            saved(store, made.record(f"v-{n}"))
    path = next((folder / "journal").glob("*.journal"))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[16:60])  # a frame that never got whole
    with reopen(folder) as store:
        saved(store, made.record("v-3"))
        assert sorted({frame.seq for frame in store.mirror.read()}) == [1, 2, 3, 4]


def test_torn_end_of_an_older_month_is_cut_before_it_is_written_again(folder):
    early = made.NOW.replace(year=1970)  # a dead battery
    with reopen(folder) as store:
        journal.note(store, "then", {}, early)
        journal.note(store, "now", {}, made.NOW)
    path = folder / "journal" / "1970-11.journal"
    path.write_bytes(path.read_bytes() + b"\0\0\1\0half a frame")
    with reopen(folder) as store:
        journal.note(store, "then-again", {}, early)
        assert {frame.seq for frame in store.mirror.read()} == {1, 2, 3}


def test_migrations_run_once(folder):
    from kiosk.store.engine import migrations
    from kiosk.store.schema import TABLES

    with reopen(folder) as store:
        assert migrations.migrate(store.db, TABLES) == []
    with reopen(folder) as store:
        assert store.db.execute("SELECT count(*) FROM migrations").fetchone()[0] >= 7
