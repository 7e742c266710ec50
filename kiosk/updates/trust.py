"""What the signed repository says: The Update Framework's client (python-tuf) over our sources.

Keys: root and targets lie offline with the programme's owner; snapshot, timestamp and `rollout` at the bureau. Whoever holds the
bureau can choose among the versions that the owner signed and open them to stations, and nothing else: no code, nothing older,
and not for ever the same, since the owner's own lists end by themselves.

The lists are signed with Ed25519 and name SHA-256. A station of `gm-1` asks for SM3 besides: of each target, in its signed `custom`
(a second entry of `hashes` would be refused by stations of before), and of each file (`manifest.with_sm3`).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.ngclient import FetcherInterface, TargetFile, Updater, UpdaterConfig

from kiosk import digests
from kiosk.errors import KioskError
from kiosk.updates.manifest import Manifest, ManifestError, parse, version_key, with_sm3
from kiosk.updates.plan import Offer
from kiosk.updates.sources import MAX_METADATA, NotThere, Source

ROLLOUT = "rollout.json"
MAX_MANIFEST = 16_000_000
MAX_ROLLOUT = 1_000_000
_BASE = "kiosk-updates:///"
_CONFIG = UpdaterConfig(max_root_rotations=64, max_delegations=4, targets_max_length=MAX_METADATA, snapshot_max_length=1_000_000)


class NotTrusted(KioskError):
    """The repository's lists are not signed as they must be, are older than what was seen, or are out of date. Nothing is taken."""

    reason = "update-refused"


class _Fetcher(FetcherInterface):
    def __init__(self, source: Source) -> None:
        self._source = source

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = url.removeprefix(_BASE)
        try:
            # One step ahead: that a file is not there must be known when `fetch` returns.
            blocks = self._source.read(path, MAX_MANIFEST if path.startswith("targets/") else MAX_METADATA)
            first = next(blocks, b"")
        except NotThere as error:
            raise DownloadHTTPError(f"{path}: not there", 404) from error
        return _again(first, blocks)


def _again(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from blocks


class Repository:
    """The repository as this station may believe it. `folder` keeps what was seen, so that nothing older is ever taken."""

    def __init__(self, source: Source, folder: Path, root: bytes, *, sm3: bool = False) -> None:
        """Start from the root that came with the installation; later ones are followed from it, each signed by the one before.

        sm3: nothing is taken whose SM3 is not signed besides its SHA-256, or is another.
        Raises NotTrusted, and DownloadError's kin as SourceError is raised by the source.
        """
        self._sm3 = sm3
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        try:
            self._updater = Updater(
                metadata_dir=str(folder),
                metadata_base_url=_BASE + "metadata",
                target_base_url=_BASE + "targets",
                fetcher=_Fetcher(source),
                config=_CONFIG,
                bootstrap=root,
            )
            self._updater.refresh()
        except DownloadError:
            raise
        except (RepositoryError, OSError, ValueError) as error:
            raise NotTrusted(f"{type(error).__name__}: {str(error)[:200]}") from error

    def root(self) -> bytes:
        """Return the newest root that was followed."""
        return (self._folder / "root.json").read_bytes()

    def offers(self) -> list[Offer]:
        """Return the versions that the rollout list names and the owner signed. Raises NotTrusted."""
        try:
            listed = json.loads(self._target(ROLLOUT, MAX_ROLLOUT))["offers"]
            offers = []
            for item in listed:
                version = str(item["version"])
                version_key(version)
                info = self._info(f"{version}.json")
                if info is None:
                    continue  # the bureau may not open what the owner did not sign
                share, named = int(item.get("share", 0)), item.get("canaries", [])
                withdrawn = bool(_custom(info).get("withdrawn", False))
                offers.append(Offer(version, max(0, min(100, share)), frozenset(map(str, named)), withdrawn))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ManifestError) as error:
            raise NotTrusted(f"{ROLLOUT}: {type(error).__name__}") from error
        return offers

    def manifest(self, version: str) -> Manifest:
        """Return the files of a version. Raises NotTrusted, ManifestError."""
        manifest = parse(self._target(f"{version}.json", MAX_MANIFEST), version)
        return with_sm3(manifest, self._target(f"{version}.sm3.json", MAX_MANIFEST)) if self._sm3 else manifest

    def _info(self, name: str) -> TargetFile | None:
        try:
            return self._updater.get_targetinfo(name)
        except DownloadError:
            raise
        except (RepositoryError, ValueError) as error:
            raise NotTrusted(f"{name}: {type(error).__name__}") from error

    def _target(self, name: str, limit: int) -> bytes:
        info = self._info(name)
        if info is None or info.length > limit:
            raise NotTrusted(f"{name}: not signed, or too large")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "target"
            try:
                self._updater.download_target(info, str(path))
            except DownloadError:
                raise
            except (RepositoryError, ValueError) as error:
                raise NotTrusted(f"{name}: {type(error).__name__}") from error
            content = path.read_bytes()
        if self._sm3 and _custom(info).get("sm3") != digests.hexdigest(digests.SM3, content):
            raise NotTrusted(f"{name}: its SM3 is not signed, or another; this station speaks gm-1")
        return content


def _custom(info: TargetFile) -> dict[str, Any]:
    custom = info.unrecognized_fields.get("custom", {})
    return custom if isinstance(custom, dict) else {}
