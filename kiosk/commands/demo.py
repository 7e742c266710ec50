"""`kiosk demo`: a whole visit with every part the real one and only the hardware emulated."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path


def main(argv: list[str]) -> int:
    """Play a scenario; status 0 when it ended as it should."""
    from kiosk.demo.scenarios import SCENARIOS

    parser = argparse.ArgumentParser(
        prog="kiosk demo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="scenarios:\n" + "\n".join(f"  {s.name:<22}{s.shows}" for s in SCENARIOS.values()),
    )
    parser.add_argument("--headless", action="store_true", help="off screen, at once, without sound")
    parser.add_argument("--windowed", action="store_true", help="in a window instead of fullscreen")
    parser.add_argument("--out", type=Path, help="write every page as NN-page.png, and visit.json, into this folder")
    parser.add_argument("--scenario", default="pass", choices=SCENARIOS, metavar="NAME")
    parser.add_argument("--seed", type=int, default=0, help="of the puppet's movements")
    parser.add_argument("--folder", type=Path, help="keep the kiosk's and the bureau's files in this folder")
    parser.add_argument("--seeds", type=int, default=0, metavar="N", help="play seeds 0 to N-1, one line each")
    parser.add_argument("--size", default="", metavar="WxH", help="window size when headless or windowed (default 1080x1920)")
    parser.add_argument("--fps", type=float, default=30.0, help="pictures a second of the camera; fewer on a weak machine")
    parser.add_argument("--play", action="store_true", help="play yourself: cards to drag, a face to move, cables to pull")
    parser.add_argument("--train", action="store_true", help="--play with the tasks of an attendant's first day")
    parser.add_argument("--drawn-face", action="store_true", help="with --play: the drawn face, though there is a webcam")
    options = parser.parse_args(argv)

    screenless = sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    headless = options.headless or screenless
    if headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        if not options.headless:
            print("no display: running off screen")
    if options.folder and (problem := _used(options.folder)):
        print(f"demo: {problem}", file=sys.stderr)
        return 2
    if options.play or options.train:
        if screenless:
            print("demo: --play needs a display", file=sys.stderr)
            return 2
        return _let_play(options)
    if not options.seeds:
        return _play(options, headless)
    failed = 0
    for seed in range(options.seeds):  # a process each: nothing of one visit helps the next
        import subprocess

        done = subprocess.run(  # noqa: S603  our own interpreter
            [sys.executable, "-m", "kiosk", "demo", "--headless", "--scenario", options.scenario, "--seed", str(seed)],
            capture_output=True,
            text=True,
            check=False,
        )
        failed += done.returncode != 0
        told = json.loads(done.stdout[done.stdout.index("{") :]) if "{" in done.stdout else {}
        print(
            f"seed {seed:>3}: {'as it should' if done.returncode == 0 else 'NOT AS IT SHOULD'}: "
            f"{told.get('outcome')} {told.get('reason')}",
            flush=True,
        )
        if done.returncode != 0:
            print("\n".join(done.stderr.splitlines()[-5:]), flush=True)
    print(f"{options.scenario}: {options.seeds - failed} of {options.seeds} ended as they should")
    return 1 if failed else 0


def _used(folder: Path) -> str:
    """Return what to do where a demonstration cannot begin in a folder: each has a kiosk and a bureau of its own, made anew."""
    if folder.is_dir() and any(folder.iterdir()):
        return (
            f"{folder} is not empty: a demonstration was there already, or something else. "
            f"Name another folder with --folder (a new one is made), or empty this one, and start again."
        )
    if folder.exists() and not folder.is_dir():
        return f"{folder} is a file. Name a folder with --folder; a new one is made."
    return ""


def _quiet() -> None:
    """Let the terminal have Python's own words only: native libraries (TensorFlow Lite) chatter on descriptor 2."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _let_play(options: argparse.Namespace) -> int:
    os.umask(0o077)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    _quiet()
    from kiosk.demo.splash import Splash

    splash = Splash()
    from kiosk import log, models

    log.setup(level=30)
    models.require()
    width, height = (int(part) for part in (options.size or "1240x900").split("x"))
    with tempfile.TemporaryDirectory(prefix="kiosk-play-") as temporary:
        folder = options.folder.resolve() if options.folder else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        from kiosk.demo.play import play

        webcam = False if options.drawn_face else None
        return play(splash, folder, train=options.train, seed=options.seed, size=(width, height), webcam=webcam)


def _play(options: argparse.Namespace, headless: bool) -> int:
    from kiosk import log, models

    os.umask(0o077)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    _quiet()
    log.setup(level=30)
    splash = None
    if not headless:
        from kiosk.demo.splash import Splash

        splash = Splash()
    models.require()  # a missing or altered model is a clear error before any page opens
    from PySide6.QtWidgets import QApplication

    from kiosk.demo.fixture import DemoFixture
    from kiosk.demo.scenarios import SCENARIOS

    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        for old in options.out.glob("[0-9][0-9]-*.png"):
            old.unlink()
    overrides = {"ui": {"fullscreen": not (headless or options.windowed)}, "voice": {"enabled": not headless}}
    with tempfile.TemporaryDirectory(prefix="kiosk-demo-") as temporary:
        folder = options.folder.resolve() if options.folder else Path(temporary)
        fixture = DemoFixture(SCENARIOS[options.scenario], folder, options.seed, overrides, fps=options.fps)
        try:
            fixture.prepare(lambda text: print(f"demo: {text} …", flush=True))
            started_s = time.monotonic()
            from kiosk.demo.runner import Runner

            qt = QApplication.instance() or QApplication(["kiosk-demo"])
            size = None
            if headless or options.windowed:
                width, height = (int(part) for part in (options.size or "1080x1920").split("x"))
                size = (width, height)
            if splash is not None:
                splash.finish()
            runner = Runner(fixture.scenario, fixture, options.out, started_s, 1.0 if headless else 3.0, size)
            ended = runner.run()
        finally:
            fixture.clear()
        del runner
        qt.processEvents()
    print(json.dumps(ended.result, ensure_ascii=False, indent=2))
    for problem in ended.problems:
        print(f"demo: {problem}", file=sys.stderr)
    return 1 if ended.problems else 0
