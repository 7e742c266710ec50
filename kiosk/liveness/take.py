"""One take in front of the camera: position, baseline, then each action after its cue, then a verdict.

Pure: no clock, no Qt, no MediaPipe. Time is the observation's own. Driven by the vision worker, by `kiosk evaluate takes` and by
tests. The embeddings' share of the verdict is added by `verdict.py`.
"""

from __future__ import annotations

import numpy as np

from kiosk.config import Liveness
from kiosk.domain.outcome import ActionRecord, CheckScore, LivenessResult
from kiosk.domain.reasons import Action, Guidance, Reason
from kiosk.domain.take_view import Phase, TakeView
from kiosk.liveness.attacks.evidence import Evidence, TurnPictures, TurnVerdict
from kiosk.liveness.attacks.reflection import LIGHTS
from kiosk.liveness.challenge import TURNS, Challenge, Step, pick_spare
from kiosk.liveness.gestures import GestureEvent, GestureTracker
from kiosk.liveness.guidance import LIMITS, GuidanceFilter, Limits, Look, hints, look
from kiosk.liveness.keep import FaceKeeper, KeptFace
from kiosk.liveness.landmarks import Box, FaceObservation, overlap
from kiosk.liveness.light.code import DEPTH
from kiosk.liveness.pace import (
    AFTER_LIMIT_S,
    BASELINE_S,
    BETWEEN_S,
    BLOCKING,
    CUE_PATIENCE_S,
    JUMP_OVERLAP,
    JUMP_S,
    LOOK_PERIOD_S,
    LOST_LIMIT_S,
    POSITION_LIMIT_S,
    STEADY_S,
    STRAYS,
    TAKE_SHAPES,
    TURNED_LOST_S,
    WRONG_TURNS,
)


