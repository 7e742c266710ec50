"""Printable sheets of the attack instruments: A4, to scale, with a ruler. A photograph only where the station gives one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPageLayout, QPageSize, QPainter, QPainterPath, QPdfWriter, QPen

from kiosk.pilot.plan import INSTRUMENTS, Instrument
from kiosk.texts.strings import Strings
from kiosk.ui.theme import FAMILIES

_PAGE_MM = (210.0, 297.0)
_FACE_MM = QRectF(35.0, 62.0, 140.0, 182.0)  # 14 cm wide, as a face before the kiosk
_DPMM = 5.0  # of the previews


def write(folder: Path, strings: Strings, photo: Path | None = None) -> list[Path]:
    """Write one PDF and one PNG an instrument that is printed; return them. Needs a QGuiApplication."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = QImage(str(photo)) if photo is not None else QImage()
    out = []
    for one in INSTRUMENTS:
        if not one.sheet:
            continue
        pdf = folder / f"{one.key}.pdf"
        writer = QPdfWriter(str(pdf))
        writer.setPageLayout(QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, QMarginsF()))
        writer.setResolution(300)
        _draw(writer, 300 / 25.4, one, picture, strings)
        image = QImage(round(_PAGE_MM[0] * _DPMM), round(_PAGE_MM[1] * _DPMM), QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        _draw(image, _DPMM, one, picture, strings)
        png = folder / f"{one.key}.png"
        image.save(str(png))
        out += [pdf, png]
    return out


def _draw(device: QPdfWriter | QImage, dots_mm: float, one: Instrument, photo: QImage, strings: Strings) -> None:
    def say(key: str, **values: object) -> str:
        return strings.text(f"pilot.sheet.{key}", **values)

    painter = QPainter(device)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.scale(dots_mm, dots_mm)
    _text(painter, QRectF(15, 12, 180, 12), say("title", name=one.word("name", strings)), 8.0, bold=True)
    _text(painter, QRectF(15, 26, 180, 14), say("make", make=one.word("make", strings)), 4.2)
    _text(painter, QRectF(15, 41, 180, 14), say("show", show=one.word("show", strings)), 4.2)
    oval = QPainterPath()
    oval.addEllipse(_FACE_MM)
    painter.save()
    painter.setClipPath(oval)
    if photo.isNull():
        painter.fillRect(_FACE_MM, QColor("#F3EEE2"))
    else:
        side = _FACE_MM.width() / photo.width()
        wide, tall = _FACE_MM.width(), photo.height() * side
        if tall < _FACE_MM.height():
            wide, tall = wide * _FACE_MM.height() / tall, _FACE_MM.height()
        painter.drawImage(QRectF(_FACE_MM.center().x() - wide / 2, _FACE_MM.center().y() - tall / 2, wide, tall), photo)
    painter.restore()
    if photo.isNull():
        _text(painter, QRectF(45, 100, 120, 20), say("photo_here"), 4.2, centred=True)
    _marks(painter, one)
    _ruler(painter)
    _text(painter, QRectF(15, 270, 180, 8), say("ruler"), 4.0, centred=True)
    _text(painter, QRectF(15, 280, 180, 8), say("destroy"), 4.0, centred=True)
    painter.end()


def _marks(painter: QPainter, one: Instrument) -> None:
    cut, fold = QPen(QColor("#B00020"), 0.6, Qt.PenStyle.DashLine), QPen(QColor("#0B5A53"), 0.6, Qt.PenStyle.DashDotLine)
    plain = QPen(QColor("#444444"), 0.4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(cut if one.key in ("cut-out", "paper-mask") else plain)
    painter.drawEllipse(_FACE_MM)
    middle, eyes = _FACE_MM.center().x(), _FACE_MM.top() + 78
    painter.setPen(plain)
    for side in (-1, 1):
        painter.drawLine(QPointF(middle + 50 * side, eyes), QPointF(middle + 58 * side, eyes))
    if one.key == "cut-out":
        painter.setPen(cut)
        for side in (-1, 1):
            painter.drawEllipse(QPointF(middle + 32 * side, eyes), 15, 8)
        painter.drawEllipse(QPointF(middle, _FACE_MM.top() + 142), 25, 10)
    if one.key == "paper-mask":
        painter.setPen(fold)
        painter.drawLine(QPointF(middle, eyes - 8), QPointF(middle, eyes + 40))
        for side in (-1, 1):
            painter.drawLine(QPointF(middle + 8 * side, eyes), QPointF(middle + 18 * side, eyes + 40))
            painter.drawLine(QPointF(middle + 48 * side, _FACE_MM.top() + 40), QPointF(middle + 44 * side, _FACE_MM.bottom() - 34))
    if one.key == "bent":
        painter.setPen(fold)
        for step in range(-2, 3):
            painter.drawLine(QPointF(middle + 28 * step, 56), QPointF(middle + 28 * step, 250))


def _ruler(painter: QPainter) -> None:
    painter.setPen(QPen(QColor("#000000"), 0.4))
    painter.drawLine(QPointF(55, 268), QPointF(155, 268))
    for step in range(11):
        painter.drawLine(QPointF(55 + 10 * step, 268), QPointF(55 + 10 * step, 264 if step % 5 == 0 else 266))


def _text(painter: QPainter, box: QRectF, text: str, tall_mm: float, *, bold: bool = False, centred: bool = False) -> None:
    font = QFont()
    font.setFamilies(list(FAMILIES))
    font.setBold(bold)
    font.setPixelSize(100)
    painter.save()
    painter.setFont(font)
    painter.setPen(QColor("#111111"))
    painter.translate(box.topLeft())
    share = tall_mm / 100
    painter.scale(share, share)
    align = Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft
    painter.drawText(QRectF(0, 0, box.width() / share, box.height() / share), align | Qt.TextFlag.TextWordWrap, text)
    painter.restore()
