"""`kiosk bench update --option old=TREE --option new=TREE`: bytes of an update, of two versions as packages lay them out."""

from __future__ import annotations

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
from kiosk.updates.manifest import LIST, Manifest, of_folder
from kiosk.updates.sources import FolderSource, NotThere
from kiosk.updates.trust import Repository
from kiosk.updates.versions import Versions

OLD, NEW = "0.1.0", "0.2.0"
BOUND_MB = 3.0  # of a change of code


def run(old: str = "", new: str = "") -> dict[str, Any]:
    """Release both, and let a station that has the old one fetch the new one: with deltas, and without. Nothing is put in force."""
    if not old or not new:
        return {"skipped": "give --option old=TREE --option new=TREE"}
    before, after = Path(old).resolve(), Path(new).resolve()
    with tempfile.TemporaryDirectory(prefix="bench-update-") as name:
        folder = Path(name)
        keys = {role: [CryptoSigner.generate_ed25519() for _ in range(number)] for role, (number, _) in (OFFLINE | ONLINE).items()}
        release, now = Release(folder / "repository"), datetime.now(UTC)
        root = release.init(keys, now)
        release.add(before, OLD, keys, now)
        manifest = release.add(after, NEW, keys, now)
        release.stage(NEW, 100, [], keys, now)
        out: dict[str, Any] = {"files": len(manifest.entries), "installed_mb": _mb(sum(one.size for one in manifest.entries))}
        for label, source in (("with deltas", _Counted(release.folder)), ("without deltas", _Whole(release.folder))):
            home = folder / label / "home"
            _installed(home, before)
            repository = Repository(source, folder / label / "metadata", root)
            repository.offers()
            listed = repository.manifest(NEW)
            lists, requests = source.bytes, source.requests
            Versions(home, Disk()).lay_out(listed, Downloads(source, folder / label / "own", Disk()).fetch)
            out |= {
                f"{label}: mb": _mb(source.bytes),
                f"{label}: of it lists, mb": _mb(lists),
                f"{label}: files fetched": source.requests - requests,
            }
        return out | {"within_bounds": out["with deltas: mb"] <= BOUND_MB}


class _Counted(FolderSource):
    bytes = requests = 0

    def read(self, path: str, limit: int, start: int = 0) -> Iterator[bytes]:
        """Yield what the folder has, counted."""
        for block in super().read(path, limit, start):
            self.bytes += len(block)
            self.requests += 1
            yield block


class _Whole(_Counted):
    def read(self, path: str, limit: int, start: int = 0) -> Iterator[bytes]:
        """Have no deltas."""
        if path.startswith("deltas/"):
            raise NotThere(path)
        yield from super().read(path, limit, start)


def _installed(home: Path, tree: Path) -> None:
    """The old version where a package puts it: not copied, its list beside it is what counts."""
    place = home / "versions" / OLD
    place.mkdir(parents=True)
    for one in tree.iterdir():
        if one.name != LIST:
            (place / one.name).symlink_to(one)
    listed: Manifest = of_folder(tree, OLD)
    (place / LIST).write_bytes(listed.to_bytes())
    (home / "current").symlink_to(f"versions/{OLD}")


def _mb(count: int) -> float:
    return round(count / 1e6, 2)
