"""Restored and cloned kiosks are named on the page, told so, and self-service there waits for a person."""

from __future__ import annotations

import shutil

import pytest

from kiosk.bureau import removable_media as bureau_media
from kiosk.bureau import standing, tables
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.store.opening import open_store
from kiosk.sync import courier, seal, status
from kiosk.sync.delivery import journal_lines
from tests.bureau.made import opened, record, register
from tests.sync import made


@pytest.fixture
def context(tmp_path):
    opened_ = opened(tmp_path / "bureau")
    yield opened_
    opened_.engine.dispose()


def kinds(context):
    with context.session.begin() as session:
        return [(one["kind"], one["kiosk_id"], one["count"]) for one in standing.open_findings(session)]


def test_a_number_with_other_bytes_names_the_kiosk(context):
    kiosk, other = register(context, 1), register(context, 2)
    for _ in range(3):
        kiosk.send(record())
    other.send(record(), seq=2)  # another kiosk counts for itself
    assert kinds(context) == []
    kiosk.send(record(), seq=2)
    kiosk.send(record(), seq=3)
    assert kinds(context) == [("batch-number", kiosk.kiosk_id, 2)]
    told = standing.of(context, kiosk.kiosk_id)
    assert (told.state, told.why) == ("twin", "batch-number")
    assert standing.of(context, other.kiosk_id).state == "good"
    assert standing.clear(context, told.about, "clerk-1")
    assert not standing.clear(context, told.about, "clerk-1")
    assert standing.of(context, kiosk.kiosk_id).state == "good"
    kiosk.send(record(), seq=3)
    assert kinds(context) == [("batch-number", kiosk.kiosk_id, 1)], "again, and it is a new finding"


def test_the_same_bytes_again_are_no_finding(context):
    from kiosk.bureau import ingest

    kiosk = register(context)
    sealed = kiosk.sealed([record()])
    assert ingest.take_batch(context, sealed) == ingest.take_batch(context, sealed)
    assert kinds(context) == []


def test_two_machines_under_one_key_are_seen_by_their_starts(context):
    kiosk = register(context)
    for seq, boot in enumerate(("boot-a", "boot-b", "boot-c"), 1):  # started three times: that is no more than a machine does
        kiosk.boot_id = boot
        kiosk.monotonic_s = 5.0
        kiosk.send(record(), seq=seq)
    assert kinds(context) == []
    kiosk.boot_id = "boot-a"
    kiosk.send(record(), seq=4)
    assert [kind for kind, *_ in kinds(context)] == ["two-machines"]


def test_a_snapshot_of_a_running_machine_goes_back_in_time(context):
    kiosk = register(context)
    kiosk.monotonic_s = 90_000.0
    kiosk.send(record())
    kiosk.monotonic_s = 80_000.0
    kiosk.send(record())
    assert [kind for kind, *_ in kinds(context)] == ["two-machines"]


def test_sticks_come_late_and_in_any_order(context):
    kiosk = register(context)
    for seq, boot in ((5, "boot-b"), (2, "boot-a"), (9, "boot-b"), (3, "boot-a")):
        kiosk.boot_id = boot
        kiosk.send(record(), seq=seq, way="stick")
    assert kinds(context) == []


def test_the_backlog_is_the_newest_words_also_of_a_kiosk_that_counts_anew(context):
    kiosk = register(context)
    kiosk.send(record(), seq=500, backlog=3)
    kiosk.send(record(), seq=7, backlog=250, software="1.3.0")
    kiosk.send(record(), seq=8, backlog=99, way="stick")  # an old stick does not speak for today
    with context.session.begin() as session:
        row = session.get(tables.Kiosk, kiosk.kiosk_id)
        assert (row.backlog, row.last_seq, row.software) == (250, 500, "1.3.0")


# --- whole: a real kiosk whose disk was copied


def test_a_cloned_disk_is_found_told_and_let_go_again(bureau, tmp_path):
    one = made.make_kiosk(bureau, tmp_path / "one", "SZ-CLONE-0001")
    one.save(made.record(1, station="SZ-CLONE-0001"))
    assert one.round().failure is None
    one.close()
    shutil.copytree(tmp_path / "one", tmp_path / "two")  # the whole disk, keys and all
    settings = made.settings(tmp_path / "two", bureau.url, "SZ-CLONE-0001")
    clone = made.Kiosk(settings, one.identity, open_store(settings), made.Client(settings.sync, one.identity), [])
    one.store, one.client = open_store(one.settings), made.Client(one.settings.sync, one.identity)
    for kiosk in (one, clone):
        kiosk.save(made.record(2, station="SZ-CLONE-0001"))
        assert kiosk.round().failure is None
    assert one.round().failure is None  # hears of it when it next asks
    for kiosk in (one, clone):
        seen = status.collect(kiosk.store, kiosk.settings.sync, made.datetime.now(made.UTC))
        assert (seen.twin, seen.frozen) == (True, True)
        kinds_ = [line.kind for line in journal_lines(kiosk.store, 0, 200)]
        assert "standing-changed" in kinds_
    (found,) = [one_ for one_ in bureau.summary()["findings"] if one_["station_id"] == "SZ-CLONE-0001"]
    assert (found["kind"], found["kiosk_id"]) == ("batch-number", one.identity.pins.kiosk_id)
    bureau.ask("POST", f"/admin/findings/{found['finding_id']}/clear")
    assert one.round().failure is None
    assert not status.collect(one.store, one.settings.sync, made.datetime.now(made.UTC)).twin
    one.close()
    clone.close()


