"""What is right and wrong with this machine as a kiosk: one finding a part, each with what to do. Called by `kiosk doctor`.

Nothing here changes anything: no database is made, no file is put aside, no record is sent.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from kiosk import config, models
from kiosk.errors import CameraUnavailable, ConfigError, KioskError
from kiosk.voice import state as voice_state
from kiosk.voice.rendered import Rendered
from kiosk.voice.sound import Trouble

CAMERA_TIMEOUT_S = 12.0
DISK_BAD_MB, DISK_LOW_MB = 200, 1000
CLOCK_OFF_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `state`: ok; bad: must be put right; idle: nothing wrong, but not in use, or not to be told from here."""

    part: str
    state: Literal["ok", "bad", "idle"]
    what: str
    remedy: str = ""


Check = Callable[[config.Settings], Finding]


def examine(settings: config.Settings, parts: tuple[str, ...] = (), checks: dict[str, Check] | None = None) -> list[Finding]:
    """Return one finding for each part of `checks` (default: CHECKS; `parts`: only these).

    A check that fails in an unforeseen way is itself a finding.
    """
    findings = []
    for part, check in (CHECKS if checks is None else checks).items():
        if parts and part not in parts:
            continue
        try:
            findings.append(check(settings))
        except KioskError as error:
            findings.append(Finding(part, "bad", str(error)))
        except Exception as error:
            findings.append(
                Finding(part, "bad", f"the check itself failed: {type(error).__name__}: {error}", "report this as a bug")
            )
    return findings


def check_camera(settings: config.Settings) -> Finding:
    """Open the camera and take one picture."""
    from kiosk.camera.source import device_label, open_source
    from kiosk.doctor import camera

    if settings.camera.source.startswith("device:") and _kiosk_runs(settings):
        return Finding("camera", "idle", "in use by the running kiosk", "stop the kiosk to check it")
    source = open_source(settings.camera.source, settings.camera)
    result: list[Finding] = []

    def look() -> None:
        try:
            source.open()
            frame = source.read()
            if frame is None:
                result.append(Finding("camera", "bad", f"{source.name} gives no pictures"))
                return
            height, width = frame.image_bgr.shape[:2]
            label = device_label(settings.camera.source.partition(":")[2])
            turn = camera.turn_wanted(frame.image_bgr)
            if turn:
                right = (settings.camera.rotate + turn) % 360
                told = f"{source.name} {width}x{height}: faces stand on their side, or on their head"
                result.append(Finding("camera", "bad", told, f"set [camera] rotate = {right}"))
                return
            dark = ", but the picture is black: is the lens covered?" if float(frame.image_bgr.mean()) < 4 else ""
            what = f"{source.name} {label} {width}x{height}".replace("  ", " ") + dark
            steady = camera.steady_advice(settings.camera.source)
            steered = camera.steering_told(source)
            result.append(Finding("camera", "ok", "; ".join(one for one in (what, steered, steady) if one)))
        except CameraUnavailable as error:
            result.append(Finding("camera", "bad", str(error), _camera_remedy()))
        finally:
            source.close()

    thread = threading.Thread(target=look, daemon=True)  # a driver may hang for ever
    thread.start()
    thread.join(CAMERA_TIMEOUT_S)
    return result[0] if result else Finding("camera", "bad", f"{source.name} does not answer", "unplug it and plug it in again")


def check_camera_identity(settings: config.Settings) -> Finding:
    """Say which camera it is, by what it is and not by its name."""
    from kiosk.doctor import camera

    state, what = camera.identity_told(settings.camera.source)
    remedy = "take it away, or let a supervisor answer for it at the desk (镜头)" if state == "bad" else ""
    return Finding("camera-identity", state, what, remedy)


def _camera_remedy() -> str:
    seen = sorted(node.name for node in Path("/dev").glob("video*")) if sys.platform == "linux" else []
    if seen:
        return f"this machine has {', '.join(seen)}: set [camera] source, or let the kiosk's user into the group 'video'"
    return "plug a camera in, or set [camera] source to the right one"


