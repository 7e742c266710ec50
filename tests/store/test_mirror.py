"""The journal's mirror: damage hides itself alone, is told, and is filled from the database, as the database is from it."""

from __future__ import annotations

import json
import random
import struct
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.domain.record import Outcome
from kiosk.store import evidence_files, outbox, records, review_evidence
from kiosk.store.desk import staff
from kiosk.store.engine import journal
from kiosk.store.engine.journal_file import Damage, JournalFile, MirrorFrame, frame_text
from kiosk.store.engine.keys import derive
from kiosk.store.opening import open_store
from tests.store import made

KEY = bytes(range(32))


def reopen(folder, **store):
    chosen = made.settings(folder)
    return open_store(chosen.model_copy(update={"store": chosen.store.model_copy(update=store)}), now=made.NOW)


def kinds(store):
    return [(one.kind, json.loads(one.body)["data"]) for one in journal.entries_since(store, 0, 1000)]


def mirror_of(folder):
    key = bytes.fromhex((folder / "keys" / "database.key").read_text())
    return JournalFile(folder / "journal", derive(key, "journal-file"))


def month(folder):
    return next((folder / "journal").glob("*.journal"))


def starts(path):
    """Where each frame begins."""
    data, at, found = path.read_bytes(), JournalFile.header_size, []
    while at < len(data):
        found.append(at)
        at += 4 + struct.unpack_from(">I", data, at)[0]
    return found


def written(folder, count=40):
    file = JournalFile(folder, KEY)
    frames = [frame_text(n, json.dumps({"seq": n, "x": "y" * (n * 7 % 300)}), "s", "device", "[]") for n in range(1, count + 1)]
    file.append("2026-11", frames)
    file.close()
    return folder / "2026-11.journal"


def seqs(folder):
    return [frame.seq for frame in JournalFile(folder, KEY).read()]


@pytest.mark.parametrize("bit", range(32))
def test_one_flipped_bit_in_a_frames_length_hides_that_frame_alone(tmp_path, bit):
    path = written(tmp_path)
    data = bytearray(path.read_bytes())
    at = starts(path)[9]
    data[at + bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    assert seqs(tmp_path) == [n for n in range(1, 41) if n != 10]
    again = JournalFile(tmp_path, KEY)
    again.append("2026-11", [frame_text(41, "{}", "s", "device", "[]")])
    assert path.read_bytes()[: len(data)] == data  # nothing was cut
    assert seqs(tmp_path) == [n for n in range(1, 42) if n != 10]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_anywhere_hides_what_it_touches_and_nothing_else(tmp_path, data):
    for old in tmp_path.glob("*"):
        old.unlink()
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    begins = [*starts(path), len(content)]
    start = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.integers(1, 600))
    rng = random.Random(data.draw(st.integers(0, 1000)))
    zero = data.draw(st.booleans())
    for index in range(start, min(len(content), start + length)):
        content[index] = 0 if zero else content[index] ^ rng.randrange(1, 256)
    path.write_bytes(content)
    touched = {n + 1 for n in range(40) if begins[n] < start + length and begins[n + 1] > start}
    found = seqs(tmp_path)
    assert set(range(1, 41)) - touched <= set(found) <= set(range(1, 41))
    assert found == sorted(found)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 4000), st.binary(max_size=40))
def test_a_file_cut_anywhere_or_with_anything_behind_it_goes_on(tmp_path, cut, behind):
    for old in tmp_path.glob("*"):
        old.unlink()
    path = written(tmp_path)
    begins = [*starts(path), path.stat().st_size]
    path.write_bytes(path.read_bytes()[:cut] + (b"" if cut < begins[-1] else behind))
    whole = [n + 1 for n in range(40) if begins[n + 1] <= cut]
    JournalFile(tmp_path, KEY).append("2026-11", [frame_text(99, "{}", "s", "device", "[]")])
    assert seqs(tmp_path) == [*whole, 99]


def test_a_torn_end_is_cut_and_zeroes_behind_it_too(tmp_path):
    path = written(tmp_path)
    whole = path.stat().st_size
    for tail in (b"\x00\x00\x01\x00half", b"\x00" * 4096, b"\x00\x00"):
        with path.open("ab") as file:
            file.write(tail)
        assert [one.torn for one in JournalFile(tmp_path, KEY).walk() if isinstance(one, Damage)] == [True]
        JournalFile(tmp_path, KEY)._handle(path)
        assert path.stat().st_size == whole


def test_searching_a_large_damage_decrypts_almost_nothing(tmp_path, monkeypatch):
    path = written(tmp_path, 3)
    data = path.read_bytes()
    at = starts(path)[1]
    path.write_bytes(data[:at] + random.Random(1).randbytes(4_000_000) + data[at:])
    file = JournalFile(tmp_path, KEY)
    tried = []
    cipher = file._cipher

    class Counting:
        def decrypt(self, nonce, sealed, made_for):
            tried.append(len(sealed))
            return cipher.decrypt(nonce, sealed, made_for)

    file._cipher = Counting()
    assert [one.seq for one in file.walk() if isinstance(one, MirrorFrame)] == [1, 2, 3]
    assert len(tried) < 40


