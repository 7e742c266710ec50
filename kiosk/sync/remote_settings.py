"""The bureau's settings as they come: taken on trial or refused, kept once the bureau has a report (`kiosk.settings_trial`).

`roster_feed` takes, `delivery` confirms. Every function runs on the store's thread.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from kiosk import layers, owner_agreement, settings_trial
from kiosk.canonical import canonical
from kiosk.layers import Source
from kiosk.settings_trial import Trial
from kiosk.store.engine import journal
from kiosk.store.engine.database import Store
from kiosk.sync import protocol, settings_rules


def take(store: Store, told: protocol.StationSettings, station_id: str, now: datetime) -> bool:
    """Put verified settings on trial; return whether anything is to change. What may not be set is refused as a whole, and told.

    The way back is written first, then the layer: a power cut in between changes nothing. Raises ConfigError (disk full).
    """
    folder = store.folder
    held = settings_trial.read(folder)
    if told.version <= held.version:
        return False
    current = dict(layers.read(folder, Source.BUREAU).values)
    base = dict(held.before) if held.state == "trial" else current  # a trial that nobody confirmed is nothing to go back to
    why = refusal(told, station_id, now)[:190]
    if why:
        layers.replace(folder, Source.BUREAU, base)
        settings_trial.save(folder, Trial(told.version, "refused", why, now.isoformat()))
        journal.note(store, "settings-refused", {"version": told.version, "why": why}, now)
        return base != current
    values = dict(told.values)
    settings_trial.save(folder, Trial(told.version, "trial", "", now.isoformat(), before=base))
    if told.second:
        second = folder / layers.FOLDER / owner_agreement.NAME
        layers.write_whole(second, owner_agreement.with_more(second.parent, [one.model_dump(mode="json") for one in told.second]))
    layers.replace(folder, Source.BUREAU, values)
    digest = hashlib.sha256(canonical(values)).hexdigest()[:16]
    journal.note(store, "settings-taken", {"version": told.version, "keys": sorted(values)[:40], "digest": digest}, now)
    return True


def refusal(told: protocol.StationSettings, station_id: str, now: datetime) -> str:
    """Return "" for settings that may be taken, else why not, with the keys."""
    found = settings_rules.faults(told.values)
    if found:
        return "; ".join(f"{key}: {why}" for key, why in sorted(found.items()))
    missing = settings_rules.unsigned(told.values, told.second, station_id, now.date())
    return f"{', '.join(missing)}: second-signature" if missing else ""


def reported(store: Store, now: datetime) -> None:
    """The bureau has a report of a kiosk that started with them: they stay."""
    held = settings_trial.read(store.folder)
    if held.state == "trial" and held.started:
        settings_trial.save(store.folder, replace(held, state="kept", before={}))
        journal.note(store, "settings-kept", {"version": held.version}, now)


def tell_journal(store: Store, now: datetime) -> None:
    """What was undone before the store was open is told now."""
    held = settings_trial.read(store.folder)
    if not held.told:
        journal.note(store, "settings-undone", {"version": held.version}, now)
        settings_trial.save(store.folder, replace(held, told=True))