def check_reader(settings: config.Settings) -> Finding:
    """Ask the card reader for its status."""
    from kiosk.doctor import reader

    if _kiosk_runs(settings):
        return Finding("reader", "idle", f"{settings.reader.port} in use by the running kiosk", "stop the kiosk to check it")
    return Finding("reader", *reader.look(settings.reader))


def check_models(_settings: config.Settings) -> Finding:
    """Read all weights and compare their SHA-256."""
    models.require()
    names = [file.path.name for file in models.manifest().files if file.kind == "model"]
    return Finding("models", "ok", f"{len(names)} files, SHA-256 right")


def check_voice(settings: config.Settings) -> Finding:
    """Look for the speech engine, the voice of the language, and a sound card."""
    if not settings.voice.enabled:
        return Finding("voice", "idle", "switched off by [voice] enabled")
    if sys.platform != "linux":
        return Finding("voice", "idle", "uses the voices of the system; listen to them with: kiosk voice")
    program = shutil.which("espeak-ng")
    if program is None:
        return Finding("voice", "bad", "espeak-ng is not installed", "apt-get install espeak-ng")
    language = {"zh_CN": "cmn", "zh_HK": "yue", "en": "en"}[settings.voice.language]
    if len(_espeak(program, f"--voices={language}").strip().splitlines()) < 2:
        return Finding("voice", "bad", f"espeak-ng has no voice for {language}", "apt-get install --reinstall espeak-ng-data")
    speaks = f"{_natural(settings.voice.language)}espeak-ng speaks {language}"
    if language == "cmn":
        # "(en)": the voice `cmn` of espeak-ng 1.51 reads the pinyin of 请 as English; `cmn-latn-pinyin` reads Mandarin.
        read = _espeak(program, "-v", "cmn-latn-pinyin", "-x", "-q", "请")
        if "(en)" in read or not read.strip():
            return Finding(
                "voice",
                "idle",
                f"{speaks}, but reads 请 as English letters: what has no recording is not understood",
                "install an espeak-ng with the voice cmn-latn-pinyin",
            )
        speaks += "-latn-pinyin, 请 is read as Mandarin"
    if not any(map(shutil.which, ("pw-play", "paplay", "aplay"))):
        return Finding("voice", "bad", "nothing here can play sound", "apt-get install alsa-utils")
    cards = Path("/proc/asound/cards")
    if not cards.exists() or "no soundcards" in cards.read_text(encoding="utf-8", errors="replace"):
        return Finding("voice", "idle", f"{speaks}, but there is no sound card: captions only", "connect a loudspeaker")
    trouble, since = voice_state.last(config.resolve(settings.store.directory))
    if trouble is not Trouble.NONE:
        what, remedy = _SOUND_TROUBLES[trouble]
        return Finding("voice", "idle", f"{speaks}; the kiosk noted at {since}: {what}", remedy)
    return Finding("voice", "ok", f"{speaks}, a sound card is there")


_SOUND_TROUBLES = {
    Trouble.CARD_GONE: ("the sound card was not there", "look at the cable of the loudspeaker and the card"),
    Trouble.BUSY: ("the sound card was held by another program", "end the other program, or let a sound server share the card"),
    Trouble.SWEPT: ("its temporary folder was swept away, and was made anew", "exempt kiosk-voice-* from the cleaning of /tmp"),
}


def _espeak(program: str, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603
        [program, *arguments], capture_output=True, text=True, errors="replace", check=False, timeout=10
    )
    return done.stdout


def _natural(language: str) -> str:
    rendered = Rendered.load(language)
    return f"{len(rendered.prompts)} prompts in the natural voice {rendered.voice}; for the rest " if rendered.prompts else ""


