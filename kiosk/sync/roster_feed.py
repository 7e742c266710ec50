"""What comes down: the roster (snapshots and deltas, resumed where a try stopped), policies, staff, revocations, messages.

Used by `worker` and `courier`. Nothing is put into use before its signature, its digest and its version are right; the store
applies each part in one transaction.
"""

from __future__ import annotations

import json
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import kiosk
from kiosk import settings_trial
from kiosk.config import Sync
from kiosk.errors import ConfigError, StoreError
from kiosk.store import outbox, policies
from kiosk.store.desk import staff
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.store.home_visits import changes
from kiosk.store.roster import lookup as roster
from kiosk.sync import (
    bundle_parts,
    limits,
    protocol,
    reminder_lists,
    remote_settings,
    roster_chunks,
    roster_file,
    seal,
    standing,
    succession,
)
from kiosk.sync.batches import Clocks, RunInStore, guarded
from kiosk.sync.client import Client, Failure
from kiosk.sync.keys import Identity
from kiosk.sync.schedule import Trouble

_REFUSED = "bundle_refused"  # key in `sync_state`: version of the program, and what it did not understand of the newest bundle
_NAMED = 8  # refused parts that an entry names
_METERED_MAX = 512 * 1024  # ours: a delta of this size is let through on a metered line


class Feed:
    """Brings the newest roster and bundle, for one kiosk, in one thread."""

    def __init__(self, settings: Sync, client: Client, run_in_store: RunInStore, *, clocks: Clocks | None = None) -> None:
        self._settings, self._client, self._run = settings, client, guarded(run_in_store)
        self._clocks = clocks or Clocks()

    def pull(self, stop: threading.Event, *, metered: bool = False) -> list[str]:
        """Fetch what is newer; return what changed ("roster 7", "bundle 3"). Raises Failure; what was refused is not in use."""
        bad_bundle: Failure | None = None
        changed: list[str] = []
        try:
            changed += self._bundle()
        except Failure as failure:
            if failure.trouble is not Trouble.FORGED:
                raise
            bad_bundle = failure  # a bundle that is no good must not keep a good roster away
        changed += self._station_settings()
        changed += reminder_lists.pull(self._client, self._run, self._clocks.utc())
        in_chunks = self._run(lambda store: standing.comes_in_chunks(store.db))
        changed += self._chunks(stop, metered) if in_chunks else self._rosters(stop, metered)
        if bad_bundle is not None:
            raise bad_bundle
        return changed

    def _chunks(self, stop: threading.Event, metered: bool) -> list[str]:
        """Bring the station's own roster: the buckets that differ, each resumed where a try stopped."""
        have = self._run(lambda store: roster.version(store))
        document = self._client.get_sealed(f"/v1/roster/chunks?have={have}", protocol.RosterChunks)
        if document is None:
            return []
        for chunk in document.chunks:
            _must_be_ours(self._client, roster_chunks.as_manifest(document, chunk))
        folder: Path = self._run(lambda store: store.folder)
        try:
            wanted = self._run(lambda store: roster_chunks.differing(store, document))
            numbers = range(len(document.chunks)) if wanted is None else wanted
            chunks = [document.chunks[number] for number in numbers if document.chunks[number].lines]
            if metered and sum(chunk.size for chunk in chunks) > _METERED_MAX:
                return []
            paths = {chunk.digest: folder / f"{chunk.digest}.fetching" for chunk in chunks}
            for other in folder.glob("*.fetching"):
                if other.stem not in paths:
                    other.unlink(missing_ok=True)
            for chunk in chunks:
                for _ in self._client.fetch(f"/v1/roster/files/{chunk.digest}", paths[chunk.digest], chunk.size):
                    if stop.is_set():
                        return []
            try:
                roster_chunks.take(self._run, document, wanted, lambda chunk: paths[chunk.digest], self._clocks.utc())
            finally:
                for path in paths.values():
                    path.unlink(missing_ok=True)
        except OSError as error:
            for path in folder.glob("*.fetching"):
                path.unlink(missing_ok=True)  # a full disk: what is left of it is for records
            raise StoreError(f"the roster cannot be kept: {error.strerror}") from error
        except seal.Refused as error:
            raise Failure(Trouble.FORGED, error.why) from error
        return [f"roster {document.version}"]

    def _rosters(self, stop: threading.Event, metered: bool) -> list[str]:
        changed: list[str] = []
        while not stop.is_set():
            have = self._run(lambda store: roster.version(store))
            manifest = self._client.get_sealed(f"/v1/roster?have={have}", protocol.RosterManifest)
            if manifest is not None:
                _must_be_ours(self._client, manifest)
            if manifest is None or (metered and manifest.size > _METERED_MAX):
                break
            folder: Path = self._run(lambda store: store.folder)
            path = folder / f"{manifest.digest}.fetching"
            try:
                if not self._fetch(path, manifest, stop):
                    break
            except OSError as error:
                path.unlink(missing_ok=True)  # a full disk: what is left of it is for records
                raise StoreError(f"the roster cannot be kept: {error.strerror}") from error
            try:
                take_roster(self._run, manifest, path, self._clocks.utc())
            except seal.Refused as error:
                raise Failure(Trouble.FORGED, error.why) from error
            finally:
                path.unlink(missing_ok=True)
            changed.append(f"roster {manifest.version}")
        return changed

    def _fetch(self, path: Path, manifest: protocol.RosterManifest, stop: threading.Event) -> bool:
        """Fetch the file, or the rest of it; False when told to stop. Raises Failure, OSError."""
        if manifest.size > limits.MAX_ROSTER_FILE:
            raise Failure(Trouble.FORGED, "too-large")
        for other in path.parent.glob("*.fetching"):
            if other != path:
                other.unlink(missing_ok=True)  # of a roster that nobody offers any more
        for _ in self._client.fetch(f"/v1/roster/files/{manifest.digest}", path, manifest.size):
            if stop.is_set():
                return False
        return True

    def _station_settings(self) -> list[str]:
        have = self._run(lambda store: settings_trial.read(store.folder).version)
        try:
            told = self._client.get_sealed(f"/v1/settings?have={have}", protocol.StationSettings)
        except Failure as failure:
            if failure.why == "http-404":  # a bureau one version back, which sets nothing
                return []
            raise
        if told is None:
            return []
        station_id = self._client.identity.pins.station_id
        changed = self._run(lambda store: remote_settings.take(store, told, station_id, self._clocks.utc()))
        return [f"settings {told.version}"] if changed else []

    def _bundle(self) -> list[str]:
        have = self._run(lambda store: 0 if _may_know_more(store) else int(outbox.get(store.db, "bundle_version", "0")))
        bundle = self._client.get_sealed(f"/v1/bundle?have={have}", protocol.RawBundle)
        if bundle is None:
            return []
        take_announcement(self._run, self._client.identity, bundle, self._clocks.utc())
        self._client.refresh()
        try:
            self._run(lambda store: take_bundle(store, bundle, self._clocks.utc()))
        except seal.Refused as error:
            raise Failure(Trouble.FORGED, error.why) from error
        return [f"bundle {bundle.version}"]


