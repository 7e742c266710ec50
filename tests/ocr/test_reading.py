"""Cards of invented people read from pictures by the real recogniser: how many are right, and that none is wrong."""

from __future__ import annotations

import ast
import random
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kiosk.camera.frame import Frame
from kiosk.config import CONFIG
from kiosk.domain.person import IdentifiedBy
from kiosk.domain.take_view import CardGuidance, Side
from kiosk.emulators.card_picture import draw_back, draw_front
from kiosk.errors import KioskError, ModelError
from kiosk.ocr import recogniser as recogniser_file
from kiosk.ocr.card_ocr import CardOcr, CardScan
from kiosk.ocr.recogniser import RapidRecogniser
from tests.ocr.pictures import Spoilt, invent, judged, picture, right_person, scene, session, spoil_at_random

DEMO = tomllib.loads((CONFIG / "demo" / "cards.toml").read_text(encoding="utf-8"))["cards"]


@pytest.mark.parametrize("key", ["chen", "zhuang"])
def test_the_demos_cards(recogniser, key):
    card = DEMO[key]
    scan = CardScan(CardOcr(recogniser))
    for at in range(8):
        draw = draw_front if scan.front is None else draw_back
        view = scan.step(Frame(picture(draw(card), Spoilt(noise=3, roll_deg=at), at), at * 0.5, at))
        if view.done:
            break
    assert view.done
    assert at <= 5  # two pictures a side; the noise may cost one
    assert view.progress == 1
    assert (scan.result.name, scan.result.id_number) == (card["name"], card["id_number"])
    assert scan.result.identified_by is IdentifiedBy.OCR
    assert view.masked_name
    assert card["name"] not in view.masked_name
    assert view.number_tail == card["id_number"][-4:]
    assert card["id_number"] not in repr(view) + repr(scan.front) + repr(scan.result)


def test_most_pictures_are_read_and_none_wrongly(recogniser):
    """Measured over more of them by `python -m tests.ocr.pictures`; the figures are in the report and in docs."""
    rng, verdicts = random.Random(20), Counter()
    for number in range(8):
        card, spoilt = invent(rng), spoil_at_random(rng)
        draw = (draw_front, draw_back)[number % 2]
        verdicts[judged(CardOcr(recogniser).read(picture(draw(card), spoilt, number)), card)] += 1
    assert verdicts["wrong"] == 0, verdicts
    assert verdicts["right"] >= 5, verdicts


def test_what_nobody_could_read_gives_no_person(recogniser):
    rng, verdicts = random.Random(21), Counter()
    for number in range(3):
        card, spoilt = invent(rng), spoil_at_random(rng, 2.5)
        verdicts[judged(CardOcr(recogniser).read(picture(draw_front(card), spoilt, number)), card)] += 1
    assert verdicts["wrong"] == 0, verdicts


def test_a_session_ends_with_the_person_on_the_card(recogniser):
    rng, card = random.Random(22), invent(random.Random(22))
    scan, _ = session(CardOcr(recogniser), card, rng, 8)
    assert scan.result is not None
    assert right_person(scan, card)


def test_upside_down(recogniser):
    reading = CardOcr(recogniser).read(picture(draw_front(DEMO["chen"]), Spoilt(roll_deg=176, noise=3)))
    assert judged(reading, DEMO["chen"]) == "right"


def test_a_card_whose_number_does_not_fit_is_never_used(recogniser):
    """config/demo/cards.toml's oddities: a wrong check character and a birthday that does not exist."""
    ocr, card = CardOcr(recogniser), DEMO["oddities"] | {"sex": "female"}
    scan = CardScan(ocr)
    for at in range(2):
        view = scan.step(Frame(picture(draw_front(card), Spoilt(noise=3), at), at * 0.5, at))
    assert scan.front is None
    assert scan.result is None
    assert view.side is Side.FRONT
    assert view.progress == 0


def test_the_back_first_asks_to_turn_it(recogniser):
    scan = CardScan(CardOcr(recogniser))
    for at in range(2):
        view = scan.step(Frame(picture(draw_back(DEMO["chen"]), Spoilt(noise=3), at), at * 2.0, at))
    assert view.guidance is CardGuidance.OTHER_SIDE
    assert view.progress == 0


