"""When to try, how much at a time, and when too much waits: pure decisions, time and chance arrive as arguments.

Used by `delivery` and `worker`. Monotonic seconds throughout, so that a wall clock that is wrong by a year changes nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from kiosk.config import Sync

MIN_BATCH = 1
HURRY_S = 5.0  # after success with more to send, or after "try now": soon, but never a busy loop


class Trouble(StrEnum):
    """What went wrong with one request."""

    UNREACHABLE = "unreachable"  # no connection: nothing was sent
    UNKNOWN = "unknown"  # time-out or broken answer: it may have arrived
    BUSY = "busy"  # 429 or 503, obey Retry-After
    BROKEN = "broken"  # 500 and the like
    TOO_LARGE = "too-large"  # 413
    REFUSED = "refused"  # the bureau turned the whole request away
    REVOKED = "revoked"  # this kiosk is revoked (signed)
    FORGED = "forged"  # the answer is not the bureau's


class Hold(StrEnum):
    """Why nothing is sent although something waits."""

    NONE = ""
    NOT_PROVISIONED = "not-provisioned"
    PAUSED = "paused"
    NIGHT_ONLY = "night-only"
    REVOKED = "revoked"


class Level(StrEnum):
    """How long the oldest record has waited."""

    OK = "ok"
    BANNER = "banner"  # tell the attendant
    SUPERVISOR = "supervisor"  # tell the supervisor
    FROZEN = "frozen"  # self-service stops, attended work goes on


@dataclass(frozen=True, slots=True)
class Pace:
    """How the sync is doing. `next_try_s`: monotonic."""

    batch_limit: int
    failures: int = 0
    next_try_s: float = 0.0
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class ReachabilityProbe:
    """Whether the bureau's port answers, asked between two tries while the bureau cannot be reached.

    `at_s`: when to ask (monotonic), None: not at all. `silent`: nobody answered when it was asked last. Only a port that begins to
    answer wakes the delivery: where one answers all along and yet leads nowhere (a wrong certificate, a router that answers for
    everybody), the back-off goes on undisturbed.
    """

    at_s: float | None = None
    silent: bool = True


def begin(settings: Sync) -> Pace:
    """Return the pace of a fresh start: try at once."""
    return Pace(batch_limit=settings.batch_size)


def after_success(pace: Pace, settings: Sync, now_s: float, *, more: bool) -> Pace:
    """A whole round went well. The batch grows back slowly, so that a size that fails is not tried every other time."""
    return Pace(
        batch_limit=min(settings.batch_size, pace.batch_limit + max(1, pace.batch_limit // 4)),
        next_try_s=now_s + (HURRY_S if more else settings.interval_s),
    )


def after_trouble(
    pace: Pace, trouble: Trouble, settings: Sync, now_s: float, rng: random.Random, retry_after_s: float = 0.0
) -> Pace:
    """A request failed: the round ends, the next waits. Doubling with jitter (half to whole) up to the configured hour."""
    failures = pace.failures + 1
    limit = pace.batch_limit
    if trouble in (Trouble.TOO_LARGE, Trouble.UNKNOWN, Trouble.REFUSED):  # refused: the one that it is about is found by halving
        limit = max(MIN_BATCH, limit // 2)
    span = min(settings.backoff_max_s, min(settings.interval_s, settings.backoff_max_s) * 2.0 ** min(failures - 1, 20) / 4)
    wait = span * rng.uniform(0.5, 1.0)
    if trouble is Trouble.TOO_LARGE and limit < pace.batch_limit:
        wait = 0.0  # the bureau is there, and said what to do
    if trouble is Trouble.REVOKED:
        wait = settings.backoff_max_s
    # A bureau that asks for more than an hour is not obeyed beyond it: it may be a mistake, and records wait.
    wait = max(wait, min(retry_after_s, settings.backoff_max_s))
    return replace(pace, failures=failures, batch_limit=limit, next_try_s=now_s + wait, trouble=trouble)


def hurry(pace: Pace, now_s: float) -> Pace:
    """Somebody asked to try now, or the network came back: the wait is cut, what was learnt about sizes is kept.

    A Retry-After is still obeyed.
    """
    return pace if pace.trouble is Trouble.BUSY else replace(pace, next_try_s=min(pace.next_try_s, now_s))


def probe_after_round(
    pace: Pace, settings: Sync, held: Hold, now_s: float, rng: random.Random, *, answered: bool
) -> ReachabilityProbe:
    """Return the probe after a round. answered: somebody answered at the port although the bureau could not be reached."""
    if held is not Hold.NONE or pace.trouble is not Trouble.UNREACHABLE:
        return ReachabilityProbe()
    return _next_probe(pace, settings, now_s, rng, silent=not answered)


def probe_after_try(
    probe: ReachabilityProbe, pace: Pace, settings: Sync, now_s: float, rng: random.Random, *, answered: bool
) -> tuple[ReachabilityProbe, bool]:
    """The port was asked. Returns the next probe and whether to try at once."""
    if answered and probe.silent:
        return ReachabilityProbe(None, silent=False), True
    return _next_probe(pace, settings, now_s, rng, silent=not answered), False


def _next_probe(pace: Pace, settings: Sync, now_s: float, rng: random.Random, *, silent: bool) -> ReachabilityProbe:
    # Jitter: a bureau that comes back must not meet its whole fleet in one second.
    at = now_s + settings.probe_s * rng.uniform(0.75, 1.25)
    asks = settings.probe_s > 0 and not settings.metered and at < pace.next_try_s
    return ReachabilityProbe(at if asks else None, silent)


def hold(settings: Sync, local: datetime, *, provisioned: bool, revoked: bool, by_hand: bool = False) -> Hold:
    """Return why nothing may be sent now. A person who asks by hand overrides the night, nothing else."""
    if not provisioned:
        return Hold.NOT_PROVISIONED
    if revoked:
        return Hold.REVOKED
    if settings.paused:
        return Hold.PAUSED
    if settings.night_only and not by_hand and not _is_night(settings, local.hour):
        return Hold.NIGHT_ONLY
    return Hold.NONE


def _is_night(settings: Sync, hour: int) -> bool:
    start, end = settings.night_from_hour, settings.night_to_hour
    return start <= hour < end if start <= end else hour >= start or hour < end


def level(settings: Sync, oldest_unsent: datetime | None, now: datetime) -> Level:
    """Return how serious the oldest waiting record is. A clock that went back makes nothing older."""
    if oldest_unsent is None:
        return Level.OK
    waited = now - oldest_unsent
    for bound_h, name in (
        (settings.freeze_after_h, Level.FROZEN),
        (settings.supervisor_after_h, Level.SUPERVISOR),
        (settings.banner_after_h, Level.BANNER),
    ):
        if waited >= timedelta(hours=bound_h):
            return name
    return Level.OK
