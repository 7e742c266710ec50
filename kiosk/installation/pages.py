"""What follows on each page of the set-up. Called by `installation.machine`; the pages ask whether one may go on, and limits."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, assert_never, cast

from kiosk.installation import codes, corners
from kiosk.installation import commands as c
from kiosk.installation import events as e
from kiosk.installation import states as s
from kiosk.installation.progress import Mark, SetupStep

Done = tuple[s.State, tuple[c.Command, ...]]

VOLUME_STEP = 0.1
LEAST_VOLUME = 0.1
LONGEST_ID, LONGEST_NAME = 64, 60
# What may be set on which page; what is not named here is not set by touch (`layers.BY_TOUCH` says it once more).
SETTINGS: dict[SetupStep, frozenset[str]] = {step: frozenset() for step in SetupStep} | {
    SetupStep.SCREEN: frozenset({"ui.language", "ui.theme", "ui.large_text"}),
    SetupStep.CAMERA: frozenset({"camera.rotate"}),
    SetupStep.READER: frozenset({"station.reader_place"}),
    SetupStep.SOUND: frozenset({"voice.language"}),
    SetupStep.PRINTER: frozenset({"printer.width_mm", "printer.text", "printer.large"}),
}
# Settings that the step's device must begin anew with.
DEVICE_KEYS: dict[SetupStep, frozenset[str]] = {step: frozenset() for step in SetupStep} | {
    SetupStep.CAMERA: frozenset({"camera.source", "camera.rotate"}),
    SetupStep.READER: frozenset({"reader.port"}),
    SetupStep.PRINTER: frozenset({"printer.kind", "printer.target", "printer.width_mm", "printer.text", "printer.large"}),
}


def fresh(facts: s.SetupFacts) -> tuple[s.Page, tuple[c.Command, ...]]:
    """Return the page of the step that progress is at, as it begins, and what it wants to know."""
    look = (c.LookForDevices(facts.progress.at),)
    match facts.progress.at:
        case SetupStep.SCREEN:
            return s.ScreenStep(), ()
        case SetupStep.CLOCK:
            return s.ClockStep(), ()
        case SetupStep.CAMERA:
            return s.CameraStep(), look
        case SetupStep.READER:
            return s.ReaderStep(), look
        case SetupStep.SOUND:
            return s.SoundStep(), ()
        case SetupStep.PRINTER:
            return s.PrinterStep(), look
        case SetupStep.NETWORK:
            chosen_medium = not facts.values.get("sync.bureau_url") and facts.progress.mark(SetupStep.NETWORK) is Mark.DONE
            return s.NetworkStep("stick" if chosen_medium else "network"), look
        case SetupStep.REGISTER:
            return s.RegisterStep(), ()
        case SetupStep.SUPERVISOR:
            return s.SupervisorStep(), ()
        case SetupStep.SUMMARY:
            return s.SummaryStep(), (c.AskDoctor(),)
    assert_never(facts.progress.at)


def can_go_on(state: s.Installing) -> bool:
    """Whether the step is done: what can be tried was tried, and went well."""
    facts = state.facts
    match state.page:
        case s.ScreenStep(hits=hits):
            return hits is None
        case s.ClockStep(draft=draft, busy=busy):
            return draft is None and not busy
        case s.CameraStep(status=status, seen=seen):
            return status == "up" and seen
        case s.ReaderStep(status=status, card=card):
            return status == "ready" and card == "read"
        case s.SoundStep(heard=heard):
            return heard is True
        case s.PrinterStep(status=status):
            return status == "printed" or facts.values.get("printer.kind") == "none"
        case s.NetworkStep(way=way, status=status):
            return way == "stick" or status == "ok"
        case s.RegisterStep():
            return bool(facts.kiosk_id)
        case s.SupervisorStep():
            return facts.supervised
    return False


def undone(state: s.Installing) -> tuple[c.Command, ...]:
    """Return what takes a trial back that nobody has said yes to."""
    page = state.page
    if not isinstance(page, s.ScreenStep):
        return ()
    tried = (page.turn is not None, page.touch_turn is not None)
    return tuple(command for command, on in zip(_as_kept(state), tried, strict=True) if on)


def _as_kept(state: s.Installing) -> tuple[c.Command, c.Command]:
    """Return what turns picture and touch as the settings say."""
    values = state.facts.values
    return c.TurnPicture(int(values.get("ui.screen_turn", 0))), c.TurnTouch(int(values.get("ui.touch_turn", 0)))


def on_page(state: s.Installing, event: e.Event) -> Done:
    """Return what an event means on the page that is shown."""
    page = state.page
    match event:
        case e.SettingsRefused(problem):
            back = _as_kept(state) if isinstance(page, s.ScreenStep) else ()
            return _put(state, _with(page, problem=problem, **_idle(page)), *back)
        case e.Offered(at, offers) if at is state.facts.progress.at and hasattr(page, "offers"):
            return _put(state, _with(page, offers=offers))
        case e.LookAgainTouched() if isinstance(page, s.SummaryStep):
            return _put(state, s.SummaryStep(), c.AskDoctor())
        case e.LookAgainTouched() if hasattr(page, "offers"):
            at = state.facts.progress.at
            begun = fresh(state.facts)[0] if DEVICE_KEYS[at] else page
            return _put(state, _with(begun, offers=None), c.LookForDevices(at), c.UseDevices(at))
        case e.OfferTouched("") if isinstance(page, s.NetworkStep):  # no certificate of a stick: those that the system knows
            return state, (c.KeepSettings({"sync.ca_file": ""}, state.by),)
        case e.OfferTouched(key) if isinstance(page, s.WithOffers) and any(one.key == key for one in page.offers or ()):
            return _chosen(state, key)
    match page:
        case s.ScreenStep():
            return _screen(state, page, event)
        case s.ClockStep():
            return _clock(state, page, event)
        case s.CameraStep():
            return _camera(state, page, event)
        case s.ReaderStep():
            return _reader(state, page, event)
        case s.SoundStep():
            return _sound(state, page, event)
        case s.PrinterStep():
            return _printer(state, page, event)
        case s.NetworkStep():
            return _network(state, page, event)
        case s.RegisterStep():
            return _register(state, page, event)
        case s.SupervisorStep():
            return _supervisor(state, page, event)
        case s.SummaryStep():
            return _put(state, s.SummaryStep(event.lines)) if isinstance(event, e.DoctorTold) else (state, ())
    assert_never(page)


def _with(page: s.Page, **changes: Any) -> s.Page:
    """Return a page of whatever kind with fields changed that it has."""
    changed: s.Page = replace(cast(Any, page), **changes)
    return changed


def _put(state: s.Installing, page: s.Page, *commands: c.Command) -> Done:
    return replace(state, page=page), commands


def _idle(page: s.Page) -> dict[str, str]:
    """What no longer runs when settings were refused."""
    return {"status": ""} if isinstance(page, s.NetworkStep | s.RegisterStep) else {}


def _chosen(state: s.Installing, key: str) -> Done:
    match state.page:
        case s.CameraStep():
            return state, (c.KeepSettings({"camera.source": key}, state.by),)
        case s.ReaderStep():
            return state, (c.KeepSettings({"reader.port": key}, state.by),)
        case s.PrinterStep():
            kind, _, target = key.partition("|")
            return state, (c.KeepSettings({"printer.kind": kind, "printer.target": target}, state.by),)
        case s.NetworkStep():
            return state, (c.TakeCertificate(key, state.by),)
    return state, ()


def _screen(state: s.Installing, page: s.ScreenStep, event: e.Event) -> Done:
    values = state.facts.values
    match event:
        case e.TurnTouched(turn) if turn in corners.TURNS and page.hits is None:
            begun = s.ScreenStep((), turn)
            return _put(state, begun, c.TurnPicture(turn), c.StartTrial())
        case e.CornersTouched() if page.hits is None:
            return _put(state, s.ScreenStep(()), c.StartTrial())
        case e.TrialEnded() if page.hits is not None:
            return _put(state, s.ScreenStep(touch="unclear"), *undone(state))
        case e.CornerHit(x, y) if page.hits is not None:
            hits = (*page.hits, (x, y))
            if len(hits) < len(corners.TARGETS):
                return _put(state, replace(page, hits=hits), c.StartTrial())
            return _judged(state, page, corners.judge(hits), int(values.get("ui.touch_turn", 0)))
    return state, ()


def _judged(state: s.Installing, page: s.ScreenStep, found: int | None, before: int) -> Done:
    """Four corners were touched. What is on trial is kept by whoever hits them."""
    if found == 0:
        kept: dict[str, s.Value] = {}
        if page.turn is not None:
            kept["ui.screen_turn"] = page.turn
        if page.touch_turn is not None:
            kept["ui.touch_turn"] = page.touch_turn
        return _put(state, s.ScreenStep(touch="good"), *((c.KeepSettings(kept, state.by),) if kept else ()))
    if found is None or page.touch_turn is not None:
        return _put(state, s.ScreenStep(touch="unclear"), *undone(state))
    turn = (before - found) % 360
    return _put(state, replace(page, hits=(), touch_turn=turn, touch="again"), c.TurnTouch(turn), c.StartTrial())


def _clock(state: s.Installing, page: s.ClockStep, event: e.Event) -> Done:
    match event:
        case e.ClockNudged(unit, by, shown) if not page.busy:
            return _put(state, s.ClockStep(nudged(page.draft or shown, unit, by)))
        case e.ClockTouched() if page.draft is not None and not page.busy:
            return _put(state, replace(page, busy=True, problem=""), c.SetClock(page.draft))
        case e.ClockAnswered("") if page.busy:
            return _put(state, s.ClockStep(notice="clock-set"))
        case e.ClockAnswered(problem) if page.busy:
            return _put(state, replace(page, busy=False, problem=problem))
    return state, ()


def nudged(at: datetime, unit: str, by: int) -> datetime:
    """Return a time with one of its parts moved; what would be no day becomes the month's last."""
    if unit in ("day", "hour", "minute"):
        moved = at + timedelta(**{f"{unit}s": by})
        return moved if 2000 <= moved.year <= 2099 else at
    months = at.year * 12 + at.month - 1 + (by if unit == "month" else 12 * by if unit == "year" else 0)
    year, month = divmod(months, 12)
    if not 2000 <= year <= 2099:
        return at
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


