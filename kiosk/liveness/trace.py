"""A take as a row of numbers a frame: what gestures and timing are judged by, and nothing of how a face looks.

For `kiosk pilot`, with consent. No mesh is kept: its shape would know a face again.
"""

from __future__ import annotations

from kiosk.domain.take_view import TakeView
from kiosk.liveness.gestures import sample
from kiosk.liveness.landmarks import FaceObservation

COLUMNS = ("t_s", "phase", "action", "yaw_deg", "pitch_deg", "roll_deg", "mouth", "eye_left", "eye_right", "eye_gap", "face_height")
Row = tuple[float | str | None, ...]


class Trace:
    """Collects the rows of one take. Times count from its first frame."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._begin_s = 0.0

    @property
    def rows(self) -> tuple[Row, ...]:
        """COLUMNS of each frame so far; without a face the numbers are None. Height: share of the frame's."""
        return tuple(self._rows)

    def look(self, observation: FaceObservation, view: TakeView) -> None:
        """Take in one frame and what the take made of it."""
        self._begin_s = self._begin_s if self._rows else observation.t_s
        head: Row = (round(observation.t_s - self._begin_s, 3), view.phase, "" if view.action is None else view.action.value)
        now, box = sample(observation), observation.box
        if now is None or box is None:
            self._rows.append(head + (None,) * (len(COLUMNS) - len(head)))
            return
        angles = (now.yaw_deg, now.pitch_deg, observation.roll_deg)
        shape = (now.mouth, now.eye_left, now.eye_right, now.eye_gap, (box[3] - box[1]) / observation.size[1])
        self._rows.append((*head, *(round(float(one), 1) for one in angles), *(round(float(one), 3) for one in shape)))