def _must_be_ours(client: Client, manifest: protocol.RosterManifest) -> None:
    try:
        roster_file.must_be(manifest, client.identity.suite)
    except seal.Refused as error:
        raise Failure(Trouble.FORGED, error.why) from error


def take_roster(run_in_store: RunInStore, manifest: protocol.RosterManifest, path: Path, now: datetime) -> None:
    """Put a roster file into use: its digest is checked first, then its lines as they are read. Raises seal.Refused, StoreError.

    A snapshot is built in the calling thread, so that the store's thread goes on serving visits.
    """
    here = run_in_store(lambda store: roster.version(store))
    if manifest.version <= here:
        raise seal.Refused("stale", f"version {manifest.version} is not newer than {here}")
    if manifest.base_version is not None and manifest.base_version != here:
        raise seal.Refused("stale", f"a delta on version {manifest.base_version}, here is {here}")
    header = roster.RosterHeader(manifest.version, manifest.created_at, manifest.lines, manifest.base_version)
    lines = roster_file.read(path, manifest)
    try:
        if manifest.base_version is None:
            folder, key = run_in_store(lambda store: (store.folder, store.key))
            built = roster.build(folder, key, lines, header)
            run_in_store(lambda store: roster.adopt(store, built, now))
        else:
            run_in_store(lambda store: roster.apply_delta(store, lines, header, now))
    except roster.RosterRefused as error:
        raise seal.Refused("malformed", str(error)) from error
    run_in_store(lambda store: _note_roster(store, manifest))


def _note_roster(store: Store, manifest: protocol.RosterManifest) -> None:
    with store.db.atomic():
        outbox.put(store.db, "roster_version", str(manifest.version))
        outbox.put(store.db, "roster_at", outbox.iso(manifest.created_at))


