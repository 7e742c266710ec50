"""`kiosk evaluate gestures|takes|replays|starts|stills|match|glasses|light|lips|injection CSV`: measure on labelled files.

Paths in a CSV are relative to it; injection needs none.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.evaluate.report import Report
    from kiosk.liveness.landmarks import Landmarker


SKIPPED = 3  # exit status: measured, but some rows could not be read


class Lines:
    """A file of JSON lines, each on the disk before the next is made; nothing without a path."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("w", encoding="utf-8") if path is not None else None

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, value: object) -> None:
        """Write one line."""
        if self._file is not None:
            self._file.write(json.dumps(value, ensure_ascii=False) + "\n")
            self._file.flush()


def main(argv: list[str]) -> int:
    """Run one evaluation; exit status 0 when it ran (whatever it found), 1: nothing to measure, 3: rows were skipped."""
    args = _parse(argv)
    from kiosk.evaluate.quiet import quiet_natives

    quiet_natives()
    from kiosk.evaluate.clips import ClipError

    try:
        report = _run(args)
    except ClipError as error:
        print(f"kiosk evaluate: {error}", file=sys.stderr)
        return 1
    report.print()
    if args.json:
        report.write_json(args.json)
    if args.html:
        report.write_html(args.html)
    return SKIPPED if report.errors else 0


def _run(args: argparse.Namespace) -> Report:
    from kiosk.config import load
    from kiosk.liveness.landmarks import Landmarker

    settings = load(args.config) if args.config else load()
    models = args.models

    stills_only = args.what in ("stills", "match")

    def make_for(stills: bool) -> Landmarker:
        width = 0 if stills else settings.liveness.frame_width
        return Landmarker(models / "face_landmarker.task", frame_width=width, stills=stills)

    def make() -> Landmarker:
        return make_for(stills_only)

    if args.what == "gestures":
        from kiosk.evaluate import gestures

        return gestures.run(args.csv, args.expected, make)
    if args.what == "replays":
        from kiosk.evaluate import replays

        with Lines(args.lines) as lines:
            return replays.run(
                args.csv, settings, make, tries=args.tries, seed=args.seed, on_take=lambda one: lines.write(one.json())
            )
    if args.what == "starts":
        from kiosk.evaluate import starts

        with Lines(args.lines) as lines:
            detector = models / "face_detection_yunet_2023mar.onnx"
            return starts.run(args.csv, settings, make, detector, lambda one: lines.write(one.json()))
    if args.what == "light":
        from kiosk.evaluate import light

        with Lines(args.lines) as lines:
            return light.run(
                args.csv,
                make,
                settings.liveness,
                tries=args.tries,
                seed=args.seed,
                held=args.held,
                on_take=lambda one: lines.write(one.json()),
            )
    if args.what == "injection":
        from kiosk.evaluate import injection

        return injection.run(args.csv, settings, make, tries=args.tries, seed=args.seed, simulated=args.sensors)
    if args.what == "glasses":
        from kiosk.evaluate import glasses

        return glasses.run(args.csv, make_for)
    if args.what == "lips":
        from kiosk.evaluate import lips

        return lips.run(args.csv, make)
    from kiosk.face.encoder import Encoder

    encoder = Encoder(models / "face_recognition_sface_2021dec.onnx", threads=2)
    if args.what == "takes":
        from kiosk.evaluate import takes

        with Lines(args.lines) as lines:
            return takes.run(
                args.csv,
                settings,
                make,
                lambda: make_for(True),
                encoder,
                tries=args.tries,
                seed=args.seed,
                fit=not args.no_fit,
                noise=args.noise,
                on_try=lambda one: lines.write(one.json()),
            )
    if args.what == "stills":
        from kiosk.evaluate import stills

        return stills.run(args.csv, settings, make)
    from kiosk.evaluate import match

    return match.run(args.csv, settings.match, make, encoder, models / "face_detection_yunet_2023mar.onnx", args.align, args.flip)


def _parse(argv: list[str]) -> argparse.Namespace:
    from kiosk.config import ASSETS

    parser = argparse.ArgumentParser(prog="kiosk evaluate", description=__doc__)
    kinds = ("gestures", "takes", "replays", "starts", "stills", "match", "glasses", "light", "lips", "injection")
    parser.add_argument("what", choices=kinds)
    parser.add_argument("csv", type=Path, metavar="CSV", nargs="?", help="the labelled files; injection needs none")
    parser.add_argument("--sensors", type=int, default=0, help="simulated takes for the sensor's pattern (injection)")
    parser.add_argument("--json", type=Path, metavar="F", help="write the numbers")
    parser.add_argument(
        "--lines", type=Path, metavar="F", help="each take as a line of JSON as it ends (takes, replays, starts, light)"
    )
    parser.add_argument("--html", type=Path, metavar="F", help="write one page with tables and plots")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same numbers (takes, replays, light, injection)")
    parser.add_argument("--expected", type=Path, metavar="CSV", help="per-clip labels (gestures)")
    parser.add_argument("--tries", type=int, default=20, help="random challenges for each clip (takes, replays)")
    parser.add_argument(
        "--no-fit", action="store_true", help="play clips as they are, not scaled and centred as the best attacker would (takes)"
    )
    parser.add_argument(
        "--noise",
        type=float,
        default=2.0,
        help="camera noise added to each frame, grey levels; 0 plays the file's very bytes (takes)",
    )
    parser.add_argument("--held", action="store_true", help="the camera's exposure and white balance stand still (light)")
    parser.add_argument("--align", choices=("mesh", "yunet"), default="mesh", help="points for the alignment (match)")
    parser.add_argument("--flip", action="store_true", help="average with the mirrored face (match)")
    parser.add_argument("--models", type=Path, default=ASSETS / "models", metavar="DIR")
    parser.add_argument("--config", type=Path, metavar="F", help="another configuration than config/kiosk.toml")
    args = parser.parse_args(argv)
    if args.csv is None and args.what != "injection":
        parser.error(f"{args.what} needs a CSV")
    return args
