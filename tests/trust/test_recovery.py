"""What breaks is mended without ending the program: MediaPipe, the voice, the store under the kiosk's feet, our own bugs.

Devices that vanish and return are in tests/reader, tests/camera and tests/demo; see docs/threats.md.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
import weakref
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QObject, QTimer, Slot

from kiosk import config
from kiosk.app.composition import KioskApp
from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.desk_backend import commands as desk_work
from kiosk.domain.reasons import Reason
from kiosk.errors import ModelError
from kiosk.liveness import landmarks
from kiosk.liveness import worker as vision
from kiosk.liveness.landmarks import FaceObservation
from kiosk.log import AllowListFormatter
from kiosk.store import records
from kiosk.store.engine import journal
from kiosk.store.opening import open_store
from kiosk.store.worker import StoreWorker
from kiosk.sync import status
from kiosk.visit import events as e
from kiosk.visit import states as s
from tests.store import made
from tests.visit import samples as x

NAME, NUMBER = "欧阳标记", "440305194001019998"


# --- MediaPipe


class Fails:
    """A landmarker that answers until it is told to fail, and then for ever fails: a MediaPipe graph is dead after an error."""

    built: list[Fails] = []
    error: Exception | None = None

    def __init__(self, *_: object, **__: object) -> None:
        self.dead: Exception | None = None
        self.closed = False
        Fails.built.append(self)

    def observe(self, frame: Frame) -> FaceObservation:
        if Fails.error is not None:
            self.dead, Fails.error = Fails.error, None
        if self.dead is not None:
            raise self.dead
        return FaceObservation(t_s=frame.t_s, size=(640, 480))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def looking(monkeypatch):
    """A started vision worker with such a landmarker, and frames all the time."""
    Fails.built, Fails.error = [], None
    monkeypatch.setattr(vision, "Landmarker", Fails)
    monkeypatch.setattr(vision, "Encoder", lambda _: SimpleNamespace(model_digest="d" * 64))
    monkeypatch.setattr(vision, "RELOAD_DELAY_S", 0.02)
    box: Mailbox[Frame] = Mailbox()
    worker, end = vision.VisionWorker(config.Settings(), box), threading.Event()

    def feed() -> None:
        seq = 0
        while not end.wait(0.01):
            seq += 1
            box.put(Frame(np.zeros((48, 64, 3), np.uint8), seq * 0.03, seq))

    feeder = threading.Thread(target=feed)
    feeder.start()
    worker.start()
    yield worker
    end.set()
    feeder.join()
    worker.stop()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModelError("the face landmarker failed"), Reason.MODEL_ERROR),
        (RuntimeError("our bug"), Reason.INTERNAL_ERROR),
        (MemoryError(), Reason.INTERNAL_ERROR),
    ],
)
def test_mediapipe_that_raises_is_replaced_and_the_next_take_works(looking, qtbot, error, reason):
    told: list[object] = []
    views: list[object] = []
    looking.failed.connect(told.append)
    looking.view.connect(views.append)
    looking.begin_take(vision.TakeRequest("v", 1))
    qtbot.waitUntil(lambda: bool(views))
    Fails.error = error
    qtbot.waitUntil(lambda: bool(told))
    assert told == [reason]
    qtbot.waitUntil(lambda: len(Fails.built) == 2)
    assert Fails.built[0].closed
    views.clear()
    looking.begin_take(vision.TakeRequest("v", 2))
    qtbot.waitUntil(lambda: bool(views))
    assert told == [reason]


def test_the_face_models_are_let_go_on_a_wish_and_a_take_has_them_again(looking, qtbot):
    ready: list[object] = []
    looking.ready.connect(ready.append)
    qtbot.waitUntil(lambda: bool(Fails.built))
    looking.set_wanted(False)
    qtbot.waitUntil(lambda: Fails.built[0].closed)
    looking.watch_presence(True)  # nothing to look with: nothing breaks
    views: list[object] = []
    failed: list[object] = []
    looking.view.connect(views.append)
    looking.failed.connect(failed.append)
    looking.begin_take(vision.TakeRequest("v", 1))
    qtbot.waitUntil(lambda: bool(views))
    assert len(Fails.built) == 2
    assert not Fails.built[1].closed
    looking.cancel()
    looking.set_wanted(False)
    qtbot.waitUntil(lambda: Fails.built[1].closed)
    looking.set_wanted(True)
    qtbot.waitUntil(lambda: len(Fails.built) == 3)
    assert failed == []


def test_the_encoder_is_let_go_when_nobody_is_compared_and_a_take_has_it_again(looking, qtbot, monkeypatch):
    alive: list[weakref.ref[object]] = []

    class Weights:
        model_digest = "d" * 64

    def load(_: object) -> Weights:
        made = Weights()
        alive.append(weakref.ref(made))
        return made

    monkeypatch.setattr(vision, "Encoder", load)
    monkeypatch.setattr(vision, "ENCODER_KEEP_S", 0.05)
    views: list[object] = []
    looking.view.connect(views.append)
    looking.set_wanted(False)  # the one of the fixture goes
    qtbot.waitUntil(lambda: bool(Fails.built) and Fails.built[0].closed)
    looking.begin_take(vision.TakeRequest("v", 1))
    qtbot.waitUntil(lambda: bool(views))
    qtbot.wait(150)
    assert [one() is not None for one in alive] == [True], "kept as long as the take goes on"
    looking.cancel()
    qtbot.waitUntil(lambda: alive[0]() is None)
    assert not Fails.built[-1].closed, "somebody who comes is still seen"
    looking.begin_take(vision.TakeRequest("v", 2))
    qtbot.waitUntil(lambda: len(alive) == 2)


def test_weights_that_are_gone_when_a_take_needs_them_keep_the_kiosk_from_saying_it_is_ready(looking, qtbot, monkeypatch):
    ready: list[object] = []
    failed: list[object] = []
    qtbot.waitUntil(lambda: bool(Fails.built))
    monkeypatch.setattr(vision, "ENCODER_KEEP_S", 0.0)
    qtbot.wait(100)  # let go

    def missing(_: object) -> object:
        raise ModelError("the file is missing")

    monkeypatch.setattr(vision, "Encoder", missing)
    looking.ready.connect(ready.append)
    looking.failed.connect(failed.append)
    looking.begin_take(vision.TakeRequest("v", 1))
    qtbot.waitUntil(lambda: len(failed) > 2)
    assert set(failed) == {Reason.MODEL_ERROR}
    assert ready == [], "three failures without a success: nobody is led to the camera"


def test_an_error_inside_mediapipe_is_a_model_error(monkeypatch, tmp_path):
    class Task:
        def detect_for_video(self, *_: object) -> None:
            raise RuntimeError(f"CalculatorGraph::Run() failed: {NAME}")

        def close(self) -> None:
            """Nothing is held."""

    mp = SimpleNamespace(Image=lambda **_: None, ImageFormat=SimpleNamespace(SRGB=1))
    monkeypatch.setattr(landmarks, "_load", lambda *_: (mp, Task()))
    model = tmp_path / "model"
    model.write_bytes(b"x")
    with pytest.raises(ModelError) as caught:
        landmarks.Landmarker(model).observe(Frame(np.zeros((48, 64, 3), np.uint8), 0.0, 1))
    assert caught.value.reason == "model-error"


# --- the store


def test_a_database_damaged_under_a_running_kiosk_is_mended_and_the_save_goes_through(tmp_path, caplog):
    folder = tmp_path / "var"
    worker = StoreWorker(made.settings(folder))
    worker.start()
    saved = [made.record(f"v-{n}") for n in range(40)]
    try:
        for one in saved:
            worker.run(lambda store, one=one: records.save_visit(store, [one], made.NOW))
        path = worker.run(lambda store: store.folder) / "kiosk.db"

        def damage(store) -> None:
            store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            path.write_bytes(path.read_bytes()[:4096] + os.urandom(path.stat().st_size - 4096))
            store.db.execute("PRAGMA cache_size = 0")
            store.db.execute("PRAGMA shrink_memory")

        worker.run(damage)
        new = made.record("v-after")
        worker.run(lambda store: records.save_visit(store, [new], made.NOW))
        found = worker.run(lambda store: {row.record.record_id for row in records.of_person(store, "p-1", 200)})
        assert found == {one.record_id for one in (*saved, new)}
        assert worker.run(lambda store: store.recovered) is not None
        assert "store damaged, recovering" in caplog.text
    finally:
        worker.stop()


def test_a_store_that_cannot_be_opened_is_said_and_asked_for_again(tmp_path, qtbot):
    folder = tmp_path / "var"
    folder.write_text("a file where the folder should be")
    worker = StoreWorker(made.settings(folder))
    told: list[object] = []
    answers: list[object] = []
    worker.opened.connect(told.append)
    worker.answered.connect(answers.append)
    worker.start()
    worker.ask(lambda store: "ran", lambda error: "failed")
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == ["failed"]
    assert told[0] is not None
    folder.unlink()
    worker.ask(lambda store: "ran", lambda error: "failed")
    qtbot.waitUntil(lambda: len(answers) == 2)
    worker.stop()
    assert answers == ["failed", "ran"]


@pytest.mark.parametrize("let_go", [False, True])
def test_a_pause_at_the_desk_is_not_lost_with_the_database(tmp_path, let_go):
    settings, by = made.settings(tmp_path / "var"), SimpleNamespace(staff_id="1001", session_id=1)
    at = SimpleNamespace(now=made.NOW)
    with open_store(settings, now=made.NOW) as store:
        desk_work.note_pause(store, by, True, at)
        if let_go:
            desk_work.note_pause(store, by, False, at)
        path = store.folder / "kiosk.db"
    path.write_bytes(os.urandom(path.stat().st_size))
    with open_store(settings, now=made.NOW) as store:
        assert store.recovered is not None
        assert status.switches(store, settings.sync).paused is not let_go


# --- our own bugs


class Bug(QObject):
    """A slot that fails with somebody's name on its lips."""

    @Slot()
    def happen(self) -> None:
        raise ValueError(f"{NAME} {NUMBER}")


