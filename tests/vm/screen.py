"""The machine's screen as a person uses it: words are read off a picture, and touched where they stand."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from kiosk.ocr.recogniser import RapidRecogniser
from tests.vm.machine import HEIGHT, WIDTH, Machine, VmError

LOOK_S = 0.3  # by the machine's clock, between two looks at its screen
NEW_S = 0.7  # a page is new for half a second, by the machine's clock: what is hit counts for nothing
SAID = (WIDTH * 0.54, HEIGHT * 0.11)  # to the left of and above this
TAKES_S = 20.0  # by the machine's clock: what a touch brings is there, or the touch was swallowed


@dataclass(frozen=True, slots=True)
class Word:
    """A line of text on the screen and the middle of it, in pixels."""

    text: str
    x: float
    y: float


def is_said(word: Word) -> bool:
    """Whether a line is a sentence of the strip that shows what is being said: top left, over the station's name."""
    return word.y < SAID[1] and word.x < SAID[0] and any(sign in word.text for sign in "，。？！,.?!")


class Remembered:
    """Reading of lines that remembers what it has read: most of a page is the same at the next look, and reads the same.

    It takes the place of rapidocr's reader of lines: finding them costs a quarter of a look, reading them the rest.
    """

    def __init__(self, reads: Any) -> None:
        """reads: rapidocr's TextRecognizer."""
        self._reads = reads
        self._known: dict[tuple[tuple[int, ...], bytes], Any] = {}
        self._told: Any = None  # its last answer, whose form each answer has

    def __call__(self, asked: Any) -> Any:
        """Return what rapidocr would return for the pictures of lines that are asked for."""
        keys = [(picture.shape, picture.tobytes()) for picture in asked.img]
        new = {key: picture for key, picture in zip(keys, asked.img, strict=True) if key not in self._known}
        if new:
            self._told = read = self._reads(replace(asked, img=list(new.values())))
            self._known.update(zip(new, zip(read.txts, read.scores, read.word_results, strict=True), strict=True))
        texts, scores, words = zip(*(self._known[key] for key in keys), strict=True)
        return replace(self._told, imgs=asked.img, txts=texts, scores=scores, word_results=words)


class Screen:
    """Reads with the recogniser that the kiosk itself has for cards. Pictures are kept, numbered, for somebody to look at."""

    def __init__(self, machine: Machine, out: Path) -> None:
        self._machine, self._out, self._number = machine, out, 0
        self._reads = RapidRecogniser(threads=1)
        self._reads._engine.text_rec = Remembered(self._reads._engine.text_rec)
        self.seen: list[Word] = []
        self._last: np.ndarray | None = None

    def keep(self, name: str) -> Path:
        """Take a picture that stays, and read it."""
        self._number += 1
        path = self._machine.screenshot(self._out / f"{self._number:02d}-{name}.png")
        self.read(path)
        return path

    def read(self, path: Path | None = None) -> list[Word]:
        """Read what the screen shows now. A picture like the last one is not read again: that costs as much as the machine does."""
        image = cv2.imread(str(path or self._machine.screenshot(self._out / "now.ppm")))
        if self._last is not None and np.array_equal(image, self._last):
            return self.seen
        self._last = image
        high, wide = image.shape[:2]
        self.seen = [
            Word(line.text, (line.box[0] + line.box[2]) / 2 * wide, (line.box[1] + line.box[3]) / 2 * high)
            for line in self._reads.lines(image)
        ]
        return self.seen

    def find(self, *wanted: str, said: bool = True) -> Word | None:
        """Return the first line of the last reading that holds one of the texts; one that is the text alone goes before.

        said: the strip with what is being said counts too. It is there before its page has faded in, and is no button.
        """
        for text in wanted:
            for word in sorted(self.seen, key=lambda one: len(one.text)):
                if text in word.text.replace(" ", "") and (said or not is_said(word)):
                    return word
        return None

    def until(self, *wanted: str, timeout_s: float = 120.0, said: bool = True) -> Word:
        """Look until one of the texts is there. Raises VmError with what is there instead.

        timeout_s: by the machine's own clock. A busy host makes it slow, and takes nothing away from what it may need.
        """
        waited_s = 0.0
        while True:
            self.read()
            found = self.find(*wanted, said=said)
            if found is not None:
                return found
            if waited_s > timeout_s:
                raise VmError(f"not on the screen within {timeout_s:.0f} s: {wanted}; there: {[one.text for one in self.seen]}")
            self._machine.rest(LOOK_S)
            waited_s += LOOK_S

    def touch_rightmost(self, text: str) -> None:
        """Touch the button of this very text that stands farthest to the right: the rail has the same words on the left."""
        self.until(text)
        same = [one for one in self.seen if "".join(filter(str.isalpha, one.text)).endswith(text)]
        word = max(same, key=lambda one: one.x)
        self.touch_at(word.x, word.y)

    def touch_at(self, x: float, y: float) -> None:
        """Touch a place, not at once: what is hit within half a second of a page's coming counts for nothing."""
        self._machine.rest(NEW_S)
        self._machine.touch(x, y)

    def touch(self, *wanted: str, timeout_s: float = 120.0) -> None:
        """Touch a text once it is there."""
        word = self.until(*wanted, timeout_s=timeout_s, said=False)
        self.touch_at(word.x, word.y)

    def touch_until(self, what: str | tuple[float, float], *wanted: str, tries: int = 4) -> Word:
        """Touch a text, or a place, until another text comes: a page that is drawn anew meanwhile swallows a touch."""
        for last in (False,) * (tries - 1) + (True,):
            if isinstance(what, str):
                self.touch(what)
            else:
                self.touch_at(*what)
            try:
                return self.until(*wanted, timeout_s=TAKES_S)
            except VmError:
                self.keep("a-touch-brought-nothing")
                print(f"  {time.strftime('%H:%M:%S')} ! a touch on {what} brought nothing", flush=True)
                if last:
                    raise
        raise VmError(f"{what}")

    def to_the_end(self) -> None:
        """Pull the scroll bar of a desk's page down as far as it goes; nothing where there is none."""
        x = WIDTH - 10
        self._machine.stroke([(x, 200), (x, 400), (x, 600), (x, HEIGHT - 45)])
        self._machine.rest(1.0)

    def fill(self, label: str, text: str) -> None:
        """Touch the field beside a label, and type on the keyboard that is plugged in. label: as it may be read, by |."""
        word = self.until(*label.split("|"))
        self.touch_at(word.x + 260, word.y)
        self._machine.rest(1.2)
        self._machine.chord("ctrl", "a")
        self._machine.chord("backspace")
        self._machine.keys(text)
        # A touch that follows must not come before the keys: it would meet the keyboard on the screen, which they send away.
        self._machine.rest(1.0)
