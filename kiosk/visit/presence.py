"""Is somebody there? Quiet, walk-away, a card left behind, the invitation, the freeze, and the rest after a failed model.

Pure: `step(presence, event, now_s) -> (presence, wishes)`, any monotonic clock. Called by `app.visit_controller` alone, which
carries the wishes out; what they do to the visit is `machine`'s decision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from kiosk.domain.reasons import Reason
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.idle import IdleClock

INVITE_EVERY_S = 45.0  # a station is not a fairground
LEFT_BEHIND_S = 180.0  # a card that nobody takes (or a reader that cannot tell): the kiosk must not ask for ever
RESULT_LEAST_S = 6.0  # the result lies open so long, whoever walks away and whatever the settings say
VISION_REST_S = 2.0  # before a take is begun again after the models failed
VISION_GIVEN_UP = 3  # failures without a success between: then nobody is led to the camera any more
# Self-service is shut for these, attended work goes on; the first that holds is told.
FROZEN = (
    Reason.STATION_NOT_READY,
    Reason.CAMERA_CHANGED,
    Reason.KIOSK_DOUBLED,
    Reason.SELF_SERVICE_FROZEN,
)
_BEFORE_THE_CAMERA = (s.Instructing, s.ScanningCard, s.Acting, s.Retrying)  # another camera must not finish what one began


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds, from the settings. `reminder_s`: between two calls to take the card; `stay_s`: how long somebody may wait for the
    attendant before they are asked; `again_s`: between two calls for the attendant meanwhile."""

    idle_s: float
    countdown_s: float
    result_s: float
    walk_away_s: float
    reminder_s: float
    stay_s: float = 900.0
    again_s: float = 60.0


# --- what happens


@dataclass(frozen=True, slots=True)
class Changed:
    """The visit went from one state to another."""

    before: s.State
    after: s.State


@dataclass(frozen=True, slots=True)
class Settled:
    """The visit has taken in an event, whether it changed or not."""


@dataclass(frozen=True, slots=True)
class Acted:
    """A touch, a key, a card, a voice: somebody is there."""


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """The camera sees somebody, outside a take."""


@dataclass(frozen=True, slots=True)
class TakeShown:
    """The running take looked at a picture. `fits`: a face is where it should be."""

    fits: bool


@dataclass(frozen=True, slots=True)
class MotionSeen:
    """Something moves before the sleeping camera."""


@dataclass(frozen=True, slots=True)
class Spoke:
    """Something was said aloud."""


@dataclass(frozen=True, slots=True)
class DeskOpened:
    """The desk lies above the visit: no time runs out and nothing is said."""


@dataclass(frozen=True, slots=True)
class DeskClosed:
    """The visit goes on exactly where it was."""


@dataclass(frozen=True, slots=True)
class VisionFailed:
    """The face models broke and are being rebuilt."""

    code: str


@dataclass(frozen=True, slots=True)
class VisionReady:
    """The face models work."""


@dataclass(frozen=True, slots=True)
class FreezeTold:
    """Whether self-service must stop for a reason: the bureau was long out of reach, or said so, or the camera is another one."""

    on: bool
    why: Reason = Reason.SELF_SERVICE_FROZEN


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time went on."""


Event = (
    Changed
    | Settled
    | Acted
    | FaceSeen
    | TakeShown
    | MotionSeen
    | Spoke
    | DeskOpened
    | DeskClosed
    | VisionFailed
    | VisionReady
    | FreezeTold
    | Ticked
)

# --- what is wished for


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the visit."""

    event: e.Event


@dataclass(frozen=True, slots=True)
class Speak:
    """Say what the page says (answered by Spoke)."""


@dataclass(frozen=True, slots=True)
class ShowCountdown:
    """Ask whether somebody is still there, with the seconds left; None: ask nothing."""

    left_s: int | None


@dataclass(frozen=True, slots=True)
class Journal:
    """Write into the journal, and so to the bureau. `code`: a reason, never a text."""

    kind: str
    code: str = ""


Wish = Tell | Speak | ShowCountdown | Journal


