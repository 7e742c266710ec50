"""Pictures of resident identity cards held up to a camera, for the demo, training and tests. Never in production.

EVERYTHING DRAWN HERE IS INVENTED AND SAYS SO: a grey figure instead of a portrait, a plain disc instead of the emblem, "样张"
across it. The layout (where which field stands, in millimetres) is what the reader of such cards has to cope with, nothing more.
Whoever holds the card plays the person in front of the machine: the program has to find and read it for itself.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kiosk.camera.opencv import import_cv2
from kiosk.errors import ConfigError

cv2 = import_cv2()

WIDTH_MM, HEIGHT_MM = 85.6, 54.0  # ISO/IEC 7810 ID-1
_SCALE = 12  # pixels a millimetre: 1027 x 648
_SIZE = (round(WIDTH_MM * _SCALE), round(HEIGHT_MM * _SCALE))
_LABEL, _INK = (70, 110, 160), (25, 25, 28)
_SEXES = {"male": "男", "female": "女"}
# GB/T 3304 codes of the demo's cards; a name of a nation is taken as it is.
_NATIONS = {"01": "汉", "02": "蒙古", "03": "回", "04": "藏", "05": "维吾尔", "08": "壮", "11": "满", "15": "土家"}


def draw_front(card: Mapping[str, Any]) -> np.ndarray:
    """Return the side with the person, uint8 BGR, of a card as in `config/demo/cards.toml` (name, sex, nation, born, address,
    id_number). Raises ConfigError when no Chinese font is installed."""
    image, pen = _blank((226, 238, 244), (244, 236, 232))
    born = str(card["born"]).replace("-", "")
    nation = str(card.get("nation", "01"))
    rows = [
        (6.4, "姓名", str(card["name"]), 3.6),
        (13.6, "性别", _SEXES.get(str(card["sex"]), ""), 3.1),
        (20.8, "出生", "", 3.1),
        (28.0, "住址", "", 3.1),
    ]
    for top, label, value, size in rows:
        _text(pen, 5.5, top + 0.3, label, 2.7, _LABEL)
        _text(pen, 15.2, top, value, size, _INK)
    _text(pen, 24.0, 13.9, "民族", 2.7, _LABEL)
    _text(pen, 31.4, 13.6, _NATIONS.get(nation, nation), 3.1, _INK)
    for left, value, after, word in (
        (15.2, born[:4], 24.0, "年"),
        (28.2, str(int(born[4:6])), 33.0, "月"),
        (36.6, str(int(born[6:8])), 41.4, "日"),
    ):
        _text(pen, left, 20.8, value, 3.1, _INK)
        _text(pen, after, 21.1, word, 2.7, _LABEL)
    address = str(card.get("address", ""))
    for row in range(0, len(address), 11):
        _text(pen, 15.2, 28.0 + row / 11 * 4.4, address[row : row + 11], 3.1, _INK)
    _text(pen, 5.5, 45.6, "公民身份号码", 2.7, _LABEL)
    _text(pen, 28.0, 44.9, str(card["id_number"]), 3.9, _INK, spacing=0.55)
    _figure(pen)
    return _bgr(image)


def draw_back(card: Mapping[str, Any]) -> np.ndarray:
    """Return the other side, uint8 BGR: issuer and validity (keys issuer, valid_from, valid_to; valid_to may be 长期)."""
    image, pen = _blank((240, 228, 226), (224, 238, 232))
    pen.ellipse(_px(6.5, 6.0, 20.5, 20.0), fill=(196, 92, 84))
    _text(pen, 27.0, 6.6, "中华人民共和国", 5.2, _INK, spacing=1.0)
    _text(pen, 26.0, 16.2, "居民身份证", 7.6, _INK, spacing=1.7)
    _text(pen, 60.0, 27.5, "样 张", 4.0, (205, 196, 196))
    _text(pen, 18.6, 37.7, "签发机关", 2.9, _INK)
    _text(pen, 33.4, 37.5, str(card["issuer"]), 3.1, _INK)
    _text(pen, 18.6, 44.9, "有效期限", 2.9, _INK)
    until = str(card["valid_to"]).replace("-", ".")
    _text(pen, 33.4, 44.7, f"{str(card['valid_from']).replace('-', '.')}-{until}", 3.1, _INK)
    return _bgr(image)


def hold_up(
    image: np.ndarray,
    background: np.ndarray,
    *,
    centre: tuple[float, float] = (0.5, 0.5),
    width: float = 0.62,
    roll_deg: float = 0.0,
    yaw_deg: float = 0.0,
    pitch_deg: float = 0.0,
    fingers: bool = True,
) -> np.ndarray:
    """Return a copy of `background` (uint8 BGR) with the card held in front of it, as a camera sees it.

    centre, width: where and how large, in shares of the frame's width and height (width: of the frame's width). Angles: the
    card's own, about its centre, seen in perspective. fingers: a thumb and fingertips hold its edges.
    """
    height_px, width_px = background.shape[:2]
    corners = _corners((width_px, height_px), centre, width, roll_deg, yaw_deg, pitch_deg)
    h, w = image.shape[:2]
    source = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32)
    length = float(np.linalg.norm(corners[1] - corners[0]))
    if length < 0.6 * w:  # shrink before warping: a camera's lens averages, a warp only picks pixels
        image = cv2.resize(image, None, fx=length / w, fy=length / w, interpolation=cv2.INTER_AREA)
        source *= length / w
    matrix = cv2.getPerspectiveTransform(source, corners)
    card = cv2.warpPerspective(image, matrix, (width_px, height_px), flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(_rounded(image.shape[:2]), matrix, (width_px, height_px), flags=cv2.INTER_LINEAR)
    shadow = cv2.GaussianBlur(mask, (0, 0), max(2.0, 0.012 * width_px))
    shadow = np.roll(shadow, (round(0.012 * height_px), round(0.006 * width_px)), (0, 1))
    out = background.astype(np.float32) * (1.0 - 0.45 * shadow[..., None])
    out = out * (1.0 - mask[..., None]) + card.astype(np.float32) * mask[..., None]
    out8: np.ndarray = np.clip(out, 0, 255).astype(np.uint8)
    if fingers:
        _fingers(out8, corners)
    return out8


# ---- inside


@lru_cache(maxsize=32)
def font(pixels: int) -> ImageFont.FreeTypeFont:
    """Return a font with Chinese letters of a height in pixels. Raises ConfigError when none is installed."""
    names = ["msyh.ttc", "simhei.ttf", "NotoSansCJK-Regular.ttc"]
    try:
        found = subprocess.run(
            ["fc-match", "-f", "%{file}", "Noto Sans CJK SC:lang=zh-cn"], capture_output=True, text=True, timeout=10, check=True
        )
        names.insert(0, found.stdout)
    except (OSError, subprocess.SubprocessError):
        pass  # no fontconfig (Windows): PIL looks in the system's folder itself
    for name in names:
        try:
            font = ImageFont.truetype(name, pixels, index=2 if "CJK" in name else 0)  # 2: the Simplified Chinese face
        except OSError:
            continue
        if font.getmask("永").getbbox() != font.getmask("\uffff").getbbox():
            return font
    raise ConfigError("no Chinese font is installed")


def _blank(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A pale two-coloured ground with fine waves."""
    w, h = _SIZE
    x, y = np.meshgrid(np.arange(w), np.arange(h))
    share = (0.5 + 0.5 * np.cos(np.pi * (x / w + 0.3 * y / h)))[..., None]
    ground = np.array(one) * share + np.array(other) * (1 - share)
    ground += 3.0 * np.sin(0.09 * y + 2.2 * np.sin(0.021 * x))[..., None]
    image = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    return image, ImageDraw.Draw(image)


