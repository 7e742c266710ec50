"""F9: what a decoder wrote says itself how it is laid out; what is no photo is refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.errors import DeviceError
from kiosk.idcard_reader.bitmap import HEIGHT, RGB_SIZE, WIDTH, picture


def colour(x: float, y: float) -> tuple[int, int, int]:
    """Of a point of the picture, both from 0 to 1: redder to the right, greener to the bottom."""
    return int(120 + 100 * x), int(40 + 150 * y), 60


def bmp(
    width: int = WIDTH,
    height: int = HEIGHT,
    bits: int = 24,
    *,
    down: bool = False,
    masks: tuple[int, ...] = (),
    header: int = 40,
    offset: int | None = None,
) -> bytes:
    """A BMP made here, pixel by pixel."""
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            red, green, blue = colour(x / width, y / height)
            if bits == 32 and masks:
                pixel = sum(value * (mask // 255) for value, mask in zip((red, green, blue), masks, strict=True))
                row += pixel.to_bytes(4, "little")
            else:
                row += bytes([blue, green, red] + [0xEE] * (bits // 8 - 3))
        rows.append(bytes(row).ljust((bits * width + 31) // 32 * 4, b"\xdd"))
    if not down:
        rows.reverse()
    start = 14 + header + (12 if masks and header == 40 else 0)
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        signed = -height if down else height
        info = struct.pack("<IiiHHIIiiII", header, width, signed, 1, bits, 3 if masks else 0, 0, 0, 0, 0, 0)
        info += struct.pack("<III", *masks) if masks else b""
    head = struct.pack("<2sIHHI", b"BM", 0, 0, 0, start if offset is None else offset)
    return (head + info).ljust(start, b"\0") + b"".join(rows)


def check(rgb: bytes, near: int = 0) -> None:
    assert len(rgb) == RGB_SIZE
    for x, y in ((0, 0), (101, 0), (0, 125), (101, 125), (50, 60)):
        at = (y * WIDTH + x) * 3
        wanted = colour(x / WIDTH, y / HEIGHT)
        assert all(abs(a - b) <= near for a, b in zip(rgb[at : at + 3], wanted, strict=True)), (
            x,
            y,
            tuple(rgb[at : at + 3]),
            wanted,
        )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bits": 32},
        {"down": True},
        {"bits": 32, "down": True},
        {"header": 12},
        {"header": 124},
        {"offset": 0},
        {"bits": 32, "masks": (0xFF0000, 0xFF00, 0xFF)},
        {"bits": 32, "masks": (0xFF, 0xFF00, 0xFF0000)},
        {"bits": 32, "masks": (0xFF000000, 0xFF0000, 0xFF00), "down": True},
    ],
)
def test_the_header_decides(options):
    check(picture(bmp(**options) + bytes(500), bottom_up=False))  # and what lies behind the picture is not looked at


@pytest.mark.parametrize("options", [{}, {"bits": 32, "down": True}])
@pytest.mark.parametrize("size", [(358, 441), (204, 252), (51, 63)])
def test_another_size_is_brought_to_the_chips(size, options):
    check(picture(bmp(*size, **options), bottom_up=True), near=3)


def test_a_picture_in_grey_with_a_palette():
    stride, levels = 104, bytes(range(256))
    head = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 54 + 1024) + struct.pack(
        "<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 8, 0, 0, 0, 0, 0, 0
    )
    rows = b"".join(bytes([y] * WIDTH).ljust(stride, b"\xff") for y in reversed(range(HEIGHT)))
    rgb = picture(head + b"".join(bytes([n, n, n, 0]) for n in levels) + rows, bottom_up=True)
    assert (rgb[0:3], rgb[-3:]) == (b"\0\0\0", bytes([125] * 3))


def test_raw_rows_either_way_up():
    rows = [b"".join(bytes(colour(x / WIDTH, y / HEIGHT)) for x in range(WIDTH)) for y in range(HEIGHT)]
    check(picture(b"".join(rows), bottom_up=False))
    check(picture(b"".join(reversed(rows)), bottom_up=True))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_one_colour_is_no_photo(level):
    with pytest.raises(DeviceError, match="one colour"):
        picture(bytes([level, level // 2, level]) * (WIDTH * HEIGHT), bottom_up=True)
    noisy = bytes([max(0, level - (n % 4)) for n in range(RGB_SIZE)])
    with pytest.raises(DeviceError, match="one colour"):
        picture(noisy, bottom_up=True)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes"),
        (bytes(RGB_SIZE - 1), f"{RGB_SIZE - 1} bytes"),
        (bmp()[:-1], "cut short"),
        (b"BM" + bytes(8), "cut short"),
        (bmp(126, 102), "shape"),
        (bmp()[:22] + struct.pack("<i", -(2**31)) + bmp()[26:], "BMP of"),
        (bmp()[:28] + struct.pack("<H", 16) + bmp()[30:], "16 bits"),
        (bmp()[:30] + struct.pack("<I", 1) + bmp()[34:], "compression 1"),
        (bmp(bits=32, masks=(0x7C00, 0x3E0, 0x1F), height=1), "mask"),
    ],
)
def test_what_is_no_picture_is_said(data, message):
    with pytest.raises(DeviceError, match=message):
        picture(data, bottom_up=True)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_give_a_picture_or_an_error(data, bottom_up):
    for head in (b"", b"BM", bmp()[:30]):
        try:
            assert len(picture(head + data, bottom_up=bottom_up)) == RGB_SIZE
        except DeviceError:
            continue
