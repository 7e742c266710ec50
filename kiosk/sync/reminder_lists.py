"""The bureau's list of people to call, as it comes down: over the network and by stick. Used by `roster_feed` and `courier`."""

from __future__ import annotations

from datetime import datetime

from kiosk.store import reminders
from kiosk.store.engine.database import Store
from kiosk.sync import protocol
from kiosk.sync.batches import RunInStore
from kiosk.sync.client import Client, Failure


def take(store: Store, told: protocol.Reminders, now: datetime) -> bool:
    """Put a verified list into use; False for one that is not newer."""
    people = (reminders.Told(one.person_id, one.area, one.urgency, one.due, one.called_on) for one in told.people)
    return reminders.take(store, told.version, told.made_on, people, now)


def pull(client: Client, run_in_store: RunInStore, now: datetime) -> list[str]:
    """Fetch a newer list; return what changed. Raises Failure."""
    have = run_in_store(lambda store: reminders.version(store.db))
    try:
        told = client.get_sealed(f"/v1/reminders?have={have}", protocol.Reminders)
    except Failure as failure:
        if failure.why == "http-404":  # a bureau one version back, which makes none
            return []
        raise
    if told is None or not run_in_store(lambda store: take(store, told, now)):
        return []
    return [f"reminders {told.version}"]
