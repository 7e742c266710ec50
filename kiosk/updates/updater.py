"""The walk of one update: from the signed list to a version that proved itself, or back. The power may go at every step.

State lies in one small file that is replaced at once (`State`). After a cut, `recover` brings the station to the old or the new
version, whole, before the kiosk starts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from kiosk.updates import plan
from kiosk.updates.disk import Disk
from kiosk.updates.manifest import ManifestError
from kiosk.updates.plan import Health, Moment
from kiosk.updates.versions import Versions

if TYPE_CHECKING:
    from kiosk.updates.sources import Source

RESULT = "update-result.json"  # beside the versions, for everybody to read: the kiosk tells the bureau
ROOT = "update-root.json"
KEPT = "before-update"  # copies of the store's files, beside them, until the new version proved itself


class Station(Protocol):
    """What the updater asks of the machine: the kiosk's service, and the new version's test in a process of its own."""

    def moment(self) -> Moment:
        """Return what the station is doing."""
        ...

    def health(self) -> Health:
        """Return what the running kiosk says of itself."""
        ...

    def stop(self) -> None:
        """Stop the kiosk. Raises KioskError when it does not stop."""
        ...

    def start(self) -> bool:
        """Start the kiosk; return whether it was READY in time."""
        ...

    def devices_back(self, before: Health) -> bool:
        """Wait until camera and reader answer as before; return whether they do."""
        ...

    def self_test(self, version: str) -> tuple[bool, bool, str]:
        """Let a version test itself; return (good, it would change the store's tables, what it said)."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """Where an update is.

    phase: idle; switching (the store is copied, `current` may lead to either); trial (the new one runs); back (the old one is being
    brought back).
    """

    phase: str = "idle"
    old: str = ""
    new: str = ""
    kept: tuple[str, ...] = ()  # the store's files that were copied
    starts: int = 0  # of the machine, since the trial began
    failures: dict[str, int] = field(default_factory=dict)
    told: str = ""  # the last result in words for the bureau: "0.3.0: ok", "0.3.0: went back, not ready"


@dataclass(frozen=True, slots=True)
class Places:
    """Folders: the versions' home, the store's, and the updater's own; and the store's files that a newer version may change."""

    home: Path
    store: Path
    own: Path
    store_files: tuple[str, ...] = ("kiosk.db", "kiosk.db-wal", "kiosk.db-shm")


class Updates:
    """One station's updates."""

    def __init__(self, places: Places, station: Station, disk: Disk | None = None, *, sm3: bool = False) -> None:
        """sm3: of a station of `gm-1`, which asks for this digest besides SHA-256."""
        self._places, self._station, self._sm3 = places, station, sm3
        self._disk = disk or Disk()
        self.versions = Versions(places.home, self._disk)
        self._state_file = places.own / "state.json"

    # --- state

    def state(self) -> State:
        """Return the state; a file that is not whole counts as none (it is replaced at once: only damage leaves one)."""
        try:
            data: dict[str, Any] = json.loads(self._state_file.read_bytes())
            return State(**{**data, "kept": tuple(data.get("kept", ()))})
        except (OSError, ValueError, TypeError):
            return State()

    def _save(self, state: State) -> None:
        self._disk.make_folder(self._places.own)
        part = self._state_file.with_suffix(".part")
        self._disk.write(part, json.dumps(asdict(state)).encode())
        self._disk.rename(part, self._state_file)
        self._disk.sync(self._places.own)

    def tell(self, version: str, state: str, why: str) -> None:
        """Leave what an update came to where the kiosk reads it. A disk that is full leaves the last word."""
        told = {"version": version, "state": state, "why": why[:190], "at": datetime.now(UTC).isoformat(timespec="seconds")}
        part = (self._places.home / RESULT).with_suffix(".part")
        try:
            self._disk.write(part, json.dumps(told).encode())
            self._disk.rename(part, self._places.home / RESULT)
        except OSError:
            self._disk.remove(part)

    def _show_root(self, root: bytes) -> None:
        """Leave the newest root where the kiosk reads the owner's keys (`sync.settings_rules`)."""
        path = self._places.home / ROOT
        if not path.is_file() or path.read_bytes() != root:
            part = path.with_suffix(".part")
            self._disk.write(part, root)
            self._disk.rename(part, path)

    # --- steps

    def recover(self, *, boot: bool) -> State:
        """Bring a broken-off switch to an end. Called before the kiosk starts (boot), and before anything else is done.

        Switching: the old version, with its store, goes on; the cut was not the new one's fault. Trial: the new version has one
        more start; after that the old one comes back.
        """
        state = self.state()
        if state.phase == "back":
            return self._finish_back(state, running=not boot)
        if state.phase == "switching":
            return self._back(state, f"{state.new}: broken off", blame=False, running=not boot)
        if state.phase == "trial":
            if state.starts >= 1 and boot:
                return self._back(state, f"{state.new}: went back, not proven after a start", blame=True, running=False)
            if boot:
                state = replace(state, starts=state.starts + 1)
                self._save(state)
        return state

    def run(self, source: Source, root: bytes, station_id: str, hours: tuple[int, int], say: Callable[[str], None]) -> State:
        """Look for an update, fetch it, test it, and switch when nobody is there. Raises NotTrusted, SourceError, ManifestError."""
        from kiosk.updates.downloads import Downloads  # not for `recover`, which every start of the machine waits for
        from kiosk.updates.trust import Repository

        state = self.recover(boot=False)
        if state.phase == "trial":
            return self._judge(state, self._station.health())
        installed = self.versions.current()
        repository = Repository(source, self._places.own / "metadata", root, sm3=self._sm3)
        self._show_root(repository.root())
        version = plan.choose(installed, repository.offers(), station_id, state.failures)
        if version is None:
            say("nothing to update")
            return state
        manifest = repository.manifest(version)
        say(f"{version}: {len(manifest.entries)} files")
        downloads = Downloads(source, self._places.own / "download", self._disk)
        downloads.begin(manifest)
        checked = self.versions.lay_out(manifest, downloads.fetch)
        downloads.end()
        try:
            if not checked:
                self.versions.check(version)
        except ManifestError:
            self._disk.remove(self.versions.path(version))  # damaged since it was laid out: fetched anew the next time
            raise
        good, changes, told = self._station.self_test(version)
        if not good:
            return self._failed(state, version, f"{version}: self-test: {told}"[:200])
        if not plan.may_switch(self._station.moment(), *hours):
            say(f"{version}: waits for the night, and for nobody to be there")
            return state
        return self._switch(state, installed, version, copy=changes, say=say)

    def _switch(self, state: State, old: str, new: str, *, copy: bool, say: Callable[[str], None]) -> State:
        before = self._station.health()
        self._station.stop()
        kept = self._keep() if copy else ()
        state = replace(state, phase="switching", old=old, new=new, kept=kept, starts=0)
        self._save(state)
        self.versions.put_in_force(new)
        state = replace(state, phase="trial")
        self._save(state)
        if not self._station.start():
            return self._back(state, f"{new}: went back, not ready in time", blame=True, running=True)
        say(f"{new}: runs")
        if not self._station.devices_back(before):
            return self._back(state, f"{new}: went back, camera or reader did not come back", blame=True, running=True)
        return self._proven(state)

    def _judge(self, state: State, health: Health) -> State:
        return (
            self._proven(state)
            if health.ready
            else self._back(state, f"{state.new}: went back, not ready", blame=True, running=True)
        )

    def _proven(self, state: State) -> State:
        done = State(failures=state.failures, told=f"{state.new}: ok")
        self._save(done)
        self.tell(state.new, "ok", "")
        self._disk.remove(self._places.store / KEPT)
        self.versions.tidy({state.old, state.new})
        return done

    def _back(self, state: State, told: str, *, blame: bool, running: bool) -> State:
        failures = dict(state.failures)
        if blame:
            failures[state.new] = failures.get(state.new, 0) + 1
        # Before the new version has run, the store is as the copies are: nothing to bring back.
        kept = state.kept if state.phase == "trial" else ()
        back = replace(state, phase="back", kept=kept, failures=failures, told=told)
        self._save(back)
        return self._finish_back(back, running=running)

    def _finish_back(self, state: State, *, running: bool) -> State:
        if running:
            self._station.stop()
        self.versions.put_in_force(state.old)
        self._bring_back(state.kept)
        done = State(failures=state.failures, told=state.told)
        self._save(done)
        why = state.told.removeprefix(f"{state.new}: ")
        self.tell(state.new, "broken-off" if why == "broken off" else "went-back", why.removeprefix("went back, "))
        self._disk.remove(self._places.store / KEPT)
        if running:
            self._station.start()
        return done

    def _failed(self, state: State, version: str, told: str) -> State:
        failed = replace(state, failures={**state.failures, version: state.failures.get(version, 0) + 1}, told=told)
        self._save(failed)
        self.tell(version, "self-test", told.removeprefix(f"{version}: self-test: "))
        return failed

    def _keep(self) -> tuple[str, ...]:
        """Copy the store's files. The kiosk is stopped. The journal's mirror is not among them: it keeps what is added later."""
        folder = self._places.store / KEPT
        self._disk.remove(folder)
        self._disk.make_folder(folder)
        kept = []
        for name in self._places.store_files:
            if (self._places.store / name).is_file():
                self._disk.copy(self._places.store / name, folder / name)
                kept.append(name)
        self._disk.sync(folder)
        self._disk.sync(self._places.store)
        return tuple(kept)

    def _bring_back(self, kept: tuple[str, ...]) -> None:
        """Put the copies back; what was recorded since comes from the journal's mirror at the next start. May be done again."""
        folder = self._places.store / KEPT
        if not kept or not all((folder / name).is_file() for name in kept):
            return
        for name in self._places.store_files:
            target = self._places.store / name
            if name in kept:
                part = self._places.store / f"{name}.part"
                self._disk.copy(folder / name, part)
                self._disk.rename(part, target)
            else:
                self._disk.remove(target)
        self._disk.sync(self._places.store)
