"""The camera's reading of a card says what it did not see: characters outside the alphabet, dots, rows in another script."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.camera.frame import Frame
from kiosk.config import CONFIG
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.take_view import CardGuidance
from kiosk.emulators.card_picture import draw_back, draw_front
from kiosk.ocr.ballot import NAMELESS_NEEDED, FrontBallot
from kiosk.ocr.card_ocr import CardOcr, CardScan
from kiosk.ocr.fields import FieldFlag, read_front
from kiosk.ocr.gaps import room_for_one
from kiosk.ocr.lines import TextLine, rows_of
from kiosk.visit import commands as c
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import World, step
from tests.forms import WHOLE, in_turn
from tests.ocr.pictures import Spoilt, picture
from tests.ocr.test_fields import front_lines

DEMO = tomllib.loads((CONFIG / "demo" / "cards.toml").read_text(encoding="utf-8"))["cards"]


def card(name: str) -> dict:
    return DEMO["chen"] | {"name": name}


def seen(recogniser, name: str, width: int = 800):
    """The front as a camera has it, straightened: smaller, and a little soft."""
    image = cv2.resize(draw_front(card(name)), (width, round(width * 648 / 1027)), interpolation=cv2.INTER_AREA)
    return read_front(recogniser.lines(cv2.resize(cv2.GaussianBlur(image, (0, 0), 0.5), (1027, 648))))


OUTSIDE = ["徐㼆华", "㼆徐华", "徐华㼆", "欧阳㼆华", "㼆华", "徐㼆", "𡾜建国", "王𨰻", "李㵘明", "欧阳㵘明", "李㵘"]


@pytest.mark.parametrize("name", OUTSIDE if WHOLE else OUTSIDE[::2])
def test_a_character_outside_the_alphabet_makes_the_name_unsure(recogniser, name):
    for width in in_turn((1027, 700), OUTSIDE.index(name), of=2):
        front = seen(recogniser, name, width)
        assert front.name == ""
        assert FieldFlag.NAME_UNSURE in front.flags
        assert front.name_unread
        assert front.id_number == DEMO["chen"]["id_number"]


INSIDE = [
    "王芳",
    "陈小芳",
    "王一",
    "欧阳建国",
    "阿依古丽·买买提",
    "一月",
    "阿卜杜热合曼·阿卜杜拉",
    "买买提·吐尔逊",
    "古丽·阿不都",
    "王淼",
]


@pytest.mark.parametrize("name", INSIDE if WHOLE else INSIDE[::2])
def test_names_that_are_read_rightly_are_sure(recogniser, name):
    front = seen(recogniser, name, 1027)
    assert (front.name, front.usable) == (name, True)


def named(text: str, places: tuple[float, ...], long: float, x: float = 0.17, score: float = 1.0) -> TextLine:
    return TextLine(text, (x, 0.105, x + long * 0.055, 0.185), score, long, places)


@pytest.mark.parametrize(
    ("lines", "hidden"),
    [
        ([named("陈小芳", (0.58, 1.25, 1.92), 2.4)], False),
        ([named("徐华", (0.58, 1.92), 2.4)], True),
        ([named("徐华", (0.58, 1.25), 2.4)], True),
        ([named("徐华", (1.25, 1.92), 2.4)], True),
        ([named("徐华", (0.75, 1.42), 1.9)], False),
        ([named("古丽·阿不", (0.58, 1.42, 2.25, 3.08, 3.9), 4.4)], False),
        ([named("徐", (0.58,), 1.0), named("华", (0.5,), 1.0, x=0.17 + 0.11)], True),
        ([named("徐", (0.58,), 1.0), named("华", (0.5,), 1.0, x=0.17 + 0.06)], False),
        ([TextLine("徐华", (0.17, 0.1, 0.3, 0.19))], False),  # no places: nothing can be said
    ],
)
def test_room_for_a_character(lines, hidden):
    (row,) = rows_of(lines)
    assert room_for_one(row, 0) is hidden
    assert read_front([*front_lines()[2:], named("姓名", (0.4, 0.9), 1.3, x=0.06), *lines]).name == ("" if hidden else row.text)


@pytest.mark.parametrize(("places", "hidden"), [((0.42, 0.92, 2.25, 2.75), False), ((0.42, 0.92, 2.8, 3.3), True)])
def test_room_between_the_label_and_the_name_in_one_line(places, hidden):
    (row,) = rows_of([named("姓名李山", places, places[-1] + 0.5, x=0.06)])
    assert room_for_one(row, 2) is hidden


@given(st.lists(st.floats(allow_nan=True), max_size=5), st.floats(allow_nan=True))
def test_any_places_are_looked_at(places, long):
    for row in rows_of([TextLine("陈小芳", (0.17, 0.1, 0.3, 0.19), 1.0, long, tuple(places))]):
        assert room_for_one(row, 0) in (True, False)
    read_front([*front_lines()[2:], TextLine("姓名陈小芳", (0.06, 0.1, 0.3, 0.19), 1.0, long, tuple(places))])


# --- and then --------------------------------------------------------------------------------------------------------------


def test_the_number_settles_without_the_name(recogniser):
    scan = CardScan(CardOcr(recogniser))
    hints, at = set(), 0
    for at in range(20):
        drawn = draw_front(card("徐㼆华")) if scan.front is None else draw_back(DEMO["chen"])
        view = scan.step(Frame(picture(drawn, Spoilt(noise=2), at), at * 2.0, at))
        hints.add(view.guidance)
        if view.done:
            break
    assert CardGuidance.NAME_UNREAD in hints
    assert scan.result == Person("", DEMO["chen"]["id_number"], identified_by=IdentifiedBy.OCR)
    assert at < 15


def readings(sure: int, unsure: int):
    good = read_front(front_lines())
    return [good] * sure + [replace(good, name="", flags=frozenset({FieldFlag.NAME_UNSURE}))] * unsure


@pytest.mark.parametrize(
    ("sure", "unsure", "name"),
    [
        (2, 0, "陈小芳"),
        (2, 2, "陈小芳"),
        (2, 3, None),  # more pictures without the name than with it: not yet
        (2, NAMELESS_NEEDED, ""),
        (0, NAMELESS_NEEDED - 1, None),
        (0, NAMELESS_NEEDED, ""),
        (1, 1, None),
    ],
)
def test_a_name_that_most_pictures_do_not_show_is_not_settled(sure, unsure, name):
    ballot = FrontBallot()
    for front in readings(sure, unsure):
        ballot.add(front)
    settled = ballot.settled
    assert (None if settled is None else settled.name) == name
    assert settled is None or settled.id_number


def test_no_name_and_another_number_settle_nothing():
    ballot = FrontBallot()
    for front in readings(0, NAMELESS_NEEDED):
        ballot.add(front)
        ballot.add(replace(front, id_number="110105194912310029"))
    assert ballot.settled is None


WORLD = World("v2")
NAMELESS = Person("", DEMO["chen"]["id_number"], identified_by=IdentifiedBy.OCR)


def scanning(whose: s.Whose = s.Whose.BENEFICIARY) -> s.ScanningCard:
    return s.ScanningCard(s.Visit("v1"), whose)


def test_the_person_chooses_the_name_that_the_camera_could_not_read():
    state, wanted = step(scanning(), e.CardScanned("v1", NAMELESS), WORLD)
    assert wanted == (c.OfferNames("v1", NAMELESS.id_number),)
    state, _ = step(state, e.NamesOffered("v1", NAMELESS.id_number, ("徐㼆华", "陈小芳")), WORLD)
    assert isinstance(state, s.ChoosingName)
    assert state.scanned
    state, wanted = step(state, e.NameChosen("徐㼆华"), WORLD)
    assert isinstance(state, s.LookingUp)
    assert (state.person.name, state.person.id_number) == ("徐㼆华", NAMELESS.id_number)


def test_a_number_that_nobody_has_is_said_at_the_card():
    state, _ = step(scanning(), e.NamesOffered("v1", NAMELESS.id_number, ()), WORLD)
    assert isinstance(state, s.AwaitingCard)
    assert state.trouble == "not-in-roster"
    late, _ = step(scanning(), e.NamesOffered("v0", NAMELESS.id_number, ("徐㼆华",)), WORLD)
    assert late == scanning()


# --- cards in two scripts ---------------------------------------------------------------------------------------------------


TWO_SCRIPTS = {
    "zhuang": ["Singqmingz", "Singqbied", "Seng", "Diegyouq", "Goengminz sinhfwn hauhmaj"],
    "tibetan": ["མིང་", "ཕོ་མོ", "སྐྱེས", "སྡོད་གནས", "སྤྱི་དམངས"],
    "uyghur": ["ئىسمى", "جىنسى", "تۇغۇلغان", "ئادرېسى", "پۇقرا"],
    "mongolian": ["ᠨᠡᠷ", "ᠬᠦᠢᠰ", "ᠲᠥᠷᠥ", "ᠬᠠᠶ", "ᠢᠷᠭᠡᠨ"],
    "yi": ["ꂓ", "ꌤ", "ꒉ", "ꀨ", "ꉬ"],
    "misread": ["dor n|", "A-8", "3", "=10", "u·i"],
}


def beside(words: list[str], where: str) -> list[TextLine]:
    """Lines in another script, under or over the labels and the address, as such cards have them."""
    places = [(0.06, 0.18), (0.06, 0.31), (0.06, 0.45), (0.17, 0.67), (0.06, 0.91)]
    if where == "over":
        places = [(0.06, 0.05), (0.06, 0.18), (0.06, 0.31), (0.17, 0.46), (0.06, 0.78)]
    return [TextLine(word, (x, y, x + 0.15, y + 0.04), 0.6) for word, (x, y) in zip(words, places, strict=True)]


@pytest.mark.parametrize("where", ["under", "over"])
@pytest.mark.parametrize("script", TWO_SCRIPTS)
def test_rows_in_another_script_are_dropped(script, where):
    front = read_front([*front_lines(), *beside(TWO_SCRIPTS[script], where)])
    assert front.address == "广东省深圳市南山区示范路1号"
    assert (front.name, front.nation, front.usable) == ("陈小芳", "汉", True)
    assert not front.flags


def test_an_address_keeps_the_letters_and_numbers_that_belong_to_it():
    lines = [one for one in front_lines() if one.text != "范路1号"]
    tail = TextLine("范路B座12-3号101", (0.17, 0.60, 0.5, 0.67), 1.0)
    assert read_front([*lines, tail]).address == "广东省深圳市南山区示范路B座12-3号101"


def test_a_drawn_card_in_two_scripts(recogniser):
    image = draw_front(DEMO["chen"] | {"nation": "08"})
    for text, x, y in (("Singqmingz", 60, 128), ("Singqbied", 60, 214), ("Diegyouq Gvangjdungj", 182, 436)):
        cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (60, 60, 60), 1, cv2.LINE_AA)
    front = read_front(recogniser.lines(np.ascontiguousarray(image)))
    plain = read_front(recogniser.lines(draw_front(DEMO["chen"] | {"nation": "08"})))
    assert (front.name, front.nation, front.address) == (plain.name, plain.nation, plain.address)
    assert front.usable
