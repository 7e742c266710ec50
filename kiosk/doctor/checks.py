"""What is right and wrong with this machine as a kiosk: one finding a part, each with what to do. Called by `kiosk doctor`.

Nothing here changes anything: no database is made, no file is put aside, no record is sent.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from kiosk import config, models
from kiosk.doctor import display, hearing, sound, storage
from kiosk.doctor.finding import Check, Finding, Phrase
from kiosk.errors import CameraUnavailable, ConfigError, KioskError

CAMERA_TIMEOUT_S = 12.0
CLOCK_OFF_S = 60.0


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
            findings.append(Finding(part, "bad", Phrase.of(error)))
        except Exception as error:
            findings.append(
                Finding(
                    part,
                    "bad",
                    Phrase("the check itself failed: {name}: {error}", name=type(error).__name__, error=error),
                    Phrase("report this as a bug"),
                )
            )
    return findings


def check_camera(settings: config.Settings) -> Finding:
    """Open the camera and take one picture, unless the running kiosk has it."""
    if settings.camera.source.startswith("device:") and storage.kiosk_runs(settings):
        return Finding("camera", "idle", Phrase("in use by the running kiosk"), Phrase("stop the kiosk to check it"))
    return look_through_camera(settings)


def look_through_camera(settings: config.Settings) -> Finding:
    """Open the camera, which nobody has, and take one picture."""
    from kiosk.camera.source import device_label, open_source
    from kiosk.doctor import camera

    source = open_source(settings.camera.source, settings.camera)
    result: list[Finding] = []

    def look() -> None:
        try:
            source.open()
            frame = source.read()
            if frame is None:
                result.append(Finding("camera", "bad", Phrase("{name} gives no pictures", name=source.name)))
                return
            height, width = frame.image_bgr.shape[:2]
            label = device_label(settings.camera.source.partition(":")[2])
            turn = camera.turn_wanted(frame.image_bgr)
            if turn:
                right = (settings.camera.rotate + turn) % 360
                told = Phrase(
                    "{name} {width}x{height}: faces stand on their side, or on their head",
                    name=source.name,
                    width=width,
                    height=height,
                )
                result.append(Finding("camera", "bad", told, Phrase("set [camera] rotate = {right}", right=right)))
                return
            dark = Phrase("the picture is black: is the lens covered?") if float(frame.image_bgr.mean()) < 4 else ""
            what = f"{source.name} {label} {width}x{height}".replace("  ", " ")
            steady = camera.steady_advice(settings.camera.source)
            steered = camera.steering_told(source)
            result.append(Finding("camera", "ok", Phrase.joined((what, dark, steered, steady))))
        except CameraUnavailable as error:
            result.append(Finding("camera", "bad", Phrase.of(error), _camera_remedy()))
        finally:
            source.close()

    thread = threading.Thread(target=look, daemon=True)  # a driver may hang for ever
    thread.start()
    thread.join(CAMERA_TIMEOUT_S)
    return (
        result[0]
        if result
        else Finding("camera", "bad", Phrase("{name} does not answer", name=source.name), Phrase("unplug it and plug it in again"))
    )


def check_camera_identity(settings: config.Settings) -> Finding:
    """Say which camera it is, by what it is and not by its name, and whether it is believed."""
    from kiosk.doctor import camera

    state, what = camera.identity_told(settings.camera.source, pinned=storage.pinned_camera(settings))
    remedy = Phrase("take it away, or let a supervisor answer for it at the desk (镜头)") if state == "bad" else ""
    return Finding("camera-identity", state, what, remedy)


def _camera_remedy() -> str:
    seen = sorted(node.name for node in Path("/dev").glob("video*")) if sys.platform == "linux" else []
    if seen:
        return Phrase(
            "this machine has {names}: set [camera] source, or let the kiosk's user into the group 'video'",
            names=", ".join(seen),
        )
    return Phrase("plug a camera in, or set [camera] source to the right one")


def check_reader(settings: config.Settings) -> Finding:
    """Ask the card reader for its status, unless the running kiosk has it."""
    if storage.kiosk_runs(settings):
        return Finding(
            "reader",
            "idle",
            Phrase("{port} in use by the running kiosk", port=settings.reader.port),
            Phrase("stop the kiosk to check it"),
        )
    return ask_reader(settings)


def ask_reader(settings: config.Settings) -> Finding:
    """Ask the card reader, which nobody has, for its status."""
    from kiosk.doctor import reader

    return Finding("reader", *reader.look(settings.reader))


def check_models(_settings: config.Settings) -> Finding:
    """Read all weights and compare their SHA-256."""
    models.require()
    names = [file.path.name for file in models.manifest().files if file.kind == "model"]
    return Finding("models", "ok", Phrase("{count} files, SHA-256 right", count=len(names)))


def check_roster(settings: config.Settings) -> Finding:
    """Look at the roster in use, if there is one: whole, somebody in it, not too old."""
    from kiosk.doctor import roster

    return Finding("roster", *roster.look(settings))


def check_program(settings: config.Settings) -> Finding:
    """Look for files of the program that hold nothing."""
    from kiosk.doctor import program

    return Finding("program", *program.look(settings))


def check_settings(settings: config.Settings) -> Finding:
    """Look for what was set by touch or sent by the bureau, and cannot be used."""
    problems = config.laid_over(settings.model_dump(), config.resolve(settings.store.directory))[1]
    if problems:
        return Finding("settings", "bad", Phrase.joined(problems[:3]), Phrase("set it again by touch (设备维护, 站点安装)"))
    return Finding("settings", "ok", Phrase("what was set by touch and sent by the bureau can be used"))


def check_clock(settings: config.Settings) -> Finding:
    """Look whether the clock can be right, whether something keeps it right, and whether the time zone is known."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from kiosk.store import clock as store_clock

    try:
        zone = ZoneInfo(settings.station.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return Finding(
            "clock",
            "bad",
            Phrase("unknown time zone {timezone!r}", timezone=settings.station.timezone),
            Phrase("set [station] timezone, or install tzdata"),
        )
    now = datetime.now(UTC)
    shown = f"{now.astimezone(zone):%Y-%m-%d %H:%M} {settings.station.timezone}"
    if now < store_clock.BUILT:
        return Finding(
            "clock",
            "bad",
            Phrase("{shown} is in the past", shown=shown),
            Phrase("set the clock; a dead battery on the board is the usual cause"),
        )
    synchronised = _synchronised()
    if synchronised is False:
        return Finding(
            "clock",
            "idle",
            Phrase("{shown}, not synchronised", shown=shown),
            Phrase("enable a time service (timedatectl set-ntp true) where there is a network"),
        )
    return Finding("clock", "ok", Phrase("{shown}, synchronised", shown=shown) if synchronised else shown)


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


def check_bureau(settings: config.Settings) -> Finding:
    """Ask the bureau for its time, signed, and compare it with ours."""
    from kiosk.sync import client, keys

    try:
        identity = keys.load_identity(settings.sync)
    except ConfigError as error:
        if not settings.sync.bureau_url:
            return Finding(
                "bureau",
                "idle",
                Phrase("none is set: records are carried by hand"),
                Phrase("set [sync] bureau_url and run: kiosk provision"),
            )
        return Finding("bureau", "bad", Phrase.of(error), Phrase("run: kiosk provision"))
    connection = client.Client(settings.sync, identity)
    try:
        connection.time()
    except client.Failure as error:
        return Finding(
            "bureau",
            "bad",
            Phrase("no answer ({error}); everything is kept until it is back", error=error),
            Phrase("check the network and [sync] bureau_url"),
        )
    finally:
        connection.close()
    off_s = abs(connection.offset.total_seconds()) if connection.offset else 0.0
    if off_s > CLOCK_OFF_S:
        return Finding(
            "bureau",
            "bad",
            Phrase("answers, but its clock and ours differ by {off_s:.0f} s", off_s=off_s),
            Phrase("set this machine's clock"),
        )
    return Finding("bureau", "ok", Phrase("answers, and its signature is right"))


CHECKS: dict[str, Check] = {
    "camera": check_camera,
    "camera-identity": check_camera_identity,
    "reader": check_reader,
    "models": check_models,
    "voice": sound.check_voice,
    "headphones": sound.check_headphones,
    "digits": hearing.check_digits,
    "fonts": display.check_fonts,
    "screen": display.check_screen,
    "program": check_program,
    "settings": check_settings,
    "database": storage.check_database,
    "roster": check_roster,
    "clock": check_clock,
    "disk": storage.check_disk,
    "bureau": check_bureau,
}
