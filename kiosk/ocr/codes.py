"""A code (QR) in a picture of the camera, by ZXing. Called by the code worker; neither picture nor text is kept or logged."""

from __future__ import annotations

import zxingcpp

from kiosk.camera.frame import Frame


def read_code(frame: Frame) -> str:
    """Return the text of a QR code in a picture, "" where there is none."""
    grey = frame.image_bgr[:, :, 1]
    for found in zxingcpp.read_barcodes(
        grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode), text_mode=zxingcpp.TextMode.Plain
    ):
        if found.valid and found.text:
            return str(found.text)
    return ""