def test_a_page_of_text_is_no_card(recogniser):
    from PIL import Image, ImageDraw

    from kiosk.emulators.card_picture import font

    page = Image.new("RGB", (1280, 720), (245, 245, 240))
    pen = ImageDraw.Draw(page)
    for row in range(7):
        pen.text((60, 20 + row * 100), "养老金领取资格认证每年一次不收取任何费用请本人到场" * 2, (20, 20, 20), font(24))
    reading = CardOcr(recogniser).read(np.ascontiguousarray(np.asarray(page)[:, :, ::-1]))
    assert reading.front is None
    assert reading.back is None


BAD = {
    "none": None,
    "text": "card",
    "list": [[0]],
    "empty": np.zeros((0, 0, 3), np.uint8),
    "no-width": np.zeros((720, 0, 3), np.uint8),
    "one-pixel": np.zeros((1, 1, 3), np.uint8),
    "sliver": np.zeros((3, 4000, 3), np.uint8),
    "gray": np.zeros((480, 640), np.uint8),
    "alpha": np.zeros((480, 640, 4), np.uint8),
    "float": np.zeros((480, 640, 3), np.float32),
    "nan": np.full((480, 640, 3), np.nan),
    "int64": np.zeros((480, 640, 3), np.int64),
    "object": np.full((9, 9, 3), None, object),
    "huge": np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (60_000, 60_000, 3)),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_what_is_no_picture_raises_nothing_but_a_kiosk_error(recogniser, name):
    scan = CardScan(CardOcr(recogniser))
    try:
        scan.step(Frame(BAD[name], 0.0, 0))
    except KioskError:
        pass
    assert scan.result is None


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: np.zeros((720, 1280, 3), np.uint8),
        lambda rng: np.full((720, 1280, 3), 255, np.uint8),
        lambda rng: rng.integers(0, 256, (720, 1280, 3), dtype=np.uint8),
        lambda rng: scene("room", rng, (4000, 3000)),
        lambda rng: np.tile(np.array([[0, 255], [255, 0]], np.uint8).repeat(8, 0).repeat(8, 1), (45, 80))[..., None].repeat(3, 2),
        lambda rng: scene("room", rng)[:, ::-1].transpose(1, 0, 2),  # not contiguous
    ],
    ids=["black", "white", "noise", "12-megapixels", "chequers", "strided"],
)
def test_pictures_without_a_card_give_no_person(recogniser, make):
    reading = CardOcr(recogniser).read(make(np.random.default_rng(3)))
    assert reading.front is None
    assert reading.back is None
    assert reading.guidance is not None


def test_missing_or_damaged_weights_are_a_model_error_and_never_fetched(tmp_path):
    with pytest.raises(ModelError):
        RapidRecogniser(folder=tmp_path)
    for name in (recogniser_file.DETECTOR, recogniser_file.READER):
        (tmp_path / name).write_bytes(b"not a model")
    with pytest.raises(ModelError):
        RapidRecogniser(folder=tmp_path)
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"not a model"}


def test_reading_opens_no_connection_and_keeps_no_file(tmp_path):
    """Sockets and writes are audited by the interpreter itself (PEP 578), rapidocr's own included."""
    script = f"""
import sys, tomllib
seen = []
def audit(event, args):
    # urllib3 binds (never connects) a socket when it is imported, to learn whether there is IPv6.
    network = event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname")
    if network or (event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")):
        seen.append((event, str(args[:2])))
from kiosk.ocr.recogniser import RapidRecogniser
from kiosk.ocr.card_ocr import CardOcr
from kiosk.emulators.card_picture import draw_front, hold_up
import numpy as np
card = hold_up(draw_front({DEMO["chen"]!r}), np.full((720, 1280, 3), 90, np.uint8))
sys.addaudithook(audit)
reading = CardOcr(RapidRecogniser()).read(card)
assert reading.front.usable
print(seen)
"""
    done = subprocess.run(
        [sys.executable, "-B", "-c", script],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        cwd=Path(recogniser_file.__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert ast.literal_eval(done.stdout.strip().splitlines()[-1]) == []
    assert "陈小芳" not in done.stdout + done.stderr
    assert "440305" not in done.stdout + done.stderr