def _camera(state: s.Installing, page: s.CameraStep, event: e.Event) -> Done:
    match event:
        case e.CameraTold("up"):
            return _put(state, replace(page, status="up"))
        case e.CameraTold(status):
            return _put(state, replace(page, status=status, hint=None, seen=False))
        case e.FacePlaced(hint) if page.status == "up":
            return _put(state, replace(page, hint=hint, seen=page.seen or not hint))
    return state, ()


def _reader(state: s.Installing, page: s.ReaderStep, event: e.Event) -> Done:
    match event:
        case e.ReaderTold("ready", port, sam):
            found = port and port != state.facts.values.get("reader.port")  # it answered elsewhere than it was set: there it is
            kept = (c.KeepSettings({"reader.port": port}, state.by),) if found else ()
            return _put(state, replace(page, status="ready", port=port, sam=sam), *kept)
        case e.ReaderTold(status):
            return _put(state, replace(page, status=status, port="", sam="", card=""))
        case e.CardTold(card) if page.status == "ready" and page.card != "read":
            return _put(state, replace(page, card=card))
    return state, ()


def _sound(state: s.Installing, page: s.SoundStep, event: e.Event) -> Done:
    match event:
        case e.HearTouched():
            return _put(state, s.SoundStep(played=True), c.PlayPrompt())
        case e.LouderTouched(steps):
            now = float(state.facts.values.get("voice.volume", 1.0))
            volume = round(min(1.0, max(LEAST_VOLUME, now + steps * VOLUME_STEP)), 2)
            return _put(state, s.SoundStep(played=True), c.KeepSettings({"voice.volume": volume}, state.by))
        case e.SettingsKept(values) if {"voice.volume", "voice.language"} & set(values):
            return _put(state, s.SoundStep(played=True), c.UseDevices(SetupStep.SOUND), c.PlayPrompt())
        case e.HeardTouched(heard) if page.played:
            return _put(state, replace(page, heard=heard))
        case e.SoundTold(trouble):
            return _put(state, replace(page, trouble=trouble))
    return state, ()


