"""Large files in pieces, deltas, and a server that trickles: what is fetched, how often, and when it is given up."""

from __future__ import annotations

import contextlib
import hashlib
import random
import shutil
import socket
import threading
from functools import cache

import pytest

from kiosk.bench.badline import BadLine
from kiosk.bureau.process import BureauProcess
from kiosk.config import Sync
from kiosk.sync import deadline
from kiosk.updates import sources
from kiosk.updates.disk import Disk
from kiosk.updates.downloads import PIECE, Downloads, Old
from kiosk.updates.manifest import Entry
from kiosk.updates.sources import BureauSource, FolderSource, SourceError, delta_path, object_path, pack_delta, pack_object
from kiosk.updates.trust import Repository
from kiosk.updates.updater import Updates
from tests.updates import made

LARGE = random.Random(1).randbytes(4 * PIECE + 77)  # cannot be packed: what is fetched is as large


packed, delta = cache(pack_object), cache(pack_delta)  # each once: the strongest compression takes its time


def entry_of(content: bytes) -> Entry:
    return Entry("assets/model", hashlib.sha256(content).hexdigest(), len(content))


def put(folder, path: str, content: bytes) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)


class BrokenLine(FolderSource):
    """A line that carries so many bytes in all, then breaks; counts them."""

    def __init__(self, folder, carries: int) -> None:
        super().__init__(folder)
        self.left, self.carried, self.starts = carries, 0, []

    def read(self, path, limit, start=0):
        self.starts.append(start)
        content = b"".join(super().read(path, limit, start))
        for at in range(0, len(content), 50_000):
            block = content[at : at + 50_000]
            if self.left < len(block):
                raise SourceError(f"{path}: broke off")
            self.left -= len(block)
            self.carried += len(block)
            yield block


def test_a_large_file_goes_on_where_the_line_broke(tmp_path):
    entry, own = entry_of(LARGE), tmp_path / "own"
    put(tmp_path, object_path(entry.sha256), packed(LARGE))
    first = BrokenLine(tmp_path, 3 * PIECE)
    with pytest.raises(SourceError, match="broke off"):
        Downloads(first, own, Disk()).fetch(entry, None)
    second = BrokenLine(tmp_path, 10**9)
    assert Downloads(second, own, Disk()).fetch(entry, None) == LARGE
    assert second.starts[0] >= 2 * PIECE
    assert first.carried + second.carried < len(LARGE) + PIECE, "less than a piece is carried twice"
    assert not list(own.iterdir())


@pytest.mark.parametrize("forget", [False, True], ids=["everything-lasted", "unsynced-is-gone"])
def test_a_large_file_is_whole_whatever_the_power_does(tmp_path, forget):
    """Cut at every thing that is done to the disk: what stayed is gone on from, or left, and never believed."""
    entry = entry_of(LARGE)
    put(tmp_path, object_path(entry.sha256), packed(LARGE))
    for cut_at in range(1, 100):
        own = tmp_path / str(cut_at)
        with contextlib.suppress(made.PowerCut):
            Downloads(FolderSource(tmp_path), own, made.CutDisk(cut_at, forget=forget), piece=PIECE).fetch(entry, None)
            break
        assert Downloads(FolderSource(tmp_path), own, Disk()).fetch(entry, None) == LARGE
    assert cut_at == 4, "a stick gives the file in one block: folder, piece, removal"


def test_a_part_that_was_damaged_is_fetched_anew_at_once(tmp_path):
    entry, own = entry_of(LARGE), tmp_path / "own"
    put(tmp_path, object_path(entry.sha256), packed(LARGE))
    put(own, entry.sha256, b"\0" * (2 * PIECE))
    source = BrokenLine(tmp_path, 10**9)
    assert Downloads(source, own, Disk()).fetch(entry, None) == LARGE
    assert source.starts == [2 * PIECE, 0]
    put(own, entry.sha256, packed(LARGE)[:PIECE][::-1])
    assert Downloads(source, own, Disk()).fetch(entry, None) == LARGE


def test_parts_of_another_version_are_removed_and_of_this_one_kept(tmp_path):
    from kiosk.updates.manifest import Manifest

    entry = entry_of(LARGE)
    for name in (entry.sha256, f"{entry.sha256}-{'1' * 64}", "2" * 64):
        put(tmp_path, name, b"part")
    Downloads(FolderSource(tmp_path), tmp_path, Disk()).begin(Manifest("0.2.0", (entry,)))
    assert {path.name[:64] for path in tmp_path.iterdir()} == {entry.sha256}


# --- deltas

NEWER = LARGE[:PIECE] + b"a few bytes are others" + LARGE[PIECE + 30 :]


def test_a_changed_file_costs_its_change(tmp_path):
    entry, old = entry_of(NEWER), Old(entry_of(LARGE).sha256, tmp_path / "installed")
    old.path.write_bytes(LARGE)
    put(tmp_path, object_path(entry.sha256), packed(NEWER))
    put(tmp_path, delta_path(entry.sha256, old.sha256), delta(NEWER, LARGE))
    line = BrokenLine(tmp_path, 10**9)
    assert Downloads(line, tmp_path / "own", Disk()).fetch(entry, old) == NEWER
    assert line.carried < 1000 < len(NEWER)


