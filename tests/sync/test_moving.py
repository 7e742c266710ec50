"""A station goes from std-1 to gm-1 with records under way in every state: none is lost, none counts twice, decisions come."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from kiosk import digests
from kiosk.bureau import removable_media as bureau_media
from kiosk.bureau import tables
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.bureau.process import BureauProcess
from kiosk.config import Settings
from kiosk.errors import ConfigError
from kiosk.store import outbox, review_evidence
from kiosk.store.engine import journal
from kiosk.store.home_visits import visits as home
from kiosk.store.opening import open_store
from kiosk.store.roster import lookup as roster
from kiosk.sync import courier, suites
from kiosk.sync import keys as keyfiles
from kiosk.sync.client import Client, Failure
from kiosk.sync.keys import JournalSigner, check_public, journal_signer, load_identity
from kiosk.sync.provision import provision
from kiosk.sync.schedule import Trouble
from tests.sync.made import Kiosk, bureau_record, make_kiosk, record

STATION = "SZ-MOVE-0001"


@pytest.fixture(scope="module")
def large(of_both):
    return of_both


@pytest.fixture(scope="module")
def context(large):
    return open_context(BureauSettings(data=str(large.data), suites=suites.NAMES))


@pytest.fixture
def kiosk(large, tmp_path):
    made = make_kiosk(large, tmp_path / "kiosk", STATION, suite="std-1")
    yield made
    made.close()


def move(kiosk: Kiosk, bureau: BureauProcess, suite: str = "gm-1") -> None:
    """What a technician does: a code of the other suite, `kiosk provision`, and the kiosk is started again."""
    identity = provision(kiosk.settings, bureau.url, bureau.enrolment_code(STATION, suite))
    assert load_identity(kiosk.settings.sync).suite is identity.suite is suites.by_name(suite)
    kiosk.store.close()
    kiosk.store, kiosk.identity = open_store(kiosk.settings, signer=journal_signer(kiosk.settings)), identity
    kiosk.point_at(bureau.url)


def lose_the_answer(kiosk: Kiosk) -> None:
    """The batch arrives at the bureau, its receipt never here."""
    send = kiosk.client.send

    def lost(path, sealed, model):
        send(path, sealed, model)
        raise Failure(Trouble.UNKNOWN, "lost")

    kiosk.client.send = lost
    assert kiosk.round().failure.why == "lost"
    kiosk.client.send = send


def test_records_under_way_in_every_state(large, context, kiosk, tmp_path):
    medium = tmp_path / "stick"
    medium.mkdir()
    made = {name: record(station=STATION) for name in ("decided", "received", "seen", "unknown", "carried", "arrived", "waiting")}

    def save(*names):
        return kiosk.save(*(made[name] for name in names))

    # Received, one of them decided; a scan of the other waits for its turn.
    save("decided", "received", "seen")
    assert kiosk.round().failure is None
    large.decide(made["decided"].record_id, "returned", "photo-unclear")
    assert kiosk.round().failure is None
    review_evidence.enqueue(kiosk.store.db, made["received"].record_id, "consent-review", "image/png", b"\x89PNG scan")
    # On a stick, one file of which reaches the bureau; sent, with the receipt lost; never sent.
    save("arrived")
    courier.export(kiosk.run, kiosk.identity, medium)
    bureau_media.serve(context, medium)
    save("carried")
    courier.export(kiosk.run, kiosk.identity, medium)
    save("unknown")
    kiosk.store.db.execute("UPDATE outbox SET state = 'received' WHERE state = 'carried'")  # only this one goes by network
    lose_the_answer(kiosk)
    carried = tuple(made[name].record_id for name in ("arrived", "carried"))
    kiosk.store.db.execute("UPDATE outbox SET state = 'carried' WHERE record_id IN (?, ?)", carried)
    save("waiting")
    before, old_id = {row: bureau_record(large, one.record_id) for row, one in made.items()}, kiosk.identity.pins.kiosk_id
    assert [name for name in made if before[name]] == ["decided", "received", "seen", "unknown", "arrived"]
    assert kiosk.counts() == {"received": 3, "returned": 1, "unknown": 1, "carried": 2, "waiting": 1}

    move(kiosk, large)
    # What the bureau signed under std-1 and lies on the stick is not taken any more; nothing moves by it.
    assert {one.why for one in courier.import_from(kiosk.run, load_identity(kiosk.settings.sync), medium)} <= {"other-suite"}
    assert kiosk.round().failure is None
    assert kiosk.counts() == {"received": 7, "returned": 1}
    after = {name: bureau_record(large, one.record_id) for name, one in made.items()}
    assert {name: one["verdict"] for name, one in after.items()} == dict.fromkeys(made, "accepted")
    assert {name: one["kiosk_id"] == old_id for name, one in after.items()} == {name: before[name] is not None for name in made}, (
        "what was there stays of the old kiosk, and came no second time"
    )
    # The scan goes under the new id, and what was decided meanwhile or is decided now is heard.
    assert kiosk.delivery().send_evidence() is True
    large.decide(made["received"].record_id, "confirmed")
    large.decide(made["seen"].record_id, "returned", "photo-unclear")
    large.decide(made["waiting"].record_id, "confirmed")
    assert kiosk.round().failure is None
    assert kiosk.counts() == {"received": 7, "returned": 2, "confirmed": 2}
    # Every digest that travels is SM3 now, and the journal says when that began.
    content = kiosk.store.db.execute("SELECT record_id, content, content_digest FROM outbox").fetchall()
    assert {one[0]: one[2] for one in content} == {one[0]: digests.hexdigest("sm3", one[1].encode()) for one in content}
    told = [json.loads(one.body)["data"] for one in journal.entries_since(kiosk.store, 0, 500) if one.kind == "suite-changed"]
    assert told == [{"suite": "gm-1", "digest": "sm3"}]
    assert {one["suite"] for one in large.summary()["stations"] if one["kiosk_id"] == kiosk.identity.pins.kiosk_id} == {"gm-1"}
    assert large.summary()["journal_conflicts"] == 0


@pytest.mark.parametrize("way", ["network", "stick"])
def test_evidence_of_an_earlier_registration_is_taken_after_new_keys(large, context, kiosk, tmp_path, way):
    """Its record was delivered, and even decided, under the earlier keys; one scan arrived and its receipt never did."""
    (decided, received) = kiosk.save(record(station=STATION), record(station=STATION))
    assert kiosk.round().failure is None
    large.decide(decided, "confirmed")
    assert kiosk.round().failure is None
    for one in (decided, received):
        review_evidence.enqueue(kiosk.store.db, one, "consent-review", "image/png", b"\x89PNG scan")
    send = kiosk.client.send

    def lost(path, sealed, model):
        send(path, sealed, model)
        raise Failure(Trouble.UNKNOWN, "lost")

    kiosk.client.send = lost
    with pytest.raises(Failure):
        kiosk.delivery().send_evidence()
    kiosk.client.send = send
    move(kiosk, large, "std-1")
    if way == "network":
        assert kiosk.round().failure is None
        while kiosk.delivery().send_evidence():
            pass
    else:
        medium = tmp_path / "stick"
        medium.mkdir()
        courier.export(kiosk.run, kiosk.identity, medium)
        bureau_media.serve(context, medium)
        told = courier.import_from(kiosk.run, kiosk.identity, medium)
        assert [one.why for one in told if one.outcome == "refused"] == []
    states = kiosk.store.db.execute("SELECT DISTINCT state, content IS NULL FROM outbox_evidence").fetchall()
    assert states == [("received", 1)]
    assert {str(outbox.status_of(kiosk.store.db, one).stage) for one in (decided, received)} == {"confirmed", "received"}
    with context.session.begin() as session:
        kept = session.query(tables.Evidence).filter(tables.Evidence.record_id.in_([decided, received])).count()
    assert kept == 2


def test_the_journals_chain_goes_on_over_the_change_and_back(large, kiosk):
    signers = []
    for suite in ("std-1", "gm-1", "std-1"):
        if kiosk.identity.suite.name != suite:
            move(kiosk, large, suite)
        else:
            kiosk.store.close()
            kiosk.store = open_store(kiosk.settings, signer=journal_signer(kiosk.settings))
        signers.append(kiosk.store.signer.key_id.split(":")[0])
        kiosk.save(record(station=STATION))
        assert kiosk.round().failure is None
    assert signers == ["ed25519", "sm2", "ed25519"]
    current = JournalSigner(kiosk.identity.keys)
    assert journal.verify(kiosk.store, current.check, check_public).ok
    unaware = journal.verify(kiosk.store, current.check)
    assert unaware.unsigned > 0
    assert not unaware.ok, "entries of SM2 keys are told where nobody can check them"
    rows = kiosk.store.db.execute("SELECT seq, body, digest, key_id FROM journal ORDER BY seq").fetchall()
    used = {digests.SM3 if digest == digests.hexdigest("sm3", body.encode()) else digests.SHA_256 for _, body, digest, _ in rows}
    assert used == {digests.SHA_256, digests.SM3}
    # An entry of either kind that is altered, also with the other's digest, is located.
    for key in ("sm2:%", "ed25519:%"):
        seq, body, key_id = kiosk.store.db.execute(
            "SELECT seq, body, key_id FROM journal WHERE key_id LIKE ? ORDER BY seq LIMIT 1", (key,)
        ).fetchone()
        for name in digests.NAMES:
            changed = body.replace('"seq":', '"Seq":')
            digest = digests.hexdigest(name, changed.encode())
            kept = kiosk.store.db.execute("SELECT body, digest FROM journal WHERE seq = ?", (seq,)).fetchone()
            kiosk.store.db.execute("UPDATE journal SET body = ?, digest = ? WHERE seq = ?", (changed, digest, seq))
            verdict = journal.verify(kiosk.store, current.check, check_public)
            assert verdict.bad_seq == seq, (key_id, name)
            assert verdict.why in ("signature wrong", "body altered")
            kiosk.store.db.execute("UPDATE journal SET body = ?, digest = ? WHERE seq = ?", (*kept, seq))
    assert journal.verify(kiosk.store, current.check, check_public).ok


def test_a_lost_database_comes_back_from_the_mirror_under_gm_1(large, kiosk):
    move(kiosk, large)
    saved = kiosk.save(record(station=STATION), record(station=STATION))
    assert kiosk.round().failure is None
    entries = [one.digest for one in journal.entries_since(kiosk.store, 0, 500)]
    kiosk.store.close()
    for path in (kiosk.store.path, *kiosk.store.folder.glob("kiosk.db-*")):
        path.write_bytes(b"damaged" * 600)
    kiosk.store = open_store(kiosk.settings, signer=journal_signer(kiosk.settings))
    assert kiosk.store.recovered.records == 2
    assert [one.digest for one in journal.entries_since(kiosk.store, 0, len(entries))] == entries
    assert kiosk.round().failure is None
    assert kiosk.counts() == {"received": 2}, "digested anew as gm-1 has it: the bureau says duplicate, and its receipt fits"
    assert {bureau_record(large, one)["verdict"] for one in saved} == {"accepted"}


def test_rosters_and_bundles_come_under_the_new_suite(large, context, kiosk, tmp_path):
    people = tmp_path / "people.jsonl"
    person = {"person_id": "P1", "name": "王芳", "id_number": "110101194501010001", "status": "active", "benefits": []}
    people.write_text(json.dumps(person) + "\n")
    large.issue_roster(people)
    kiosk.feed()
    first = roster.version(kiosk.store)
    move(kiosk, large)
    people.write_text(
        json.dumps({**person, "name": "王方"}) + "\n" + json.dumps({**person, "person_id": "P2", "id_number": "110101194501010028"})
    )
    version = large.issue_roster(people)
    large.message("换用国密")
    kiosk.feed()
    assert roster.version(kiosk.store) == version > first
    assert "换用国密" in [one["text"] for one in json.loads(outbox.get(kiosk.store.db, "messages"))]
    copies = list((large.data / "rosters").glob("*.roster"))
    made = {path.read_bytes()[:8] for path in copies}
    assert made == {b"PKROSTR1", b"PKROSTRG"}
    assert all(
        path.stem == suites.by_name("gm-1" if path.read_bytes()[7:8] == b"G" else "std-1").digest(path.read_bytes())
        for path in copies
    )


def test_a_record_that_a_portable_kiosk_digested_under_the_other_suite_is_no_conflict(large, kiosk):
    one = record(station=STATION)
    kiosk.save(one)
    content = kiosk.store.db.execute("SELECT content FROM outbox").fetchone()[0]
    move(kiosk, large)
    assert kiosk.round().failure is None
    kiosk.store.db.execute("UPDATE outbox SET content = '', content_digest = ?", (digests.hexdigest("sha-256", content.encode()),))
    assert home.merge_results(kiosk.store, [content], "1001", datetime.now(UTC)) == (0, 1)
    with pytest.raises(home.RecordConflict):
        home.merge_results(kiosk.store, [content.replace('"reason":"ok"', '"reason":"other"')], "1001", datetime.now(UTC))


def test_the_old_keys_stay_until_the_bureau_knows_the_new_ones(large, kiosk):
    """A code that is refused, and a second try after an answer was lost."""
    held = keyfiles.load_keys(kiosk.settings.sync).public
    wrong = large.enrolment_code("SZ-OTHER", "gm-1")
    with pytest.raises(Exception, match="other-station"):
        provision(kiosk.settings, large.url, wrong)
    assert keyfiles.load_keys(kiosk.settings.sync).public == held
    assert load_identity(kiosk.settings.sync).suite is suites.STD_1
    code = large.enrolment_code(STATION, "gm-1")
    first = provision(kiosk.settings, large.url, code)
    assert provision(kiosk.settings, large.url, code).pins == first.pins
    by_command = kiosk.settings.model_copy(
        update={"sync": kiosk.settings.sync.model_copy(update={"key_command": "cat " + str(key_file(kiosk.settings))})}
    )
    with pytest.raises(ConfigError, match=r"gives keys of gm-1.*for std-1"):
        provision(by_command, large.url, large.enrolment_code(STATION, "std-1"))
    # Keys that waited of an earlier try under one suite are not used under another.
    assert Client(kiosk.settings.sync, first).identity.suite is suites.GM_1


def key_file(chosen: Settings):
    return chosen.sync.key_file
