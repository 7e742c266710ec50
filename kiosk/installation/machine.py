"""The set-up of a station: `step(state, event) -> (state, commands)`. Who may go on, and when a step is done, is decided here.

Called by `app.installation` alone. An event that means nothing in a state leaves it as it is; never raises for any order of events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kiosk.installation import commands as c
from kiosk.installation import events as e
from kiosk.installation import states as s
from kiosk.installation.pages import DEVICE_KEYS, SETTINGS, can_go_on, fresh, on_page, undone
from kiosk.installation.progress import Mark, SetupProgress, SetupStep

Done = tuple[s.State, tuple[c.Command, ...]]


def opened(progress: SetupProgress, values: Mapping[str, s.Value], *, supervised: bool, kiosk_id: str) -> Done:
    """Return the first state: whoever goes on at a station with a supervisor must be one."""
    facts = s.SetupFacts(replace(progress, wanted=True), values, supervised, kiosk_id)
    if supervised:
        return s.Locked(facts), (c.KeepProgress(facts.progress),)
    return _enter(facts, progress.at, "")


def step(state: s.State, event: e.Event) -> Done:
    """Return the next state and what is to be done."""
    match state, event:
        case (s.Over(), _):
            return state, ()
        case (s.Locked() | s.Installing(), e.ServeTouched()) if state.facts.kiosk_id:
            return _over(state, finished=False)
        case (s.Locked(), e.LeftAlone()) if state.facts.kiosk_id:
            return _over(state, finished=False)  # nobody came to go on: the people are served meanwhile
        case (s.Locked(), _):
            return _locked(state, event)
        case (s.Installing(), e.LeftAlone()) if state.facts.supervised:
            return s.Locked(state.facts), (*undone(state), c.UseDevices(SetupStep.SUMMARY))
        case (s.Installing(), e.StepTouched(at)):
            return _leave(state, at, None)
        case (s.Installing(), e.StepBackTouched()):
            return _leave(state, state.facts.progress.before, None)
        case (s.Installing(), e.NextTouched()) if can_go_on(state):
            return _leave(state, state.facts.progress.following, Mark.DONE)
        case (s.Installing(), e.SkipTouched()) if state.facts.progress.at is not SetupStep.SUMMARY:
            done = state.facts.progress.mark(state.facts.progress.at) is Mark.DONE
            return _leave(state, state.facts.progress.following, None if done else Mark.SKIPPED)
        case (s.Installing(page=s.SummaryStep()), e.FinishTouched()):
            return _over(state, finished=True)
        case (s.Installing(), e.TextTyped(name, text)):
            progress = state.facts.progress.typed(name, text)
            if progress == state.facts.progress:
                return state, ()
            return replace(state, facts=replace(state.facts, progress=progress)), (c.KeepProgress(progress),)
        case (s.Installing(), e.SettingTouched(key, value)) if key in SETTINGS[state.facts.progress.at]:
            return state, (c.KeepSettings({key: value}, state.by),)
        case (s.Installing(), e.SettingsKept(values)):
            return _kept(state, values)
    return on_page(state, event) if isinstance(state, s.Installing) else (state, ())


def _locked(state: s.Locked, event: e.Event) -> Done:
    match event:
        case e.UnlockTouched(staff_id, pin) if not state.busy and staff_id and pin:
            return replace(state, busy=True, problem=""), (c.CheckSupervisor(staff_id, pin),)
        case e.UnlockAnswered("", problem, tries_left, wait_s):
            return s.Locked(state.facts, False, problem, tries_left, wait_s), ()
        case e.UnlockAnswered(staff_id) if state.busy:
            return _enter(state.facts, state.facts.progress.at, staff_id)
    return state, ()


def _leave(state: s.Installing, at: SetupStep, mark: Mark | None) -> Done:
    facts = state.facts
    if mark is not None:
        facts = replace(facts, progress=facts.progress.marked(mark))
    after, commands = _enter(facts, at, state.by)
    return after, (*undone(state), *commands)


def _enter(facts: s.SetupFacts, at: SetupStep, by: str) -> Done:
    facts = replace(facts, progress=replace(facts.progress, at=at))
    page, commands = fresh(facts)
    return s.Installing(facts, page, by), (c.KeepProgress(facts.progress), c.UseDevices(at), *commands)


def _kept(state: s.Installing, values: Mapping[str, s.Value]) -> Done:
    """New settings hold. What the step's device is doing is done anew with them."""
    state = replace(state, facts=replace(state.facts, values={**state.facts.values, **values}))
    at = state.facts.progress.at
    again: tuple[c.Command, ...] = ()
    answered = isinstance(state.page, s.ReaderStep) and state.page.port == values.get("reader.port")
    if DEVICE_KEYS[at] & set(values) and not answered:
        page, _ = fresh(state.facts)
        if isinstance(state.page, s.WithOffers) and isinstance(page, s.WithOffers) and state.page.offers is not None:
            page = replace(page, offers=state.page.offers)
        state = replace(state, page=page)
        again = (c.UseDevices(at),)
    elif state.page.problem:
        state = replace(state, page=replace(state.page, problem=""))
    after, commands = on_page(state, e.SettingsKept(values))
    return after, (*again, *commands)


def _over(state: s.Locked | s.Installing, *, finished: bool) -> Done:
    progress = replace(state.facts.progress, wanted=False)
    before = undone(state) if isinstance(state, s.Installing) else ()
    return s.Over(replace(state.facts, progress=progress), finished), (*before, c.KeepProgress(progress), c.HandOver())