@pytest.mark.parametrize("harm", ["none there", "noise", "of another file", "the installed file was damaged", "another result"])
def test_without_a_good_delta_the_whole_file_is_fetched(tmp_path, harm):
    entry, old = entry_of(NEWER), Old(entry_of(LARGE).sha256, tmp_path / "installed")
    old.path.write_bytes(b"bad sector" if harm == "the installed file was damaged" else LARGE)
    put(tmp_path, object_path(entry.sha256), packed(NEWER))
    told = {
        "noise": b"no zstd",
        "of another file": delta(b"something else", LARGE),
        "another result": delta(NEWER[::-1], LARGE),
    }
    if harm != "none there":
        put(tmp_path, delta_path(entry.sha256, old.sha256), told.get(harm, delta(NEWER, LARGE)))
    assert Downloads(FolderSource(tmp_path), tmp_path / "own", Disk()).fetch(entry, old) == NEWER


def test_a_release_makes_deltas_and_a_station_takes_them(tmp_path):
    release, keys, root = made.released(tmp_path)
    for version, model in (("0.1.0", LARGE), ("0.2.0", NEWER)):
        tree = made.version_tree(tmp_path, version, 2)
        (tree / "assets" / "model").write_bytes(model)
        release.add(tree, version, keys, made.NOW)
    release.stage("0.2.0", 100, [], keys, made.NOW)
    places = made.places(tmp_path)
    made.installed(places.home, tmp_path / "tree-0.1.0", "0.1.0")
    station = made.FakeStation(places)
    station.start()
    line = BrokenLine(release.folder, 10**9)
    assert Updates(places, station).run(line, root, made.STATION, (1, 5), lambda _: None).told == "0.2.0: ok"
    assert (places.home / "versions" / "0.2.0" / "assets" / "model").read_bytes() == NEWER
    assert line.carried < 30_000, "lists and changes; the model alone is 1 MB"
    assert not (places.own / "download").exists()


# --- over a network


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    release, keys, root = made.released(folder)
    tree = made.version_tree(folder, "0.2.0", 1)
    (tree / "assets" / "model").write_bytes(LARGE)
    release.add(tree, "0.2.0", keys, made.NOW)
    release.stage("0.2.0", 100, [], keys, made.NOW)
    shutil.copytree(release.folder, folder / "bureau" / "updates")
    with BureauProcess(data=folder / "bureau") as bureau:
        yield bureau, root


def test_the_bureau_sends_the_rest_of_a_file(served, tmp_path):
    bureau, root = served
    entry = entry_of(LARGE)
    with BadLine(bureau.url) as line:
        line.choose = lambda _, path: "truncate" if "objects" in path else "ok"
        source = BureauSource(Sync(), line.url)
        try:
            assert Repository(source, tmp_path / "seen", root).manifest("0.2.0")
            with pytest.raises(SourceError, match="RemoteProtocolError|ReadError"):
                Downloads(source, tmp_path / "own", Disk()).fetch(entry, None)
        finally:
            source.close()
    arrived = (tmp_path / "own" / entry.sha256).stat().st_size
    assert arrived >= PIECE
    source = BureauSource(Sync(), bureau.url)
    try:
        assert b"".join(source.read(object_path(entry.sha256), 10**7, arrived)) == packed(LARGE)[arrived:]
        assert list(source.read(object_path(entry.sha256), 10**7, len(packed(LARGE)))) == [], "all of it was here"
        assert Downloads(source, tmp_path / "own", Disk()).fetch(entry, None) == LARGE
    finally:
        source.close()


class Clock:
    """Time that goes on by itself with every look at it."""

    def __init__(self, step_s: float) -> None:
        self.now_s, self.step_s = 1000.0, step_s

    def monotonic(self) -> float:
        self.now_s += self.step_s
        return self.now_s


@contextlib.contextmanager
def trickling(answers: bytes, then: bytes):
    """A server that sends `answers` at once to every request, and then one byte of `then` after another."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            with contextlib.suppress(OSError):
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    while peer.recv(65536):
                        peer.sendall(answers)
                        for byte in then:
                            peer.sendall(bytes([byte]))
                            over.wait(0.001)

    over = threading.Event()
    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        over.set()
        server.close()


def test_a_server_that_trickles_one_large_file_is_given_up_soon_however_large_it_is(monkeypatch):
    """Slow retrieval. A file of 512 MB may take days at the slowest pace: one that comes slower ends after the first minute."""
    clock = Clock(2.0)
    monkeypatch.setattr(sources, "time", clock)
    monkeypatch.setattr(deadline, "time", clock)
    with trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n", b"x" * 5000) as url:
        source = BureauSource(Sync(), url)
        with pytest.raises(SourceError, match="too slow"):
            list(source.read("objects/aa/a.zst", 512 * 1024 * 1024))
        source.close()
    assert clock.now_s - 1000.0 < 60.0 + 20.0


def test_many_files_that_each_come_just_in_time_are_given_up_together(monkeypatch):
    clock = Clock(10.0)
    monkeypatch.setattr(sources, "time", clock)
    with trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxxx", b"") as url:
        source = BureauSource(Sync(), url)
        taken = 0
        with contextlib.suppress(SourceError):
            for taken in range(1000):
                list(source.read(f"objects/aa/{taken}.zst", 1000))
        with pytest.raises(SourceError, match="all files together"):
            list(source.read("objects/aa/again.zst", 1000))
        source.close()
    assert 10 < taken < 40
    assert clock.now_s - 1000.0 < 2 * sources.LEAST_S, "the clock goes on between the files too"