@dataclass(frozen=True, slots=True)
class Presence:
    """What is known of whoever stands before the kiosk. Times are monotonic seconds."""

    times: Times
    state: s.State = s.Idle()
    quiet: IdleClock = IdleClock(0.0, 0.0)
    entered_s: float = 0.0  # when the present kind of state was entered
    spoke_s: float = 0.0
    face_seen_s: float | None = None  # when the camera last saw somebody in this visit
    face_fits: bool = False  # in the running take
    counting: bool = False  # the question whether somebody is there stands on the screen …
    asked_away: bool = False  # … because the camera saw nobody
    desk_open: bool = False
    frozen: frozenset[Reason] = frozenset()  # why self-service must stop
    vision_failures: int = 0  # without a success between
    vision_rests_until_s: float | None = None


Step = tuple[Presence, tuple[Wish, ...]]


def start(times: Times, now_s: float) -> Presence:
    """Return the presence of a kiosk that has just been started: nobody is there."""
    return Presence(times, quiet=IdleClock(times.idle_s, times.countdown_s, now_s), entered_s=now_s)


def step(presence: Presence, event: Event, now_s: float) -> Step:
    """Return what is known after an event, and what is to be done."""
    match event:
        case Changed(before, after):
            return _changed(presence, before, after, now_s)
        case Settled():
            return presence, _freeze(presence)
        case Acted():
            return _somebody_is_here(presence, now_s)
        case FaceSeen():
            seen = replace(presence, face_seen_s=now_s)
            return _somebody_is_here(seen, now_s) if presence.asked_away else (seen, ())  # they are back
        case TakeShown(fits):
            return replace(presence, face_fits=fits), ()
        case MotionSeen():
            quiet = isinstance(presence.state, s.Idle) and not presence.desk_open and now_s - presence.spoke_s >= INVITE_EVERY_S
            return presence, (Speak(),) if quiet else ()
        case Spoke():
            return replace(presence, spoke_s=now_s), ()
        case DeskOpened():
            opened, wishes = _somebody_is_here(replace(presence, desk_open=True), now_s)
            return opened, (*wishes, Tell(e.DeskOpened()))
        case DeskClosed():
            closed, wishes = _somebody_is_here(replace(presence, desk_open=False, face_seen_s=None), now_s)
            return closed, (*wishes, Tell(e.DeskClosed()), Speak())
        case VisionFailed(code):
            return _vision_failed(presence, code, now_s)
        case VisionReady():
            told = (Journal("vision-recovered"),) if presence.vision_failures >= VISION_GIVEN_UP else ()
            closed_by_it = isinstance(presence.state, s.OutOfService) and presence.state.reason is Reason.MODEL_ERROR
            return replace(presence, vision_failures=0), (*told, *((Tell(e.ServiceResumed()),) if closed_by_it else ()))
        case FreezeTold(on, why):
            told_so = replace(presence, frozen=presence.frozen | {why} if on else presence.frozen - {why})
            return told_so, _freeze(told_so)
        case Ticked():
            return _ticked(presence, now_s)
        case _:
            assert_never(event)


def _somebody_is_here(presence: Presence, now_s: float) -> Step:
    times = presence.times
    timeout_s = max(times.result_s, RESULT_LEAST_S) if isinstance(presence.state, s.RESULTS) else times.idle_s
    timeout_s = times.stay_s if s.stays(presence.state) else timeout_s
    here = replace(presence, quiet=IdleClock(timeout_s, times.countdown_s, now_s), asked_away=False, counting=False)
    return here, (ShowCountdown(None),)


def _changed(presence: Presence, before: s.State, after: s.State, now_s: float) -> Step:
    same_take = isinstance(after, s.Acting) and isinstance(before, s.Acting) and after.take_id == before.take_id
    known = replace(presence, state=after, face_fits=presence.face_fits and same_take)
    if type(after) is not type(before):
        known = replace(known, entered_s=now_s)
    begins = s.visit_of(before) is None and s.visit_of(after) is not None
    if begins or isinstance(after, s.ScanningCard):  # a card held up hides its holder's face
        known = replace(known, face_seen_s=None)
    if begins or (isinstance(after, s.RESULTS) and type(after) is not type(before)) or s.stays(after) != s.stays(before):
        return _somebody_is_here(known, now_s)
    return known, ()


