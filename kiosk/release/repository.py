"""The repository of updates as files: metadata/ and targets/ (The Update Framework, consistent snapshots), objects/ of versions.

Made of folders of a version's files, as a package lays them out. Everything is written beside and renamed; the timestamp, last,
puts it in force: a reader at any moment sees the old state or the new.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from kiosk import digests
from kiosk.errors import ConfigError
from kiosk.release.keys import OFFLINE, ONLINE
from kiosk.updates.downloads import DELTA_FROM
from kiosk.updates.manifest import Manifest, of_folder, parse, sm3_of_folder, version_key
from kiosk.updates.rollout import WELL, begun
from kiosk.updates.sources import delta_path, object_path, pack_delta, pack_object, unpack
from kiosk.updates.trust import ROLLOUT

# How long each list holds. Timestamp: short, so that a station notices within a week when somebody holds back what is new.
LASTS = {
    "root": timedelta(days=730),
    "targets": timedelta(days=400),
    "snapshot": timedelta(days=30),
    "rollout": timedelta(days=30),
    "timestamp": timedelta(days=7),
}
DELTAS = 3  # a version gets deltas from so many before it
WORTH = 0.8  # of the whole file's packed size: a delta that spares less is not kept
Signers = dict[str, list[CryptoSigner]]


class Release:
    """A repository in a folder. Every change names the time and the signers of the roles that it touches."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._metadata, self._targets = folder / "metadata", folder / "targets"

    # --- made once, and keys

    def init(self, keys: Signers, now: datetime) -> bytes:
        """Make an empty repository; return the first root, which stations are given with their installation. Raises ConfigError."""
        if self._metadata.exists():
            raise ConfigError(f"{self.folder}: there is a repository already")
        self._metadata.mkdir(parents=True)
        self._targets.mkdir()
        root = Root(consistent_snapshot=True, expires=_until(now, "root"))
        for role in ("root", "targets", "snapshot", "timestamp"):
            for signer in keys[role]:
                root.add_key(signer.public_key, role)
            root.roles[role].threshold = (OFFLINE | ONLINE)[role][1]
        self._sign_and_write(Metadata(root), keys["root"], "1.root.json")
        rollout = keys["rollout"]
        delegated = DelegatedRole("rollout", [one.public_key.keyid for one in rollout], ONLINE["rollout"][1], True, [ROLLOUT])
        delegations = Delegations({one.public_key.keyid: one.public_key for one in rollout}, {"rollout": delegated})
        targets = Metadata(Targets(expires=_until(now, "targets"), delegations=delegations))
        self._sign_and_write(targets, keys["targets"], "1.targets.json")
        self._write_rollout(Metadata(Targets(expires=_until(now, "rollout"))), {}, keys["rollout"], first=True)
        self._publish(keys, now)
        return (self._metadata / "1.root.json").read_bytes()

    def rotate_root(self, old: list[CryptoSigner], new: Signers, now: datetime) -> None:
        """Put other keys in the place of those of the named roles. The next root is signed by the old root keys and by the new
        ones."""
        root = self._load_root()
        for role, signers in new.items():
            for keyid in list(root.signed.roles[role].keyids):
                root.signed.revoke_key(keyid, role)
            for signer in signers:
                root.signed.add_key(signer.public_key, role)
        root.signed.version += 1
        root.signed.expires = _until(now, "root")
        self._sign_and_write(root, [*old, *new.get("root", [])], f"{root.signed.version}.root.json")

    # --- versions: the owner's keys

    def add(self, tree: Path, version: str, keys: Signers, now: datetime) -> Manifest:
        """Take in a version: its files as objects, its list as a signed target. Raises ConfigError when it is there already."""
        version_key(version)
        targets = self._load_targets()
        name = f"{version}.json"
        if name in targets.signed.targets:
            raise ConfigError(f"{version} was released already: a version is never changed")
        manifest = sm3_of_folder(tree, of_folder(tree, version))
        for entry in manifest.entries:
            if not entry.link:
                _write_once(self.folder / object_path(entry.sha256), tree / entry.path)
        for before in sorted(self._released(targets), key=lambda one: version_key(one.version))[-DELTAS:]:
            self._add_deltas(tree, manifest, before)
        self._add_target(targets, name, manifest.to_bytes())
        self._add_target(targets, f"{version}.sm3.json", manifest.sm3_bytes())
        self._sign_targets(targets, keys, now)
        return manifest

    def _released(self, targets: Metadata[Targets]) -> list[Manifest]:
        """Return the versions that are signed and not withdrawn."""
        found = []
        for name, info in targets.signed.targets.items():
            version = name.removesuffix(".json")
            if not version.endswith(".sm3") and not info.unrecognized_fields.get("custom", {}).get("withdrawn"):
                found.append(parse((self._targets / f"{info.hashes['sha256']}.{name}").read_bytes(), version))
        return found

    def _add_deltas(self, tree: Path, manifest: Manifest, before: Manifest) -> None:
        """Pack what changed with what it was before, where that is much smaller. Not signed: only what comes of it is believed."""
        old = {entry.path: entry for entry in before.entries if not entry.link}
        known = {entry.sha256 for entry in old.values()}
        for entry in manifest.entries:
            was = old.get(entry.path)
            if entry.link or was is None or entry.sha256 in known or entry.size < DELTA_FROM:
                continue
            target = self.folder / delta_path(entry.sha256, was.sha256)
            if target.exists():
                continue
            packed_old = (self.folder / object_path(was.sha256)).read_bytes()
            packed = pack_delta((tree / entry.path).read_bytes(), unpack(packed_old, was))
            if len(packed) < WORTH * (self.folder / object_path(entry.sha256)).stat().st_size:
                target.parent.mkdir(parents=True, exist_ok=True)
                _replace(target, packed)

    def withdraw(self, version: str, keys: Signers, now: datetime) -> None:
        """Mark a version: no station takes it any more, and who has it goes to another. Its files stay. Raises ConfigError."""
        targets = self._load_targets()
        found = targets.signed.targets.get(f"{version}.json")
        if found is None:
            raise ConfigError(f"{version} was never released")
        found.unrecognized_fields["custom"] = {**found.unrecognized_fields.get("custom", {}), "withdrawn": True}
        self._sign_targets(targets, keys, now)

    # --- rings: the bureau's keys

    def stage(
        self,
        version: str,
        share: int,
        canaries: Iterable[str],
        keys: Signers,
        now: datetime,
        *,
        rings: bool = False,
        well: int = WELL,
    ) -> None:
        """Open a version to `share` percent of the stations and the named ones. Raises ConfigError when the owner did not sign
        it. rings: to the named ones now, and further by itself (`kiosk release watch`). well: see `rollout.enough`."""
        offer: dict[str, Any] = {"version": version, "share": max(0, min(100, share)), "canaries": sorted(canaries)}
        self.put(offer | ({"share": 0, "plan": begun(now, well)} if rings else {}), keys, now)

    def put(self, offer: dict[str, Any], keys: Signers, now: datetime) -> None:
        """Put an offer in the place of the one of its version. Raises ConfigError when the owner did not sign the version."""
        version = str(offer["version"])
        if f"{version}.json" not in self._load_targets().signed.targets:
            raise ConfigError(f"{version} was never released")
        offers = self.offers() | {version: offer}
        rollout = self._load_latest("rollout")
        rollout.signed.expires = _until(now, "rollout")
        self._write_rollout(rollout, offers, keys["rollout"])
        self._publish(keys, now)

    def refresh(self, keys: Signers, now: datetime) -> None:
        """Sign the bureau's lists anew before they end (a timer's daily work)."""
        rollout = self._load_latest("rollout")
        rollout.signed.expires = _until(now, "rollout")
        self._write_rollout(rollout, self.offers(), keys["rollout"])
        self._publish(keys, now)

    def signed_at(self) -> datetime:
        """Return when the timestamp was signed last."""
        return Metadata[Timestamp].from_file(str(self._metadata / "timestamp.json")).signed.expires - LASTS["timestamp"]

    def offers(self) -> dict[str, dict[str, Any]]:
        """Return version -> what the rollout list says of it."""
        info = self._load_latest("rollout").signed.targets.get(ROLLOUT)
        if info is None:
            return {}
        listed = json.loads((self._targets / f"{info.hashes['sha256']}.{ROLLOUT}").read_bytes())["offers"]
        return {str(item["version"]): item for item in listed}

    # --- files

    def _write_rollout(
        self, rollout: Metadata[Targets], offers: dict[str, dict[str, Any]], signers: list[CryptoSigner], *, first: bool = False
    ) -> None:
        listed = sorted(offers.values(), key=lambda item: version_key(item["version"]))
        self._add_target(rollout, ROLLOUT, json.dumps({"offers": listed}, separators=(",", ":")).encode())
        if not first:
            rollout.signed.version += 1
        self._sign_and_write(rollout, signers, f"{rollout.signed.version}.rollout.json")

    def _add_target(self, targets: Metadata[Targets], name: str, content: bytes) -> None:
        info = TargetFile.from_data(name, content, ["sha256"])
        info.unrecognized_fields["custom"] = {"sm3": digests.hexdigest(digests.SM3, content)}
        _replace(self._targets / f"{info.hashes['sha256']}.{name}", content)
        targets.signed.targets[name] = info

    def _sign_targets(self, targets: Metadata[Targets], keys: Signers, now: datetime) -> None:
        targets.signed.version += 1
        targets.signed.expires = _until(now, "targets")
        self._sign_and_write(targets, keys["targets"], f"{targets.signed.version}.targets.json")
        if "snapshot" in keys:
            self._publish(keys, now)

    def publish(self, keys: Signers, now: datetime) -> None:
        """Let snapshot and timestamp name what lies here: what the owner brought goes in force with the bureau's keys."""
        self._publish(keys, now)

    def _publish(self, keys: Signers, now: datetime) -> None:
        held = self._latest("snapshot")
        snapshot = Metadata[Snapshot].from_file(str(held)) if held else Metadata(Snapshot())
        snapshot.signed.version = (snapshot.signed.version + 1) if held else 1
        snapshot.signed.expires = _until(now, "snapshot")
        snapshot.signed.meta = {f"{role}.json": MetaFile(self._load_latest(role).signed.version) for role in ("targets", "rollout")}
        self._sign_and_write(snapshot, keys["snapshot"], f"{snapshot.signed.version}.snapshot.json")
        path = self._metadata / "timestamp.json"
        timestamp = Metadata[Timestamp].from_file(str(path)) if path.exists() else Metadata(Timestamp())
        timestamp.signed.version = (timestamp.signed.version + 1) if path.exists() else 1
        timestamp.signed.expires = _until(now, "timestamp")
        timestamp.signed.snapshot_meta = MetaFile(snapshot.signed.version)
        self._sign_and_write(timestamp, keys["timestamp"], "timestamp.json")

    def _sign_and_write(self, metadata: Metadata[Any], signers: list[CryptoSigner], name: str) -> None:
        metadata.signatures.clear()
        for signer in signers:
            metadata.sign(signer, append=True)
        _replace(self._metadata / name, metadata.to_bytes(JSONSerializer(compact=True)))

    def _latest(self, role: str) -> Path | None:
        numbers = [int(path.name.split(".")[0]) for path in self._metadata.glob(f"*.{role}.json")]
        return self._metadata / f"{max(numbers)}.{role}.json" if numbers else None

    def _load_latest(self, role: str) -> Metadata[Targets]:
        path = self._latest(role)
        if path is None:
            raise ConfigError(f"{self.folder}: no repository here (kiosk release init)")
        return Metadata[Targets].from_file(str(path))

    def _load_targets(self) -> Metadata[Targets]:
        return self._load_latest("targets")

    def _load_root(self) -> Metadata[Root]:
        path = self._latest("root")
        if path is None:
            raise ConfigError(f"{self.folder}: no repository here (kiosk release init)")
        return Metadata[Root].from_file(str(path))


def _until(now: datetime, role: str) -> datetime:
    return (now.astimezone(UTC) + LASTS[role]).replace(microsecond=0)


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)


def _write_once(target: Path, source: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(target, pack_object(source.read_bytes()))