# In a process of its own: Qt ends the process when its platform's libraries are missing.
_FONT_PROBE = """
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QRawFont
app = QGuiApplication([])
found = QFontDatabase.families(QFontDatabase.WritingSystem.SimplifiedChinese)
print(len(found)); print(*sorted(found)[:1]); size = app.primaryScreen().size(); print(size.width(), size.height())
raw = ((name, QRawFont.fromFont(QFont(name))) for name in QFontDatabase.families())
print(next((name for name, font in raw if all(font.supportsCharacter(code) for code in (0x20000, 0x2A6D6))), ""))
"""


def check_fonts(_settings: config.Settings) -> Finding:
    """Ask Qt for fonts that can write simplified Chinese."""
    done = _qt_probe({"QT_QPA_PLATFORM": "offscreen"})
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) < 2:
        return Finding(
            "fonts",
            "bad",
            "Qt does not start: " + (done.stderr.strip().splitlines() or ["?"])[-1],
            "./run demo installs the libraries that Qt needs",
        )
    if lines[0] == "0":
        return Finding("fonts", "bad", "no font for Chinese", "apt-get install fonts-noto-cjk")
    told, rare = f"{lines[0]} fonts for Chinese, among them {lines[1]}", (lines[3:] or [""])[0]
    if not rare:  # names of some hundred thousand people: the page says so instead of an empty box, but does not show them
        return Finding(
            "fonts", "idle", f"{told}; none for rare names (CJK extension B and later)", "apt-get install fonts-hanazono"
        )
    return Finding("fonts", "ok", f"{told}; rare names (CJK extension B and later) in {rare}")


