"""Can the kiosk be seen: a display, and fonts for Chinese. Called by `checks.py`."""

from __future__ import annotations

import os
import subprocess
import sys

from kiosk import config
from kiosk.doctor.finding import Finding, Phrase

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
            Phrase("Qt does not start: {error}", error=(done.stderr.strip().splitlines() or ["?"])[-1]),
            Phrase("./run demo installs the libraries that Qt needs"),
        )
    if lines[0] == "0":
        return Finding("fonts", "bad", Phrase("no font for Chinese"), Phrase("apt-get install fonts-noto-cjk"))
    told, rare = (
        Phrase("{count} fonts for Chinese, among them {name}", count=lines[0], name=lines[1]),
        (lines[3:] or [""])[0],
    )
    if not rare:  # names of some hundred thousand people: the page says so instead of an empty box, but does not show them
        return Finding(
            "fonts",
            "idle",
            Phrase("{told}; none for rare names (CJK extension B and later)", told=told),
            Phrase("apt-get install fonts-hanazono"),
        )
    return Finding("fonts", "ok", Phrase("{told}; rare names (CJK extension B and later) in {rare}", told=told, rare=rare))


def check_screen(_settings: config.Settings) -> Finding:
    """Open the display, if there is one."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or chosen
    if chosen == "offscreen" or (sys.platform == "linux" and not display):
        return Finding(
            "screen",
            "idle",
            Phrase("no display here: the kiosk would run off screen"),
            Phrase("set DISPLAY, or QT_QPA_PLATFORM=eglfs"),
        )
    done = _qt_probe({})
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) < 3:
        return Finding(
            "screen",
            "bad",
            Phrase("Qt cannot open the display: {error}", error=(done.stderr.strip().splitlines() or ["?"])[-1]),
            Phrase("check DISPLAY and who may use it (xhost), or the libxcb packages that ./run names"),
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
