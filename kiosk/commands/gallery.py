"""`kiosk gallery --out DIR`: every page in every situation as PNG files, a sheet a size, and one contact sheet.

The camera shows a drawn face, never a photograph.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.texts.strings import WRITTEN

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

ROW_HEIGHT = 160


def main(argv: list[str]) -> int:
    """Render; return 0."""
    parser = argparse.ArgumentParser(prog="kiosk gallery", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--sizes", nargs="*", metavar="WxH", help="default: the four sizes the kiosk supports")
    parser.add_argument("--themes", nargs="*", default=["paper", "contrast"], choices=["paper", "contrast"])
    parser.add_argument("--texts", nargs="*", default=["normal", "large"], choices=["normal", "large"])
    parser.add_argument("--language", default="zh_CN", choices=WRITTEN)
    parser.add_argument("--only", nargs="*", default=[], metavar="SCENE", help="scenes whose name begins so")
    parser.add_argument("--sheet-width", type=int, default=240, help="width of one picture on the contact sheet")
    args = parser.parse_args(argv)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from kiosk.gallery import desk as desk
    from kiosk.gallery import installation
    from kiosk.gallery.scenes import sample_settings, scenes
    from kiosk.gallery.stage import SIZES, make_window, set_form, show_scene

    app = QApplication.instance() or QApplication(sys.argv[:1])
    sizes = [_size(text) for text in args.sizes] if args.sizes else list(SIZES)
    chosen = [scene for scene in scenes() if not args.only or scene.name.startswith(tuple(args.only))]
    args.out.mkdir(parents=True, exist_ok=True)
    window = make_window(sample_settings(), args.language)
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    window.show()
    at_desk = [scene for scene in desk.states() if not args.only or scene.name.startswith(tuple(args.only))]
    at_setup = [scene for scene in installation.states() if not args.only or scene.name.startswith(tuple(args.only))]
    names = [*(scene.name for scene in chosen), *(one.name for one in at_desk), *(step.name for step in at_setup)]
    rows: dict[str, list[QImage]] = {name: [] for name in names}
    for width, height in sizes:
        thumbs: list[tuple[str, QImage]] = []
        for theme in args.themes:
            for text in args.texts:

                def keep(
                    name: str,
                    theme: str = theme,
                    text: str = text,
                    width: int = width,
                    height: int = height,
                    thumbs: list[tuple[str, QImage]] = thumbs,
                ) -> None:
                    image = window.grab().toImage()
                    image.save(str(args.out / f"{name}_{width}x{height}_{theme}_{text}_{args.language}.png"))
                    small = image.scaledToWidth(args.sheet_width, Qt.TransformationMode.SmoothTransformation)
                    thumbs.append((f"{name} {theme} {text}", small))
                    rows[name].append(image.scaledToHeight(ROW_HEIGHT, Qt.TransformationMode.SmoothTransformation))

                for scene in chosen:
                    show_scene(window, scene)
                    set_form(window, (width, height), theme, text == "large")
                    keep(scene.name)
                if at_desk and text == "normal":  # the desk has one text size
                    set_form(window, (width, height), theme, False)
                    with desk.opened(window) as view:
                        for one in at_desk:
                            desk.show(view, one)
                            keep(one.name)
                if at_setup and text == "normal":
                    set_form(window, (width, height), theme, False)
                    with installation.opened(window) as setup:
                        for step in at_setup:
                            installation.show(setup, step)
                            keep(step.name)
        _sheet(thumbs, args.out / f"sheet_{width}x{height}_{args.language}.png")
        print(f"{width}x{height}: {len(thumbs)} pictures")
    _contact_sheet(rows, args.out / f"contact-sheet_{args.language}.png")
    window.close()
    del app
    return 0


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _contact_sheet(rows: dict[str, list[QImage]], path: Path) -> None:
    """One sheet of everything: a row a scene, a column a form (size, theme, text size)."""
    from PySide6.QtCore import QRect, Qt
    from PySide6.QtGui import QColor, QFont, QImage, QPainter

    gap, caption = 8, 190
    wide = max((sum(image.width() + gap for image in images) for images in rows.values()), default=0)
    sheet = QImage(caption + wide + gap, len(rows) * (ROW_HEIGHT + gap) + gap, QImage.Format.Format_RGB888)
    sheet.fill(QColor("#6B7472"))
    painter = QPainter(sheet)
    font = QFont("Noto Sans CJK SC")
    font.setPixelSize(15)
    painter.setFont(font)
    painter.setPen(QColor("#FFFFFF"))
    y = gap
    for name, images in rows.items():
        painter.drawText(QRect(gap, y, caption - gap, ROW_HEIGHT), Qt.AlignmentFlag.AlignVCenter, name)
        x = caption
        for image in images:
            painter.drawImage(x, y, image)
            x += image.width() + gap
        y += ROW_HEIGHT + gap
    painter.end()
    sheet.save(str(path))


def _sheet(thumbs: list[tuple[str, QImage]], path: Path) -> None:
    """Paste the small pictures onto one sheet, ten in a row, each with its name."""
    from PySide6.QtCore import QRect, Qt
    from PySide6.QtGui import QColor, QFont, QImage, QPainter

    if not thumbs:
        return
    width, height = thumbs[0][1].width(), thumbs[0][1].height()
    columns, gap, caption = 10 if width < height else 6, 12, 24
    rows = -(-len(thumbs) // columns)
    sheet = QImage(columns * (width + gap) + gap, rows * (height + gap + caption) + gap, QImage.Format.Format_RGB888)
    sheet.fill(QColor("#6B7472"))
    painter = QPainter(sheet)
    font = QFont("Noto Sans CJK SC")
    font.setPixelSize(14)
    painter.setFont(font)
    painter.setPen(QColor("#FFFFFF"))
    for number, (name, image) in enumerate(thumbs):
        row, column = divmod(number, columns)
        x, y = gap + column * (width + gap), gap + row * (height + gap + caption)
        painter.drawImage(x, y, image)
        painter.drawText(QRect(x, y + height, width, caption), Qt.AlignmentFlag.AlignCenter, name)
    painter.end()
    sheet.save(str(path))
