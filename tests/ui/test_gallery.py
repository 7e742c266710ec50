"""`kiosk gallery` writes pictures that show something, and the camera never shows a photograph."""

from __future__ import annotations

from PySide6.QtGui import QImage

from kiosk.commands.gallery import main
from kiosk.gallery.scenes import scenes
from tests.ui.measure import pixels


def test_pictures_and_contact_sheet(qapp, tmp_path, capsys):
    assert (
        main(
            ["--out", str(tmp_path), "--sizes", "1366x768", "--themes", "paper", "--texts", "large", "--only", "idle", "camera-nod"]
        )
        == 0
    )
    assert "3 pictures" in capsys.readouterr().out
    names = {path.name for path in tmp_path.glob("*.png")}
    assert names == {
        "idle_1366x768_paper_large_zh_CN.png",
        "idle-after-timeout_1366x768_paper_large_zh_CN.png",
        "camera-nod_1366x768_paper_large_zh_CN.png",
        "sheet_1366x768_zh_CN.png",
        "contact-sheet_zh_CN.png",
    }
    picture = QImage(str(tmp_path / "camera-nod_1366x768_paper_large_zh_CN.png"))
    assert (picture.width(), picture.height()) == (1366, 768)
    assert len({tuple(pixel) for pixel in pixels(picture)[::16, ::16].reshape(-1, 3)}) > 8


def test_every_scene_has_its_own_name():
    names = [scene.name for scene in scenes()]
    assert len(names) == len(set(names))
