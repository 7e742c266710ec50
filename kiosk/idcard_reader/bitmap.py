"""What a photo decoder wrote, to one form of picture: 102 x 126 pixels, RGB, first row at the top. Pure; used by `photo.py`.

A BMP says itself how it is laid out (bits, rows upwards or downwards, size, colour masks), so nothing about it is a setting. Raw
rows say nothing: they are known by their number.
"""

from __future__ import annotations

import struct

from kiosk.errors import DeviceError

WIDTH, HEIGHT = 102, 126
RGB_SIZE = WIDTH * HEIGHT * 3
LARGEST_SIDE = 2000
_ONE_COLOUR = 8  # levels: less difference than this over a whole picture is no photo
_RGB, _BITFIELDS = 0, 3  # compression
_CORE_HEADER = 12


def picture(data: bytes, *, bottom_up: bool) -> bytes:
    """Return WIDTH * HEIGHT * 3 bytes. bottom_up: the order of raw rows. Raises DeviceError when it is no picture of a person."""
    if data[:2] == b"BM":
        rgb = _scaled(*_from_bmp(data))
    elif len(data) == RGB_SIZE:
        rgb = _redder(_turned(data, WIDTH * 3) if bottom_up else data)
    else:
        raise DeviceError(f"photo decoder returned {len(data)} bytes: neither a BMP nor {RGB_SIZE} bytes of rows")
    if all(max(channel) - min(channel) < _ONE_COLOUR for channel in (rgb[0::3], rgb[1::3], rgb[2::3])):
        raise DeviceError("photo decoder returned a picture of one colour")
    return rgb


def _from_bmp(data: bytes) -> tuple[bytes, int, int]:
    """Return RGB bytes from the top, width, height."""
    try:
        offset, header = struct.unpack_from("<II", data, 10)
        masks = (0xFF0000, 0xFF00, 0xFF)
        if header == _CORE_HEADER:
            width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
            compression = colours = 0
        else:
            width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
            (colours,) = struct.unpack_from("<I", data, 46)
            if compression == _BITFIELDS:
                masks = struct.unpack_from("<III", data, 54)
        if not (0 < width <= LARGEST_SIDE and 0 < abs(height) <= LARGEST_SIDE) or (bits, compression) not in (
            (8, _RGB),
            (24, _RGB),
            (32, _RGB),
            (32, _BITFIELDS),
        ):
            raise DeviceError(f"photo decoder returned a BMP of {width} x {height}, {bits} bits, compression {compression}")
        rows = abs(height)
        stride = (bits * width + 31) // 32 * 4
        palette_at = 14 + header
        start = offset if offset >= palette_at else palette_at + (4 * (colours or 256) if bits == 8 else 0)
        if len(data) < start + stride * rows:
            raise DeviceError(f"photo decoder returned a BMP of {width} x {height} that is cut short")
        lines = [data[start + row * stride : start + row * stride + width * bits // 8] for row in range(rows)]
        pixels = b"".join(lines if height < 0 else reversed(lines))
        if bits == 8:
            entry = 3 if header == _CORE_HEADER else 4
            table = data[palette_at : palette_at + entry * (colours or 256)].ljust(entry * 256, b"\0")
            channels = [pixels.translate(table[at::entry][:256]) for at in (2, 1, 0)]
        else:
            channels = [pixels[_byte_of(mask) :: bits // 8] for mask in masks]
    except struct.error as error:
        raise DeviceError("photo decoder returned a BMP that is cut short") from error
    rgb = bytearray(width * rows * 3)
    rgb[0::3], rgb[1::3], rgb[2::3] = channels
    return bytes(rgb), width, rows


def _byte_of(mask: int) -> int:
    """Return which byte of a pixel a mask of one whole byte names. Raises DeviceError on any other mask."""
    for at in range(4):
        if mask == 0xFF << 8 * at:
            return at
    raise DeviceError(f"photo decoder returned a BMP with colour mask {mask:08X}")


def _scaled(rgb: bytes, width: int, height: int) -> bytes:
    """Bring it to the size of the chip's photo by averaging: some decoders write it larger (358 x 441)."""
    if (width, height) == (WIDTH, HEIGHT):
        return rgb
    if abs(width * HEIGHT - height * WIDTH) > 0.1 * height * WIDTH:
        raise DeviceError(f"photo decoder returned {width} x {height}: not the shape of a card's photo")
    out = bytearray()
    for row in range(HEIGHT):
        top, below = row * height // HEIGHT, max(row * height // HEIGHT + 1, (row + 1) * height // HEIGHT)
        for column in range(WIDTH):
            left = column * width // WIDTH
            right = max(left + 1, (column + 1) * width // WIDTH)
            box = b"".join(rgb[(y * width + left) * 3 : (y * width + right) * 3] for y in range(top, below))
            count = len(box) // 3
            out += bytes(sum(box[channel::3]) // count for channel in range(3))
    return bytes(out)


def _turned(rows: bytes, size: int) -> bytes:
    return b"".join(rows[at : at + size] for at in range(len(rows) - size, -1, -size))


def _redder(rgb: bytes) -> bytes:
    """Raw rows do not say which end of a pixel is red; a face does: skin is redder than blue, whoever's it is."""
    middle = b"".join(
        rgb[(y * WIDTH + WIDTH // 4) * 3 : (y * WIDTH + 3 * WIDTH // 4) * 3] for y in range(HEIGHT // 4, 3 * HEIGHT // 4)
    )
    if sum(middle[0::3]) >= sum(middle[2::3]):
        return rgb
    out = bytearray(rgb)
    out[0::3], out[2::3] = rgb[2::3], rgb[0::3]
    return bytes(out)