def test_a_recovered_kiosk_goes_on_counting_and_is_no_twin(bureau, tmp_path):
    kiosk = made.make_kiosk(bureau, tmp_path / "kiosk", "SZ-BACK-0001")
    for number in range(3):
        kiosk.save(made.record(number, station="SZ-BACK-0001"))
        assert kiosk.round().failure is None
    kiosk.store.close()
    for path in (tmp_path / "kiosk").glob("kiosk.db*"):
        path.unlink()
    kiosk.store = open_store(kiosk.settings)
    assert kiosk.store.recovered.records == 3
    kiosk.save(made.record(9, station="SZ-BACK-0001"))
    assert kiosk.round().failure is None
    assert kiosk.counts() == {"received": 4}
    (station,) = [one for one in bureau.summary()["stations"] if one["station_id"] == "SZ-BACK-0001"]
    assert station["backlog"] == 0
    assert station["last_seq"] > 1000
    assert not [one for one in bureau.summary()["findings"] if one["station_id"] == "SZ-BACK-0001"]
    kiosk.close()


def test_the_word_goes_by_stick_too_and_an_older_one_changes_nothing(bureau, tmp_path):
    kiosk = made.make_kiosk(bureau, tmp_path / "kiosk", "SZ-STICK-0001")
    medium = tmp_path / "stick"
    medium.mkdir()
    context = open_context(BureauSettings(data=str(bureau.data)))
    kiosk.save(made.record(station="SZ-STICK-0001"))
    courier.export(kiosk.run, kiosk.identity, medium, journal_tail=journal_lines)
    bureau_media.serve(context, medium)
    down = medium / "pension-kiosk" / kiosk.identity.pins.kiosk_id / "down"
    (old,) = down.glob("standing-*.jws")
    good = old.read_bytes()
    with context.session.begin() as session:
        from kiosk.bureau import tables

        standing.found(
            session, session.get(tables.Kiosk, kiosk.identity.pins.kiosk_id), "two-machines", "test", made.datetime.now(made.UTC)
        )
    bureau_media.serve(context, medium)
    assert len(list(down.glob("standing-*.jws"))) == 1, "one word at a time"
    courier.import_from(kiosk.run, kiosk.identity, medium)
    assert status.collect(kiosk.store, kiosk.settings.sync, made.datetime.now(made.UTC)).twin
    (down / old.name).write_bytes(good)  # an older word, played back
    told = {one.name: one.outcome for one in courier.import_from(kiosk.run, kiosk.identity, medium)}
    assert told[old.name] == "nothing-new"
    assert status.collect(kiosk.store, kiosk.settings.sync, made.datetime.now(made.UTC)).twin
    context.engine.dispose()
    kiosk.close()


def test_a_forged_word_is_not_believed(kiosk_with_client):
    kiosk, context = kiosk_with_client
    from kiosk.sync import client, protocol

    forged = protocol.Standing(bureau_id=context.bureau_id, kiosk_id="kiosk-x", at=made.datetime.now(made.UTC), state="twin")
    signed = seal.sign(forged, kiosk.keys.sign, context.bureau_id)
    identity = made.Identity(kiosk.keys, made_pins(context, kiosk))
    with pytest.raises(client.Failure, match="bad-signature"):
        client.verified(identity, signed.encode(), protocol.Standing)
    honest = seal.sign(forged, context.keys.sign, context.bureau_id)  # of the bureau, but for another kiosk
    with pytest.raises(client.Failure, match="not-for-us"):
        client.verified(identity, honest.encode(), protocol.Standing)


@pytest.fixture
def kiosk_with_client(context):
    return register(context), context


def made_pins(context, kiosk):
    from kiosk.sync.keys import Pins

    return Pins(kiosk_id=kiosk.kiosk_id, station_id="S", bureau_id=context.bureau_id, bureau=context.keys.public)
