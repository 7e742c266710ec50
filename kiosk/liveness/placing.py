"""Where the person stands in the picture: what there is to mend, whether they left, whether somebody else stepped in.

Part of `take`.
"""

from __future__ import annotations

import numpy as np

from kiosk.domain.reasons import Guidance
from kiosk.liveness.guidance import FaceLook, GuidanceFilter, Limits, hints, look
from kiosk.liveness.landmarks import Box, FaceObservation, overlap
from kiosk.liveness.pace import BLOCKING, JUMP_OVERLAP, JUMP_S, LOOK_PERIOD_S, TURNED_LOST_S


class Placing:
    """What is known of the face's place."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._filter = GuidanceFilter()
        self._last: FaceObservation | None = None  # with a face
        self._looked_s: float | None = None
        self.look = FaceLook()  # light and sharpness, measured now and then
        self.fresh = False  # `look` is of this very frame
        self._covered = False  # the mouth, when the head was last seen straight

    def step(
        self, observation: FaceObservation, frame_bgr: np.ndarray, *, turning: bool, started: bool
    ) -> tuple[bool, Guidance | None]:
        """Look at one frame. Returns whether something hinders the take, and what to say about it.

        turning: the head may be turned away now; started: the person was well placed before.
        """
        unseen = self.look.size == 0.0 and observation.points is not None
        if unseen or self._looked_s is None or observation.t_s - self._looked_s >= LOOK_PERIOD_S:
            self._looked_s = observation.t_s
            self.look = look(observation, frame_bgr)
            self.fresh = True
        told = hints(observation, frame_bgr, self._limits, straight=not turning, seen=self.look)
        if not turning:
            told = self._as_seen_straight(observation, told)
        first = next(iter(told), None)
        if first is Guidance.NO_FACE and started:  # somebody who was there and left is told so
            first = Guidance.LEFT_FRAME
        return not BLOCKING.isdisjoint(told), self._filter.step(observation.t_s, first)

    def _as_seen_straight(self, observation: FaceObservation, told: tuple[Guidance, ...]) -> tuple[Guidance, ...]:
        """Return the hints, with a covered mouth until it is seen bare: from the side it is not told, and a mask stays on."""
        if observation.points is None or abs(observation.yaw_deg) <= self._limits.yaw_deg:
            self._covered = Guidance.MOUTH_COVERED in told
        elif self._covered and Guidance.SEVERAL_FACES not in told:
            return Guidance.MOUTH_COVERED, *told
        return told

    def seen(self, observation: FaceObservation) -> None:
        """Keep where the face was, if there was one."""
        if observation.points is not None:
            self._last = observation

    def lost_s(self, now_s: float) -> float:
        """Return for how long no face was seen."""
        return 0.0 if self._last is None else now_s - self._last.t_s

    def jumped(self, observation: FaceObservation, *, turned_away: bool) -> bool:
        """Return whether a face is where no head gets to so soon: somebody else stepped in.

        turned_away: a face lost in a turn must come back where it was, too.
        """
        last = self._last
        if last is None or last.box is None or observation.box is None:
            return False
        near_in_time = observation.t_s - last.t_s <= (TURNED_LOST_S if turned_away else JUMP_S)
        return near_in_time and overlap(last.box, observation.box) < JUMP_OVERLAP

    def box(self, now_s: float) -> Box | None:
        """Return where the face is now, in shares of the picture."""
        last = self._last
        if last is None or last.box is None or last.t_s != now_s:
            return None
        (x0, y0, x1, y1), (width, height) = last.box, last.size
        return x0 / width, y0 / height, x1 / width, y1 / height