def _text(
    pen: ImageDraw.ImageDraw, left: float, top: float, text: str, size: float, ink: tuple[int, int, int], spacing: float = 0.0
) -> None:
    """Write `text`; left, top, size and extra spacing in millimetres."""
    face = font(round(size * _SCALE))
    if not spacing:
        pen.text((left * _SCALE, (top - 0.3 * size) * _SCALE), text, ink, face)
        return
    for character in text:
        pen.text((left * _SCALE, (top - 0.3 * size) * _SCALE), character, ink, face)
        left += pen.textlength(character, face) / _SCALE + spacing


def _figure(pen: ImageDraw.ImageDraw) -> None:
    """Where a portrait would be: nobody."""
    pen.ellipse(_px(63.5, 10.5, 75.5, 26.0), fill=(172, 176, 182))
    pen.pieslice(_px(57.5, 26.5, 81.5, 54.0), 180, 360, fill=(158, 162, 170))
    _text(pen, 65.2, 31.0, "样张", 4.2, (190, 194, 200))


def _px(*mm: float) -> tuple[float, ...]:
    return tuple(value * _SCALE for value in mm)


def _bgr(image: Image.Image) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _rounded(shape: tuple[int, int]) -> np.ndarray:
    h, w = shape
    mask = Image.new("L", (w, h), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, w - 1, h - 1), radius=round(3.18 / WIDTH_MM * w), fill=255)
    return np.asarray(mask).astype(np.float32) / 255.0


