"""How a new version goes out by itself, ring after ring, and when it stops. Pure, but for `offers_in`, which reads the signed list.

Rings: the named canaries, 10 %, 50 %, all. A ring waits its hours, and until enough of its stations run the version well; the
rollout stops when they fail more often than stations of the version before (`plan.should_stop`). For `kiosk release`, the bureau.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.updates.plan import in_ring, should_stop

LIST = "rollout.json"
BAD_RESULTS = frozenset({"went-back", "self-test"})  # of an update: the station could not use the version
WELL = 50  # percent of a ring's stations that must run the version well before the next ring opens
MANY_FALLS = 2  # a kiosk that fell more often in a day counts as a failure of its version


@dataclass(frozen=True, slots=True)
class Ring:
    """One step. `hours`: how long it lasts at least."""

    name: str
    share: int
    hours: int


RINGS = (Ring("canary", 0, 24), Ring("10", 10, 48), Ring("50", 50, 48), Ring("all", 100, 0))


@dataclass(frozen=True, slots=True)
class Tally:
    """Stations that run or tried a version, how many of them failed with it, and how many run it well."""

    stations: int = 0
    failures: int = 0
    well: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with a rollout. what: wait, go-on (to `ring`), stop; `why` in a word."""

    what: str
    ring: int
    why: str = ""


def begun(now: datetime, well: int = WELL) -> dict[str, Any]:
    """Return what a staged offer carries besides share and canaries. well: percent, see `enough`."""
    return {"ring": 0, "since": now.isoformat(), "stopped": "", "well": max(1, min(100, well))}


def enough(offer: dict[str, Any], ring: int, stations: int) -> int:
    """Return how many stations must run the version well before the next ring: a share of those that it is open to, one at least.

    stations: how many there are that told of themselves of late, whatever they run.
    """
    named = len(offer.get("canaries", ()))
    open_to = named if ring == 0 else max(named, -(-stations * RINGS[ring].share // 100))
    percent = int((offer.get("plan") or {}).get("well", WELL))
    return max(1, -(-open_to * percent // 100))


def next_step(offer: dict[str, Any], new: Tally, old: Tally, now: datetime) -> Step:
    """Return what becomes of a staged offer. new, old: of its version, and of all others of late."""
    plan = offer.get("plan") or {}
    ring = max(0, min(len(RINGS) - 1, int(plan.get("ring", 0))))
    if plan.get("stopped"):
        return Step("wait", ring, "stopped")
    if should_stop(old.failures, old.stations, new.failures, new.stations):
        return Step("stop", ring, f"{new.failures} of {new.stations} failed, before {old.failures} of {old.stations}")
    if ring == len(RINGS) - 1:
        return Step("wait", ring, "all")
    if now < datetime.fromisoformat(plan["since"]) + timedelta(hours=RINGS[ring].hours):
        return Step("wait", ring, "hours")
    wanted = enough(offer, ring, old.stations + new.stations)
    if new.well < wanted:
        return Step("wait", ring, f"{new.well} of {wanted} well")
    return Step("go-on", ring + 1)


def stepped(offer: dict[str, Any], step: Step, now: datetime) -> dict[str, Any]:
    """Return the offer after a step. A stopped one is open to nobody; who has the version keeps it until it is withdrawn."""
    if step.what == "stop":
        plan = {**offer["plan"], "named": offer.get("canaries", []), "stopped": f"{now:%Y-%m-%d %H:%MZ}: {step.why}"}
        return {**offer, "share": 0, "canaries": [], "plan": plan}
    if step.what == "go-on":
        plan = {**offer["plan"], "ring": step.ring, "since": now.isoformat(), "stopped": ""}
        return {**offer, "share": RINGS[step.ring].share, "plan": plan}
    return offer


def ring_of(station_id: str, offer: dict[str, Any]) -> str:
    """Return in which ring a station is for a version: canary, 10, 50 or all."""
    named = {*offer.get("canaries", ()), *(offer.get("plan") or {}).get("named", ())}  # of a stopped one: who they were
    if station_id in named:
        return RINGS[0].name
    return next(ring.name for ring in RINGS[1:] if in_ring(station_id, str(offer["version"]), ring.share))


def is_open(station_id: str, offer: dict[str, Any]) -> bool:
    """Return whether a version is open to a station now."""
    return station_id in offer.get("canaries", ()) or in_ring(station_id, str(offer["version"]), int(offer.get("share", 0)))


def offers_in(repository: Path) -> list[dict[str, Any]]:
    """Return what the newest rollout list of a repository of one's own says, oldest version first; [] where there is none.

    Signatures are not looked at: stations do that.
    """
    try:
        lists = {int(path.name.split(".")[0]): path for path in (repository / "metadata").glob("*.rollout.json")}
        newest = json.loads(lists[max(lists)].read_bytes())["signed"]["targets"][LIST]["hashes"]["sha256"]
        told = json.loads((repository / "targets" / f"{newest}.{LIST}").read_bytes())["offers"]
        return [one for one in told if isinstance(one, dict) and "version" in one]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def add(tallies: Iterable[Tally]) -> Tally:
    """Return several versions' tallies as one."""
    many = list(tallies)
    return Tally(sum(one.stations for one in many), sum(one.failures for one in many), sum(one.well for one in many))
