"""Pictures for the slip: the QR code, and text for printers (or names) without Chinese. For `commands.py` and the result page."""

from __future__ import annotations

import subprocess
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from kiosk.errors import DeviceError
from kiosk.printer.slip import DOTS, Align, Line

_LINE_DOTS = 24  # font A with Chinese: 24 x 24 dots
_LEADING = 8
_QUIET = 4  # modules of white around a code (ISO/IEC 18004)
_FONTS = ("msyh.ttc", "simsun.ttc", "simhei.ttf", "NotoSansCJK-Regular.ttc", "wqy-microhei.ttc")


def qr_image(text: str, width: int) -> Image.Image:
    """Return the code as a 1-bit picture at most `width` dots wide, each module a whole number of dots. Text is UTF-8."""
    import segno

    code = segno.make(text, error="m", micro=False, encoding="utf-8")
    modules = [list(row) for row in code.matrix]
    size = len(modules) + 2 * _QUIET
    dots = max(1, min(8, width // size))
    image = Image.new("1", (size, size), 1)
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            if dark:
                image.putpixel((x + _QUIET, y + _QUIET), 0)
    return image.resize((size * dots, size * dots), Image.Resampling.NEAREST)


def text_image(lines: tuple[Line, ...], width_mm: int) -> Image.Image:
    """Return lines without a code as a 1-bit picture as wide as the paper. Raises DeviceError without a Chinese font."""
    width = DOTS[width_mm]
    heights = [(2 if line.large else 1) * _LINE_DOTS + _LEADING for line in lines]
    gray = Image.new("L", (width, sum(heights)), 255)
    pen = ImageDraw.Draw(gray)
    top = 0
    for line, height in zip(lines, heights, strict=True):
        if set(line.text) == {"-"}:
            pen.line((0, top + height // 2, width, top + height // 2), fill=0, width=2)
        else:
            font = _font(_LINE_DOTS * (2 if line.large else 1) - 2)
            length = pen.textlength(line.text, font)
            if length > width:  # a proportional font may be wider than the columns counted
                font = _font(max(12, int(font.size * width / length)))
                length = pen.textlength(line.text, font)
            left = (width - length) / 2 if line.align is Align.CENTRE else 0
            pen.text((left, top - 2), line.text, fill=0, font=font)
        top += height
    return gray.point(lambda value: 255 if value > 140 else 0).convert("1")


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    for name in (*_from_fontconfig(), *_FONTS):
        try:
            return ImageFont.truetype(name, size, index=2 if "CJK" in name else 0)  # 2: the Simplified Chinese face
        except OSError:
            continue
    raise DeviceError("no Chinese font for the slip", reason="printer-unavailable")


@lru_cache(maxsize=1)
def _from_fontconfig() -> tuple[str, ...]:
    """Ask the system which file holds Chinese; nothing where there is no fontconfig (Windows: PIL looks by name)."""
    try:
        found = subprocess.run(
            ["fc-match", "-f", "%{file}", "sans:lang=zh-cn"],  # noqa: S607  # on the path of every desktop
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return (found.stdout,) if found.stdout else ()
