"""What the kiosk costs while nobody is there: resident memory, processor time with the camera asleep, installed size.

The kiosk is a process of its own (this file run as a program); bureau, reader and whatever draws faces are other processes. Its
camera is one JPEG that is decoded at every read, as the driver of a camera that sends MJPG does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_MEMORY_BOUND_MB = 380
_CPU_BOUND = 0.03
_READY_S = 240.0
_CALM_S = 8.0  # after the models are loaded, or a take has ended: allocators and pools come to rest
_KEEP_S = 4.0  # instead of what ocr.worker, voice.worker and liveness.worker wait: nobody waits minutes for a figure
_FRAME_S = 1 / 30


def run(seconds: int = 30, take_s: int = 10) -> dict[str, Any]:
    """Start a kiosk, let it speak, look at a face and look for a card for `take_s` each, then watch it sleep for `seconds`."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from kiosk.demo.fixture import DemoFixture
    from kiosk.demo.scenarios import SCENARIOS

    with tempfile.TemporaryDirectory(prefix="kiosk-idle-") as name:
        folder = Path(name)
        portrait = "obama.jpg"  # a photograph: a real camera sees no drawings
        fixture = DemoFixture(
            SCENARIOS["pass"], folder, 0, {"camera": {"source": f"still:{portrait}"}, "ui": {"fullscreen": False}}
        )
        try:
            fixture.prepare(lambda _: None)
            (folder / "settings.json").write_text(fixture.settings.model_dump_json(), encoding="utf-8")
            figures = _watch(folder, seconds, take_s)
        finally:
            fixture.clear()
    figures |= _installed()
    figures["memory_bound_mb"], figures["cpu_bound"] = _MEMORY_BOUND_MB, _CPU_BOUND
    figures["within_bounds"] = figures["memory_idle_mb"] <= _MEMORY_BOUND_MB and figures["cpu_idle_share"] <= _CPU_BOUND
    return figures