def _freeze(presence: Presence) -> tuple[Wish, ...]:
    """After the visit under way self-service stops (with another camera: before it is looked into); attended work goes on."""
    state = presence.state
    why = next((one for one in FROZEN if one in presence.frozen), None)
    if why is not None:
        closed = isinstance(state, s.OutOfService) and state.reason in FROZEN and state.reason is not why
        midway = why is Reason.CAMERA_CHANGED and isinstance(state, _BEFORE_THE_CAMERA) and not presence.desk_open
        return (Tell(e.ServicePaused(why)),) if closed or midway or isinstance(state, s.Idle) else ()
    if isinstance(state, s.OutOfService) and state.reason in FROZEN:
        return (Tell(e.ServiceResumed()),)
    return ()


def _vision_failed(presence: Presence, code: str, now_s: float) -> Step:
    """The worker tries again by itself; while it cannot, the kiosk says so instead of leading people to a blind camera."""
    failures = presence.vision_failures + 1
    failed = replace(presence, vision_failures=failures)
    wishes: tuple[Wish, ...] = (Journal("vision-failed", code),) if failures == VISION_GIVEN_UP else ()
    if isinstance(presence.state, s.Acting):  # not a try of the person: the take begins again in a moment
        return replace(failed, vision_rests_until_s=now_s + VISION_REST_S), (*wishes, Tell(e.VisionFailed()))
    if failures >= VISION_GIVEN_UP and isinstance(presence.state, s.Idle):
        return failed, (*wishes, Tell(e.ServicePaused(Reason.MODEL_ERROR)))
    return failed, wishes


def _ticked(presence: Presence, now_s: float) -> Step:
    rested: tuple[Wish, ...] = ()
    if presence.vision_rests_until_s is not None and now_s >= presence.vision_rests_until_s:
        presence = replace(presence, vision_rests_until_s=None)
        rested = () if presence.desk_open else (Tell(e.VisionRested()),)
    state = presence.state
    if isinstance(state, s.TakingCard):
        if now_s - presence.entered_s >= LEFT_BEHIND_S and not presence.desk_open:
            return presence, (*rested, Tell(e.IdleExpired()))
        if now_s - presence.spoke_s >= presence.times.reminder_s:
            rested = (*rested, Speak())
    if presence.desk_open or s.visit_of(state) is None or isinstance(state, s.TakingCard | s.Checking | s.LookingUp):
        calm = replace(presence, quiet=presence.quiet.touched(now_s), counting=False)
        return calm, (*rested, ShowCountdown(None))
    if isinstance(state, s.Acting):  # the take has its own time limits; a face in view is somebody
        if presence.face_fits:
            presence = replace(presence, quiet=presence.quiet.touched(now_s))
    elif _walked_away(presence, now_s):  # sooner than the idle time: ask at once whether somebody is there
        since_s = min(presence.quiet.since_s, now_s - presence.quiet.timeout_s)
        presence = replace(presence, quiet=presence.quiet.touched(since_s), asked_away=True)
    left_s = presence.quiet.countdown(now_s)
    if s.stays(state) and left_s is None and now_s - presence.spoke_s >= presence.times.again_s:
        rested = (*rested, Tell(e.StayTouched()))  # nobody has come yet: the call is repeated, and said
    begins = left_s is not None and not presence.counting
    counted = replace(presence, counting=left_s is not None)
    wishes = (*rested, ShowCountdown(left_s), *((Speak(),) if begins else ()))
    if left_s == 0:
        gone = e.WalkedAway() if presence.asked_away else e.IdleExpired()
        ended, calm_wishes = _somebody_is_here(counted, now_s)
        return ended, (*wishes, *calm_wishes, Tell(gone))
    return counted, wishes


def _walked_away(presence: Presence, now_s: float) -> bool:
    long_s = presence.times.walk_away_s
    if isinstance(presence.state, s.RESULTS):
        long_s = max(long_s, RESULT_LEAST_S)
        if now_s - presence.entered_s <= RESULT_LEAST_S:
            return False
    return (
        not presence.counting
        and presence.face_seen_s is not None
        and now_s - presence.face_seen_s > long_s
        and now_s - presence.quiet.since_s > long_s
    )
