"""Several scenarios of the demo one after the other, as a program: each in a kiosk, a store and a bureau of its own.

Called by test_visits with a folder and names. One process for several, so that the libraries are loaded once. Prints one JSON
object: by name, how each visit ended, with what was not as it should be ("problems").
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication

from kiosk import log
from kiosk.bureau.process import BureauProcess
from kiosk.demo.fixture import DemoFixture
from kiosk.demo.runner import Runner
from kiosk.demo.scenarios import SCENARIOS
from tests.bureau import preloaded

FPS = 12.0  # pictures a second: three of a blink; each is drawn and looked at by the models, and that is what a scenario costs
ONE_ACTION = {"actions": 1}  # two are asked for in the visit that is played by the command itself
SIZE = (540, 960)


def play(name: str, folder: Path) -> dict[str, Any]:
    """One scenario from nothing to its end."""
    overrides = {"ui": {"fullscreen": False}, "voice": {"enabled": False}, "liveness": ONE_ACTION}
    fixture = DemoFixture(SCENARIOS[name], folder, 0, overrides, fps=FPS)
    try:
        fixture.prepare(lambda _: None)
        runner = Runner(fixture.scenario, fixture, None, time.monotonic(), size=SIZE)
        runner.kiosk.window.motion = False  # nobody watches
        ended = runner.run()
        runner.kiosk.window.close()
    finally:
        fixture.clear()
    return {**ended.result, "problems": list(ended.problems)}


def main(folder: Path, names: list[str]) -> int:
    """Play them all; a scenario that breaks leaves the others their turn."""
    BureauProcess.popen = staticmethod(preloaded.start)
    os.umask(0o077)
    log.setup(level=30)
    qt = QApplication(["several-visits"])
    told: dict[str, Any] = {}
    for name in names:
        try:
            told[name] = play(name, folder / name)
        except Exception as error:
            told[name] = {"outcome": "", "reason": "", "problems": [repr(error)]}
        qt.processEvents()
    print(json.dumps(told, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
