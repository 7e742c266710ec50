"""The courier by touch: a provisioned kiosk without a network, real pages, a stick, the real bureau's side of it. What is said on
the screens is compared with what the store and the bureau have."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kiosk.app.composition import KioskApp
from kiosk.bureau import removable_media as bureau_media
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.bureau.process import BureauProcess
from kiosk.camera.worker import CameraUp
from kiosk.domain.outcome import LivenessResult
from kiosk.domain.person import Benefit, Template
from kiosk.domain.reasons import Reason
from kiosk.domain.record import RecordStatus
from kiosk.idcard_reader.events import CardRemoved, ReaderReady
from kiosk.liveness.verdict import TakeOutcome
from kiosk.removable import files
from kiosk.store import outbox
from kiosk.store.desk import staff
from kiosk.store.opening import open_store
from kiosk.sync.client import Client
from kiosk.sync.delivery import Delivery
from kiosk.sync.keys import load_identity
from kiosk.sync.provision import provision
from kiosk.ui.touch import DEAD_MS
from kiosk.visit import events as ve
from kiosk.visit import states as vs
from tests.desk.conftest import ANN, Clock, Live
from tests.store import made
from tests.sync.made import bureau_record

VECTOR = np.full(128, 1 / np.sqrt(128), "<f4")


@pytest.fixture(scope="module")
def bureau(tmp_path_factory):
    with BureauProcess(data=tmp_path_factory.mktemp("bureau")) as process:
        yield process


@pytest.fixture(scope="module")
def context(bureau):
    opened = open_context(BureauSettings(data=str(bureau.data)))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def live(bureau, qtbot, tmp_path, monkeypatch):
    """The whole kiosk as `app` wires it, but for devices; its sync tries in vain to reach the bureau."""
    settings = made.settings(
        tmp_path / "var",
        ui={"fullscreen": False},
        voice={"enabled": False},
        sync={"key_file": str(tmp_path / "var" / "keys" / "kiosk.json"), "bureau_url": "http://127.0.0.1:1"},
    )
    provision(settings, bureau.url, bureau.enrolment_code(settings.station.station_id))
    today = datetime.now(ZoneInfo(settings.station.timezone)).date()
    benefit = Benefit("enterprise-employee", "enterprise-employee", "deferred-month", today - timedelta(days=330))
    with open_store(settings) as store:
        made.give_roster(
            store, made.entry(benefits=(benefit,), template=Template(VECTOR.tobytes(), made.DIGEST, "c-1")), at=datetime.now(UTC)
        )
        staff.add(store, ANN[0], "刘站员", staff.Role.ATTENDANT, ANN[1], datetime.now(UTC), by="test")
    monkeypatch.setattr(KioskApp, "_start_workers", lambda app: (app.store.start(), app._sync_thread.start()))
    app = KioskApp(settings)
    qtbot.addWidget(app.window)
    app.start()
    medium = tmp_path / "stick"
    medium.mkdir()
    app.desk.use_media_folders(lambda: [medium])
    app.visits.devices.on_reader(ReaderReady(""))
    app.visits.devices.on_camera(CameraUp("c", 1, 1))
    made_live = Live(qtbot, app.window, app.visits, app.desk, app.store, Clock(), medium)
    yield made_live
    app.stop()


def finished_visit(live) -> str:
    """A retiree passes; the page with the result stays open. Returns the record's id."""
    visits = live.visits
    for event in (ve.Started(), ve.SelfChosen(), ve.CardLaid(), ve.CardWasRead(made.PERSON)):
        visits.feed(event)
    live.until(lambda: isinstance(visits.state, vs.Confirming))
    for event in (ve.Confirmed(), ve.Agreed(), ve.BeginTouched()):
        visits.feed(event)
    acting = visits.state
    assert isinstance(acting, vs.Acting)
    visits.devices.on_take_finished(
        TakeOutcome(acting.case.visit.visit_id, LivenessResult(True, Reason.OK), acting.take_id, VECTOR, 3, made.DIGEST)
    )
    live.until(lambda: isinstance(visits.state, vs.Finished))
    (record_id,) = visits.state.record_ids
    return record_id