def take_announcement(run_in_store: RunInStore, identity: Identity, bundle: protocol.RawBundle, now: datetime) -> None:
    """Believe what a verified bundle says of the bureau's own keys, before its version is noted; journalled.

    An announcement that is no good is journalled with a bundle that is new, and changes nothing; the rest of the bundle is taken.
    Raises StoreError when it cannot be kept.
    """
    kind, data = "bureau-keys", dict[str, Any](version=bundle.version)
    try:
        pins = succession.take(identity, bundle).pins
        if pins == identity.pins:
            return
        others = {"following": pins.following, "before": pins.before}
        data |= {"in_force": pins.bureau_id} | {name: one.bureau_id if one else "" for name, one in others.items()}
    except seal.Refused as error:
        kind, data["why"] = "bureau-keys-refused", error.why

    def note(store: Store) -> None:
        if kind == "bureau-keys" or bundle.version > int(outbox.get(store.db, "bundle_version", "0")):
            with store.transaction():
                journal.append(store, kind, data, now)

    run_in_store(note)


def take_bundle(store: Store, bundle: protocol.RawBundle, now: datetime) -> bool:
    """Put a verified bundle into use, part by part, revocations first; False for one that is not newer. Raises seal.Refused.

    What this version does not understand is left as it was, journalled for the bureau, and asked for again by the next version.
    """
    here = int(outbox.get(store.db, "bundle_version", "0"))
    again = bundle.version == here and _may_know_more(store)
    if bundle.version <= here and not again:
        return False
    parts = bundle_parts.part(bundle)
    try:
        staff.revoke_all(store, parts.revoked_staff, bundle.version, now)
        if parts.policies or parts.kept_policies or outbox.get(store.db, "bundle_policies"):
            policies.take_bundle(store, parts.policies, bundle.version, now, parts.kept_policies, again=again)
        if parts.staff or parts.revoked_staff:
            staff.take_bundle(store, parts.staff, parts.revoked_staff, bundle.version, now, again=again)
    except (ConfigError, StoreError, ValueError) as error:
        raise seal.Refused("malformed", type(error).__name__) from error
    changes.take(store, (changes.Change(one.person_id, one.at, one.cancelled, one.on_day) for one in parts.visits), "bureau", now)
    kept = json.dumps([peer.model_dump(mode="json") for peer in parts.peers], sort_keys=True)
    with store.transaction() as db:
        if kept != (outbox.get(db, "peers") or "[]"):
            outbox.put(db, "peers", kept)
            journal.append(
                store,
                "peers-changed",
                {"version": bundle.version, "count": len(parts.peers), "ids": [peer.kiosk_id for peer in parts.peers][:20]},
                now,
            )
        outbox.put(db, "bundle_policies", "1" if parts.policies or parts.kept_policies else "")
        outbox.put(db, "messages", json.dumps([message.model_dump(mode="json") for message in parts.messages]))
        outbox.put(db, "bundle_version", str(bundle.version))
        before = outbox.get(db, _REFUSED)
        outbox.put(db, _REFUSED, json.dumps([kiosk.__version__, *parts.refused[:_NAMED]]) if parts.refused else "")
        if parts.refused or before:
            data = {"version": bundle.version, "software": kiosk.__version__, "count": len(parts.refused)}
            journal.append(store, "bundle-parts-refused", {**data, "parts": [one[:150] for one in parts.refused[:_NAMED]]}, now)
    return True


def refused_parts(store: Store) -> list[str]:
    """Return what of the newest bundle this version did not understand."""
    return list(json.loads(outbox.get(store.db, _REFUSED) or "[]"))[1:]


def _may_know_more(store: Store) -> bool:
    """Whether another version of the program refused parts of the newest bundle."""
    told = json.loads(outbox.get(store.db, _REFUSED) or "[]")
    return bool(told) and told[0] != kiosk.__version__


def peers(store: Store) -> tuple[protocol.Peer, ...]:
    """Return the other kiosks of this station that the bureau's last bundle named: nobody else's signature is taken."""
    return tuple(protocol.Peer.model_validate(one) for one in json.loads(outbox.get(store.db, "peers") or "[]"))


def messages(store: Store, now: datetime) -> list[dict[str, Any]]:
    """Return the bureau's messages for this station that are still in time: message_id, text, created_at, until."""
    kept: list[dict[str, Any]] = json.loads(outbox.get(store.db, "messages", "[]"))
    return [one for one in kept if not one["until"] or datetime.fromisoformat(one["until"]) > now]
