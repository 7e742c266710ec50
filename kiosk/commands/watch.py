"""`kiosk watch --camera file:CLIP|device:N`: print what the vision sees as it happens, and show it when there is a display.

A clip runs as fast as it can on its own clock: the same clip prints the same lines. A device runs in real time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kiosk.camera.frame import Frame
    from kiosk.config import Settings
    from kiosk.liveness.landmarks import FaceObservation, Landmarker

Show = Callable[["Frame", "FaceObservation", str], bool]


def main(argv: list[str]) -> int:
    """Watch until the clip ends, the time is up, the window is closed, or Ctrl-C."""
    from kiosk.camera.opencv import import_cv2
    from kiosk.config import ASSETS, load
    from kiosk.evaluate.clips import ClipError

    import_cv2()  # first, so that OpenCV does not point Qt at its own plug-ins
    parser = argparse.ArgumentParser(prog="kiosk watch", description=__doc__)
    parser.add_argument("--camera", default="device:0", help="device:N, or file:CLIP (video, GIF, picture)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--seconds", type=float, default=0.0, help="stop after so long (of the clip's time, for a clip)")
    parser.add_argument("--window", choices=("auto", "yes", "no"), default="auto", help="auto: when there is a display")
    parser.add_argument("--models", type=Path, default=ASSETS / "models")
    args = parser.parse_args(argv)
    from kiosk.evaluate.quiet import quiet_natives

    quiet_natives()
    settings = load()
    live = not args.camera.startswith("file:")
    from kiosk.liveness.landmarks import Landmarker

    landmarker = Landmarker(args.models / "face_landmarker.task", frame_width=settings.liveness.frame_width)
    show = _window() if args.window == "yes" or (args.window == "auto" and _has_display()) else None
    try:
        return _watch(_frames(args.camera, settings, args.seconds), landmarker, Printer(args.json), show, live)
    except ClipError as error:
        print(f"kiosk watch: {error}", file=sys.stderr)
        return 1
    finally:
        landmarker.close()


class Printer:
    """Writes events, one a line."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json

    def __call__(self, t_s: float, event: str, **values: Any) -> None:
        """Write one event with its time."""
        shown = {key: round(v, 3) if isinstance(v, float) else v for key, v in values.items()}
        if self._json:
            line = json.dumps({"t": round(t_s, 3), "event": event, **shown}, ensure_ascii=False)
        else:
            line = f"{t_s:8.2f}  {event:<11}" + "  ".join(f"{key} {value}" for key, value in shown.items())
        print(line, flush=True)


def _watch(frames: Iterator[Frame], landmarker: Landmarker, tell: Printer, show: Show | None, live: bool) -> int:
    from kiosk.liveness.gestures import GestureTracker
    from kiosk.liveness.guidance import GuidanceFilter, judge

    tracker, calm = GestureTracker(), GuidanceFilter()
    hint: object = ()
    was_warm, count, second_s, in_second, last_s = False, 0, -1.0, 0, 0.0
    totals: dict[str, int] = {}
    began = time.monotonic()

    def events(found: list[Any]) -> None:
        for event in found:
            name = event.action.value.replace("-", "_")
            totals[name] = totals.get(name, 0) + 1
            tell(event.peak_s, name, start=event.start_s, end=event.end_s, strength=event.strength)

    for frame in frames:
        observation = landmarker.observe(frame)
        count, in_second, last_s = count + 1, in_second + 1, frame.t_s
        code = calm.step(frame.t_s, judge(observation, frame.image_bgr, straight=False))
        if code != hint:
            hint = code
            tell(frame.t_s, "guidance", code=code.value if code else "none")
        found = tracker.step(observation)
        if tracker.warm and not was_warm:
            was_warm = True
            base = tracker.baseline.value()
            tell(frame.t_s, "baseline", eyes=base.eyes, eye_gap=base.eye_gap, mouth=base.mouth, pitch=base.pitch_deg)
        events(found)
        if frame.t_s - second_s >= 1.0:
            span = frame.t_s - second_s if second_s >= 0 else 0.0
            tell(
                frame.t_s,
                "status",
                faces=observation.face_count,
                yaw=observation.yaw_deg,
                pitch=observation.pitch_deg,
                roll=observation.roll_deg,
                fps=in_second / span if span > 0 else 0.0,
            )
            second_s, in_second = frame.t_s, 0
        if show is not None and not show(frame, observation, code.value if code else ""):
            break
    events(tracker.finish())
    speed = {"speed_fps": count / max(time.monotonic() - began, 1e-6)} if live else {}
    tell(last_s, "end", frames=count, **totals, **speed)
    return 0 if count else 1


def _frames(spec: str, settings: Settings, seconds: float) -> Iterator[Frame]:
    if spec.startswith("file:"):
        from kiosk.evaluate.clips import frames

        yield from frames(Path(spec[5:]).expanduser(), seconds)
        return
    from kiosk.camera.frame import Frame
    from kiosk.camera.source import open_source

    source = open_source(spec, settings.camera)
    source.open()
    began_s: float | None = None
    try:
        while (frame := source.read()) is not None:
            began_s = frame.t_s if began_s is None else began_s
            if seconds > 0 and frame.t_s - began_s > seconds:
                return
            yield Frame(frame.image_bgr, frame.t_s - began_s, frame.seq)
    finally:
        source.close()


def _has_display() -> bool:
    return sys.platform == "win32" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _window() -> Show:
    """Open a window with the mirrored picture, the mesh and the hint; the function it returns says whether it is still open."""
    import numpy as np
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
    from PySide6.QtWidgets import QApplication, QLabel

    app = QApplication.instance() or QApplication([])
    label = QLabel()
    label.setWindowTitle("kiosk watch")
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.resize(960, 720)
    label.show()

    def show(frame: Frame, observation: FaceObservation, hint: str) -> bool:
        height, width = frame.image_bgr.shape[:2]
        mirrored = np.ascontiguousarray(frame.image_bgr[:, ::-1])
        picture = QImage(mirrored.data, width, height, 3 * width, QImage.Format.Format_BGR888).copy()
        painter = QPainter(picture)
        painter.setPen(QColor(120, 255, 160))
        if observation.points is not None:
            for x, y in observation.points[::3, :2]:
                painter.drawPoint(int(width - 1 - x), int(y))
        font = painter.font()
        font.setPixelSize(max(14, height // 24))
        painter.setFont(font)
        painter.drawText(10, height // 16, f"{hint}   yaw {observation.yaw_deg:.0f}  pitch {observation.pitch_deg:.0f}")
        painter.end()
        label.setPixmap(QPixmap.fromImage(picture).scaled(label.size(), Qt.AspectRatioMode.KeepAspectRatio))
        app.processEvents()
        return label.isVisible()

    return show