@pytest.fixture
def kiosk(qtbot, tmp_path, monkeypatch):
    """A kiosk without its workers; what it logs goes into a file through the formatter of production."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # put back at the end
    monkeypatch.setattr(KioskApp, "_start_workers", lambda _: None)
    settings = made.settings(tmp_path / "var", ui={"fullscreen": False}, voice={"enabled": False})
    handler = logging.FileHandler(tmp_path / "kiosk.log", encoding="utf-8")
    handler.setFormatter(AllowListFormatter())
    logging.getLogger().addHandler(handler)
    app = KioskApp(settings)
    qtbot.addWidget(app.window)
    app.start()
    yield app
    app.stop()
    logging.getLogger().removeHandler(handler)
    handler.close()


@pytest.mark.parametrize("where", ["slot", "thread"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_ends_the_visit_says_so_and_service_comes_back(kiosk, qtbot, tmp_path, where):
    visits = kiosk.visits
    visits.feed(e.CardLaid())
    visits.feed(e.CardWasRead(x.CHEN))
    assert s.visit_of(visits.state) is not None
    journaled = []
    kiosk.store.ask = lambda work, *_: journaled.append(work)
    bug = Bug()
    if where == "slot":
        QTimer.singleShot(0, bug.happen)
    else:
        threading.Thread(target=bug.happen).start()
    qtbot.waitUntil(lambda: isinstance(visits.state, s.OutOfService))
    assert visits.state.reason is Reason.INTERNAL_ERROR
    assert kiosk.window.page_name == "out-of-service"
    qtbot.waitUntil(lambda: not isinstance(visits.state, s.OutOfService), timeout=9000)
    assert s.visit_of(visits.state) is None
    lines = [json.loads(line) for line in (tmp_path / "kiosk.log").read_text(encoding="utf-8").splitlines()]
    (told,) = [line for line in lines if line["msg"] == "unexpected error"]
    with open_store(kiosk.settings, now=made.NOW) as store:
        for work in journaled:
            work(store)
        entries = [(one.kind, json.loads(one.body)["data"]) for one in journal.entries_since(store, 0)]
    called = ("attendant-called", {"reason": "internal-error", "visit": ""})
    assert entries == [("unexpected-error", {"code": "ValueError"}), called]
    assert told["code"].startswith("builtins.ValueError at test_recovery.py:")
    text = json.dumps([lines, entries], ensure_ascii=False)
    assert NAME not in text
    assert NUMBER not in text


def test_a_store_that_stays_shut_takes_the_kiosk_out_of_service(kiosk, tmp_path):
    from kiosk.errors import StoreError

    kiosk._on_store_opened(StoreError("shut"))
    assert isinstance(kiosk.visits.state, s.OutOfService)
    assert kiosk.visits.state.reason is Reason.STORE_ERROR
    kiosk._resume()
    kiosk.vision.ready.emit("d" * 64)
    assert isinstance(kiosk.visits.state, s.OutOfService), "what others put right does not open it"
    kiosk._on_store_opened(None)
    assert isinstance(kiosk.visits.state, s.Idle)


def test_the_start_is_journaled_with_what_it_runs_on(kiosk, tmp_path):
    """Another configuration, and other rules, show as other digests in the chain that travels to the bureau."""
    told = []
    rules = tmp_path / "rules"
    shutil.copytree(config.CONFIG / "policies", rules)
    with open_store(kiosk.settings, now=datetime.now(UTC)) as store:

        def started(settings) -> dict[str, str]:
            kiosk._house._settings = settings
            kiosk._house.note_start(store)
            entry = [one for one in journal.entries_since(store, 0) if one.kind == "kiosk-started"][-1]
            return json.loads(entry.body)["data"]

        here = kiosk.settings.model_copy(update={"rules": config.Rules(policies=str(rules))})
        told.append(started(here))
        assert started(here) == told[0]
        told.append(started(here.model_copy(update={"match": config.Match(accept=0.1)})))
        with (rules / "rotation.toml").open("a", encoding="utf-8") as file:
            file.write("# tampered with\n")
        told.append(started(here))
    assert told[1]["settings"] != told[0]["settings"]
    assert told[2]["settings"] == told[0]["settings"]
    assert told[2]["policies"] != told[0]["policies"]


# --- the voice


def test_the_voices_process_ends_in_silence_and_is_started_anew(tmp_path, monkeypatch):
    """Killed while it holds a prompt, or ended after a while: the next prompt is heard."""
    from kiosk.voice import child
    from kiosk.voice import speaker as voice
    from tests.voice.conftest import RecordingPlayer

    monkeypatch.setattr(voice, "KEEP_S", 0.3)
    player, engine = RecordingPlayer(), child.ProcessSynthesiser()
    speaker = voice.Speaker(config.Voice(), engine, player, tmp_path, tmp_path)
    speaker.start()
    try:
        speaker.say(["page.card.say"])
        assert player.wait_for(1)
        first = engine._child
        assert first is not None
        first.kill()  # as the system does when memory is short
        player.let_go()
        speaker.say(["page.consent.say"])
        assert player.wait_for(2)
        player.let_go()
        second = engine._child
        assert second is not None
        assert second is not first
        second.wait(10)  # ended by itself: nobody spoke
        speaker.say(["page.confirm.say"])
        assert player.wait_for(3)
    finally:
        speaker.stop()


# --- parts that stay broken


def test_a_vision_that_stays_broken_takes_the_kiosk_out_of_service_until_it_is_back(kiosk):
    visits, said = kiosk.visits, []
    kiosk.store.ask = lambda work, *_: said.append(work)
    for _ in range(2):
        kiosk.vision.failed.emit(Reason.MODEL_ERROR)
    assert isinstance(visits.state, s.Idle), "two are passed over: a new model loads in seconds"
    kiosk.vision.failed.emit(Reason.MODEL_ERROR)
    assert isinstance(visits.state, s.OutOfService)
    assert visits.state.reason is Reason.MODEL_ERROR
    kiosk.vision.failed.emit(Reason.MODEL_ERROR)
    assert len(said) == 2, "journaled once, and the attendant called once"
    kiosk.vision.ready.emit("d" * 64)
    assert isinstance(visits.state, s.Idle)
    kiosk.vision.failed.emit(Reason.MODEL_ERROR)
    assert isinstance(visits.state, s.Idle), "counted anew"


def test_a_visit_under_way_is_not_cut_off_by_it(kiosk):
    visits = kiosk.visits
    visits.feed(e.CardLaid())
    visits.feed(e.CardWasRead(x.CHEN))
    visit = s.visit_of(visits.state)
    for _ in range(5):
        kiosk.vision.failed.emit(Reason.MODEL_ERROR)
    assert s.visit_of(visits.state) == visit
    visits.feed(e.IdleExpired())
    visits.feed(e.CardTaken())
    kiosk.vision.failed.emit(Reason.MODEL_ERROR)
    assert isinstance(visits.state, s.OutOfService)