class Take:
    """A take in progress. Call `step` with every observation until `result` is set."""

    def __init__(self, challenge: Challenge, settings: Liveness, limits: Limits = LIMITS, *, attended: bool = False) -> None:
        """attended: an attendant who signed in has the person in sight, so that missing depth refers nobody."""
        self._settings, self._limits, self._attended = settings, limits, attended
        self._steps = list(challenge.steps)
        self._spares, self._swaps = challenge.spares, challenge.swaps
        self._tracker = GestureTracker(TAKE_SHAPES)
        self._filter = GuidanceFilter()
        self._keeper = FaceKeeper()
        self._evidence = Evidence(settings, challenge.lights, challenge.light_code, challenge.proof)
        self._code_s = 0.0  # seconds of the light code that were shown
        self._records: list[ActionRecord] = []
        self._swapped: tuple[Action, ...] = ()
        self._phase: Phase = "positioning"
        self._index = 0
        self._began_s: float | None = None
        self._since_s = 0.0  # when the present phase began
        self._good_s: float | None = None  # well placed since
        self._cued_s = 0.0
        self._early = self._wrong = 0
        self._larger = self._slower = False
        self._strays = 0
        self._last: FaceObservation | None = None
        self._now_s = 0.0
        self._frames = 0
        self._began = False
        self.result: LivenessResult | None = None
        self.look = Look()
        self._look_s: float | None = None
        self._fresh_look = False

    # --- what the owner asks

    @property
    def kept(self) -> tuple[KeptFace, ...]:
        """Frontal, open-eyed faces kept for the match, best first within each part of the take."""
        return self._keeper.kept()

    @property
    def started(self) -> bool:
        """The person was well placed and the baseline taken: the challenge began."""
        return self._began

    @property
    def turns(self) -> tuple[TurnPictures, ...]:
        """Accepted turns, to be confirmed picture by picture (`verdict.conclude`)."""
        return tuple(self._evidence.turns)

    @property
    def can_swap(self) -> bool:
        """ "做不到" is possible now."""
        return self.result is None and self._swaps > 0 and self._index < len(self._steps) and self._spare() is not None

    def _spare(self) -> Step | None:
        asked = self._steps[self._index].action
        other_turn = any(step.action in TURNS for number, step in enumerate(self._steps) if number != self._index)
        return pick_spare(asked, self._spares, turn_needed=self._settings.require_turn and not other_turn)

    def swap_action(self) -> bool:
        """Replace the present action by a spare one; False when no swap is left."""
        if not self.can_swap:
            return False
        old = self._steps[self._index]
        spare = self._spare()
        if spare is None:
            return False
        self._spares = tuple(s for s in self._spares if s is not spare)
        self._steps[self._index] = spare
        self._swaps -= 1
        self._swapped = (*self._swapped, old.action)
        self._early = self._wrong = 0
        self._larger = self._slower = False
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
        unseen = self.look.size == 0.0 and observation.points is not None
        if unseen or self._look_s is None or observation.t_s - self._look_s >= LOOK_PERIOD_S:
            self._look_s = observation.t_s
            self.look = look(observation, frame_bgr)
            self._fresh_look = True
        measured = self.look
        turning = self._phase in ("cue", "between") and self._current in (*TURNS, Action.NOD)
        told = hints(observation, frame_bgr, self._limits, straight=not turning, seen=measured)
        blocked = not BLOCKING.isdisjoint(told)
        guidance = self._filter.step(self._now_s, self._left_frame(next(iter(told), None)))
        if self._jumped(observation):
            return self._finish(Reason.FACE_CHANGED)
        events = self._tracker.step(observation)
        self._evidence.step(
            observation, frame_bgr, self._phase, self._current, self._tracker.baseline.value().yaw_deg, self._code()
        )
        self._keep(observation, frame_bgr, blocked, measured)
        if observation.points is not None:
            self._last = observation
        reason = self._advance(blocked, events)
        if reason is not None:
            return self._finish(reason)
        return self._view(guidance)

    # --- phases

    @property
    def _current(self) -> Action | None:
        return self._steps[self._index].action if self._index < len(self._steps) else None

    def _advance(self, blocked: bool, events: list[GestureEvent]) -> Reason | None:
        """Move on; return a reason when the take ends."""
        limit = TURNED_LOST_S if self._turned_away() else LOST_LIMIT_S
        if self._phase not in ("positioning", "baseline") and self._lost_s() > limit:
            return Reason.FACE_LOST
        if self._phase in ("positioning", "baseline"):
            return self._advance_start(blocked)
        self._strays += sum(self._is_stray(event) for event in events)
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
            self._enter("positioning", restart=self._phase == "baseline")
        elif self._good_s is None:
            self._good_s = self._now_s
        good = 0.0 if self._good_s is None else self._now_s - self._good_s
        if self._phase == "positioning" and good >= STEADY_S:
            # What was seen while the person came nearer is no neutral: the baseline starts here.
            self._tracker = GestureTracker(TAKE_SHAPES)
            self._keeper = FaceKeeper()
            self._enter("baseline")
        elif self._phase == "baseline" and self._now_s - self._since_s >= BASELINE_S and self._tracker.warm:
            self._tracker.baseline.freeze_pose()
            self._began = True
            self._enter("wait-cue" if self._evidence.light is None else "light")
        began = self._now_s if self._began_s is None else self._began_s
        return Reason.NO_GOOD_FRAME if self._now_s - began > POSITION_LIMIT_S else None

    def _advance_wait(self, blocked: bool, events: list[GestureEvent]) -> Reason | None:
        step = self._steps[self._index]
        early = [e for e in events if e.action is step.action and e.start_s >= self._since_s]
        if early and step.action is not Action.BLINK:  # people blink all the time: no reproach for that
            self._early += 1
            self._enter("wait-cue", restart=True)
            return None
        waited = self._now_s - self._since_s
        delay = step.delay_s(self._early)
        if step.cue_at_s is not None:
            delay = step.cue_at_s - self._since_s
        neutral = self._tracker.finder(step.action).started_s is None and not blocked
        if waited >= delay and (neutral or waited >= delay + CUE_PATIENCE_S):
            self._cued_s = self._now_s
            self._enter("cue")
        return None

    def _advance_cue(self, events: list[GestureEvent]) -> Reason | None:
        step = self._steps[self._index]
        for event in events:
            if event.start_s < self._cued_s:
                continue  # begun before the cue: does not count
            if event.action is step.action:
                if step.action in TURNS:
                    verdict = self._evidence.turned()
                    self._larger = verdict is TurnVerdict.FLAT  # too small to tell a head from a print: say so, once more
                    self._slower = verdict is TurnVerdict.JERKY
                    if self._larger or self._slower:
                        continue
                self._accept(step, event)
                return None
            if step.action in TURNS and event.action in TURNS:
                self._wrong += 1
                if self._wrong > WRONG_TURNS:
                    return Reason.ACTION_TIMEOUT
        if self._now_s - self._cued_s > self._settings.action_timeout_s + self._grace_s():
            return Reason.ACTION_TIMEOUT
        return None

    def _is_stray(self, event: GestureEvent) -> bool:
        """A deliberate gesture that was not asked for now. People blink all the time; wrong turns are counted by themselves."""
        if event.action in (Action.BLINK, Action.NOD):
            return False
        current = self._current
        answers = event.action is current or (event.action in TURNS and current in TURNS)
        return not (answers and self._phase == "cue" and event.start_s >= self._cued_s)

    def _accept(self, step: Step, event: GestureEvent) -> None:
        began = self._began_s or 0.0
        self._records.append(ActionRecord(step.action, self._cued_s - began, event.peak_s - began, event.strength, self._early))
        self._index += 1
        self._early = self._wrong = 0
        self._larger = self._slower = False
        self._keeper.next_part()
        self._enter("between")

    def _advance_between(self) -> Reason | None:
        shown = self._now_s - self._since_s >= BETWEEN_S
        if self._index < len(self._steps):
            if shown:
                self._enter("wait-cue")
            return None
        if shown and self._keeper.has_part():
            return Reason.OK
        return Reason.NO_GOOD_FRAME if self._now_s - self._since_s > AFTER_LIMIT_S else None

    def _grace_s(self) -> float:
        """An action under way at the limit may still come back."""
        current = self._current
        return 3.0 if current is not None and self._tracker.finder(current).peaked else 0.0

    # --- parts

    def _enter(self, phase: Phase, restart: bool = False) -> None:
        if phase != self._phase or restart or phase == "wait-cue":
            self._phase, self._since_s = phase, self._now_s

    def _keep(self, observation: FaceObservation, frame_bgr: np.ndarray, blocked: bool, seen: Look) -> None:
        if not self._fresh_look:
            return
        self._fresh_look = False
        if self._phase in ("positioning", "failed") or blocked:
            return
        base = self._tracker.baseline.value()
        self._keeper.offer(observation, frame_bgr, base, seen)

    def _turned_away(self) -> bool:
        """The turn that was asked for has reached its peak, and only the return is missing."""
        current = self._current
        return self._phase == "cue" and current is not None and current in TURNS and self._tracker.finder(current).peaked

    def _lost_s(self) -> float:
        return 0.0 if self._last is None else self._now_s - self._last.t_s

    def _left_frame(self, raw: Guidance | None) -> Guidance | None:
        """Somebody who was there and left is told so, rather than "no face"."""
        started = self._phase not in ("positioning", "baseline")
        return Guidance.LEFT_FRAME if raw is Guidance.NO_FACE and started else raw

    def _jumped(self, observation: FaceObservation) -> bool:
        last = self._last
        if last is None or last.box is None or observation.box is None or self._phase in ("positioning", "baseline"):
            return False
        # A face lost in a turn must come back where it was, too: else somebody else stepped in.
        near_in_time = observation.t_s - last.t_s <= (TURNED_LOST_S if self._turned_away() else JUMP_S)
        return near_in_time and overlap(last.box, observation.box) < JUMP_OVERLAP

    def _light(self) -> tuple[int, int, int] | None:
        shown = self._evidence.light.shown(self._now_s) if self._phase == "light" and self._evidence.light else None
        return None if shown is None else LIGHTS[shown]

    def _run_code(self, since_s: float) -> None:
        """The light code goes on in quiet moments and stands still while somebody acts."""
        if self._phase in ("baseline", "wait-cue", "between") and 0 < since_s < 1.0:
            self._code_s += since_s

    def _code(self) -> float | None:
        quiet = self._phase in ("baseline", "wait-cue", "between")
        return self._code_s if quiet and self._evidence.answer is not None else None

    def _pattern(self) -> tuple[float, float] | None:
        answer = self._evidence.answer
        if answer is None or self._code() is None:
            return None
        across, along = answer.code.levels(self._code_s)
        return DEPTH * across, DEPTH * along

    def _box(self) -> Box | None:
        last = self._last
        if last is None or last.box is None or last.t_s != self._now_s:
            return None
        (x0, y0, x1, y1), (width, height) = last.box, last.size
        return x0 / width, y0 / height, x1 / width, y1 / height

    def _finish(self, reason: Reason) -> TakeView:
        checks = self._evidence.scores()
        if reason is Reason.OK:
            reason = self._judged(checks)
        began = self._began_s or 0.0
        current = self._current
        if current is not None and self._phase == "cue":
            self._records.append(ActionRecord(current, self._cued_s - began, None, 0.0, self._early))
        self.result = LivenessResult(
            passed=reason is Reason.OK,
            reason=reason,
            actions=tuple(self._records),
            swapped=self._swapped,
            checks=checks,
            duration_s=self._now_s - began,
            frames=self._frames,
        )
        self._phase = "done" if self.result.passed else "failed"
        return self._view(None)

    def _judged(self, checks: tuple[CheckScore, ...]) -> Reason:
        """What the checks say of a take whose actions were all done.

        Without an accepted turn nothing shows depth (both turns were impossible, or swapped away): a print could have done the
        rest, so the attendant looks. `attended`: somebody who answers for it has the person in sight.
        """
        if any(one.flagged and one.mode == "enforce" for one in checks):
            return Reason.LIVENESS_FAILED
        if self._attended:
            return Reason.OK
        shallow = self._settings.checks.depth == "enforce" and not self._evidence.saw_depth
        if shallow or self._evidence.camera_unclear or any(one.flagged and one.mode == "refer" for one in checks):
            return Reason.LIVENESS_UNCERTAIN
        return Reason.OK

    def _view(self, guidance: Guidance | None) -> TakeView:
        current, cued = self._current, self._phase == "cue"
        finder = None if current is None or not cued else self._tracker.finder(current)
        counts = finder is not None and finder.started_s is not None and finder.started_s >= self._cued_s
        returning = counts and finder is not None and finder.peaked
        if returning or self._phase == "done":
            progress = 1.0
        else:
            progress = self._tracker.level(current) if counts and current is not None else 0.0
        left = max(0.0, self._settings.action_timeout_s - (self._now_s - self._cued_s)) if cued else None
        return TakeView(
            phase=self._phase,
            guidance=guidance,
            action=current if self._phase in ("wait-cue", "cue") else None,
            action_index=min(self._index, len(self._steps) - 1),
            action_count=len(self._steps),
            now=cued,
            progress=progress,
            done_actions=tuple(step.action for step in self._steps[: self._index]),
            seconds_left=left,
            returning=returning,
            too_early=self._early > 0 and self._phase == "wait-cue",
            wrong_way=self._wrong > 0 and cued,
            larger=self._larger and cued,
            slower=self._slower and cued,
            can_swap=self.can_swap,
            light=self._light(),
            light_pattern=self._pattern(),
            box=self._box(),
        )
