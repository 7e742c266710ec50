"""A slip as the bytes an ESC/POS printer takes. No device here; called by `printer.py` and by tests.

Epson's command set as every slip printer speaks it. Chinese printers hold the characters of GB 18030 themselves and take them as
raw bytes after FS & (Chinese mode). Characters outside the two-byte table (rare names) make the text a picture.
"""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image, ImageOps

from kiosk.config import Printer
from kiosk.printer.raster import qr_image, text_image
from kiosk.printer.slip import DOTS, Align, Line, Slip, layout

_INIT = b"\x1b@"
_CHINESE_ON, _CHINESE_OFF = b"\x1c&", b"\x1c."
_ALIGN = {Align.LEFT: b"\x1ba\x00", Align.CENTRE: b"\x1ba\x01"}
# GS ! for what has one byte, FS ! for Chinese; printers that apply GS ! to both take the second as a repetition.
_LARGE, _NORMAL = b"\x1d!\x11\x1c!\x0c", b"\x1d!\x00\x1c!\x00"
_FEED_AND_CUT = b"\x1bd\x06\x1dV\x00"  # six lines, so that the last one is past the knife
_PICTURE_ROWS = 960  # a printer's buffer holds no taller picture: it goes in strips
_QR_DOTS = 5  # a module of the printer's own code


def slip_bytes(slip: Slip, settings: Printer) -> bytes:
    """Return everything to send for one slip. Raises DeviceError when text must become a picture and no font is there."""
    lines = layout(slip, settings.width_mm)
    code = next(at for at, line in enumerate(lines) if line.qr)
    parts = [_INIT, *_text(lines[:code], settings), _ALIGN[Align.CENTRE]]
    if settings.native_qr:
        parts += [*_native_qr(slip.qr_text.encode()), b"\n"]
    else:
        parts += _picture(qr_image(slip.qr_text, DOTS[settings.width_mm]))
    parts += _text(lines[code + 1 :], settings)
    parts.append(_FEED_AND_CUT if settings.cut else b"\n" * 5)  # without a cutter: past the tear bar
    return b"".join(parts)


def _text(lines: tuple[Line, ...], settings: Printer) -> Iterator[bytes]:
    if settings.text == "image" or not all(map(_in_table, lines)):
        yield _ALIGN[Align.LEFT]
        yield from _picture(text_image(lines, settings.width_mm))
        return
    yield _CHINESE_ON
    for line in lines:
        yield _ALIGN[line.align] + (_LARGE if line.large else _NORMAL) + line.text.encode("gb18030") + b"\n"
    yield _NORMAL + _CHINESE_OFF


def _in_table(line: Line) -> bool:
    try:
        line.text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _picture(image: Image.Image) -> Iterator[bytes]:
    """Yield GS v 0 for each strip of a 1-bit picture: a set bit prints a dot, rows are filled up to whole bytes with white."""
    dots = ImageOps.invert(image.convert("L")).convert("1")
    for top in range(0, dots.height, _PICTURE_ROWS):
        strip = dots.crop((0, top, dots.width, min(top + _PICTURE_ROWS, dots.height)))
        yield b"\x1dv0\x00" + _two((strip.width + 7) // 8) + _two(strip.height) + strip.tobytes()


def _native_qr(data: bytes) -> Iterator[bytes]:
    """Yield GS ( k: model 2, size of a module, error correction M, the data (UTF-8), print."""
    for function in (b"A2\x00", b"C" + bytes([_QR_DOTS]), b"E1", b"P0" + data, b"Q0"):
        yield b"\x1d(k" + _two(1 + len(function)) + b"1" + function


def _two(number: int) -> bytes:
    return number.to_bytes(2, "little")
