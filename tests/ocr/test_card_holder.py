"""The demo's card, held up before a small camera, is found and read as any other: front, back, person."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from kiosk.camera.frame import Frame
from kiosk.config import CONFIG
from kiosk.emulators.card_holder import CardHolder
from kiosk.ocr.card_ocr import CardOcr, CardScan
from tests.forms import WHOLE
from tests.ocr.pictures import scene

CARDS = tomllib.loads((CONFIG / "demo" / "cards.toml").read_text(encoding="utf-8"))["cards"]


class Room:
    """640 x 480, as the puppet's camera; a second between two frames."""

    name = "room"

    def __init__(self):
        self.seq, self.opened = 0, 0
        self.rng = np.random.default_rng(8)
        self.image = scene("room", self.rng, (640, 480))

    def open(self):
        self.opened += 1

    def close(self):
        self.opened -= 1

    def read(self):
        self.seq += 1
        noisy = self.image + self.rng.normal(0, 2, self.image.shape)
        return Frame(np.clip(noisy, 0, 255).astype(np.uint8), float(self.seq), self.seq)


@pytest.mark.parametrize("key", ["chen", "li"] if WHOLE else ["li"])
def test_the_demo_can_show_a_card(recogniser, key):
    camera = CardHolder(Room())
    camera.open()
    bare = camera.read()
    scan = CardScan(CardOcr(recogniser))
    camera.hold(CARDS[key], "front")
    for _ in range(5):
        if scan.front is None:
            scan.step(camera.read())
    assert scan.front is not None
    camera.hold(CARDS[key], "back")
    for _ in range(5):
        if scan.back is None:
            scan.step(camera.read())
    assert (scan.result.name, scan.result.id_number) == (CARDS[key]["name"], CARDS[key]["id_number"])
    camera.put_away()
    after = camera.read()
    assert np.abs(after.image_bgr.astype(int) - bare.image_bgr).mean() < 5
    camera.close()
    assert camera.inner.opened == 0
