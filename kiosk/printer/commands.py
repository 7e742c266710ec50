"""A slip as the bytes an ESC/POS printer takes. No device here; called by `printer.py` and by tests.

Chinese printers hold the characters of GB 18030 themselves and take them as raw bytes after FS & (Chinese mode); python-escpos
knows code pages only, so text goes past it. Characters outside the two-byte table (rare names) make the text a picture.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import warnings
from typing import Any

from kiosk.config import Printer
from kiosk.errors import ConfigError
from kiosk.printer.raster import qr_image, text_image
from kiosk.printer.slip import DOTS, Align, Line, Slip, layout

_INIT = b"\x1b@"
_CHINESE_ON, _CHINESE_OFF = b"\x1c&", b"\x1c."
_ALIGN = {Align.LEFT: b"\x1ba\x00", Align.CENTRE: b"\x1ba\x01"}
# GS ! for what has one byte, FS ! for Chinese; printers that apply GS ! to both take the second as a repetition.
_LARGE, _NORMAL = b"\x1d!\x11\x1c!\x0c", b"\x1d!\x00\x1c!\x00"
_PROFILES = {58: "Sunmi-V2", 80: "TM-T20II"}  # of python-escpos' table: 384 and 576 dots


def slip_bytes(slip: Slip, settings: Printer) -> bytes:
    """Return everything to send for one slip. Raises DeviceError when text must become a picture
    and no font is there, ConfigError on an unknown profile."""
    lines = layout(slip, settings.width_mm)
    code = next(at for at, line in enumerate(lines) if line.qr)
    pen = composer(settings)
    pen._raw(_INIT)
    _text(pen, lines[:code], settings)
    pen._raw(_ALIGN[Align.CENTRE])
    if settings.native_qr:
        pen.qr(slip.qr_text, ec=1, size=5, native=True)
        pen._raw(b"\n")
    else:
        pen.image(qr_image(slip.qr_text, DOTS[settings.width_mm]), impl="bitImageRaster")
    _text(pen, lines[code + 1 :], settings)
    if settings.cut:
        pen.cut()
    else:
        pen._raw(b"\n" * 5)  # past the tear bar
    out: bytes = pen.output
    return out


def composer(settings: Printer) -> Any:
    """Return a python-escpos Dummy that gathers bytes. Raises ConfigError on a profile that it does not know."""
    profile = settings.profile or _PROFILES[settings.width_mm]
    kinds = escpos_printers()
    from escpos.capabilities import CAPABILITIES

    if profile not in CAPABILITIES["profiles"]:
        raise ConfigError(f"printer.profile: {profile} is none of python-escpos' profiles")
    return kinds.Dummy(profile=profile)


def escpos_printers() -> Any:
    """Return the module `escpos.printer`, imported without its side effects (about two seconds the first time).

    WORKAROUND: importing escpos.capabilities calls logging.basicConfig, which would let other libraries' lines past our
    allow-list, and leaves a directory with a pickle in the system's temporary folder.
    """
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    make, here = tempfile.mkdtemp, threading.get_ident()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tempfile.mkdtemp = lambda *args, **more: folder if threading.get_ident() == here else make(*args, **more)  # type: ignore[assignment]
        try:
            import escpos.printer
        finally:
            tempfile.mkdtemp = make
            for handler in [one for one in root.handlers if one not in handlers]:
                root.removeHandler(handler)
            root.setLevel(level)
    return escpos.printer


def _text(pen: Any, lines: tuple[Line, ...], settings: Printer) -> None:
    if settings.text == "image" or not all(map(_in_table, lines)):
        pen._raw(_ALIGN[Align.LEFT])
        pen.image(text_image(lines, settings.width_mm), impl="bitImageRaster")
        return
    pen._raw(_CHINESE_ON)
    for line in lines:
        size = _LARGE if line.large else _NORMAL
        pen._raw(_ALIGN[line.align] + size + line.text.encode("gb18030") + b"\n")
    pen._raw(_NORMAL + _CHINESE_OFF)


def _in_table(line: Line) -> bool:
    try:
        line.text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
