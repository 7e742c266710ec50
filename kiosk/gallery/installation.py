"""One sample of every page of the set-up by touch in every situation, for `kiosk gallery`, the papers' pictures and the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from kiosk.gallery.scenes import NOW
from kiosk.gallery.stage import drawn_frame
from kiosk.installation import states as s
from kiosk.installation.progress import STEPS, Mark, SetupProgress, SetupStep
from kiosk.ui.installation.frame import SetupView
from kiosk.ui.window import KioskWindow

VALUES: dict[str, s.Value] = {
    "station.name": "南园社区党群服务中心",
    "station.station_id": "SZ-0317",
    "station.hotline": "0755-12333",
    "station.reader_place": "right-below",
    "ui.language": "zh_CN",
    "ui.theme": "paper",
    "ui.screen_turn": 0,
    "ui.touch_turn": 0,
    "voice.language": "zh_CN",
    "voice.volume": 0.8,
    "camera.source": "device:/dev/v4l/by-id/usb-046d_HD_Pro_Webcam-video-index0",
    "camera.rotate": 0,
    "reader.port": "/dev/idcard-reader",
    "printer.kind": "usb",
    "printer.target": "0416:5011",
    "printer.width_mm": 80,
    "printer.text": "gb18030",
    "sync.bureau_url": "https://renzheng.example.gov.cn",
    "sync.ca_file": "/var/lib/pension-kiosk/settings/bureau-ca.pem",
}
UNSET = {
    **VALUES,
    "station.name": "（未设置的站点）",
    "station.station_id": "UNSET",
    "sync.bureau_url": "",
    "sync.ca_file": "",
    "printer.kind": "none",
}
CAMERAS = (
    s.SetupOffer(str(VALUES["camera.source"]), "HD Pro Webcam C920"),
    s.SetupOffer("device:/dev/v4l/by-id/usb-0c45_Integrated-video-index0", "Integrated Camera"),
)
PORTS = (s.SetupOffer("/dev/idcard-reader", "/dev/idcard-reader"), s.SetupOffer("/dev/ttyUSB1", "/dev/ttyUSB1 · CP2102"))
PRINTERS = (
    s.SetupOffer("none", ""),
    s.SetupOffer("usb|0416:5011", "USB 0416:5011 · POS58"),
    s.SetupOffer("serial|/dev/ttyS0", "/dev/ttyS0"),
)
DOCTOR = (
    ("camera", "ok", "device:0, 1280x720"),
    ("camera-identity", "idle", "none is on record yet"),
    ("reader", "ok", "/dev/idcard-reader answers"),
    ("models", "ok", "all there"),
    ("voice", "bad", "没有声卡", "接上喇叭，再检查一次"),
    ("screen", "ok", "1080x1920"),
    ("program", "ok", "whole"),
    ("settings", "ok", "can be used"),
    ("database", "ok", "opens"),
    ("clock", "ok", "2026-11-21 10:04 Asia/Shanghai"),
    ("disk", "ok", "21 GB free"),
    ("bureau", "ok", "answers"),
)


@dataclass(frozen=True, slots=True)
class SetupScene:
    """A state of the set-up with its name. `face`: the camera shows a drawn face."""

    name: str
    state: s.Locked | s.Installing
    face: bool = False


def states() -> tuple[SetupScene, ...]:
    """Return all scenes."""
    lines = tuple(s.DoctorLine(*one) for one in DOCTOR)
    good = tuple(replace(one, state="ok") for one in lines)
    return (
        SetupScene("setup-locked", s.Locked(_facts(SetupStep.SCREEN, done=True))),
        SetupScene("setup-locked-wrong", s.Locked(_facts(SetupStep.SCREEN, done=True), problem="pin-wrong", tries_left=3)),
        _scene("setup-screen", s.ScreenStep(), SetupStep.SCREEN),
        _scene("setup-screen-fits", s.ScreenStep(touch="good"), SetupStep.SCREEN),
        _scene("setup-screen-corners", s.ScreenStep(((0.1, 0.1),)), SetupStep.SCREEN),
        _scene("setup-clock", s.ClockStep(), SetupStep.CLOCK),
        _scene("setup-clock-draft", s.ClockStep(NOW.replace(hour=9, minute=30)), SetupStep.CLOCK),
        _scene("setup-camera", s.CameraStep(CAMERAS, "up", "", seen=True), SetupStep.CAMERA, face=True),
        _scene("setup-camera-nearer", s.CameraStep(CAMERAS, "up", "too-far"), SetupStep.CAMERA, face=True),
        _scene("setup-camera-none", s.CameraStep((), "camera-unplugged"), SetupStep.CAMERA),
        _scene("setup-reader", s.ReaderStep(PORTS, "ready", "/dev/idcard-reader", "05.03.20260101"), SetupStep.READER),
        _scene("setup-reader-read", s.ReaderStep(PORTS, "ready", "/dev/idcard-reader", "05.03.20260101", "read"), SetupStep.READER),
        _scene("setup-reader-silent", s.ReaderStep(PORTS, "reader-silent"), SetupStep.READER),
        _scene("setup-sound", s.SoundStep(), SetupStep.SOUND),
        _scene("setup-sound-good", s.SoundStep(played=True, heard=True), SetupStep.SOUND),
        _scene("setup-sound-bad", s.SoundStep(played=True, trouble="no-speaker"), SetupStep.SOUND),
        _scene("setup-printer", s.PrinterStep(PRINTERS, "printed"), SetupStep.PRINTER),
        _scene("setup-printer-paper", s.PrinterStep(PRINTERS, "printer-no-paper"), SetupStep.PRINTER),
        _scene("setup-printer-none", s.PrinterStep(PRINTERS[:1]), SetupStep.PRINTER, values=UNSET),
        _scene("setup-network", s.NetworkStep(status="ok"), SetupStep.NETWORK),
        _scene(
            "setup-network-refused",
            s.NetworkStep(offers=(s.SetupOffer("/media/kiosk-sda1/ca.pem", "ca.pem"),), status="certificate"),
            SetupStep.NETWORK,
        ),
        _scene("setup-network-stick", s.NetworkStep("stick"), SetupStep.NETWORK, values=UNSET),
        _scene("setup-register", s.RegisterStep(), SetupStep.REGISTER, kiosk_id=""),
        _scene("setup-register-scan", s.RegisterStep(scanning=True, camera="up"), SetupStep.REGISTER, kiosk_id="", face=True),
        _scene(
            "setup-register-used",
            s.RegisterStep(code="ABCD-2345-ABCD-2345-ABCD-2345-AB", problem="code-used"),
            SetupStep.REGISTER,
            kiosk_id="",
        ),
        _scene("setup-register-done", s.RegisterStep(), SetupStep.REGISTER),
        _scene("setup-supervisor", s.SupervisorStep(), SetupStep.SUPERVISOR, supervised=False),
        _scene("setup-supervisor-done", s.SupervisorStep(notice="first-added"), SetupStep.SUPERVISOR),
        _scene("setup-summary", s.SummaryStep(lines), SetupStep.SUMMARY),
        _scene("setup-summary-good", s.SummaryStep(good), SetupStep.SUMMARY, skipped=False),
        _scene("setup-summary-closed", s.SummaryStep(good), SetupStep.SUMMARY, kiosk_id="", supervised=False),
    )


def show(view: SetupView, scene: SetupScene) -> None:
    """Bring the set-up into a scene, in the language of its window."""
    values = {**scene.state.facts.values, "ui.language": view.language, "ui.theme": view.theme}
    view.show_state(replace(scene.state, facts=replace(scene.state.facts, values=values)))
    if scene.face:
        view.show_frame(drawn_frame())
    for _ in range(4):  # wrapped words tell their height to a layout in a layout in a scroll area, one event each
        QApplication.processEvents()


@contextmanager
def opened(window: KioskWindow) -> Iterator[SetupView]:
    """Give a set-up over a window (one that has no app), at the gallery's time; gone afterwards."""
    view = SetupView(window, now=lambda: NOW)
    view.open()
    try:
        yield view
    finally:
        view.close_for_good()
        view.setParent(None)
        view.deleteLater()
        for child in window.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            child.setEnabled(True)  # a station starts anew after its set-up; here the visit's pages are drawn again


def _facts(
    at: SetupStep,
    *,
    done: bool = False,
    values: dict[str, s.Value] | None = None,
    kiosk_id: str = "K-0317-2",
    supervised: bool = True,
    skipped: bool = True,
) -> s.SetupFacts:
    before = STEPS if done else STEPS[: STEPS.index(at)]
    marks = {step: Mark.SKIPPED if step is SetupStep.PRINTER and skipped else Mark.DONE for step in before}
    return s.SetupFacts(SetupProgress(at, marks), VALUES if values is None else values, supervised, kiosk_id)


def _scene(
    name: str,
    page: s.Page,
    at: SetupStep,
    *,
    face: bool = False,
    values: dict[str, s.Value] | None = None,
    kiosk_id: str = "K-0317-2",
    supervised: bool = True,
    skipped: bool = True,
) -> SetupScene:
    facts = _facts(at, values=values, kiosk_id=kiosk_id, supervised=supervised, skipped=skipped)
    return SetupScene(name, s.Installing(facts, page, "9001" if supervised else ""), face)
