"""The paper that people hold has every page, every reason and every job in it. The PDFs themselves are looked at, not tested."""

from __future__ import annotations

import tomllib

from kiosk.config import ASSETS
from kiosk.desk.values import Place
from kiosk.domain.reasons import Reason
from kiosk.gallery import desk, handbook
from kiosk.gallery.scenes import sample_settings, scenes
from kiosk.texts.strings import Strings


def test_every_page_reason_and_job_is_in_the_manual():
    strings, visit, at_desk = Strings.load("zh_CN"), [one.name for one in scenes()], [one.name for one in desk.states()]
    made = {one.name: one for one in handbook.papers(strings, sample_settings(), visit, at_desk)}
    assert set(made) == {"leaflet", "manual", "wall", "technician", "clerk"}
    manual = made["manual"].html
    for name in (*visit, *at_desk):
        assert f"pictures/{name}.png" in manual
    for reason in Reason:
        assert reason is Reason.OK or f"<small>{reason}</small>" in manual, reason
    for place in Place:
        assert f"（{place}）" in manual
    written = tomllib.loads((ASSETS / "handbook.toml").read_text(encoding="utf-8"))
    for job in written["manual"].values():
        assert job["title"][0] in manual
    assert made["leaflet"].html.count("<img ") == 8
    for text in ("身份证", "骗子", "12333", "还没有办好"):
        assert text in made["leaflet"].html
    assert "镜头" in made["technician"].html
    assert "人工复核" in made["clerk"].html
