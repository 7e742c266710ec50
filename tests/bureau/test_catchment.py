"""A kiosk gets the people of its streets and whoever was there before; what changed is fetched, whatever version it has."""

from __future__ import annotations

import json

import httpx
import pytest

from kiosk.bureau import areas, catchment, removable_media
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.bureau.operate import retention
from kiosk.store.roster import lookup as roster
from kiosk.sync import courier, protocol, roster_chunks, roster_file, seal
from kiosk.sync.client import Failure
from kiosk.sync.schedule import Trouble
from tests.sync.made import make_kiosk, record

STATION = "SZ-AREA-0001"


def person(number, area, **changes):
    return {
        "person_id": f"P{number:04d}",
        "name": "张某某",
        "id_number": f"44030519500101{number:04d}",
        "status": "active",
        "area": area,
        "benefits": [{"benefit_id": "b", "kind": "k", "policy_id": "p"}],
        **changes,
    }


class Town:
    """A bureau, one kiosk of a station with one street, and what it fetched."""

    def __init__(self, bureau, folder):
        self.bureau, self.folder = bureau, folder
        self.context = open_context(BureauSettings(data=str(bureau.data)))
        self.kiosk = make_kiosk(bureau, folder / "kiosk", STATION)
        self.fetched = []
        fetch = self.kiosk.client.fetch
        self.kiosk.client.fetch = lambda path, target, size: (self.fetched.append(size), fetch(path, target, size))[1]
        areas.put(self.context, STATION, ["north"])

    def issue(self, people):
        path = self.folder / "roster"
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in people), encoding="utf-8")
        self.bureau.issue_roster(path)
        assert catchment.catch_up(self.context) >= 1
        assert catchment.catch_up(self.context) == 0

    def feed(self):
        self.fetched.clear()
        assert self.kiosk.round().failure is None
        return self.kiosk.feed()

    def known(self):
        return set(roster.person_ids(self.kiosk.store))

    def close(self):
        self.kiosk.close()
        self.context.engine.dispose()


@pytest.fixture
def town(bureau, tmp_path):
    made = Town(bureau, tmp_path)
    yield made
    made.close()


def street(*numbers, area="north"):
    return [person(number, area) for number in numbers]


def test_its_streets_and_whoever_was_there_before_and_then_only_what_changed(town):
    town.kiosk.save(record(station=STATION, person="P9001"))
    everybody = {one["person_id"]: one for one in [*street(*range(300)), *street(*range(9000, 9040), area="south")]}
    assert town.kiosk.round().failure is None
    town.issue(everybody.values())
    assert any(one.startswith("roster") for one in town.feed())
    assert town.known() == {f"P{number:04d}" for number in range(300)} | {"P9001"}
    whole = sum(town.fetched)
    entry = roster.find(town.kiosk.store, "440305195001010007")
    assert entry is not None
    assert entry.person_id == "P0007"
    assert town.feed() == []
    for version in range(3):  # three versions that it misses, as in a month without network
        del everybody[f"P{version:04d}"]
        everybody[f"P{100 + version:04d}"] = person(100 + version, "north", status="suspended")
        everybody[f"P{5000 + version}"] = person(5000 + version, "north")
        town.issue(everybody.values())
    assert any(one.startswith("roster") for one in town.feed())
    assert len(town.fetched) <= 9, "a bucket for each person that changed, at most"
    assert sum(town.fetched) < whole / 2
    assert town.known() == {
        *(f"P{number:04d}" for number in range(3, 300)),
        "P9001",
        "P5000",
        "P5001",
        "P5002",
    }
    changed = roster.find(town.kiosk.store, "440305195001010101")
    assert changed is not None
    assert changed.status.value == "suspended"


def test_nothing_of_anybody_else_by_any_way(town, bureau, tmp_path):
    town.issue([*street(*range(40)), *street(*range(9000, 9040), area="south")])
    town.feed()
    without = make_kiosk(bureau, tmp_path / "other", "SZ-AREA-0002")
    with pytest.raises(seal.Refused, match="no-catchment"):
        catchment.manifest(town.context, without.identity.pins.kiosk_id, 0)
    without.close()
    other = make_kiosk(bureau, tmp_path / "third", "SZ-AREA-0003")
    areas.put(town.context, "SZ-AREA-0003", ["south"])
    town.issue([*street(*range(41)), *street(*range(9000, 9040), area="south")])
    assert other.round().failure is None
    other.feed()
    assert set(roster.person_ids(other.store)) == {f"P{number}" for number in range(9000, 9040)}
    mine = town.kiosk.client.get_sealed("/v1/roster/chunks?have=0", protocol.RosterChunks)
    with pytest.raises(Failure) as refused:
        list(other.client.fetch(f"/v1/roster/files/{mine.chunks[0].digest}", tmp_path / "x", mine.chunks[0].size))
    assert (refused.value.trouble, refused.value.why) == (Trouble.REFUSED, "no-such-file")
    assert town.kiosk.client.get_sealed("/v1/roster?have=0", protocol.RosterManifest) is None, "not the one for all either"
    assert httpx.get(f"{bureau.url}/v1/roster/chunks?have=0", headers={"Authorization": "x"}, trust_env=False).status_code == 401
    other.close()


