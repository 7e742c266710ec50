"""The paper that people hold has every page, every reason and every job in it. The PDFs themselves are looked at, not tested."""

from __future__ import annotations

import tomllib

from PySide6.QtCore import QSizeF
from PySide6.QtGui import QImage, QTextDocument

from kiosk.commands import handbook as command
from kiosk.config import ASSETS
from kiosk.desk.values import Place
from kiosk.domain.reasons import Reason
from kiosk.gallery import desk, handbook
from kiosk.gallery.handbook import Shot
from kiosk.gallery.scenes import sample_settings, scenes
from kiosk.texts.strings import Strings


def test_leaflet_wall_sheet_and_guides_are_one_sheet_each(tmp_path, qapp):
    """A folded leaflet with a second sheet, a wall sheet with its telephone number on the next page: nobody finds them."""
    picture = QImage(300, 533, QImage.Format.Format_RGB32)
    picture.fill(0)
    (tmp_path / "pictures").mkdir()
    for name in (*handbook.LEAFLET, *handbook.WALL):
        picture.save(str(tmp_path / "pictures" / f"{name}.png"))
    for paper in handbook.papers(Strings.load("zh_CN"), sample_settings(), [], []):
        if paper.name != "manual":
            assert command._pdf(tmp_path, paper) == 1, paper.name
            assert (tmp_path / f"{paper.name}.pdf").stat().st_size > 5000
    assert len(handbook.WALL) == len(tomllib.loads((ASSETS / "handbook.toml").read_text(encoding="utf-8"))["wall"]["steps"])


def test_what_stands_in_one_paragraph_stays_in_one():
    text = "## 第一\n\n**登录。** 前半，\n后半。\n\n- 一\n- 二\n\n| 甲 | 乙 |\n|---|---|\n| 丙 | 丁 |\n"
    made = handbook._markdown(text)
    assert "<h2>第一</h2><p><b>登录。</b> 前半，后半。</p>" in made
    assert made.count("<p>") == 5


def test_every_page_reason_and_job_is_in_the_manual():
    strings = Strings.load("zh_CN")
    visit, at_desk = ([Shot(one.name, f"页面{one.name[:6]}") for one in some] for some in (scenes(), desk.states()))
    made = {one.name: one for one in handbook.papers(strings, sample_settings(), visit, at_desk)}
    assert set(made) == {"leaflet", "manual", "wall", "technician", "clerk"}
    manual = made["manual"].html
    for shot in (*visit, *at_desk):
        assert f"pictures/{shot.name}.png" in manual
        assert f"<b>{shot.title}</b>" in manual
        assert f">{shot.name}<" not in manual, "no name of a scene for people"
    for reason in Reason:
        assert reason is Reason.OK or f"<small>{reason}</small>" in manual, reason
    for place in Place:
        assert f"<li>{strings.text(f'desk.place.{place}')}</li>" in manual
    written = tomllib.loads((ASSETS / "handbook.toml").read_text(encoding="utf-8"))
    for job in written["manual"].values():
        assert job["title"][0] in manual
        for step in job["steps"]:
            assert step in manual
    assert made["leaflet"].html.count("<img ") == 8
    left, right = made["leaflet"].html.split('<td width="4%">')  # folded in the middle
    assert (left.count("<img "), right.count("<img ")) == (4, 4)
    for text in ("身份证", "骗子", "12333", "还没有办好"):
        assert text in made["leaflet"].html
    assert "镜头" in made["technician"].html
    assert "人工复核" in made["clerk"].html
    for foreign in ("```", "Whoever", "kiosk bureau"):  # what is for whoever sets a bureau up
        assert foreign not in made["clerk"].html


def test_no_row_of_the_reasons_stands_on_two_pages_of_the_pdf(tmp_path, qapp):
    """A row that is cut in the middle is read as two reasons."""
    manual = next(one for one in handbook.papers(Strings.load("zh_CN"), sample_settings(), [], []) if one.name == "manual")
    document = QTextDocument()
    document.setPageSize(QSizeF(720, 1040))
    document.setHtml(manual.html)
    assert command._split_row(document) is not None, "as it was: a row is split"
    made = command._whole_rows(document, manual.html)
    assert command._split_row(document) is None
    assert made.count("<thead>") > 3
    assert [made.count(f"<small>{reason}</small>") for reason in Reason if reason is not Reason.OK] == [1] * (len(Reason) - 1)
