"""What the set-up by touch needs of the machine, as replaceable functions: devices, screen, clock. For `app.installation`.

Tests and demonstrations give other ones (`dataclasses.replace`); everything else of the set-up stays the real thing.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.app import screen
from kiosk.app.installation_work import examine
from kiosk.camera.frame import Frame
from kiosk.camera.mailbox import Mailbox
from kiosk.camera.source import cameras
from kiosk.camera.worker import CameraWorker
from kiosk.config import Camera, Printer, Reader, Settings, Voice
from kiosk.idcard_reader.transport import usb_ports
from kiosk.idcard_reader.worker import ReaderWorker
from kiosk.installation.events import DoctorTold
from kiosk.installation.states import SetupOffer
from kiosk.printer.devices import found_printers
from kiosk.printer.worker import PrintWorker
from kiosk.removable.files import find_media
from kiosk.texts.strings import Strings
from kiosk.voice.worker import VoiceWorker

Judge = Callable[[Frame], str]  # what would make the face better placed; "": nothing
ReadCode = Callable[[Frame], str]  # the text of a code that is seen; "": none

CLOCK_WISH = Path("/run/pension-kiosk/clock")  # the unit pension-kiosk-clock.path sets the clock to what is written here
CLOCK_WAIT_S, CLOCK_NEAR = 5.0, timedelta(minutes=2)
_CERTIFICATE = re.compile(r"\.(pem|crt|cer)$", re.IGNORECASE)
_MOST_FILES = 12


def face_judge() -> Judge:
    """Return what looks for a well placed face; loads the model (a second), in the thread that uses it."""
    from kiosk.config import ASSETS
    from kiosk.liveness import guidance
    from kiosk.liveness.landmarks import Landmarker
    from kiosk.liveness.worker import FACE_LANDMARKER

    finder, calm = Landmarker(ASSETS / "models" / FACE_LANDMARKER, max_faces=2, frame_width=640), guidance.GuidanceFilter()

    def judge(frame: Frame) -> str:
        hint = guidance.judge(finder.observe(frame), frame.image_bgr)
        shown = calm.step(frame.t_s, hint)
        return str(shown.value) if shown is not None else "" if hint is None else str(hint.value)

    return judge


def code_reader() -> ReadCode:
    """Return what reads a QR code."""
    import zxingcpp

    def read(frame: Frame) -> str:
        for found in zxingcpp.read_barcodes(frame.image_bgr, zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)):
            if found.valid and found.text:
                return str(found.text)
        return ""

    return read


def offered_cameras(settings: Camera) -> list[SetupOffer]:
    """Return the cameras that are plugged in and may be used, the one in use in any case."""
    found = [SetupOffer(f"device:{device}", label) for device, label in cameras(settings.refuse_names)]
    return _with(found, settings.source)


def offered_ports(settings: Reader) -> list[SetupOffer]:
    """Return the ports that a reader may be at."""
    return _with([SetupOffer(name, label) for name, label in usb_ports()], settings.port)


def offered_printers(settings: Printer) -> list[SetupOffer]:
    """Return no printer, and those that are plugged in."""
    found = [SetupOffer("none", "")] + [SetupOffer(f"{kind}|{target}", label) for kind, target, label in found_printers()]
    return found if settings.kind == "none" else _with(found, f"{settings.kind}|{settings.target}", settings.target)


def offered_certificates() -> list[SetupOffer]:
    """Return the certificates on the sticks that are plugged in."""
    found = []
    for medium in find_media():
        try:
            names = sorted(path for path in medium.path.iterdir() if _CERTIFICATE.search(path.name) and path.is_file())
        except OSError:
            continue
        found += [SetupOffer(str(path), f"{path.name} · {medium.path.name}") for path in names[:_MOST_FILES]]
    return found


def set_clock(to: datetime) -> str:
    """Have the machine's clock set (by root: pension-kiosk-clock.path); return "", or why it is not."""
    if (screen.told("timedatectl", "show", "--property=NTPSynchronized", "--value") or "").strip() == "yes":
        return "clock-automatic"
    try:
        CLOCK_WISH.write_text(f"{to.astimezone(UTC):%Y-%m-%d %H:%M:%S}\n", encoding="ascii")
    except OSError:
        return "clock-refused"
    until = time.monotonic() + CLOCK_WAIT_S
    while time.monotonic() < until:
        time.sleep(0.2)
        if abs(datetime.now(UTC) - to) < CLOCK_NEAR:
            return ""
    return "clock-refused"


def speaker_trouble(settings: Voice) -> str:
    """Return what is in the way of being heard, as far as it can be told without ears."""
    cards = Path("/proc/asound/cards")
    try:
        none = "no soundcards" in cards.read_text(encoding="utf-8", errors="replace")
    except OSError:
        none = os.name == "posix"
    return "no-speaker" if none and settings.enabled else ""


@dataclass(frozen=True)
class SetupPorts:
    """All of them."""

    camera: Callable[[Camera, Sequence[Mailbox[Frame]]], CameraWorker] = CameraWorker
    reader: Callable[[Reader], ReaderWorker] = ReaderWorker
    voice: Callable[[Voice], VoiceWorker] = VoiceWorker
    printer: Callable[[Printer], PrintWorker] = PrintWorker
    cameras: Callable[[Camera], list[SetupOffer]] = offered_cameras
    ports: Callable[[Reader], list[SetupOffer]] = offered_ports
    printers: Callable[[Printer], list[SetupOffer]] = offered_printers
    certificates: Callable[[], list[SetupOffer]] = offered_certificates
    judge: Callable[[], Judge] = face_judge
    code: Callable[[], ReadCode] = code_reader
    turn_picture: Callable[[int], bool] = screen.turn_picture
    turn_touch: Callable[[int], bool] = screen.turn_touch
    set_clock: Callable[[datetime], str] = set_clock
    speaker_trouble: Callable[[Voice], str] = speaker_trouble
    doctor: Callable[[Settings, Strings], DoctorTold] = examine


def _with(found: list[SetupOffer], key: str, label: str = "") -> list[SetupOffer]:
    """Return the offers with the one in use among them, so that it can be gone back to."""
    return found if any(one.key == key for one in found) else [SetupOffer(key, label or key.removeprefix("device:")), *found]
