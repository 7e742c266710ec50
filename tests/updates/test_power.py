"""The power goes at every step of an update: the old or the new version runs, whole, with its store; never a mixture."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kiosk.packages import file_digest
from kiosk.updates import versions
from kiosk.updates.disk import Disk
from kiosk.updates.manifest import ManifestError
from kiosk.updates.sources import FolderSource
from kiosk.updates.updater import Updates
from kiosk.updates.versions import Versions
from tests.updates import made

OLD, NEW = "0.1.0", "0.2.0"
FILES = int(os.environ.get("KIOSK_UPDATE_FILES", "4"))  # 18: 452 cuts in all


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    old = made.version_tree(folder, OLD, files=FILES)
    release, _, root = made.released(folder, NEW, files=FILES)
    return old, release.folder, root


def fresh(folder: Path, old_tree: Path):
    places = made.places(folder)
    made.installed(places.home, old_tree, OLD)
    return places


def check(places, stations_version: str) -> None:
    """What must hold after every cut and recovery."""
    laid_out = Versions(places.home, Disk())
    current = laid_out.current()
    assert current in (OLD, NEW)
    laid_out.check(current)
    assert stations_version == current
    store = (places.store / "kiosk.db").read_bytes()
    assert store == b"tables of 0.1.0", "the old store, or one that the new version reads as well"


def cuts(repository, tmp_path, *, forget: bool, broken: bool) -> int:
    """Cut at the first, second, third … thing that is done, until an update gets to its end. Returns the number of cuts."""
    old_tree, folder, root = repository
    number = 0
    while True:
        number += 1
        here = tmp_path / f"cut-{number}"
        here.mkdir()
        places = fresh(here, old_tree)
        station = made.FakeStation(places, broken=(NEW,) if broken else ())
        station.start()
        disk = made.CutDisk(number, forget=forget)
        try:
            Updates(places, station, disk).run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
            ended = True
        except made.PowerCut:
            ended = False
        if not ended:
            # The machine starts: recovery first, then the kiosk, then the updater's next round until it has nothing to do.
            station = made.FakeStation(places, broken=(NEW,) if broken else ())
            updates = Updates(places, station)
            updates.recover(boot=True)
            station.start()
            current = updates.versions.current()
            assert current in (OLD, NEW)
            updates.versions.check(current)
            for _ in range(4):
                updates.run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
        updates = Updates(places, station)
        assert updates.state().phase == "idle"
        assert updates.versions.current() == (OLD if broken else NEW)
        assert not list((places.home / "versions").glob("*.part")) or broken
        check(places, station.running)
        shutil.rmtree(here)
        if ended:
            return number - 1


@pytest.mark.parametrize("forget", [False, True], ids=["everything-lasted", "unsynced-is-gone"])
def test_a_cut_at_every_step_ends_with_the_new_version_whole(repository, tmp_path, forget):
    assert cuts(repository, tmp_path, forget=forget, broken=False) >= 2 * FILES


@pytest.mark.parametrize("forget", [False, True], ids=["everything-lasted", "unsynced-is-gone"])
def test_a_cut_at_every_step_of_a_broken_version_ends_with_the_old_one_and_its_store(repository, tmp_path, forget):
    assert cuts(repository, tmp_path, forget=forget, broken=True) >= 2 * FILES


def test_a_version_that_is_never_ready_goes_back_and_after_two_tries_is_left_alone(repository, tmp_path):
    old_tree, folder, root = repository
    places = fresh(tmp_path, old_tree)
    station = made.FakeStation(places, broken=(NEW,))
    station.start()
    updates = Updates(places, station)
    for failures in (1, 2):
        state = updates.run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
        assert state.failures == {NEW: failures}
        assert state.told == "0.2.0: went back, not ready in time"
        assert station.running == OLD
        assert (places.store / "kiosk.db").read_bytes() == b"tables of 0.1.0", "the old version's store came back"
    said: list[str] = []
    updates.run(FolderSource(folder), root, made.STATION, (1, 5), said.append)
    assert said == ["nothing to update"]


def test_a_camera_that_does_not_come_back_takes_the_update_back(repository, tmp_path):
    old_tree, folder, root = repository
    places = fresh(tmp_path, old_tree)
    station = made.FakeStation(places, blind=(NEW,))
    station.start()
    state = Updates(places, station).run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
    assert state.told == "0.2.0: went back, camera or reader did not come back"
    assert station.running == OLD


def test_a_failed_self_test_never_touches_the_running_version(repository, tmp_path):
    old_tree, folder, root = repository
    places = fresh(tmp_path, old_tree)
    station = made.FakeStation(places)
    station.start()
    station.test_result = (False, "models: 1 digest wrong")
    state = Updates(places, station).run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
    assert state.told == "0.2.0: self-test: models: 1 digest wrong"
    assert (station.running, os.readlink(places.home / "current")) == (OLD, f"versions/{OLD}")


@pytest.mark.parametrize("moment", [made.Moment(2, True, False), made.Moment(2, False, True), made.Moment(12, False, False)])
def test_nobody_is_interrupted(repository, tmp_path, moment):
    old_tree, folder, root = repository
    places = fresh(tmp_path, old_tree)
    station = made.FakeStation(places)
    station.start()
    station.now = moment
    updates, said = Updates(places, station), []
    updates.run(FolderSource(folder), root, made.STATION, (1, 5), said.append)
    assert said[-1] == "0.2.0: waits for the night, and for nobody to be there"
    assert updates.versions.current() == OLD
    station.now = made.Moment(3, False, False)
    assert updates.run(FolderSource(folder), root, made.STATION, (1, 5), said.append).told == "0.2.0: ok"


def test_only_what_changed_is_fetched(repository, tmp_path):
    old_tree, folder, root = repository
    places = fresh(tmp_path, old_tree)
    station = made.FakeStation(places)
    station.start()
    source = made.CountingSource(folder)
    Updates(places, station).run(source, root, made.STATION, (1, 5), lambda _: None)
    objects = [path for path in source.asked if path.startswith("objects/")]
    assert len(objects) == FILES + 1, "its own files and the start script; what both share comes from the old version"


def test_a_damaged_installed_file_is_fetched_and_not_taken_over(repository, tmp_path):
    old_tree, folder, root = repository
    places = fresh(tmp_path, old_tree)
    (places.home / "versions" / OLD / "assets" / "shared-3").write_bytes(b"bad sector\n" * 36)
    station = made.FakeStation(places)
    station.start()
    state = Updates(places, station).run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
    assert state.told == "0.2.0: ok"
    assert b"shared 3" in (places.home / "versions" / NEW / "assets" / "shared-3").read_bytes()


def test_an_installed_file_that_is_lost_is_fetched(repository, tmp_path):
    old_tree, folder, root = repository
    places = fresh(tmp_path, old_tree)
    (places.home / "versions" / OLD / "assets" / "shared-2").unlink()
    station = made.FakeStation(places)
    station.start()
    state = Updates(places, station).run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
    assert state.told == "0.2.0: ok"
    assert b"shared 2" in (places.home / "versions" / NEW / "assets" / "shared-2").read_bytes()


def read_files(monkeypatch) -> list[Path]:
    """What the digest is taken of, from now on."""
    read: list[Path] = []
    monkeypatch.setattr(versions, "file_digest", lambda path: read.append(path) or file_digest(path))
    return read


def test_an_update_reads_every_file_once_and_a_version_of_before_whole_again(repository, tmp_path, monkeypatch):
    """On a slow processor the digests of 675 MB are most of an update."""
    old_tree, folder, root = repository
    places = fresh(tmp_path, old_tree)
    station = made.FakeStation(places)
    station.start()
    station.now = made.Moment(12, False, False)
    read = read_files(monkeypatch)
    Updates(places, station).run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
    files = sorted(path for path in (places.home / "versions" / NEW).rglob("*") if path.is_file() and path.name != "files.json")
    files.remove(places.home / "versions" / NEW / "python")  # a link
    assert sorted(path.relative_to(places.home / "versions" / f"{NEW}.part") for path in read) == [
        path.relative_to(places.home / "versions" / NEW) for path in files
    ]
    read.clear()
    station.now = made.Moment(2, False, False)
    assert Updates(places, station).run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None).told == "0.2.0: ok"
    assert sorted(read) == files, "laid out by another run, and looked at by this one"


def test_what_a_broken_off_try_left_is_believed_only_after_a_look(repository, tmp_path):
    """A file in the half-made folder that is not whole: it was cut off, or went bad since."""
    old_tree, folder, root = repository
    places = fresh(tmp_path, old_tree)
    station = made.FakeStation(places)
    station.start()
    updates = Updates(places, station, made.CutDisk(FILES + 6, forget=False))
    with pytest.raises(made.PowerCut):
        updates.run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
    part = places.home / "versions" / f"{NEW}.part"
    left = [path for path in sorted(part.rglob("*")) if path.is_file()]
    assert left
    left[0].unlink()  # it may be the old version's own
    left[0].write_bytes(b"half of it")
    assert Updates(places, station).run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None).told == "0.2.0: ok"
    Versions(places.home, Disk()).check(NEW)
    Versions(places.home, Disk()).check(OLD)


def test_a_laid_out_version_that_was_damaged_since_is_not_put_in_force(repository, tmp_path):
    old_tree, folder, root = repository
    places = fresh(tmp_path, old_tree)
    station = made.FakeStation(places)
    station.start()
    station.now = made.Moment(12, False, False)
    updates = Updates(places, station)
    updates.run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
    (places.home / "versions" / NEW / "kiosk" / "room" / "own-1.py").write_text("evil", encoding="utf-8")
    station.now = made.Moment(2, False, False)
    with pytest.raises(ManifestError, match="own-1.py is not as it was signed"):
        updates.run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None)
    assert updates.versions.current() == OLD
    assert updates.run(FolderSource(folder), root, made.STATION, (1, 5), lambda _: None).told == "0.2.0: ok"