# --- database and mirror


def test_a_damaged_mirror_is_filled_from_the_database_and_told(folder):
    with reopen(folder) as store:
        saved = [records.save_visit(store, [made.record(f"v-{n}")], made.NOW)[0] for n in range(20)]
        staff.add(store, "1001", "测试甲", staff.Role.ATTENDANT, "482910", made.NOW, by="setup")
    path = month(folder)
    begins = starts(path)
    data = bytearray(path.read_bytes())
    data[begins[4] + 1] ^= 0x40  # a length
    data[begins[20] + 30] ^= 1  # the body of the entry with the member of staff
    path.write_bytes(data)
    with reopen(folder) as store:
        told = dict(kinds(store))["mirror-compared"]
        # The last entry is in the queue still, and is written again by itself.
        assert (told["damaged"], told["missing_in_mirror"], told["rows"]) == (2, 1, 2)
        assert journal.verify(store).ok
        assert list((folder / "quarantine").glob("*.journal"))
        count = len(kinds(store))
    with reopen(folder) as store:
        assert len(kinds(store)) == count, "told once"
    for database in folder.glob("kiosk.db*"):
        database.unlink()
    with reopen(folder) as store:  # and now the mirror alone brings everything back
        assert {one.record.record_id for one in records.of_person(store, "p-1", 100)} == set(saved)
        assert staff.sign_in(store, "1001", "482910", made.NOW).member is not None
        assert journal.verify(store).ok


def test_a_lost_mirror_is_written_anew(folder):
    with reopen(folder) as store:
        saved = [records.save_visit(store, [made.record(f"v-{n}")], made.NOW)[0] for n in range(130)]
    month(folder).unlink()
    with reopen(folder) as store:
        assert dict(kinds(store))["mirror-compared"]["missing_in_mirror"] == 129  # the last is in the queue
    for database in folder.glob("kiosk.db*"):
        database.unlink()
    with reopen(folder) as store:
        assert {one.record.record_id for one in records.of_person(store, "p-1", 500)} == set(saved)
        assert journal.verify(store).ok


def test_an_older_database_is_filled_from_the_mirror_and_its_numbers_go_on(folder):
    with reopen(folder) as store:
        first = records.save_visit(store, [made.record("v-1")], made.NOW)
        outbox.next_seq(store.db)
    older = (folder / "kiosk.db").read_bytes()
    with reopen(folder) as store:
        later = [records.save_visit(store, [made.record(f"v-{n}")], made.NOW)[0] for n in range(2, 8)]
        staff.add(store, "1001", "测试甲", staff.Role.ATTENDANT, "482910", made.NOW, by="setup")
        staff.revoke(store, "1001", made.NOW, by="setup")
    (folder / "kiosk.db").write_bytes(older)
    with reopen(folder) as store:
        assert {one.record.record_id for one in records.of_person(store, "p-1", 100)} == {*first, *later}
        assert dict(kinds(store))["mirror-compared"]["entries_back"] == 8
        assert [one.active for one in staff.members(store)] == [False]
        assert journal.verify(store).ok
        assert outbox.next_seq(store.db) > 1000, "behind every number that the newer one may have used"


def test_a_chain_that_parted_keeps_the_records_of_both(folder):
    with reopen(folder) as store:
        one = records.save_visit(store, [made.record("v-1")], made.NOW)[0]
    older, mirror = (folder / "kiosk.db").read_bytes(), month(folder).read_bytes()
    with reopen(folder) as store:
        two = records.save_visit(store, [made.record("v-2")], made.NOW)[0]
    newer = month(folder).read_bytes()
    (folder / "kiosk.db").write_bytes(older)
    month(folder).write_bytes(mirror)
    with reopen(folder) as store:
        three = records.save_visit(store, [made.record("v-3")], made.NOW)[0]
    month(folder).write_bytes(newer)  # the mirror of the other life
    for _ in range(2):
        with reopen(folder) as store:
            assert {kept.record.record_id for kept in records.of_person(store, "p-1", 100)} == {one, two, three}
            assert journal.verify(store).ok
            assert [data["other_content"] for kind, data in kinds(store) if kind == "mirror-compared"] == [1]