def _printer(state: s.Installing, page: s.PrinterStep, event: e.Event) -> Done:
    match event:
        case e.SlipTouched() if page.status != "printing" and state.facts.values.get("printer.kind") != "none":
            return _put(state, replace(page, status="printing"), c.PrintTestSlip())
        case e.SlipTold(status) if page.status == "printing":
            return _put(state, replace(page, status=status))
    return state, ()


def _network(state: s.Installing, page: s.NetworkStep, event: e.Event) -> Done:
    match event:
        case e.WayTouched("stick"):
            kept = (c.KeepSettings({"sync.bureau_url": ""}, state.by),) if state.facts.values.get("sync.bureau_url") else ()
            return _put(state, s.NetworkStep("stick", page.offers), *kept)
        case e.WayTouched("network"):
            return _put(state, s.NetworkStep("network", page.offers))
        case e.AddressTouched(url) if page.status != "asking":
            asked = replace(page, status="asking", problem="")
            return _put(state, asked, c.KeepSettings({"sync.bureau_url": url.strip()}, state.by))
        case e.SettingsKept(values) if page.status == "asking" and "sync.bureau_url" in values:
            return state, (c.AskBureau(),)
        case e.SettingsKept(values) if "sync.ca_file" in values:
            return _put(state, replace(page, status=""))
        case e.AddressTold(status) if page.status == "asking":
            return _put(state, replace(page, status=status))
    return state, ()