def test_by_stick_too_and_nobody_elses(town, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    south = street(*range(8000, 8040), area="south")

    def visit():
        courier.export(town.kiosk.run, town.kiosk.identity, stick)
        removable_media.serve(town.context, stick)
        return {
            one.name.split("-")[0]: (one.outcome, one.why)
            for one in courier.import_from(town.kiosk.run, town.kiosk.identity, stick)
        }

    town.issue([*street(*range(60)), *south])
    assert visit()["chunks"] == ("applied", "")
    assert town.known() == {f"P{number:04d}" for number in range(60)}
    assert visit()["chunks"] == ("nothing-new", "stale")
    # A month later two people have changed: the buckets on the stick that differ are taken.
    town.issue([*street(*range(1, 60), 77), *south])
    there = stick / "pension-kiosk" / "rosters"
    before = {path.name for path in there.iterdir()}
    assert visit()["chunks"] == ("applied", "")
    assert 0 < len({path.name for path in there.iterdir()} - before) <= 2
    assert town.known() == {f"P{number:04d}" for number in (*range(1, 60), 77)}
    # A bucket that is missing or cut short on the stick: the old roster stays, the next visit brings it.
    town.issue([*street(*range(2, 60), 77), *south])
    courier.export(town.kiosk.run, town.kiosk.identity, stick)
    removable_media.serve(town.context, stick)
    new = max(there.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    new.write_bytes(new.read_bytes()[:-1])
    told = [one for one in courier.import_from(town.kiosk.run, town.kiosk.identity, stick) if one.name.startswith("chunks")]
    assert ("refused", "truncated") in {(one.outcome, one.why) for one in told}
    assert "P0001" in town.known()
    assert not list(town.kiosk.store.folder.glob("*.fetching"))
    assert visit()["chunks"][0] == "applied"
    assert "P0001" not in town.known()


@pytest.mark.parametrize("harm", ["altered", "another person", "another bucket", "too few"])
def test_a_harmed_bucket_is_refused_and_the_old_roster_stays(town, harm, monkeypatch):
    town.issue(street(*range(200)))
    town.feed()
    before = town.known()
    town.issue([*street(*range(1, 200)), person(700, "north")])
    read = roster_file.read
    whole = {file: file.read_bytes() for file in town.context.rosters.glob("*.roster")}
    if harm == "altered":
        for file, content in whole.items():
            file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    else:
        wrong = {
            "another person": lambda lines: [*lines, json.dumps(person(150, "north")).encode()],
            "another bucket": lambda lines: [*lines[:-1], json.dumps(person(1, "north", person_id="nobody")).encode()],
            "too few": lambda lines: lines[:-1],
        }[harm]
        monkeypatch.setattr(roster_chunks.roster_file, "read", lambda path, manifest: wrong(list(read(path, manifest))))
    assert town.kiosk.round().failure is None
    with pytest.raises(Failure) as refused:
        town.kiosk.feed()
    assert refused.value.trouble is Trouble.FORGED
    assert refused.value.why in ("digest-differs", "truncated", "malformed")
    monkeypatch.undo()
    for file, content in whole.items():
        file.write_bytes(content)
    assert town.known() == before
    assert not list(town.kiosk.store.folder.glob("*.fetching"))


def test_retention_keeps_every_file_that_a_kiosk_may_still_fetch(town):
    town.issue(street(*range(60)))
    town.feed()
    there = {path.name for path in town.context.rosters.glob("*.roster")}
    retention.run(town.context, retention.Keep(), catchment_time(town))
    assert {path.name for path in town.context.rosters.glob("*.roster")} == there


def catchment_time(town):
    from datetime import UTC, datetime, timedelta

    return datetime.now(UTC) + timedelta(days=1)


def test_a_bucket_is_the_same_at_both_ends_and_evenly_filled():
    filled = [0] * 16
    for number in range(1600):
        filled[roster_chunks.bucket_of(f"P{number}", 16)] += 1
    assert 60 < min(filled) <= max(filled) < 140
    assert roster_chunks.bucket_of("P0001", 16) == roster_chunks.bucket_of("P0001", 16)
