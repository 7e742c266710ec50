"""An old photograph under the desk's camera: looked at until it is clear, kept as such; what is no good is said."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.app import desk_photo
from kiosk.camera.frame import Frame
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.liveness import photo
from kiosk.liveness.photo import PhotoFace
from kiosk.store import records
from tests.desk import conftest
from tests.store import made


class Reader:
    """Looks at pictures whose first pixel says what is seen."""

    model_digest = made.DIGEST
    made = 0

    def __init__(self):
        type(self).made += 1
        self.closed = False

    def look(self, image_bgr):
        flaw = {0: "no-face", 1: "too-far", 2: "blurred"}.get(int(image_bgr[0, 0, 0]), "")
        return PhotoFace(flaw) if flaw else PhotoFace("", 0.6, unit(int(image_bgr[0, 0, 1])))

    def look_at_chip(self, photo_rgb):
        return PhotoFace("", 0.4, unit(7)) if photo_rgb else PhotoFace("no-face")

    def close(self):
        self.closed = True


def unit(at):
    vector = np.zeros(128, np.float32)
    vector[at] = 1.0
    return vector


def frame(first, face=5):
    image = np.zeros((8, 8, 3), np.uint8)
    image[0, 0] = (first, face, 0)
    return Frame(image, 0.0, 0)


@pytest.fixture
def live(qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(photo, "PhotoReader", Reader)
    monkeypatch.setattr(desk_photo, "_LIMIT_MS", 60_000)
    made_live = conftest.build(qtbot, tmp_path, people=(made.entry(template=None),))
    yield made_live
    conftest.close(made_live)


def begin(live):
    live.sign_in()
    live.type("home-number", made.NUMBER, enter=True)
    live.until_page("person")
    live.touch("enrol")
    live.until_page("enrol")
    live.touch("enrol-agree")
    live.until(lambda: live.find("enrol-photo").isEnabled())


def show(live, *frames):
    for one in frames:
        live.until(lambda: not live.desk.beside.photo._looking)
        live.desk.beside.photo.on_frame(one)
    live.until(lambda: not live.desk.beside.photo._looking)


def test_an_old_photo_under_the_camera_becomes_a_template(live):
    begin(live)
    live.touch("enrol-photo")
    assert live.desk.state.page.origin == "photo"
    show(live, frame(0), frame(9), frame(9), frame(9, face=4), frame(9), frame(9))  # another photo in between counts anew
    assert live.desk.state.page.looking
    show(live, frame(9))
    live.until(lambda: live.desk.state.page.ready)
    live.touch("enrol-keep")
    live.until_page("done")
    row = live.ask(lambda store: store.db.execute("SELECT origin, quality FROM templates").fetchall())
    assert row == [("photo", 0.6)]
    consents = live.ask(lambda store: store.db.execute("SELECT kind, withdrawn_at FROM consents").fetchall())
    assert consents == [("enrolment", "")]
    assert live.ask(lambda store: len(records.of_person(store, "p-1"))) == 1


def test_what_is_no_good_is_said_when_the_time_is_over(live):
    begin(live)
    live.touch("enrol-photo")
    show(live, frame(2))
    live.desk.beside.photo._give_up()
    assert live.desk.state.page.problem == "photo-blurred"
    assert not live.desk.state.page.ready
    assert "不清楚" in live.find("problem").words.text()
    live.desk.beside.photo.on_frame(frame(9))  # nobody looks any more
    assert not live.desk.beside.photo._looking


def test_a_cards_own_photo_is_offered_where_the_card_gave_one_and_forgotten_with_the_desk(live):
    begin(live)
    assert not [one for one in live.view.findChildren(type(live.find("enrol-photo")), "enrol-chip") if one.isVisible()]
    live.desk.beside.photo.chip_photos[made.NUMBER] = b"photo"
    live.desk.feed(e.CardRead(made.PERSON, "", True))
    live.touch("enrol-chip")
    live.until(lambda: live.desk.state.page.ready)
    live.touch("enrol-keep")
    live.until_page("done")
    assert live.ask(lambda store: store.db.execute("SELECT origin FROM templates").fetchall()) == [("chip",)]
    live.touch("desk-close")
    live.until(lambda: not live.view.isVisible())
    assert live.desk.beside.photo.chip_photos == {}


def test_models_that_do_not_work_are_told_and_leaving_ends_the_look(live, monkeypatch):
    from kiosk.errors import ModelError

    def broken(self):
        raise ModelError("gone")

    begin(live)
    monkeypatch.setattr(Reader, "__init__", broken)
    live.touch("enrol-photo")
    live.desk.beside.photo.on_frame(frame(9))
    live.until(lambda: live.desk.state.page.problem)
    assert live.desk.state.page.problem == "model-error"
    live.touch("enrol-photo")
    live.desk.feed(e.Went(Place.HOME))
    assert live.desk.beside.photo._command is None
    assert not isinstance(live.desk.beside.photo._command, c.BeginPhoto)


def test_a_drawn_one_inch_photo_is_found_and_a_blurred_one_told(tmp_path):
    """The whole way: a photo of 25 x 35 mm on a card, straightened by nobody, found, aligned, embedded."""
    from kiosk.demo.portraits import draw_portrait, pose_of
    from kiosk.emulators.paper_picture import draw_photo, lay

    portrait = str(draw_portrait(tmp_path / "face.png", pose_of(made.NUMBER)))
    reader = photo.PhotoReader()
    try:
        seen = [reader.look(lay(draw_photo(portrait), (1280, 720), roll_deg=angle, pitch=0.08)) for angle in (2.0, 5.0)]
        assert [one.flaw for one in seen] == ["", ""]
        assert float(np.dot(seen[0].vector, seen[1].vector)) > photo.SAME
        assert min(one.quality for one in seen) > 0.2
        soft = reader.look(lay(draw_photo(portrait, 22.0), (1280, 720)))
        assert soft.flaw in ("blurred", "no-face")
        assert reader.look(np.full((720, 1280, 3), 200, np.uint8)).flaw == "no-face"
        assert reader.look_at_chip(b"x").flaw == "no-face"
    finally:
        reader.close()