def _register(state: s.Installing, page: s.RegisterStep, event: e.Event) -> Done:
    at = SetupStep.REGISTER
    match event:
        case e.ScanTouched(on) if not state.facts.kiosk_id:
            return _put(state, replace(page, scanning=on, camera="opening", status=""), c.UseDevices(at, on))
        case e.CameraTold(status) if page.scanning:
            return _put(state, replace(page, camera=status))
        case e.CodeScanned(text) if page.scanning:
            found = codes.parse(text)
            if found is None:
                return _put(state, replace(page, status="other-code"))
            progress = state.facts.progress
            if found.station_id:
                progress = progress.typed("station_id", found.station_id)
            state = replace(state, facts=replace(state.facts, progress=progress))
            return _put(state, s.RegisterStep(code=found.code, status="scanned"), c.UseDevices(at), c.KeepProgress(progress))
        case e.RegisterTouched(station_id, name, hotline, code) if page.status != "asking" and not state.facts.kiosk_id:
            station_id, name, hotline = station_id.strip(), name.strip(), hotline.strip()
            wrong = _unfit(state, station_id, name, code)
            if wrong:
                return _put(state, replace(page, status="", problem=wrong))
            kept: dict[str, s.Value] = {"station.station_id": station_id, "station.name": name}
            if hotline:
                kept["station.hotline"] = hotline
            asked = s.RegisterStep(code=page.code, pending=code, status="asking")
            return _put(state, asked, c.UseDevices(at), c.KeepSettings(kept, state.by))
        case e.SettingsKept(values) if page.pending and "station.station_id" in values:
            return _put(state, replace(page, pending=""), c.RegisterStation(page.pending))
        case e.RegisterTold("", problem) if page.status == "asking":
            return _put(state, replace(page, status="", problem=problem))
        case e.RegisterTold(kiosk_id) if kiosk_id:
            facts = replace(state.facts, kiosk_id=kiosk_id, progress=state.facts.progress.marked(Mark.DONE))
            return replace(state, facts=facts, page=s.RegisterStep()), (c.KeepProgress(facts.progress),)
    return state, ()


def _unfit(state: s.Installing, station_id: str, name: str, code: str) -> str:
    if not station_id or len(station_id) > LONGEST_ID or not name or len(name) > LONGEST_NAME:
        return "station-unnamed"
    if not state.facts.values.get("sync.bureau_url"):
        return "no-address"
    return "" if codes.parse(code) is not None else "code-unreadable"


def _supervisor(state: s.Installing, page: s.SupervisorStep, event: e.Event) -> Done:
    match event:
        case e.FirstTouched(staff_id, name, pin, again) if not page.busy and not state.facts.supervised:
            wrong = "staff-empty" if not staff_id.strip() or not name.strip() else "pins-differ" if pin != again else ""
            if wrong:
                return _put(state, s.SupervisorStep(problem=wrong))
            return _put(state, s.SupervisorStep(busy=True), c.AddFirstSupervisor(staff_id.strip(), name.strip(), pin))
        case e.FirstTold(_, problem) if problem and page.busy:
            return _put(state, s.SupervisorStep(problem=problem))
        case e.FirstTold(staff_id) if page.busy:
            facts = replace(state.facts, supervised=True, progress=state.facts.progress.marked(Mark.DONE))
            done = replace(state, facts=facts, page=s.SupervisorStep(notice="first-added"), by=staff_id)
            return done, (c.KeepProgress(facts.progress),)
    return state, ()
