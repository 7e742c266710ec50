"""What a station tells of itself: gathered, sent when it is due, by network and by stick; the newest one stands at the bureau."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from kiosk import __version__
from kiosk.bureau import removable_media as bureau_media
from kiosk.bureau import reports as bureau_reports
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.camera.meter import RateMeter
from kiosk.store import outbox
from kiosk.store.engine import journal
from kiosk.support import falls, health
from kiosk.support.health import Live
from kiosk.sync import courier, reports
from tests.sync import inspector

NOW = datetime.now(UTC)
BOTH_SUITES = True
SAM = "05.01-20101129-0001228293-0296863149"
LIVE = Live("yes", 24.5, "yes", SAM)


@pytest.fixture(scope="module")
def context(bureau):
    opened = open_context(BureauSettings(data=str(bureau.data)))
    yield opened
    opened.engine.dispose()


def at_bureau(context, kiosk):
    with context.session.begin() as session:
        found = bureau_reports.of(session, [kiosk.identity.pins.kiosk_id])
    return found[kiosk.identity.pins.kiosk_id][1] if found else None


@pytest.fixture
def told(tmp_path, monkeypatch):
    """The machine's words: kernel, sensors, and the updater's result."""
    result = tmp_path / "update-result.json"
    result.write_text(
        json.dumps({"version": "0.2.0", "state": "went-back", "why": "not ready 王秀英", "at": NOW.isoformat()}), encoding="utf-8"
    )
    monkeypatch.setattr(health, "words", lambda name, *_: {"usb-resets": "2\n"}[name])
    monkeypatch.setattr(health, "temperature_c", lambda: 61.5)
    monkeypatch.setattr(health, "update_result", lambda _: json.loads(result.read_text(encoding="utf-8")))
    return result


def test_a_report_goes_with_a_round_and_again_when_it_is_due(bureau, kiosk, context, told):
    for kind, data in (
        ("visit-saved", {"outcome": "failed", "reason": "not-live"}),
        ("visit-saved", {"outcome": "passed", "reason": "ok"}),
        ("attendant-called", {"reason": "not-live"}),
        ("unexpected-error", {"code": "ValueError"}),
    ):
        journal.note(kiosk.store, kind, data, NOW)
    journal.note(kiosk.store, "visit-refused", {"reason": "not-yet"}, NOW - timedelta(days=2))
    gather = health.gatherer(lambda: LIVE)
    assert kiosk.round(gather=gather).failure is None
    report = at_bureau(context, kiosk)
    assert (report.software, report.temperature_c, report.usb_resets, report.camera_fps, report.sam) == (
        __version__,
        61.5,
        2,
        24.5,
        SAM,
    )
    assert (report.update.state, report.update.why) == ("went-back", "not ready …")
    assert report.failures == (("not-live", 2), ("internal-error", 1))
    assert report.disk_free_mb > 0
    assert inspector.look("report", report.model_dump_json().encode()) == []
    sent = outbox.get(kiosk.store.db, "report_at")
    kiosk.round(gather=gather)
    assert outbox.get(kiosk.store.db, "report_at") == sent, "nothing changed: not again before its time"
    told.write_text(json.dumps({"version": "0.2.0", "state": "ok", "why": "", "at": NOW.isoformat()}), encoding="utf-8")
    kiosk.round(gather=gather)
    assert at_bureau(context, kiosk).update.state == "ok", "an update's result goes at once"


def test_a_report_goes_by_medium_and_a_late_one_changes_nothing(kiosk, context, told, tmp_path):
    gather = health.gatherer(lambda: LIVE)
    courier.export(kiosk.run, kiosk.identity, tmp_path, gather=gather)
    courier.export(kiosk.run, kiosk.identity, tmp_path, gather=health.gatherer(lambda: Live("no")))
    up = tmp_path / "pension-kiosk" / kiosk.identity.pins.kiosk_id / "up"
    assert len(list(up.glob("report-now-*"))) == 1
    served = dict(bureau_media.serve(context, tmp_path))
    assert [outcome for name, outcome in served.items() if name.startswith("report")] == ["taken"]
    assert at_bureau(context, kiosk).camera == "no"
    facts = {**gather(kiosk.run, NOW), "camera": "yes"}
    late = reports.make(kiosk.identity, facts, NOW - timedelta(hours=3))
    bureau_reports.take(context, late.sealed, by_medium=True)
    assert at_bureau(context, kiosk).camera == "no"


def test_what_cannot_be_told_holds_up_nothing(kiosk):
    def broken(run, now):
        raise OSError("a sensor that is none")

    before = outbox.get(kiosk.store.db, "report_at")
    assert kiosk.round(gather=broken).failure is None
    assert outbox.get(kiosk.store.db, "report_at") == before


def test_a_fall_is_a_start_after_which_nobody_ended_it_on_the_same_boot(tmp_path, monkeypatch):
    falls.began(tmp_path, NOW - timedelta(days=2))
    falls.began(tmp_path, NOW - timedelta(days=2))
    falls.began(tmp_path, NOW)
    falls.ended(tmp_path)
    falls.began(tmp_path, NOW)
    assert falls.of_last_day(tmp_path, NOW) == 1, "one fell two days ago, one today; one ended as it should"
    monkeypatch.setattr(falls, "boot_id", lambda: "another")
    falls.began(tmp_path, NOW)
    assert falls.of_last_day(tmp_path, NOW) == 1, "the power went: that is no fall"
    (tmp_path / falls.NAME).write_text('{"boot": 1, "running"', encoding="utf-8")
    falls.began(tmp_path, NOW)
    assert falls.of_last_day(tmp_path, NOW) == 0


def test_the_rate_of_the_camera_is_of_an_unbroken_stretch():
    meter = RateMeter()
    for number in range(30):
        meter.picture(10 + number / 20)
    assert meter.fps is None, "a second and a half says nothing"
    for number in range(100):
        meter.picture(60 + number / 20)
    assert meter.fps == 20.0
    meter.picture(500.0)
    assert meter.fps == 20.0, "asleep in between: what was last measured stands"
