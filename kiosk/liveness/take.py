"""One take in front of the camera: position, baseline, then each action after its cue, then a verdict.

Pure: no clock, no Qt, no MediaPipe. Time is the observation's own. Driven by the vision worker, by `kiosk evaluate takes` and by
tests. The embeddings' share of the verdict is added by `verdict.py`.
"""

from __future__ import annotations

import numpy as np

from kiosk.config import CheckMode, Liveness
from kiosk.domain.light_pattern import Levels
from kiosk.domain.outcome import CheckScore, LivenessResult
from kiosk.domain.reasons import Action, Guidance, Reason
from kiosk.domain.take_view import Phase, TakeView
from kiosk.liveness.asked import Asked
from kiosk.liveness.attacks.evidence import AttackEvidence
from kiosk.liveness.attacks.reflection import LIGHTS
from kiosk.liveness.attacks.turns import TurnPictures, TurnVerdict
from kiosk.liveness.challenge import TURNS, Challenge
from kiosk.liveness.digits.step import DigitsStep
from kiosk.liveness.doubt import is_stray
from kiosk.liveness.face_buffer import FaceBuffer, KeptFace
from kiosk.liveness.gestures import GestureEvent, GestureTracker
from kiosk.liveness.guidance import LIMITS, Limits
from kiosk.liveness.landmarks import FaceObservation
from kiosk.liveness.light.answer import LightScores
from kiosk.liveness.light.code import GRADIENT, HUE
from kiosk.liveness.pace import (
    AFTER_LIMIT_S,
    BASELINE_S,
    BETWEEN_S,
    CUE_PATIENCE_S,
    LOST_LIMIT_S,
    POSITION_LIMIT_S,
    STEADY_S,
    STRAYS,
    TAKE_SHAPES,
    TURNED_LOST_S,
    WRONG_TURNS,
)
from kiosk.liveness.placing import Placing


