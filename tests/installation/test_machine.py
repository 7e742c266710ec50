"""The set-up's machine: state x event as a table, and what holds for any order of events.

The table lies beside this file. After a change that is meant: `python -m tests.installation.test_machine`, and read the difference.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import layers
from kiosk.installation import codes, corners
from kiosk.installation import commands as c
from kiosk.installation import events as e
from kiosk.installation import states as s
from kiosk.installation.machine import opened, step
from kiosk.installation.pages import SETTINGS, nudged
from kiosk.installation.progress import DRAFTS, Mark, SetupProgress, SetupStep, from_json, to_json

TABLE = Path(__file__).with_name("table.txt")
AT = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
CODE = "ABCDEFGH234567ABCDEFGH2345"
OFFERS = (s.SetupOffer("none", ""), s.SetupOffer("usb|0416:5011", "POS58"), s.SetupOffer("/media/ca.pem", "ca.pem"))
VALUES: dict[str, s.Value] = {
    "ui.screen_turn": 0,
    "ui.touch_turn": 90,
    "voice.volume": 1.0,
    "printer.kind": "usb",
    "reader.port": "/dev/a",
    "sync.bureau_url": "https://b",
}
PAGES: dict[str, s.Page] = {
    "ScreenStep": s.ScreenStep(),
    "ScreenStep+corners": s.ScreenStep(()),
    "ScreenStep+trial": s.ScreenStep(tuple(corners.TARGETS[:3]), 90),
    "ScreenStep+touch": s.ScreenStep(tuple(corners.TARGETS[:3]), None, 180),
    "ClockStep": s.ClockStep(),
    "ClockStep+draft": s.ClockStep(AT),
    "ClockStep+busy": s.ClockStep(AT, busy=True),
    "CameraStep": s.CameraStep(OFFERS),
    "CameraStep+good": s.CameraStep(OFFERS, "up", "", seen=True),
    "ReaderStep": s.ReaderStep(OFFERS),
    "ReaderStep+read": s.ReaderStep(OFFERS, "ready", "/dev/a", "05", "read"),
    "SoundStep": s.SoundStep(),
    "SoundStep+heard": s.SoundStep(played=True, heard=True),
    "PrinterStep": s.PrinterStep(OFFERS),
    "PrinterStep+printing": s.PrinterStep(OFFERS, "printing"),
    "PrinterStep+printed": s.PrinterStep(OFFERS, "printed"),
    "NetworkStep": s.NetworkStep(offers=OFFERS),
    "NetworkStep+asking": s.NetworkStep(status="asking"),
    "NetworkStep+ok": s.NetworkStep(status="ok"),
    "NetworkStep+stick": s.NetworkStep("stick"),
    "RegisterStep": s.RegisterStep(),
    "RegisterStep+scanning": s.RegisterStep(scanning=True, camera="up"),
    "RegisterStep+asking": s.RegisterStep(status="asking", pending=CODE),
    "SupervisorStep": s.SupervisorStep(),
    "SupervisorStep+busy": s.SupervisorStep(busy=True),
    "SummaryStep": s.SummaryStep((s.DoctorLine("disk", "ok"),)),
}
EVENTS: tuple[e.Event, ...] = (
    e.UnlockTouched("9001", "360914"),
    e.UnlockTouched("", ""),
    e.UnlockAnswered("9001"),
    e.UnlockAnswered("", "pin-wrong", 3),
    e.LeftAlone(),
    e.ServeTouched(),
    e.StepTouched(SetupStep.SOUND),
    e.NextTouched(),
    e.SkipTouched(),
    e.StepBackTouched(),
    e.FinishTouched(),
    e.SettingTouched("ui.language", "en"),
    e.SettingTouched("camera.rotate", 90),
    e.SettingTouched("match.accept", 0.0),
    e.SettingsKept({"camera.rotate": 90}),
    e.SettingsKept({"voice.volume": 0.5}),
    e.SettingsKept({"reader.port": "/dev/a"}),
    e.SettingsKept({"sync.bureau_url": "https://b", "station.station_id": "S"}),
    e.SettingsKept({"sync.ca_file": "/ca"}),
    e.SettingsRefused("disk-full"),
    e.TextTyped("bureau_url", "https://b"),
    e.TextTyped("pin", "360914"),
    *(e.Offered(at, OFFERS) for at in (SetupStep.CAMERA, SetupStep.PRINTER)),
    e.OfferTouched("usb|0416:5011"),
    e.OfferTouched("/media/ca.pem"),
    e.OfferTouched("not-offered"),
    e.OfferTouched(""),
    e.TurnTouched(90),
    e.TurnTouched(45),
    e.TrialEnded(),
    e.CornersTouched(),
    e.CornerHit(*corners.TARGETS[3]),
    e.CornerHit(0.5, 0.5),
    e.ClockNudged("month", 1, AT),
    e.ClockTouched(),
    e.ClockAnswered(),
    e.ClockAnswered("clock-refused"),
    e.CameraTold("up"),
    e.CameraTold("camera-unplugged"),
    e.FacePlaced(""),
    e.FacePlaced("too-far"),
    e.ReaderTold("ready", "/dev/b", "05"),
    e.ReaderTold("reader-silent"),
    e.CardTold("read"),
    e.CardTold("card-unreadable"),
    e.HearTouched(),
    e.LouderTouched(1),
    e.LouderTouched(-1),
    e.HeardTouched(True),
    e.HeardTouched(False),
    e.SoundTold("no-speaker"),
    e.SlipTouched(),
    e.SlipTold("printed"),
    e.SlipTold("printer-no-paper"),
    e.WayTouched("stick"),
    e.WayTouched("network"),
    e.LookAgainTouched(),
    e.AddressTouched(" https://b "),
    e.AddressTold("ok"),
    e.AddressTold("unreachable"),
    e.ScanTouched(True),
    e.ScanTouched(False),
    e.CodeScanned(f"pension-kiosk:enrol?code={CODE}&station=S-1"),
    e.CodeScanned("https://example.com"),
    e.RegisterTouched("S-1", "Name", "12333", CODE),
    e.RegisterTouched("", "Name", "", CODE),
    e.RegisterTouched("S-1", "Name", "", "short"),
    e.RegisterTold("K-1"),
    e.RegisterTold("", "code-used"),
    e.FirstTouched("9001", "黄主管", "360914", "360914"),
    e.FirstTouched("9001", "黄主管", "360914", "1"),
    e.FirstTouched("", "", "", ""),
    e.FirstTold("9001"),
    e.FirstTold("", "weak-pin"),
    e.DoctorTold((s.DoctorLine("disk", "bad"),)),
)
NEW = s.SetupFacts(SetupProgress(), VALUES)
KNOWN = s.SetupFacts(SetupProgress(), VALUES, supervised=True, kiosk_id="K-1")
AT_STEP = dict(zip((type(PAGES[name]) for name in PAGES if "+" not in name), SetupStep, strict=True))


def at(page: s.Page, facts: s.SetupFacts) -> s.Installing:
    progress = dataclasses.replace(facts.progress, at=AT_STEP[type(page)])
    return s.Installing(dataclasses.replace(facts, progress=progress), page, "9001" if facts.supervised else "")


STATES: dict[str, s.State] = {
    "Locked": s.Locked(KNOWN),
    "Locked+busy": s.Locked(KNOWN, busy=True),
    "Over": s.Over(KNOWN, True),
    **{name: at(page, NEW) for name, page in PAGES.items()},
    "known: RegisterStep": at(s.RegisterStep(), KNOWN),
    "known: SupervisorStep": at(s.SupervisorStep(), KNOWN),
    "known: ScreenStep+trial": at(PAGES["ScreenStep+trial"], KNOWN),
}


def short(value: object) -> str:
    match value:
        case "" | None | () | False:
            return "-"
        case StrEnum() | str() | int() | float():
            return str(value)
        case datetime():
            return f"{value:%m-%d %H:%M}"
        case dict():
            return ",".join(f"{key}={one}" for key, one in value.items())
        case tuple():
            return f"{len(value)} of {type(value[0]).__name__}"
        case SetupProgress():
            return (
                f"at {value.at}"
                + "".join(f" {key}:{mark}" for key, mark in value.marks.items())
                + ("" if value.wanted else " over")
            )
    return type(value).__name__


def told(value: object) -> str:
    fields = [short(getattr(value, one.name)) for one in dataclasses.fields(value) if one.name != "by"]
    return f"{type(value).__name__}({', '.join(fields)})" if fields else type(value).__name__


def changed(before: s.State, after: s.State) -> str:
    a, z = (one.page if isinstance(one, s.Installing) else one for one in (before, after))
    if type(a) is not type(z):
        return type(z).__name__
    names = [f.name for f in dataclasses.fields(z) if f.name != "facts" and getattr(a, f.name) != getattr(z, f.name)]
    return f"[{', '.join(f'{name}={short(getattr(z, name))}' for name in names) or 'same'}]"


def rows() -> list[str]:
    """One line for each event that does something in a state; all others do nothing there."""
    out = []
    for name, state in STATES.items():
        out.append(name)
        for event in EVENTS:
            after, wanted = step(state, event)
            if after != state or wanted:
                out.append(f"    {told(event)} -> {changed(state, after)}{''.join(f' +{told(one)}' for one in wanted)}")
    return out


def test_every_page_and_every_event_stands_in_the_table():
    assert {type(page) for page in PAGES.values()} == set(get_args(s.Page))
    assert {type(event) for event in EVENTS} == set(get_args(e.Event))


def test_what_each_event_does_in_each_state():
    assert rows() == TABLE.read_text(encoding="utf-8").splitlines(), (
        "meant? python -m tests.installation.test_machine, read the difference"
    )


@given(st.lists(st.sampled_from(EVENTS), max_size=40), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_order_of_events_sets_what_is_not_allowed_or_goes_past_a_lock(events, supervised):
    state, commands = opened(SetupProgress(), VALUES, supervised=supervised, kiosk_id="")
    unlocked = not supervised
    for event in events:
        if isinstance(event, e.UnlockAnswered) and not (isinstance(state, s.Locked) and state.busy):
            continue  # no answer without a question
        before = state
        state, commands = step(state, event)
        unlocked = unlocked or (isinstance(before, s.Locked) and isinstance(event, e.UnlockAnswered) and bool(event.staff_id))
        assert unlocked or isinstance(state, s.Locked)
        for one in commands:
            if isinstance(one, c.KeepSettings):
                assert set(one.values) <= layers.BY_TOUCH
            if isinstance(one, c.KeepProgress):
                assert "360914" not in to_json(one.progress)
                assert CODE not in to_json(one.progress)
                assert from_json(to_json(one.progress)) == one.progress
        if isinstance(state, s.Installing):
            assert AT_STEP[type(state.page)] is state.facts.progress.at
        trial = isinstance(before, s.Installing) and isinstance(before.page, s.ScreenStep) and before.page.turn is not None
        if trial and not (isinstance(state, s.Installing) and isinstance(state.page, s.ScreenStep) and state.page.turn is not None):
            kept = [one for one in commands if isinstance(one, c.KeepSettings)]
            assert kept or c.TurnPicture(0) in commands, "a trial is kept or taken back"


def test_settings_of_a_page_are_allowed_by_touch():
    assert set().union(*SETTINGS.values()) <= layers.BY_TOUCH
    assert not DRAFTS & {"pin", "code"}


@pytest.mark.parametrize("turn", corners.TURNS)
def test_four_corners_tell_how_the_touch_is_turned(turn):
    hits = [corners.turned(at, turn) for at in corners.TARGETS]
    assert corners.judge(hits) == turn
    assert corners.judge([(x + 0.2, y - 0.2) for x, y in hits]) == turn
    assert corners.judge([(1 - x, y) for x, y in hits]) is None, "mirrored"
    assert corners.judge(hits[:3]) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"at": "screen"}',
        '{"at":"x","marks":{},"drafts":{},"wanted":true}',
        '{"at":"screen","marks":[],"drafts":{},"wanted":1}',
    ],
)
def test_progress_that_cannot_be_read_begins_anew(text):
    assert from_json(text) is None


def test_progress_keeps_no_text_that_it_does_not_know():
    progress = SetupProgress(SetupStep.SOUND, {SetupStep.SCREEN: Mark.DONE}, {"bureau_url": "https://b"}, wanted=False)
    assert from_json(to_json(progress).replace("bureau_url", "pin")).drafts == {}
    assert progress.typed("pin", "1") is progress


def test_times_move_over_ends_of_months_and_stay_possible():
    assert nudged(AT, "month", 1).day == 28
    assert nudged(AT, "minute", 1).date() == datetime(2026, 2, 1, tzinfo=UTC).date()
    assert nudged(datetime(2024, 2, 29, tzinfo=UTC), "year", 1).day == 28
    assert nudged(datetime(2099, 12, 31, 23, 59, tzinfo=UTC), "minute", 1).year == 2099
    assert nudged(AT, "year", -100) == AT


def test_only_the_bureaus_code_is_a_code():
    for text in (CODE, f"gm{CODE}".lower(), codes.shown(CODE), f"pension-kiosk:enrol?code={CODE}&station=S-1"):
        assert codes.parse(text).code.replace("-", "") in (CODE, f"GM{CODE}")
    assert codes.parse(f"pension-kiosk:enrol?code={CODE}&station=../x").station_id == ""
    for text in ("", "https://x?code=" + CODE, CODE[:-1], "pension-kiosk:enrol?code=", "pension-kiosk://[", "1" * 26):
        assert codes.parse(text) is None


if __name__ == "__main__":
    TABLE.write_text("\n".join(rows()) + "\n", encoding="utf-8")
