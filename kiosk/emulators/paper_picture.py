"""Sheets of paper before a camera, for the demo, training and tests. Never in production.

EVERYTHING DRAWN HERE IS INVENTED AND SAYS SO: a letter of nobody, with "样张" across it.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from kiosk.camera.opencv import import_cv2
from kiosk.emulators import card_picture

cv2 = import_cv2()

A4_MM = (210.0, 297.0)
_PX = 6  # pixels a millimetre
BODY = (
    "兹委托代办人办理本年度养老待遇资格认证。委托人身体健康，因行动不便不能亲自前来，所附材料真实有效，如有不实愿意承担责任。"
    "本页为示例，内容纯属虚构，不指向任何人。"
)


def draw_page(
    title: str = "委托书", *, print_mm: float = 6.0, paper: int = 226, empty: bool = False, sideways: bool = False
) -> np.ndarray:
    """Return a printed sheet, uint8 BGR. print_mm: height of a character; paper: its grey; sideways: A4 lying."""
    w, h = (round(side * _PX) for side in (A4_MM[::-1] if sideways else A4_MM))
    image = Image.new("RGB", (w, h), (paper, paper, max(0, paper - 4)))
    if not empty:
        pen = ImageDraw.Draw(image)
        font, head = card_picture.font(round(print_mm * _PX)), card_picture.font(round(1.8 * print_mm * _PX))
        pen.text((w * 0.36, h * 0.07), title, (20, 20, 24), head)
        pen.text((w * 0.72, h * 0.02), "样张", (150, 150, 156), font)
        a_line, top = int(w * 0.8 / (print_mm * _PX)), h * 0.17
        text = BODY * 30
        for row in range(int(h * 0.72 / (print_mm * _PX * 1.7))):
            pen.text((w * 0.1, top), text[row * a_line : (row + 1) * a_line], (28, 28, 32), font)
            top += print_mm * _PX * 1.7
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def draw_photo(portrait: str, sharp: float = 0.0) -> np.ndarray:
    """Return a one-inch photo (25 x 35 mm) on a card, uint8 BGR. portrait: a file. sharp: how far it is out of focus, in pixels."""
    image = cv2.imread(portrait)
    if image is None:
        raise ValueError(f"{portrait} is no picture")
    scale = 16  # pixels a millimetre
    wide, high = 25 * scale, 35 * scale
    height, width = image.shape[:2]
    part = min(width, round(height * wide / high))
    left, top = (width - part) // 2, 0
    photo = cv2.resize(image[top : top + round(part * high / wide), left : left + part], (wide, high), interpolation=cv2.INTER_AREA)
    if sharp:
        photo = cv2.GaussianBlur(photo, (0, 0), sharp)
    page = np.full((50 * scale, 40 * scale, 3), 232, np.uint8)
    y, x = (page.shape[0] - high) // 2, (page.shape[1] - wide) // 2
    page[y : y + high, x : x + wide] = photo
    return page


def lay(
    page_bgr: np.ndarray,
    size: tuple[int, int] = (1280, 720),
    *,
    share: float = 0.92,
    roll_deg: float = 0.0,
    pitch: float = 0.0,
    light: float = 1.0,
    blur: float = 0.0,
    glare: float = 0.0,
    noise: float = 2.0,
    table: int = 92,
    seed: int = 0,
) -> np.ndarray:
    """Return a frame with the sheet on a table, uint8 BGR (height, width, 3), as a camera above it sees it.

    share: of the frame's height that the sheet's longer diagonal side fills; pitch: how much narrower the far side is, 0..0.4.
    light: 1 as an office's lamp; blur: sigma in pixels; glare: strength of a shining spot, 0..1.
    """
    rng = np.random.default_rng(seed)
    width, height = size
    frame = np.full((height, width, 3), table, np.float32) + np.linspace(-14, 14, width)[None, :, None]
    h, w = page_bgr.shape[:2]
    scale = share * min(height / h, width / w)
    half = np.array([(-w, -h), (w, -h), (w, h), (-w, h)], float) * scale / 2
    half[:2, 0] *= 1 - pitch
    turn = np.radians(roll_deg)
    about = np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
    corners = (half @ about.T + np.array([width / 2, height / 2])).astype(np.float32)
    small = cv2.resize(page_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    sh, sw = small.shape[:2]
    matrix = cv2.getPerspectiveTransform(np.array([(0, 0), (sw, 0), (sw, sh), (0, sh)], np.float32), corners)
    sheet = cv2.warpPerspective(small, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32)
    mask = cv2.warpPerspective(np.ones((sh, sw), np.float32), matrix, size)[..., None]
    frame = frame * (1 - mask) + sheet * mask
    if glare:
        y, x = np.mgrid[0:height, 0:width]
        spot = np.exp(-(((x - width * 0.5) / (width * 0.07)) ** 2 + ((y - height * 0.42) / (height * 0.12)) ** 2))
        frame += 330.0 * glare * spot[..., None]
    frame *= light
    if blur:
        frame = cv2.GaussianBlur(frame, (0, 0), blur)
    frame += rng.normal(0, noise, frame.shape)
    out: np.ndarray = np.clip(frame, 0, 255).astype(np.uint8)
    return out