class Take:
    """A take in progress. Call `step` with every observation until `result` is set."""

    def __init__(self, challenge: Challenge, settings: Liveness, limits: Limits = LIMITS, *, attended: bool = False) -> None:
        """attended: an attendant who signed in has the person in sight, so that missing depth refers nobody
        and the turn too may be swapped away."""
        self._settings, self._attended = settings, attended
        lit = challenge.light_code is not None and settings.checks.light == "enforce"  # the shape that it draws may do instead
        self._asked = Asked(challenge, settings.require_turn and not attended and not lit, settings.doubt_asks_more)
        self._placing = Placing(limits)
        self._tracker = GestureTracker(TAKE_SHAPES)
        self._faces = FaceBuffer()
        self.digits = DigitsStep()  # fed with sound by whoever drives the take
        self._evidence = AttackEvidence(settings, challenge.lights, challenge.light_code, challenge.proof)
        self._code_s = 0.0  # seconds of the light code that were shown
        self._phase: Phase = "positioning"
        self._began_s: float | None = None
        self._since_s = 0.0  # when the present phase began
        self._good_s: float | None = None  # well placed since
        self._cued_s = 0.0
        self._strays = 0
        self._now_s = 0.0
        self._frames = 0
        self._began = False
        self.result: LivenessResult | None = None

    # --- what the owner asks

    @property
    def kept(self) -> tuple[KeptFace, ...]:
        """Frontal, open-eyed faces kept for the match, best first within each part of the take."""
        return self._faces.kept()

    @property
    def started(self) -> bool:
        """The person was well placed and the baseline taken: the challenge began."""
        return self._began

    @property
    def turns(self) -> tuple[TurnPictures, ...]:
        """Accepted turns, to be confirmed picture by picture (`verdict.conclude`)."""
        return tuple(self._evidence.turns.accepted)

    @property
    def lit(self) -> LightScores:
        """What came back of the light passcode, whether or not it decided."""
        return self._evidence.lit

    @property
    def can_swap(self) -> bool:
        """ "做不到" is possible now."""
        return self.result is None and self._asked.can_swap

    def swap_action(self) -> bool:
        """Replace the present action by a spare one; False when no swap is left."""
        if not self.can_swap:
            return False
        self._asked.swap()
        if self._phase in ("cue", "wait-cue"):
            self._enter("wait-cue")
        return True

    def step(self, observation: FaceObservation, frame_bgr: np.ndarray) -> TakeView:
        """Take in one frame and its observation; return what to show."""
        if self.result is not None:
            return self._view(None)
        self._run_code(observation.t_s - self._now_s)
        self._now_s = observation.t_s
        self._frames += 1
        if self._began_s is None:
            self._began_s = self._since_s = self._now_s
        turning = self._phase in ("cue", "between") and self._asked.action in (*TURNS, Action.NOD)
        blocked, guidance = self._placing.step(observation, frame_bgr, turning=turning, started=self._placed)
        if self._placed and self._placing.jumped(observation, turned_away=self._turned_away()):
            return self._finish(Reason.FACE_CHANGED)
        events = self._tracker.step(observation)
        self.digits.follow(observation)
        self._evidence.step(
            observation, frame_bgr, self._phase, self._asked.action, self._tracker.baseline.value().yaw_deg, self._code_s
        )
        self._buffer_face(observation, frame_bgr, blocked)
        acts_s = self._tracker.height_since(self._asked.action) if self._phase == "cue" else None
        if acts_s is not None and acts_s >= self._cued_s:
            self._faces.acts(acts_s, observation, frame_bgr)
        self._placing.seen(observation)
        reason = self._advance(blocked, events)
        if reason is not None:
            return self._finish(reason)
        return self._view(guidance)

    # --- phases

    @property
    def _placed(self) -> bool:
        """The person was well placed once: from then on, leaving or changing places ends the take."""
        return self._phase not in ("positioning", "baseline")

    def _advance(self, blocked: bool, events: list[GestureEvent]) -> Reason | None:
        """Move on; return a reason when the take ends."""
        limit = TURNED_LOST_S if self._turned_away() else LOST_LIMIT_S
        if self._placed and self._placing.lost_s(self._now_s) > limit:
            return Reason.FACE_LOST
        if not self._placed:
            return self._advance_start(blocked)
        now = self._tracker.last
        if self._phase in ("wait-cue", "cue") and now is not None:
            self._asked.doubt.waits(now.t_s, now.yaw_deg - self._tracker.baseline.value().yaw_deg)
        cued_s = self._cued_s if self._phase == "cue" else None
        for event in events:
            if is_stray(event, self._asked.action, cued_s):
                self._strays += 1
                self._asked.doubt.stray(event)
        if self._strays > STRAYS:
            return Reason.ACTION_TIMEOUT
        if self._phase == "light":
            if self._evidence.light is None or self._evidence.light.shown(self._now_s) is None:
                self._enter("wait-cue")
            return None
        if self._phase == "wait-cue":
            return self._advance_wait(blocked, events)
        if self._phase == "cue":
            return self._advance_cue(events)
        return self._advance_between()

    def _advance_start(self, blocked: bool) -> Reason | None:
        if blocked:
            self._good_s = None
            self._enter("positioning")
        elif self._good_s is None:
            self._good_s = self._now_s
        good = 0.0 if self._good_s is None else self._now_s - self._good_s
        if self._phase == "positioning" and good >= STEADY_S:
            # What was seen while the person came nearer is no neutral: the baseline starts here.
            self._tracker = GestureTracker(TAKE_SHAPES)
            self._faces = FaceBuffer()
            self._enter("baseline")
        elif self._phase == "baseline" and self._now_s - self._since_s >= BASELINE_S and self._tracker.warm:
            self._tracker.baseline.freeze_pose()
            self._began = True
            self._enter("wait-cue" if self._evidence.light is None else "light")
        began = self._now_s if self._began_s is None else self._began_s
        return Reason.NO_GOOD_FRAME if self._now_s - began > POSITION_LIMIT_S else None

    def _advance_wait(self, blocked: bool, events: list[GestureEvent]) -> Reason | None:
        step = self._asked.present
        early = [e for e in events if e.action is step.action and e.start_s >= self._since_s]
        if early and step.action is not Action.BLINK:  # people blink all the time: no reproach for that
            self._asked.early += 1
            self._enter("wait-cue")
            return None
        waited = self._now_s - self._since_s
        delay = step.delay_s(self._asked.early)
        if step.cue_at_s is not None:
            delay = step.cue_at_s - self._since_s
        finder = self._tracker.finder(step.action)
        neutral = (finder is None or finder.started_s is None) and not blocked
        if waited >= delay and self.digits.hears and (neutral or waited >= delay + CUE_PATIENCE_S):
            self._cued_s = self._now_s
            self.digits.cue(self._now_s)
            self._enter("cue")
        return None

    def _advance_cue(self, events: list[GestureEvent]) -> Reason | None:
        step, asked = self._asked.present, self._asked
        if step.action is Action.READ_DIGITS:
            return self._advance_digits()
        for event in events:
            if event.start_s < self._cued_s:
                continue  # begun before the cue: does not count
            if event.action is step.action:
                if step.action in TURNS:
                    verdict = self._evidence.turns.judge()
                    asked.larger = verdict is TurnVerdict.FLAT  # too small to tell a head from a print: say so, once more
                    asked.slower = verdict is TurnVerdict.JERKY
                    if asked.larger or asked.slower:
                        asked.doubt.anew()
                        continue
                self._accept(event)
                return None
            if step.action in TURNS and event.action in TURNS:
                asked.wrong += 1
                asked.doubt.anew()
                if asked.wrong > WRONG_TURNS:
                    return Reason.ACTION_TIMEOUT
        if self._now_s - self._cued_s > self._settings.action_timeout_s + self._grace_s():
            return Reason.ACTION_TIMEOUT
        return None

    def _advance_digits(self) -> Reason | None:
        said = self.digits.advance(self._now_s)
        if isinstance(said, GestureEvent):
            self._accept(said)
        elif said is True:
            self._enter("wait-cue")
        return said if isinstance(said, Reason) else None

    def _accept(self, event: GestureEvent) -> None:
        self._asked.accept(event, self._began_s or 0.0, self._cued_s)
        self._faces.next_part()
        self._enter("between")

    def _advance_between(self) -> Reason | None:
        shown = self._now_s - self._since_s >= BETWEEN_S
        if self._asked.step is not None or (shown and self._asked.asks_more()):  # what goes on after the last answer counts, too
            if shown:
                self._enter("wait-cue")
            return None
        if shown and self._faces.has_part():
            return Reason.OK
        return Reason.NO_GOOD_FRAME if self._now_s - self._since_s > AFTER_LIMIT_S else None

    def _grace_s(self) -> float:
        """An action under way at the limit may still come back."""
        return 3.0 if self._peaked() else 0.0

    def _peaked(self) -> bool:
        return self._tracker.height_since(self._asked.action) is not None

    # --- parts

    def _enter(self, phase: Phase) -> None:
        if phase != self._phase or phase == "wait-cue":
            if phase == "wait-cue":
                self._asked.doubt.anew()
            self._phase, self._since_s = phase, self._now_s
            self.digits.begin(self._asked.step if phase in ("wait-cue", "cue") else None)

    def _buffer_face(self, observation: FaceObservation, frame_bgr: np.ndarray, blocked: bool) -> None:
        if not self._placing.fresh:
            return
        self._placing.fresh = False
        if self._phase == "positioning" or blocked:
            return
        base = self._tracker.baseline.value()
        self._faces.offer(observation, frame_bgr, base, self._placing.look)

    def _turned_away(self) -> bool:
        """The turn that was asked for has reached its peak, and only the return is missing."""
        return self._phase == "cue" and self._asked.action in TURNS and self._peaked()

    def _light(self) -> tuple[int, int, int] | None:
        shown = self._evidence.light.shown(self._now_s) if self._phase == "light" and self._evidence.light else None
        return None if shown is None else LIGHTS[shown]

    def _run_code(self, since_s: float) -> None:
        """The light code goes on in quiet moments and holds what it shows while somebody acts."""
        if self._phase in ("baseline", "wait-cue", "between") and 0 < since_s < 1.0:
            self._code_s += since_s

    def _finish(self, reason: Reason) -> TakeView:
        checks = (*self._evidence.scores(), *self.digits.scores)
        if reason is Reason.OK:
            reason = judged(checks, self._evidence, self._settings.checks.depth, attended=self._attended)
        began = self._began_s or 0.0
        if self._phase == "cue":
            self._asked.give_up(began, self._cued_s)
        self.result = LivenessResult(
            passed=reason is Reason.OK,
            reason=reason,
            actions=tuple(self._asked.records),
            swapped=self._asked.swapped,
            checks=checks,
            duration_s=self._now_s - began,
            frames=self._frames,
        )
        self._phase = "done" if self.result.passed else "failed"
        return self._view(None)

    def _view(self, guidance: Guidance | None) -> TakeView:
        asked, cued = self._asked, self._phase == "cue"
        current = asked.action
        finder = None if current is None or not cued else self._tracker.finder(current)
        counts = finder is not None and finder.started_s is not None and finder.started_s >= self._cued_s
        returning = counts and finder is not None and finder.peaked
        if returning or self._phase == "done":
            progress = 1.0
        else:
            progress = self._tracker.level(current) if counts and current is not None else 0.0
        left = max(0.0, self._settings.action_timeout_s - (self._now_s - self._cued_s)) if cued else None
        view = TakeView(
            phase=self._phase,
            guidance=guidance,
            action=current if self._phase in ("wait-cue", "cue") else None,
            action_index=asked.index,
            action_count=asked.count,
            now=cued,
            progress=progress,
            done_actions=asked.done,
            seconds_left=left,
            returning=returning,
            too_early=asked.early > 0 and self._phase == "wait-cue",
            wrong_way=asked.wrong > 0 and cued,
            larger=asked.larger and cued,
            slower=asked.slower and cued,
            can_swap=self.can_swap,
            light=self._light(),
            light_pattern=pattern(self._evidence, self._code_s),
            box=self._placing.box(self._now_s),
        )
        return self.digits.show(view)


def pattern(evidence: AttackEvidence, code_s: float) -> Levels | None:
    """Return what the light passcode shows now."""
    answer = evidence.answer
    if answer is None:
        return None
    hue, across, along = answer.code.levels(code_s)
    return HUE * hue, GRADIENT * across, GRADIENT * along


def judged(checks: tuple[CheckScore, ...], evidence: AttackEvidence, depth: CheckMode, *, attended: bool) -> Reason:
    """Return what the checks say of a take whose actions were all done.

    Without an accepted turn (both were impossible, or swapped away) only the shape that the light draws shows depth: a print could
    have done the rest, so the attendant looks where that is not clear. `attended`: somebody who answers for it has the person in
    sight.
    """
    if any(one.flagged and one.mode == "enforce" for one in checks):
        return Reason.LIVENESS_FAILED
    if attended:
        return Reason.OK
    shallow = depth == "enforce" and not evidence.saw_head
    if shallow or evidence.unclear or any(one.flagged and one.mode == "refer" for one in checks):
        return Reason.LIVENESS_UNCERTAIN
    return Reason.OK