def check_screen(_settings: config.Settings) -> Finding:
    """Open the display, if there is one."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or chosen
    if chosen == "offscreen" or (sys.platform == "linux" and not display):
        return Finding("screen", "idle", "no display here: the kiosk would run off screen", "set DISPLAY, or QT_QPA_PLATFORM=eglfs")
    done = _qt_probe({})
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) < 3:
        return Finding(
            "screen",
            "bad",
            "Qt cannot open the display: " + (done.stderr.strip().splitlines() or ["?"])[-1],
            "check DISPLAY and who may use it (xhost), or the libxcb packages that ./run names",
        )
    return Finding("screen", "ok", lines[2].replace(" ", "x"))


def _qt_probe(extra: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", _FONT_PROBE],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **extra},  # fonts have Chinese names
        timeout=30,
    )


def check_database(settings: config.Settings) -> Finding:
    """Open the database with its key, if there is one; else look whether it could be made."""
    from kiosk.store.engine import database, key_check, keys

    folder = config.resolve(settings.store.directory)
    file = folder / "kiosk.db"
    key_file = config.resolve(settings.store.key_file)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(there, os.W_OK):
        return Finding("database", "bad", f"{there} may not be written by this user", "change its owner to the kiosk's user")
    if not file.exists():
        return Finding("database", "idle", f"none yet in {folder}; it is made at the first start")
    if not settings.store.key_command and not key_file.exists():
        return Finding(
            "database", "bad", f"its key {key_file} is gone", "bring the key back from its backup: without it nothing can be read"
        )
    try:
        if not key_check.fits(folder, keys.database_key(settings.store, data_there=True)):
            return Finding(
                "database",
                "bad",
                "wrong key: it does not open, and was not touched",
                "bring the right key back from its backup",
            )
        with database.store_errors():
            connection = database.connect(file, keys.database_key(settings.store)).conn
            try:
                whole = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            finally:
                connection.close()
    except KioskError as error:
        return Finding(
            "database",
            "bad",
            f"cannot be opened: {error}",
            "check the key; at its next start the kiosk puts a damaged file aside and recovers",
        )
    if not whole:
        return Finding("database", "bad", "damaged", "start the kiosk: it puts the file aside and recovers what the journal holds")
    return Finding("database", "ok", f"opens with its key, {file.stat().st_size / 1e6:.1f} MB")


def check_roster(settings: config.Settings) -> Finding:
    """Look at the roster in use, if there is one: whole, somebody in it, not too old."""
    from kiosk.doctor import roster

    return Finding("roster", *roster.look(settings))


def check_program(settings: config.Settings) -> Finding:
    """Look for files of the program that hold nothing."""
    from kiosk.doctor import program

    return Finding("program", *program.look(settings))


def check_clock(settings: config.Settings) -> Finding:
    """Look whether the clock can be right, whether something keeps it right, and whether the time zone is known."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from kiosk.store import clock as store_clock

    try:
        zone = ZoneInfo(settings.station.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return Finding(
            "clock", "bad", f"unknown time zone {settings.station.timezone!r}", "set [station] timezone, or install tzdata"
        )
    now = datetime.now(UTC)
    shown = f"{now.astimezone(zone):%Y-%m-%d %H:%M} {settings.station.timezone}"
    if now < store_clock.BUILT:
        return Finding("clock", "bad", f"{shown} is in the past", "set the clock; a dead battery on the board is the usual cause")
    synchronised = _synchronised()
    if synchronised is False:
        return Finding(
            "clock",
            "idle",
            f"{shown}, not synchronised",
            "enable a time service (timedatectl set-ntp true) where there is a network",
        )
    return Finding("clock", "ok", shown + (", synchronised" if synchronised else ""))


def _synchronised() -> bool | None:
    program = shutil.which("timedatectl")
    if program is None:
        return None
    done = subprocess.run(  # noqa: S603
        [program, "show", "--property=NTPSynchronized", "--value"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=10,
    )
    return {"yes": True, "no": False}.get(done.stdout.strip())


def check_disk(settings: config.Settings) -> Finding:
    """Look at the free space where the database lies."""
    folder = config.resolve(settings.store.directory)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free // 1_000_000
    if free < DISK_BAD_MB:
        return Finding("disk", "bad", f"{free} MB free", "make room: records cannot be saved on a full disk")
    if free < DISK_LOW_MB:
        return Finding("disk", "idle", f"{free} MB free: low", "make room soon")
    return Finding("disk", "ok", f"{free / 1000:.1f} GB free")


def check_bureau(settings: config.Settings) -> Finding:
    """Ask the bureau for its time, signed, and compare it with ours."""
    from kiosk.sync import client, keys

    try:
        identity = keys.load_identity(settings.sync)
    except ConfigError as error:
        if not settings.sync.bureau_url:
            return Finding(
                "bureau", "idle", "none is set: records are carried by hand", "set [sync] bureau_url and run: kiosk provision"
            )
        return Finding("bureau", "bad", str(error), "run: kiosk provision")
    connection = client.Client(settings.sync, identity)
    try:
        connection.time()
    except client.Failure as error:
        return Finding(
            "bureau", "bad", f"no answer ({error}); everything is kept until it is back", "check the network and [sync] bureau_url"
        )
    finally:
        connection.close()
    off_s = abs(connection.offset.total_seconds()) if connection.offset else 0.0
    if off_s > CLOCK_OFF_S:
        return Finding("bureau", "bad", f"answers, but its clock and ours differ by {off_s:.0f} s", "set this machine's clock")
    return Finding("bureau", "ok", "answers, and its signature is right")


def _kiosk_runs(settings: config.Settings) -> bool:
    """Whether another process owns the store, and so the devices."""
    from kiosk.store.engine import lock

    file = config.resolve(settings.store.directory) / "kiosk.lock"
    if not file.exists():
        return False
    held = lock.try_lock(file)
    if held is None:
        return True
    held.close()
    return False


CHECKS: dict[str, Check] = {
    "camera": check_camera,
    "camera-identity": check_camera_identity,
    "reader": check_reader,
    "models": check_models,
    "voice": check_voice,
    "fonts": check_fonts,
    "screen": check_screen,
    "program": check_program,
    "database": check_database,
    "roster": check_roster,
    "clock": check_clock,
    "disk": check_disk,
    "bureau": check_bureau,
}
