"""Papers before the camera: found and straightened however they lie, and what cannot be read is told by its reason.

All rendered."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kiosk.emulators.paper_picture import draw_page, lay
from kiosk.ocr import paper
from kiosk.ocr.paper import Flaw

HD = (1280, 720)


@pytest.fixture(scope="module")
def sheet():
    return draw_page()


def corners(**how) -> np.ndarray:
    """Where the sheet's corners are in the frame, found by laying a white sheet on a black table."""
    white = np.full((1782, 1260, 3), 255, np.uint8)
    mask = lay(white, HD, noise=0, table=0, **how)[:, :, 0] > 200
    (contour, *_), _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return cv2.approxPolyDP(contour, 20, True).reshape(-1, 2)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"roll_deg": -30, "share": 0.7},
        {"roll_deg": 8, "pitch": 0.25},
        {"pitch": 0.4},
        {"table": 30},
        {"table": 170, "seed": 3},
    ],
    ids=str,
)
def test_the_outline_is_found_however_the_sheet_lies(sheet, how):
    quad = paper.find(lay(sheet, HD, **how))
    true = corners(**{key: value for key, value in how.items() if key != "table"})
    assert quad is not None
    assert all(np.linalg.norm(true - corner, axis=1).min() < 8 for corner in quad)


def test_a_tilted_page_is_straight_and_legible(sheet):
    page = paper.take([lay(sheet, HD, roll_deg=9, pitch=0.3)])
    assert page.flaws == ()
    height, width = page.image_bgr.shape[:2]
    assert 1.2 < height / width < 1.6  # A4: 1.41
    grey = cv2.cvtColor(page.image_bgr, cv2.COLOR_BGR2GRAY)
    rim = np.concatenate([grey[:, 4:10].ravel(), grey[:, -10:-4].ravel(), grey[4:10].ravel(), grey[-10:-4].ravel()])
    assert np.median(rim) > 200  # paper up to the edge, no table


@pytest.mark.parametrize(
    ("how", "flaw"),
    [
        ({"light": 0.3}, Flaw.TOO_DARK),
        ({"glare": 0.5}, Flaw.GLARE),
        ({"blur": 3.0}, Flaw.BLURRED),
        ({"blur": 6.0}, Flaw.BLURRED),
        ({"share": 0.62, "blur": 0.8}, Flaw.TOO_FAR),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_told_by_its_reason(how, flaw):
    page = paper.take([lay(draw_page(print_mm=5.0), HD, **how)])
    assert page.flaws[:1] == (flaw,)


def test_small_print_is_too_far_and_a_larger_camera_reads_it():
    small = draw_page(print_mm=2.6)  # 7 pixels high; a lens blurs by one
    assert paper.take([lay(small, HD, blur=1.0, roll_deg=3.0)]).flaws == (Flaw.TOO_FAR,)
    assert paper.take([lay(small, (1920, 1080), blur=1.0, roll_deg=3.0)]).flaws == ()


def test_an_empty_sheet_is_told():
    assert paper.take([lay(draw_page(empty=True), HD)]).flaws == (Flaw.EMPTY,)


def test_without_a_sheet_there_is_no_page():
    empty = np.full((720, 1280, 3), 96, np.uint8)
    room = np.clip(np.random.default_rng(1).normal(120, 40, (720, 1280, 3)), 0, 255).astype(np.uint8)
    for frame in (empty, cv2.GaussianBlur(room, (0, 0), 9)):
        assert paper.find(frame) is None
        assert paper.take([frame]) is None


def test_a_face_before_the_camera_is_no_page():
    frame = np.full((720, 1280, 3), (90, 110, 120), np.uint8)
    cv2.ellipse(frame, (640, 330), (170, 230), 0, 0, 360, (150, 175, 210), -1)
    for x in (575, 705):
        cv2.circle(frame, (x, 290), 22, (40, 40, 40), -1)
    cv2.ellipse(frame, (640, 450), (70, 26), 0, 0, 180, (70, 70, 150), -1)
    assert paper.take([cv2.GaussianBlur(frame, (0, 0), 2)]) is None


def test_the_sharpest_of_several_frames_is_taken(sheet):
    soft, sharp = lay(sheet, HD, blur=3.0), lay(sheet, HD)
    for frames in ([soft, sharp], [sharp, soft]):
        assert paper.take(frames).flaws == ()


def test_a_page_lying_sideways_is_legible(sheet):
    assert paper.take([lay(np.ascontiguousarray(np.rot90(sheet)), HD)]).flaws == ()


def test_no_page_is_larger_than_may_be_sent(sheet):
    page = paper.take([lay(sheet, HD)])
    data = paper.encode(page.image_bgr)
    assert data[:3] == b"\xff\xd8\xff"
    assert len(data) <= paper.MAX_PAGE == 500_000
    noise = np.random.default_rng(0).integers(0, 256, (3000, 2200, 3)).astype(np.uint8)  # what compresses worst
    packed = paper.encode(noise)
    assert len(packed) <= paper.MAX_PAGE
    assert cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR) is not None
