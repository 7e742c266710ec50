"""Every kind of card is read, and nothing odd on a card stops a read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.identity import DocumentKind, NumberFlag, Sex
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.emulators.reader_cards import load_cards
from kiosk.errors import ConfigError, ReaderProtocolError
from kiosk.idcard_reader.card import Payload, parse_card, parse_payload
from kiosk.idcard_reader.codec import Decoder, Reply
from kiosk.idcard_reader.nations import NATIONS

VECTORS = sorted((Path(__file__).resolve().parents[1] / "vectors").glob("card-*.hex"))


def read_vector(path: Path) -> tuple[bytes, dict[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = dict(line[3:].split(" = ", 1) for line in lines if line.startswith("#= "))
    return bytes.fromhex("".join(line for line in lines if not line.startswith("#"))), expected


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vectors(path):
    data, expected = read_vector(path)
    (reply,) = Decoder().feed(data)
    assert isinstance(reply, Reply)
    payload = parse_payload(reply.data, with_fingerprint="fingerprint" in path.stem)
    card = parse_card(payload)
    found = card.to_json()
    assert {key: str(found[key]) for key in expected} == expected
    assert card.photo_wlt.startswith(b"WL")
    assert len(card.fingerprint) == (1024 if "fingerprint" in path.stem else 0)
    assert card.raw_text == payload.text


def test_there_is_a_vector_for_every_kind():
    kinds = {read_vector(path)[1].get("card_type") for path in VECTORS}
    assert {"", "J", "I", "Y"} <= kinds
    assert len(VECTORS) >= 8


@given(st.binary(max_size=700), st.booleans())
def test_any_payload_parses_or_is_a_protocol_error(data, with_fingerprint):
    try:
        payload = parse_payload(data, with_fingerprint=with_fingerprint)
    except ReaderProtocolError:
        return
    parse_card(payload).to_json()


@given(
    st.binary(min_size=256, max_size=300), st.sampled_from(["", "J", "I", "Y", "?"]), st.binary(max_size=80), st.binary(max_size=9)
)
def test_any_text_gives_a_record(text, kind, address, chip):
    altered = bytearray(text)
    altered[248:250] = (kind or " ").encode("utf-16-le")
    card = parse_card(Payload(bytes(altered), b""), address, chip)
    assert card.raw_text == bytes(altered)
    assert isinstance(card.to_person(), Person)
    assert card.to_json()["document_kind"] in list(DocumentKind)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x00\x04",
        b"\x01\x00\x04\x00" + bytes(1279),
        b"\x01\x00\x04\x00" + bytes(1281),
        b"\x00\x80\x00\x00" + bytes(128),
    ],
)
def test_lengths_that_do_not_add_up(data):
    with pytest.raises(ReaderProtocolError):
        parse_payload(data, with_fingerprint=False)


def test_photo_of_any_length_by_the_length_fields():
    payload = parse_payload(b"\x01\x00\x00\x05" + b" \0" * 128 + b"WL123", with_fingerprint=False)
    assert payload.photo == b"WL123"
    assert parse_payload(b"\x01\x00\x00\x00\x00\x00" + b" \0" * 128, with_fingerprint=True).fingerprint == b""


def test_person_and_secrets():
    data, _ = read_vector(VECTORS[0].with_name("card-resident.hex"))
    card = parse_card(parse_payload(Decoder().feed(data)[0].data, with_fingerprint=False))
    person = card.to_person()
    assert person.id_number == card.id_number
    assert person.identified_by is IdentifiedBy.READER
    assert card.name
    for secret in (card.name, card.id_number, card.address, str(card.born)):
        assert secret not in repr(card)
        assert secret not in repr(person)


def test_english_name_stands_in_where_there_is_no_chinese_one():
    text = bytearray(b" \0" * 128)
    text[0:12] = "SAMPLE".encode("utf-16-le")
    text[248:250] = b"I\0"
    assert parse_card(Payload(bytes(text), b"")).to_person().name == "SAMPLE"


def test_nations():
    assert len([code for code in NATIONS if code <= "56"]) == 56
    assert (NATIONS["01"], NATIONS["05"], NATIONS["29"], NATIONS["56"]) == ("汉", "维吾尔", "柯尔克孜", "基诺")
    assert (NATIONS["97"], NATIONS["98"], NATIONS["81"]) == ("其他", "外国血统中国籍人士", "穿青人")


def test_newest_address_of_several_blocks():
    blocks = "甲街1号".ljust(35).encode("utf-16-le") + "".ljust(35).encode("utf-16-le") * 3
    assert parse_card(Payload(b" \0" * 128, b""), blocks).newest_address == "甲街1号"


def test_the_emulators_cards_and_the_drivers_reading_agree(demo_cards):
    for key, card in demo_cards.items():
        data = len(card.text).to_bytes(2, "big") + len(card.photo).to_bytes(2, "big") + card.text + card.photo
        record = parse_card(parse_payload(data, with_fingerprint=False))
        assert record.number_ok == (key != "oddities"), key
        assert record.to_person().name, key
    assert NumberFlag.CHECK_DIGIT in record_of(demo_cards["oddities"]).number_flags
    assert record_of(demo_cards["chen"]).sex is Sex.FEMALE


def record_of(card):
    return parse_card(Payload(card.text, card.photo))


@pytest.fixture(scope="module")
def demo_cards():
    return load_cards(Path(__file__).resolve().parents[2] / "config" / "demo" / "cards.toml")


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        ("[cards.a]\nkind = 'Z'", "kind"),
        ("[cards.a]\nnmae = 'x'", "nmae"),
        ("[cards.a]\nname = '" + "长" * 16 + "'", "longer"),
        ("x = 1", "no \\[cards"),
        ("[cards", "cards"),
    ],
)
def test_mistakes_in_a_card_file_are_named(tmp_path, toml, what):
    (tmp_path / "cards.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(ConfigError, match=what):
        load_cards(tmp_path / "cards.toml")


def test_the_last_valid_day_goes_with_the_person(demo_cards):
    text = bytearray(demo_cards["hongkong"].text)
    text[204:220] = "20270228".encode("utf-16-le")
    assert parse_card(Payload(bytes(text), b"")).to_person().document_valid_to == date(2027, 2, 28)
    text[204:220] = "长期".ljust(8).encode("utf-16-le")
    assert parse_card(Payload(bytes(text), b"")).to_person().document_valid_to is None
