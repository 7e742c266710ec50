"""Made-up versions, a repository of them, and a station with a disk whose power can be cut."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from kiosk.release.keys import OFFLINE, ONLINE
from kiosk.release.repository import Release, Signers
from kiosk.updates.disk import Disk
from kiosk.updates.manifest import LIST
from kiosk.updates.plan import Health, Moment
from kiosk.updates.sources import FolderSource
from kiosk.updates.updater import Places

NOW = datetime.now(UTC)  # the framework's client looks at the host's clock; lists are signed for days around it
STATION = "SZ-TEST-0001"


def keys() -> Signers:
    return {role: [CryptoSigner.generate_ed25519() for _ in range(number)] for role, (number, _) in (OFFLINE | ONLINE).items()}


def version_tree(folder: Path, version: str, files: int = 6) -> Path:
    """A version: some files that every version shares, some of its own, a program and a link."""
    tree = folder / f"tree-{version}"
    (tree / "kiosk" / "room").mkdir(parents=True)
    (tree / "assets").mkdir()
    for number in range(files):
        (tree / "assets" / f"shared-{number}").write_bytes(f"shared {number}\n".encode() * 40)
        (tree / "kiosk" / "room" / f"own-{number}.py").write_text(f"VERSION = {version!r}  # {number}\n", encoding="utf-8")
    (tree / "run").write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
    (tree / "run").chmod(0o755)
    (tree / "python").symlink_to("run")
    return tree


def released(folder: Path, *versions: str, files: int = 6, now: datetime | None = None) -> tuple[Release, Signers, bytes]:
    """A repository with the versions, open to everybody."""
    now = now or NOW
    made = keys()
    release = Release(folder / "repository")
    root = release.init(made, now)
    for version in versions:
        release.add(version_tree(folder, version, files), version, made, now)
        release.stage(version, 100, [], made, now)
    return release, made, root


def installed(home: Path, tree: Path, version: str) -> None:
    """A version as a package installs it."""
    from kiosk.updates.manifest import of_folder

    target = home / "versions" / version
    shutil.copytree(tree, target, symlinks=True)
    (target / LIST).write_bytes(of_folder(tree, version).to_bytes())
    (home / "current").symlink_to(f"versions/{version}")


class CountingSource(FolderSource):
    """A folder that remembers what was asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[str] = []

    def read(self, path: str, limit: int, start: int = 0) -> Iterator[bytes]:
        self.asked.append(path)
        yield from super().read(path, limit, start)


class FakeStation:
    """A station's service: its kiosk runs the version that `current` leads to, and adds a record to the store at every start."""

    def __init__(self, places: Places, *, broken: tuple[str, ...] = (), blind: tuple[str, ...] = ()) -> None:
        self.places, self.broken, self.blind = places, broken, blind
        self.running = ""
        self.now = Moment(hour=2, visit=False, desk=False)
        self.tested: list[str] = []
        self.changes = True
        self.test_result = (True, "")

    def moment(self) -> Moment:
        return self.now

    def health(self) -> Health:
        return Health(bool(self.running) and self.running not in self.broken, self.running not in self.blind, True)

    def stop(self) -> None:
        self.running = ""

    def start(self) -> bool:
        self.running = Path(os.readlink(self.places.home / "current")).name
        if self.running in self.broken:
            # It got as far as changing the tables, and fell.
            (self.places.store / "kiosk.db").write_bytes(b"tables of " + self.running.encode())
            return False
        return True

    def devices_back(self, before: Health) -> bool:
        from kiosk.updates.plan import as_well_as

        return as_well_as(before, self.health())

    def self_test(self, version: str) -> tuple[bool, bool, str]:
        self.tested.append(version)
        return self.test_result[0], self.changes, self.test_result[1]


class PowerCut(BaseException):
    """The power went. Not an Exception: nothing may catch it."""


class CutDisk(Disk):
    """A disk whose power goes at the n-th thing done to it; what was not synced may then be gone.

    A name (new file, link, rename) lasts once its folder was synced, a content once the file was.
    """

    def __init__(self, cut_at: int, *, forget: bool) -> None:
        self.cut_at, self.forget, self.done = cut_at, forget, 0
        self._undo: list[tuple[Path, Callable[[], None]]] = []

    def _count(self) -> None:
        self.done += 1
        if self.done == self.cut_at:
            if self.forget:
                for _, undo in reversed(self._undo):
                    undo()
            raise PowerCut

    def _pending(self, folder: Path, undo: Callable[[], None]) -> None:
        self._undo.append((folder, undo))

    def make_folder(self, path: Path) -> None:
        self._count()
        super().make_folder(path)

    def write(self, path: Path, content: bytes, *, program: bool = False) -> None:
        self._count()
        if not path.exists():
            self._pending(path.parent, lambda: path.unlink(missing_ok=True))
        super().write(path, content, program=program)

    def append(self, path: Path, content: bytes) -> None:
        self._count()
        if not path.exists():
            self._pending(path.parent, lambda: path.unlink(missing_ok=True))
        super().append(path, content)

    def take(self, source: Path, target: Path) -> None:
        self._count()
        self._pending(target.parent, lambda: target.unlink(missing_ok=True))
        super().take(source, target)

    def copy(self, source: Path, target: Path) -> None:
        self._count()
        if not target.exists():
            self._pending(target.parent, lambda: target.unlink(missing_ok=True))
        super().copy(source, target)

    def link(self, target: str, path: Path) -> None:
        self._count()
        self._pending(path.parent, lambda: path.unlink(missing_ok=True))
        super().link(target, path)

    def rename(self, source: Path, target: Path) -> None:
        self._count()
        held: tuple[str, bytes] | None = None
        if target.is_symlink():
            held = (os.readlink(target), b"")
        elif target.is_file():
            held = ("", target.read_bytes())

        def undo() -> None:
            os.replace(target, source)
            if held is not None and held[0]:
                target.symlink_to(held[0])
            elif held is not None:
                target.write_bytes(held[1])

        self._pending(target.parent, undo)
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        self._count()  # a removal that did not last leaves what `tidy` removes again
        super().remove(path)
        self._undo = [(folder, undo) for folder, undo in self._undo if folder != path and path not in folder.parents]

    def sync(self, folder: Path) -> None:
        self._count()
        super().sync(folder)
        self._undo = [(of, undo) for of, undo in self._undo if of != folder]


def places(folder: Path) -> Places:
    store = folder / "store"
    store.mkdir(exist_ok=True)
    if not (store / "kiosk.db").exists():
        (store / "kiosk.db").write_bytes(b"tables of 0.1.0")
    return Places(folder / "home", store, folder / "own", ("kiosk.db",))


def days(number: float) -> timedelta:
    return timedelta(days=number)