def open_delivery(live):
    live.qtbot.wait(DEAD_MS + 50)  # so long a page that just came takes no touch
    live.sign_in()
    live.touch("place-sync")
    live.until_page("sync")
    live.loaded()


def carry(live, which):
    """Touch, and wait until it was done. Returns (notice, problem, detail)."""
    live.until(lambda: live.find(f"courier-{which}").isEnabled())
    live.touch(f"courier-{which}")
    assert live.desk.state.page.busy
    live.until(lambda: not live.desk.state.page.busy and live.desk.state.page.data is not None)
    page = live.desk.state.page
    return page.notice, page.problem, page.detail


def figures(live):
    return {step: live.find(f"sync-{step}-figure").text() for step in ("waiting", "received", "confirmed", "returned", "refused")}


def shows(live, **steps):
    """Wait until the figures on the page are these, all others nought."""
    live.until(lambda: figures(live) == {step: str(steps.get(step, 0)) for step in figures(live)})


def taken(context, live):
    return [outcome for name, outcome in bureau_media.serve(context, live.medium) if name.startswith("batch-")]


def states(live):
    return {key: count for key, count in live.ask(lambda store: outbox.counts(store.db)).items() if count}


def test_there_and_back_by_touch_and_the_retirees_page_learns_of_it(live, bureau, context):
    record_id = finished_visit(live)
    assert live.visits.state.stage is RecordStatus.SAVED
    saved_title = live.find("title").text()
    open_delivery(live)
    shows(live, waiting=1)
    assert carry(live, "export") == ("courier-exported", "", "1")
    shows(live, waiting=1)  # on a stick is not yet at the centre
    assert states(live) == {"carried": 1}
    assert bureau_record(bureau, record_id) is None

    assert taken(context, live) == ["taken"]
    assert bureau_record(bureau, record_id)["verdict"] == "accepted"
    shows(live, waiting=1)  # the desk knows nothing before it was told
    assert carry(live, "import")[:2] == ("courier-imported", "")
    shows(live, received=1)
    assert states(live) == {"received": 1}
    live.until(lambda: live.visits.state.stage is RecordStatus.RECEIVED)

    bureau.decide(record_id, "confirmed")
    bureau_media.serve(context, live.medium)
    assert carry(live, "import")[:2] == ("courier-imported", "")
    shows(live, received=1, confirmed=1)
    live.until(lambda: live.visits.state.stage is RecordStatus.CONFIRMED)

    before = bureau.summary()
    assert carry(live, "export") == ("courier-exported", "", "0")
    bureau_media.serve(context, live.medium)
    assert carry(live, "import") == ("courier-imported", "", "0")
    shows(live, received=1, confirmed=1)
    after = bureau.summary()
    assert {key: after[key] for key in ("verdicts", "passes")} == {key: before[key] for key in ("verdicts", "passes")}

    live.touch("desk-close")
    live.until(lambda: not live.view.isVisible())
    assert live.window.page_name == "result"
    assert live.find("title").text() != saved_title


def test_a_returned_record_that_came_by_stick_stands_on_the_list_with_its_reason(live, bureau, context):
    record_id = finished_visit(live)
    open_delivery(live)
    carry(live, "export")
    taken(context, live)
    bureau.decide(record_id, "returned", "roster-abnormal")
    bureau_media.serve(context, live.medium)
    assert carry(live, "import")[:2] == ("courier-imported", "")
    shows(live, received=1, returned=1)
    live.until(lambda: live.visits.state.stage is RecordStatus.RETURNED)
    live.touch("place-todo")
    live.until_page("todo")
    live.loaded()
    live.touch("todo-filter-returned")
    ((state, _, what, *_),) = live.find("todo").texts()
    assert state == "中心退回"
    assert "异常" in what