def _watch(folder: Path, seconds: int, take_s: int) -> dict[str, Any]:
    import psutil

    child = subprocess.Popen(  # noqa: S603  our own interpreter
        [sys.executable, "-O", "-m", "kiosk.bench.idle", str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        process = psutil.Process(child.pid)
        _wait_for(child, "ready")
        time.sleep(_CALM_S)
        fresh = _memory_mb(process)
        _tell(child, "look")
        _wait_for(child, "face")
        looking = _peak_mb(process, take_s)
        _tell(child, "scan")
        _wait_for(child, "scanning")
        scanning = _peak_mb(process, take_s)
        _tell(child, "rest")
        _wait_for(child, "resting")
        time.sleep(_KEEP_S + _CALM_S)
        before, began = _cpu_s(process), time.monotonic()
        by_thread = {thread.id: thread.user_time + thread.system_time for thread in process.threads()}
        time.sleep(seconds)
        share = (_cpu_s(process) - before) / (time.monotonic() - began)
        busiest = _busiest(process, by_thread, seconds)
        return {
            "memory_idle_mb": _memory_mb(process),
            "memory_of_it_voice_mb": _helpers_mb(process),
            "memory_before_first_face_mb": fresh,
            "memory_while_looking_mb": looking,
            "memory_while_scanning_a_card_mb": scanning,
            "cpu_idle_share": share,
            "cpu_by_thread": busiest,
            "threads": process.num_threads(),
            "seconds": seconds,
        }
    finally:
        _tell(child, "quit")
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _tell(child: subprocess.Popen[str], word: str) -> None:
    if child.stdin is not None and child.poll() is None:
        child.stdin.write(word + "\n")
        child.stdin.flush()


def _wait_for(child: subprocess.Popen[str], word: str) -> None:
    import select

    deadline = time.monotonic() + _READY_S
    out = child.stdout
    while out is not None and time.monotonic() < deadline and child.poll() is None:
        if select.select([out], [], [], 1.0)[0] and out.readline().strip() == word:
            return
    raise RuntimeError(f"the kiosk did not say {word!r}")


def _peak_mb(process: Any, seconds: float) -> float:
    peak, until = 0.0, time.monotonic() + seconds
    while time.monotonic() < until:
        peak = max(peak, _memory_mb(process))
        time.sleep(0.25)
    return peak


def _memory_mb(process: Any) -> float:
    """Resident memory of the kiosk and its helpers (the voice's engine)."""
    return float(process.memory_info().rss / 2**20) + _helpers_mb(process)


def _helpers_mb(process: Any) -> float:
    return float(sum(one.memory_info().rss for one in process.children(recursive=True)) / 2**20)


def _cpu_s(process: Any) -> float:
    """Processor time of the kiosk and its helpers (the voice's engine)."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        times = one.cpu_times()
        total += times.user + times.system
    return total


def _busiest(process: Any, before: dict[int, float], seconds: float) -> dict[str, float]:
    shares: dict[str, float] = {}
    for thread in process.threads():
        share = (thread.user_time + thread.system_time - before.get(thread.id, 0.0)) / seconds
        try:
            name = Path(f"/proc/{process.pid}/task/{thread.id}/comm").read_text(encoding="ascii").strip()
        except OSError:
            name = "?"
        if share > 0:
            shares[name] = round(shares.get(name, 0.0) + share, 4)
    return dict(sorted(shares.items(), key=lambda item: -item[1])[:6])


def _installed() -> dict[str, Any]:
    from kiosk.config import ASSETS, ROOT

    return {
        "installed_environment_mb": _size_mb(Path(sys.prefix)),
        "installed_models_mb": _size_mb(ASSETS / "models"),
        "installed_kiosk_mb": sum(_size_mb(ROOT / part) for part in ("kiosk", "config", "assets/strings", "assets/icons")),
    }


def _size_mb(folder: Path) -> float:
    """Room on the disk; a file with several names counts once."""
    seen: dict[tuple[int, int], int] = {}
    for path in folder.rglob("*"):
        facts = path.lstat()
        seen[(facts.st_dev, facts.st_ino)] = getattr(facts, "st_blocks", -(-facts.st_size // 512)) * 512
    return sum(seen.values()) / 2**20


# --- the kiosk's own process


def _kiosk(folder: Path) -> int:
    import threading

    _hide_what_no_station_has()
    from PySide6.QtCore import QObject, Signal
    from PySide6.QtWidgets import QApplication

    from kiosk import log, memory

    memory.stay_small()
    from kiosk.app.composition import KioskApp
    from kiosk.camera import source
    from kiosk.config import Settings
    from kiosk.liveness import worker as vision
    from kiosk.voice import speaker as voice

    class Ear(QObject):
        heard = Signal(str)

    settings = Settings.model_validate_json((folder / "settings.json").read_text(encoding="utf-8"))
    log.setup(folder / "log")
    source.register("still", lambda name, *_: _Still(name, settings.camera.width, settings.camera.height))
    qt = QApplication(["kiosk"])
    kiosk = KioskApp(settings)
    kiosk.scan.card.keep_s = voice.KEEP_S = vision.ENCODER_KEEP_S = _KEEP_S
    kiosk.vision.ready.connect(lambda _: print("ready", flush=True))
    said: list[str] = []

    def on_view(view: object) -> None:
        if getattr(view, "phase", "") not in ("", "positioning") and "face" not in said:
            said.append("face")
            print("face", flush=True)

    def on_scan(_: object) -> None:
        if "card" not in said:
            said.append("card")
            print("scanning", flush=True)

    def obey(word: str) -> None:
        if word == "look":
            kiosk.visits.say.emit(["page.idle.say", "page.card.say"])
            kiosk.visits.camera_wanted.emit(True)
            kiosk.visits.begin_take.emit(vision.TakeRequest("bench", 0, practice=True))
        elif word == "scan":
            kiosk.visits.cancel_take.emit()
            kiosk.visits.vision_wanted.emit(False)
            kiosk.visits.begin_scan.emit("bench")
        elif word == "rest":
            kiosk.visits.cancel_scan.emit()
            kiosk.visits.vision_wanted.emit(True)
            kiosk.visits.camera_wanted.emit(False)
            print("resting", flush=True)
        else:
            qt.quit()

    kiosk.vision.view.connect(on_view)
    kiosk.scan.card.view.connect(on_scan)
    ear = Ear()
    ear.heard.connect(obey)

    def listen() -> None:
        for line in sys.stdin:
            ear.heard.emit(line.strip())

    threading.Thread(target=listen, daemon=True).start()
    kiosk.start()
    status = qt.exec()
    kiosk.stop()
    return status


def _hide_what_no_station_has() -> None:
    """Let nothing be imported that requirements/kiosk*.txt do not install: httpx, for one, loads trio where it is."""
    import re
    from importlib.metadata import packages_distributions

    from kiosk.config import ROOT

    locks = "".join((ROOT / "requirements" / name).read_text(encoding="utf-8") for name in ("kiosk.txt", "kiosk-nodeps.txt"))
    installed = {_plain(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", locks, re.MULTILINE)}
    loaded: dict[str, Any] = vars(sys)["modules"]  # None is how Python itself marks what must not be imported
    for module, owners in packages_distributions().items():
        if module not in loaded and not any(_plain(owner) in installed for owner in owners):
            loaded[module] = None


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


class _Still:
    """One picture, decoded anew for every frame."""

    def __init__(self, portrait: str, width: int, height: int) -> None:
        import cv2
        import numpy as np

        from kiosk import models
        from kiosk.errors import CameraUnavailable

        self.name = "still"
        picture = cv2.imread(str(models.path(portrait)))
        if picture is None:
            raise CameraUnavailable(portrait)
        scale = height / picture.shape[0]
        small = cv2.resize(picture, (min(width, round(picture.shape[1] * scale)), height), interpolation=cv2.INTER_AREA)
        canvas = np.full((height, width, 3), 90, np.uint8)
        left = (width - small.shape[1]) // 2
        canvas[:, left : left + small.shape[1]] = small
        self._jpeg = cv2.imencode(".jpg", canvas)[1]
        self._seq = 0
        self._next_s = 0.0

    def open(self) -> None:
        self._next_s = time.monotonic()

    def read(self) -> Any:
        import cv2

        from kiosk.camera.frame import Frame

        wait = self._next_s - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._next_s = time.monotonic() + _FRAME_S
        self._seq += 1
        image: Any = cv2.imdecode(self._jpeg, cv2.IMREAD_COLOR)
        return Frame(image, time.monotonic(), self._seq)

    def close(self) -> None:
        """Nothing is held."""


if __name__ == "__main__":
    sys.exit(_kiosk(Path(sys.argv[1])))
