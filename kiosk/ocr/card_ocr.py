"""A resident identity card held up to the camera: one frame to a reading, several frames to a person.

`CardOcr.read` looks at one picture; `CardScan` gathers the front, then the back. Used by `worker.py` and by tests. No picture is
kept: a reading holds text, and a scan forgets it with itself.

What is read is a claim, as a typed number is: a camera cannot tell a card from its copy. Roster and face decide afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from kiosk.camera.frame import Frame
from kiosk.domain.identity import last_four, mask_name
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.take_view import CardGuidance, ScanView, Side
from kiosk.errors import DeviceError
from kiosk.ocr import guide, outline
from kiosk.ocr.ballot import BackBallot, FrontBallot
from kiosk.ocr.fields import CardBack, CardFront, FieldFlag, read_back, read_front, side_of
from kiosk.ocr.guide import CardLook
from kiosk.ocr.lines import TextLine
from kiosk.ocr.recogniser import Recogniser

_MOST_PIXELS = 2000  # longer side of what is looked at; more costs time and shows nothing
_MOST_BYTES = 200_000_000
_FEW_LINES = 4  # lines found on something upside down, at least
_SOFT = (CardGuidance.GLARE, CardGuidance.BLURRED)  # worth a try all the same: the votes decide


@dataclass(frozen=True, slots=True)
class OcrReading:
    """What one picture shows. At most one of `front` and `back` is there; `guidance` None: nothing to change."""

    side: Side | None = None
    front: CardFront | None = None
    back: CardBack | None = None
    guidance: CardGuidance | None = CardGuidance.SHOW_FRONT
    look: CardLook = CardLook()


class CardOcr:
    """Finds and reads a card in one picture."""

    def __init__(self, recogniser: Recogniser, today: date | None = None) -> None:
        self._recogniser = recogniser
        self._today = today
        self._next = 0  # which outline is tried first: the one that gave no text must not be tried for ever

    def read(self, image_bgr: np.ndarray) -> OcrReading:
        """Return what the picture shows. image_bgr: uint8 (height, width, 3).

        Raises DeviceError on anything that is no picture, ModelError when recognition fails.
        """
        image = checked(image_bgr)
        if image is None:
            return OcrReading()
        quads = outline.locate(image)
        if not quads:
            # No outline (a pale card on a pale wall, too many fingers): what lies in the guided frame may still be a card.
            return self._guided(image)
        turn = self._next % len(quads)
        first: OcrReading | None = None
        for quad in quads[turn:] + quads[:turn]:
            card = outline.straighten(image, quad)
            seen = guide.look(image, quad, card)
            hint = guide.judge(seen)
            if hint is None or (hint in _SOFT and seen.sharpness >= guide.LIMITS.hopeless_blur):
                reading = self._recognised(card, seen, hint)
                usable = (reading.front is not None and reading.front.usable) or (reading.back is not None and reading.back.usable)
                self._next = turn if usable else self._next + 1
                return reading
            first = first or OcrReading(guidance=hint, look=seen)
        if first is None or first.guidance is not CardGuidance.CUT_OFF:
            return first or OcrReading()
        guided = self._guided(image)  # an outline beyond the picture may be that of something behind it
        return first if guided.side is None else guided

    def _guided(self, image: np.ndarray) -> OcrReading:
        quad = outline.guided_quad((image.shape[1], image.shape[0]))
        card = outline.straighten(image, quad)
        seen = replace(guide.look(image, quad, card), quad=())
        if seen.sharpness < guide.LIMITS.blur or seen.luma < guide.LIMITS.dark:
            return OcrReading(look=seen)
        return self._recognised(card, seen, None)

    def _recognised(self, card: np.ndarray, seen: CardLook, hint: CardGuidance | None) -> OcrReading:
        lines = self._recogniser.lines(card)
        side = side_of(lines)
        if side is None and len(lines) >= _FEW_LINES:
            lines = self._recogniser.lines(np.ascontiguousarray(card[::-1, ::-1]))  # upside down
            side = side_of(lines)
        if side is None:
            return OcrReading(guidance=hint or CardGuidance.SHOW_FRONT, look=seen)
        return self._reading(side, lines, seen, hint)

    def _reading(self, side: Side, lines: list[TextLine], seen: CardLook, hint: CardGuidance | None) -> OcrReading:
        if side is Side.FRONT:
            front = read_front(lines, self._today)
            if not front.usable:
                other = FieldFlag.OTHER_DOCUMENT in front.flags
                unread = CardGuidance.NAME_UNREAD if front.name_unread else CardGuidance.COVERED
                hint = CardGuidance.OTHER_DOCUMENT if other else hint or unread
            return OcrReading(side, front=front, guidance=None if front.usable else hint, look=seen)
        back = read_back(lines)
        return OcrReading(side, back=back, guidance=None if back.usable else hint or CardGuidance.COVERED, look=seen)


class CardScan:
    """One person's card: front, then back. Give it frames until `result` is there; drop it to forget everything."""

    def __init__(self, ocr: CardOcr) -> None:
        self._ocr = ocr
        self._fronts, self._backs = FrontBallot(), BackBallot()
        self._calm = guide.Calm(CardGuidance.SHOW_FRONT)
        self._front: CardFront | None = None
        self._back: CardBack | None = None

    @property
    def front(self) -> CardFront | None:
        """The settled front."""
        return self._front

    @property
    def back(self) -> CardBack | None:
        """The settled back."""
        return self._back

    @property
    def result(self) -> Person | None:
        """The person, once both sides are settled. Without a name where the name could not be read: then it is chosen."""
        if self._front is None or self._back is None:
            return None
        front = self._front
        return Person(front.name, front.id_number, front.kind, IdentifiedBy.OCR, document_valid_to=self._back.valid_to)

    def step(self, frame: Frame) -> ScanView:
        """Look at one frame; return what to show. Raises DeviceError, ModelError (the scan may go on with the next frame)."""
        if self.result is not None:
            return self._view(CardGuidance.HOLD_STILL, ())
        reading = self._ocr.read(frame.image_bgr)
        if self._front is None:
            if reading.front is not None:
                self._fronts.add(reading.front)
                self._front = self._fronts.settled
                if self._front is not None:
                    return self._view(self._calm.now(frame.t_s, CardGuidance.SHOW_BACK), reading.look.quad)
        elif reading.back is not None:
            self._backs.add(reading.back)
            self._back = self._backs.settled
        return self._view(self._calm.step(frame.t_s, self._hint(reading)), reading.look.quad)

    def _hint(self, reading: OcrReading) -> CardGuidance:
        wanted = Side.FRONT if self._front is None else Side.BACK
        if reading.side is not None and reading.side is not wanted:
            return CardGuidance.OTHER_SIDE if wanted is Side.FRONT else CardGuidance.SHOW_BACK
        if reading.guidance is CardGuidance.SHOW_FRONT and wanted is Side.BACK:
            return CardGuidance.SHOW_BACK
        return reading.guidance or CardGuidance.HOLD_STILL

    def _view(self, hint: CardGuidance, quad: tuple[tuple[float, float], ...]) -> ScanView:
        if self._front is None:
            return ScanView(Side.FRONT, hint, 0.5 * self._fronts.progress, quad)
        progress = 1.0 if self._back is not None else 0.5 + 0.5 * self._backs.progress
        return ScanView(
            Side.BACK, hint, progress, quad, mask_name(self._front.name), last_four(self._front.id_number), self._back is not None
        )


def checked(image_bgr: object) -> np.ndarray | None:
    """Return a picture that can be looked at, no larger than needed; None for one too small to hold a card.

    Raises DeviceError on what no camera delivers (another type, other axes, more bytes than any frame).
    """
    if not isinstance(image_bgr, np.ndarray) or image_bgr.dtype != np.uint8 or image_bgr.ndim != 3 or image_bgr.shape[2] != 3:
        raise DeviceError("no picture: uint8 (height, width, 3) expected")
    if image_bgr.nbytes > _MOST_BYTES:
        raise DeviceError("picture of impossible size")
    height, width = image_bgr.shape[:2]
    if min(height, width) < 64 or max(height, width) > 8 * min(height, width):
        return None
    scale = _MOST_PIXELS / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(image_bgr)
    smaller: np.ndarray = outline.cv2.resize(image_bgr, None, fx=scale, fy=scale, interpolation=outline.cv2.INTER_AREA)
    return smaller
