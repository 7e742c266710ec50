"""`kiosk bench update --option old=TREE --option new=TREE`: bytes of an update, of two versions as packages lay them out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner

from kiosk.release.keys import OFFLINE, ONLINE
from kiosk.release.repository import Release
from kiosk.updates.disk import Disk
from kiosk.updates.downloads import Downloads
from kiosk.updates.manifest import LIST, Entry, Manifest, of_folder
from kiosk.updates.sources import FolderSource, NotThere
from kiosk.updates.trust import Repository
from kiosk.updates.versions import Versions

OLD, NEW = "0.1.0", "0.2.0"
BOUND_MB = 3.0  # of a change of code


def run(old: str = "", new: str = "") -> dict[str, Any]:
    """Release both, and let a station that has the old one fetch the new one: with deltas, and without. Nothing is put in force."""
    if not old or not new:
        return {"skipped": "give --option old=TREE --option new=TREE"}
    before, after = of_folder(Path(old), OLD), of_folder(Path(new), NEW)
    same = set(before.entries) & set(after.entries)  # comes from the installed version: packing it all would take minutes
    with tempfile.TemporaryDirectory(prefix="bench-update-") as name:
        folder = Path(name)
        for manifest, tree in ((before, Path(old)), (after, Path(new))):
            _without(same, manifest, tree, folder / manifest.version)
        keys = {role: [CryptoSigner.generate_ed25519() for _ in range(number)] for role, (number, _) in (OFFLINE | ONLINE).items()}
        release, now = Release(folder / "repository"), datetime.now(UTC)
        root = release.init(keys, now)
        release.add(folder / OLD, OLD, keys, now)
        listed = release.add(folder / NEW, NEW, keys, now)
        release.stage(NEW, 100, [], keys, now)
        left_out = len(after.to_bytes()) - len(listed.to_bytes())  # of the list, which has every file
        size = sum(one.size for one in after.entries)
        out: dict[str, Any] = {"files": len(after.entries), "changed": len(listed.entries), "installed_mb": _mb(size)}
        for label, source in (("with deltas", _Counted(release.folder)), ("without deltas", _Whole(release.folder))):
            home = folder / label / "home"
            shutil.copytree(folder / OLD, home / "versions" / OLD, symlinks=True)
            (home / "versions" / OLD / LIST).write_bytes(of_folder(folder / OLD, OLD).to_bytes())
            (home / "current").symlink_to(f"versions/{OLD}")
            repository = Repository(source, folder / label / "metadata", root)
            repository.offers()
            manifest = repository.manifest(NEW)
            lists, requests = source.carried, source.requests
            Versions(home, Disk()).lay_out(manifest, Downloads(source, folder / label / "own", Disk()).fetch)
            out |= {
                f"{label}: mb": _mb(source.carried + left_out),
                f"{label}: of it lists, mb": _mb(lists + left_out),
                f"{label}: files fetched": source.requests - requests,
            }
        return out | {"within_bounds": out["with deltas: mb"] <= BOUND_MB}


class _Counted(FolderSource):
    carried = requests = 0

    def read(self, path: str, limit: int, start: int = 0) -> Iterator[bytes]:
        """Yield what the folder has, counted."""
        for block in super().read(path, limit, start):
            self.carried += len(block)
            self.requests += 1
            yield block


class _Whole(_Counted):
    def read(self, path: str, limit: int, start: int = 0) -> Iterator[bytes]:
        """Have no deltas."""
        if path.startswith("deltas/"):
            raise NotThere(path)
        yield from super().read(path, limit, start)


def _without(same: set[Entry], manifest: Manifest, tree: Path, target: Path) -> None:
    """Copy what is not the same in both versions."""
    for entry in manifest.entries:
        if entry not in same:
            (target / entry.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tree / entry.path, target / entry.path, follow_symlinks=False)


def _mb(count: int) -> float:
    return round(count / 1e6, 2)
