"""Which version a station takes, and when: pure decisions. Time, station and failures arrive as arguments."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from kiosk.updates.manifest import version_key

TRIES = 2  # a version that failed so often is not tried again
READY_S = 90.0  # the new version must say READY within this time
DEVICES_S = 60.0  # and have camera and reader back as before within this


@dataclass(frozen=True, slots=True)
class Offer:
    """A version in the signed list: `share` percent of the stations, and the named ones, may take it now."""

    version: str
    share: int = 0
    canaries: frozenset[str] = field(default_factory=frozenset)
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """What the station is doing: local hour, and whether somebody is at it."""

    hour: int
    visit: bool
    desk: bool


def in_ring(station_id: str, version: str, share: int) -> bool:
    """Return whether a station is among the first `share` percent, which are others for each version."""
    place = int.from_bytes(hashlib.sha256(f"{version}\n{station_id}".encode()).digest()[:8], "big") % 100
    return place < share


def choose(installed: str, offers: list[Offer], station_id: str, failures: dict[str, int]) -> str | None:
    """Return the version to take, None to stay.

    The newest that is open to this station and did not fail twice here. Never an older one, but when the installed one was
    withdrawn:
    then the newest that is not, also an older one.
    """
    by_version = {offer.version: offer for offer in offers}
    open_to_us = [
        offer.version
        for offer in offers
        if not offer.withdrawn
        and failures.get(offer.version, 0) < TRIES
        and (station_id in offer.canaries or in_ring(station_id, offer.version, offer.share))
    ]
    mine = by_version.get(installed)
    newest = max(open_to_us, key=version_key, default=None)
    if mine is not None and mine.withdrawn:
        return newest
    if newest is None or version_key(newest) <= version_key(installed):
        return None
    return newest


def may_switch(moment: Moment, from_hour: int, to_hour: int) -> bool:
    """Return whether the program may be changed now: within the hours (local, [from, to), over midnight too), with nobody there."""
    if moment.visit or moment.desk:
        return False
    if from_hour <= to_hour:
        return from_hour <= moment.hour < to_hour
    return moment.hour >= from_hour or moment.hour < to_hour


@dataclass(frozen=True, slots=True)
class Health:
    """What a running kiosk says of itself: READY, and whether camera and reader answer."""

    ready: bool
    camera: bool
    reader: bool


def as_well_as(before: Health, now: Health) -> bool:
    """Return whether the new version does what the old one did: a device that was gone before is not held against it."""
    return now.ready and (now.camera or not before.camera) and (now.reader or not before.reader)


def should_stop(old_failures: int, old_stations: int, new_failures: int, new_stations: int) -> bool:
    """Return whether a rollout stops by itself: the new version fails on more of its stations than the old one, beyond chance.

    Failures: stations whose update went back, or whose kiosk fell more than twice on a day. Two stations at least; then the lower
    bound of the new share (Wilson, one-sided 95 %) above the old share.
    """
    if new_failures < 2 or new_stations == 0:
        return False
    z = 1.645
    share = new_failures / new_stations
    centre = share + z * z / (2 * new_stations)
    margin = z * ((share * (1 - share) + z * z / (4 * new_stations)) / new_stations) ** 0.5
    lower = (centre - margin) / (1 + z * z / new_stations)
    return bool(lower > (old_failures / old_stations if old_stations else 0.0))