@pytest.mark.parametrize(("before", "after"), [("aes", "aes"), ("sm4", "sm4"), ("aes", "sm4"), ("sm4", "aes")])
def test_consented_scans_survive_a_recovery_and_go_with_their_receipt(folder, monkeypatch, before, after):
    """Also when `[store] scan_cipher` was changed in between: a file says what it was written with."""
    if before == "aes":
        real = evidence_files.secrets.token_bytes
        monkeypatch.setattr(evidence_files.secrets, "token_bytes", lambda n: b"SM4-1 is not" if n == 12 else real(n))
    with reopen(folder, scan_cipher=before) as store:
        consent = records.Consent("review-1", "p-1", "human-review", witness="1001")
        with store.transaction() as db:
            (record_id,) = records.save_visit(store, [made.record()], made.NOW, consent=consent)
            evidence_id = review_evidence.enqueue(db, record_id, "review-1", "image/jpeg", b"\xff\xd8 a scan of paper" * 1000)
    (file,) = (folder / "journal" / "scans").iterdir()
    assert oct(file.stat().st_mode)[-3:] == "600"
    assert b"a scan of paper" not in file.read_bytes()
    assert file.read_bytes().startswith(b"SM4-1"), "a mark; or, here, a nonce of AES that happens to begin so"
    for database in folder.glob("kiosk.db*"):
        database.unlink()
    with reopen(folder, scan_cipher=after) as store:
        row = store.db.execute("SELECT evidence_id, record_id, consent_id, media_type, content FROM outbox_evidence").fetchone()
        assert row == (evidence_id, record_id, "review-1", "image/jpeg", b"\xff\xd8 a scan of paper" * 1000)
        with store.transaction() as db:
            review_evidence.settle(db, evidence_id, "accepted", "")
    assert not list((folder / "journal" / "scans").iterdir())


def test_a_scan_whose_save_never_was_or_that_is_forged_does_not_come_back(folder):
    with reopen(folder) as store:
        consent = records.Consent("review-1", "p-1", "human-review", witness="1001")
        with store.transaction() as db:
            (record_id,) = records.save_visit(store, [made.record()], made.NOW, consent=consent)
            review_evidence.enqueue(db, record_id, "review-1", "image/jpeg", b"scan")
        store.db.execute("DELETE FROM outbox_evidence")
        store.db.execute("DELETE FROM outbox")
    scans = folder / "journal" / "scans"
    (scans / "00000000-0000-4000-8000-000000000000.scan").write_bytes(b"forged")
    with reopen(folder) as store:
        assert store.db.execute("SELECT count(*) FROM outbox_evidence").fetchone() == (0,)
    assert not list(scans.iterdir())


# --- verify


def test_a_missing_start_is_told_and_retention_explains_its_own(folder):
    with reopen(folder) as store:
        for n in range(6):
            journal.note(store, "thing", {"n": n}, made.NOW - timedelta(days=2000 - n))
        records.save_visit(store, [made.record(outcome=Outcome.FAILED)], made.NOW)
        records.retain(store, made.NOW)
        verdict = journal.verify(store)
        assert (verdict.ok, verdict.first_seq) == (True, 7)
        store.db.execute("DELETE FROM journal WHERE seq = 7")
        assert (journal.verify(store).bad_seq, journal.verify(store).why) == (7, "missing")


def test_a_clock_that_jumped_back_makes_no_hole_in_the_journal(folder):
    with reopen(folder) as store:
        journal.note(store, "thing", {}, made.NOW)
        journal.note(store, "thing", {}, made.NOW - timedelta(days=9000))
        journal.note(store, "thing", {}, made.NOW)
        records.retain(store, made.NOW)
        assert journal.verify(store).ok
        assert [one.seq for one in journal.entries_since(store, 0)][:3] == [1, 2, 3]


def test_an_end_that_the_bureau_has_and_nobody_here_is_missing(folder):
    with reopen(folder) as store:
        for n in range(5):
            journal.note(store, "thing", {"n": n}, made.NOW)
        outbox.put(store.db, "journal_sent", "5")
        assert journal.verify(store).ok
        store.db.execute("DELETE FROM journal WHERE seq > 3")
        store.db.execute("DELETE FROM mirror_queue")
        month(folder).unlink()
        assert (journal.verify(store).bad_seq, journal.verify(store).why) == (4, "missing")


def test_a_key_that_was_replaced_is_still_known_and_a_strangers_is_not(folder):
    from kiosk.sync import seal
    from kiosk.sync.keys import JournalSigner, Keys

    old, new, stranger = (JournalSigner(Keys(*seal.new_keys())) for _ in range(3))
    for signer in (old, new):
        with open_store(made.settings(folder), signer=signer, now=made.NOW) as store:
            journal.note(store, "thing", {}, made.NOW)
    with reopen(folder) as store:
        assert journal.verify(store).ok
        assert [json.loads(one.body)["data"]["key_id"] for one in journal.entries_since(store, 0) if one.kind == "journal-key"] == [
            old.key_id,
            new.key_id,
        ]
        store.signer = stranger
        journal.note(store, "thing", {}, made.NOW)
        verdict = journal.verify(store)
        assert (verdict.ok, verdict.bad_seq, verdict.unsigned) == (False, None, 1)
        with store.transaction():  # and it cannot vouch for itself
            journal.append(store, "journal-key", {"key_id": stranger.key_id, "public": stranger.public}, made.NOW)
        assert journal.verify(store).unsigned == 2