def test_partial_copies_are_told_on_both_sides_and_harm_nothing(live, bureau, context):
    record_id = finished_visit(live)
    open_delivery(live)
    carry(live, "export")
    (batch,) = live.medium.rglob("batch-*.jwe")
    batch.write_bytes(batch.read_bytes()[:-100])
    assert taken(context, live) == ["truncated"]
    assert bureau_record(bureau, record_id) is None
    assert carry(live, "export") == ("courier-exported", "", "1")  # the touch that repairs it
    assert taken(context, live) == ["taken"]

    (receipt,) = live.medium.rglob("receipt-*.jws")
    whole = receipt.read_bytes()
    receipt.write_bytes(whole[: len(whole) // 2])
    assert carry(live, "import")[:2] == ("", "medium-partial")
    assert "完整" in live.find("problem-words").text()
    shows(live, waiting=1)
    assert states(live) == {"carried": 1}
    assert live.visits.state.stage is RecordStatus.SAVED
    receipt.write_bytes(whole)
    assert carry(live, "import")[:2] == ("courier-imported", "")
    shows(live, received=1)
    live.until(lambda: live.visits.state.stage is RecordStatus.RECEIVED)


def test_a_frozen_kiosk_opens_as_soon_as_the_stick_says_that_its_records_arrived(live, bureau, context):
    record_id = finished_visit(live)
    live.visits.feed(ve.DoneTouched())
    live.visits.devices.on_reader(CardRemoved())
    live.until(lambda: isinstance(live.visits.state, vs.Idle))
    long_ago = outbox.iso(datetime.now(UTC) - timedelta(days=16))
    live.ask(lambda store: store.db.execute("UPDATE outbox SET created_at = ?", (long_ago,)).rowcount)
    live.visits.nudge_sync.emit()
    live.until(lambda: isinstance(live.visits.state, vs.OutOfService))
    assert live.visits.state.reason is Reason.SELF_SERVICE_FROZEN
    open_delivery(live)  # attended work goes on
    carry(live, "export")
    assert taken(context, live) == ["taken"]
    carry(live, "import")
    assert bureau_record(bureau, record_id) is not None
    live.touch("desk-close")
    live.until(lambda: isinstance(live.visits.state, vs.Idle))
    assert live.window.page_name == "idle"


def test_a_full_stick_is_told_and_nothing_is_lost(live, monkeypatch):
    def full(*_):
        raise files.RemovableError("medium-full")

    finished_visit(live)
    open_delivery(live)
    monkeypatch.setattr(files, "write_file", full)
    assert carry(live, "export")[:2] == ("", "medium-full")
    assert "满" in live.find("problem-words").text()
    assert states(live) == {"waiting": 1}
    monkeypatch.undo()
    assert carry(live, "export") == ("courier-exported", "", "1")
    assert states(live) == {"carried": 1}


def test_records_reach_the_bureau_over_the_network_while_a_stick_is_silent(live, bureau, monkeypatch):
    """A medium that takes its time (here: until the test says so) holds up neither the store nor the delivery."""
    record_id = finished_visit(live)
    open_delivery(live)
    asked, answers = threading.Event(), threading.Event()
    write = files.write_file

    def slowly(path, data):
        asked.set()
        assert answers.wait(150)
        write(path, data)

    monkeypatch.setattr(files, "write_file", slowly)
    live.until(lambda: live.find("courier-export").isEnabled())
    live.touch("courier-export")
    live.until(asked.is_set)
    settings = live.desk._settings.sync.model_copy(update={"bureau_url": bureau.url})
    rounds = []

    def deliver():
        client = Client(settings, load_identity(settings))
        rounds.append(Delivery(settings, client, live.store.run).round(20))
        client.close()

    sending = threading.Thread(target=deliver, daemon=True)
    sending.start()
    try:
        live.until(lambda: rounds)
        assert bureau_record(bureau, record_id) is not None
        assert live.desk.state.page.busy
    finally:
        answers.set()
        sending.join()
    live.until(lambda: not live.desk.state.page.busy)
    assert live.desk.state.page.notice == "courier-exported"