def _corners(
    size: tuple[int, int], centre: tuple[float, float], width: float, roll_deg: float, yaw_deg: float, pitch_deg: float
) -> np.ndarray:
    """Return the card's four corners in the frame, (4, 2) float32 clockwise from its own top left: a pinhole camera."""
    half = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float) * (WIDTH_MM / 2, HEIGHT_MM / 2)
    points = np.c_[half, np.zeros(4)]
    roll, yaw, pitch = np.radians((roll_deg, yaw_deg, pitch_deg))
    about_z = np.array([(np.cos(roll), -np.sin(roll), 0), (np.sin(roll), np.cos(roll), 0), (0, 0, 1)])
    about_y = np.array([(np.cos(yaw), 0, np.sin(yaw)), (0, 1, 0), (-np.sin(yaw), 0, np.cos(yaw))])
    about_x = np.array([(1, 0, 0), (0, np.cos(pitch), -np.sin(pitch)), (0, np.sin(pitch), np.cos(pitch))])
    points = points @ (about_x @ about_y @ about_z).T
    focal = 1.1 * size[0]  # about 49 degrees wide, as webcams are
    away = focal * WIDTH_MM / (width * size[0])
    flat = points[:, :2] * focal / (away + points[:, 2:3])
    corners: np.ndarray = (flat + np.array(centre) * size).astype(np.float32)
    return corners


def _fingers(frame: np.ndarray, corners: np.ndarray) -> None:
    """A thumb on the lower edge and fingertips behind the right one, over the card's margin only."""
    width = float(np.linalg.norm(corners[1] - corners[0]))
    for start, end, share, size in ((3, 2, 0.80, 0.042), (1, 2, 0.55, 0.026), (1, 2, 0.68, 0.027), (1, 2, 0.81, 0.026)):
        along = corners[end] - corners[start]
        out = np.array((along[1], -along[0])) / max(float(np.linalg.norm(along)), 1.0)
        if float(np.dot(out, corners[start] - corners.mean(axis=0))) < 0:
            out = -out
        at = corners[start] + share * along + out * size * width * 0.75
        axes = (round(size * width * 1.5), round(size * width))
        angle = float(np.degrees(np.arctan2(out[1], out[0])))
        cv2.ellipse(frame, (round(float(at[0])), round(float(at[1]))), axes, angle, 0, 360, (132, 160, 206), -1, cv2.LINE_AA)
