"""Codes held up to the camera: our own slip, and codes of the national platform asked for at the bureau."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from kiosk.bureau import decisions, resolve, slip_code, tables
from kiosk.camera.frame import Frame
from kiosk.domain.person import IdentifiedBy
from kiosk.domain.reasons import Reason
from kiosk.emulators.code_picture import draw_code
from kiosk.emulators.paper_picture import lay
from kiosk.ocr.codes import read_code
from kiosk.store.opening import open_store
from kiosk.sync import protocol, seal, slip_codes
from kiosk.sync.keys import JournalSigner, Keys, Pins, pins_path
from tests.bureau.made import opened, record, register
from tests.store import made
from tests.sync import inspector

DAY = date(2025, 11, 20)


@pytest.fixture
def keys():
    return Keys(*seal.new_keys())


@pytest.fixture
def signed_store(tmp_path, keys):
    with open_store(made.settings(tmp_path), signer=JournalSigner(keys)) as store:
        made.give_roster(store, made.entry())
        yield store


def test_last_years_slip_finds_the_person_and_names_nobody(signed_store):
    code = slip_codes.make(signed_store, "p-1", "S-1", DAY)
    assert made.NUMBER not in code
    found = slip_codes.person(signed_store, f"养老金认证记录\n有事打电话 12333\n{code}", "S-1")
    assert (found.id_number, found.identified_by) == (made.NUMBER, IdentifiedBy.SLIP)
    assert slip_codes.person(signed_store, f"https://bureau.example/verify/r#{code}", "S-1") == found
    for wrong in (code[:-4] + "AAAA", code.replace("PK1.", "PK1.A"), "PK1.AAAAAAAAAA." + "b" * 86, ""):
        assert slip_codes.person(signed_store, wrong, "S-1") is Reason.CODE_UNKNOWN
    assert slip_codes.person(signed_store, code, "S-2") is Reason.CODE_UNKNOWN  # another station's


def test_a_slip_of_before_new_keys_and_of_the_stations_other_kiosk_is_known(tmp_path, signed_store, keys, monkeypatch):
    code = slip_codes.make(signed_store, "p-1", "S-1", DAY)
    other = Keys(*seal.new_keys())
    with open_store(made.settings(tmp_path / "other"), signer=JournalSigner(other)) as store:
        made.give_roster(store, made.entry())
        assert slip_codes.person(store, code, "S-1") is Reason.CODE_UNKNOWN
        peer = protocol.Peer(kiosk_id="k", name="", keys=keys.public)
        monkeypatch.setattr("kiosk.sync.roster_feed.peers", lambda _: (peer,))
        assert slip_codes.person(store, code, "S-1").id_number == made.NUMBER


def test_the_bureaus_code_finds_the_person_at_any_station_that_knows_them(tmp_path, signed_store):
    context = opened(tmp_path / "bureau")
    try:
        kiosk = register(context)
        sent = record(person_id="p-1")
        kiosk.send(sent)
        record_id = sent["record_id"]
        assert slip_code.of(context, record_id, DAY) == ""  # nobody confirmed it
        decisions.decide(context, record_id, "confirmed", "")
        code = slip_code.of(context, record_id, DAY)
        assert slip_codes.is_ours(code)
        assert slip_codes.person(signed_store, code, "S-1") is Reason.CODE_UNKNOWN  # a bureau that is not pinned here
        pins = Pins(kiosk_id="k", station_id="S-1", bureau_id=context.bureau_id, bureau=context.keys.public)
        sync = signed_store.settings.sync.model_copy(update={"key_file": str(tmp_path / "kiosk.json")})
        pins_path(sync).write_text(pins.model_dump_json())
        signed_store.settings = signed_store.settings.model_copy(update={"sync": sync})
        for station in ("S-1", "S-2"):
            assert slip_codes.person(signed_store, code, station).id_number == made.NUMBER
        assert slip_codes.person(signed_store, code[:-4] + "AAAA", "S-1") is Reason.CODE_UNKNOWN
        forged = slip_codes.signed("p-1", "", DAY, context.bureau_id, signed_store.signer.sign)  # by a kiosk, in its name
        assert slip_codes.person(signed_store, forged, "S-1") is Reason.CODE_UNKNOWN
    finally:
        context.engine.dispose()


def test_a_code_in_a_picture_is_read_and_nothing_is_read_where_there_is_none(signed_store):
    code = slip_codes.make(signed_store, "p-1", "S-1", DAY)
    text = f"养老金认证记录 4f3a\n有事打电话 12333\n{code}"
    held = lay(draw_code(text), (1280, 720), roll_deg=8.0, pitch=0.1)
    assert read_code(Frame(held, 0.0, 0)) == text
    assert read_code(Frame(np.full((720, 1280, 3), 90, np.uint8), 0.0, 0)) == ""


def ask(context, kiosk, code):
    question = protocol.Resolve(kiosk_id=kiosk.kiosk_id, question_id=str(uuid.uuid4()), code=code, at=datetime.now(UTC))
    assert inspector.look("resolve", question.model_dump_json().encode()) == []
    signed = seal.sign(question, kiosk.keys.sign, kiosk.kiosk_id)
    sealed = seal.encrypt(signed, seal.recipient_key(context.keys.public), context.bureau_id)
    compact = seal.decrypt(resolve.answer(context, sealed), kiosk.keys.seal, kiosk.kiosk_id)
    return seal.verify(compact, seal.verify_key(context.keys.public), context.bureau_id, protocol.Resolved)


def test_a_code_of_the_platform_lives_a_minute_and_for_one_kiosk(tmp_path, monkeypatch):
    context = opened(tmp_path)
    one, two = register(context), register(context)
    resolve.put(context, "opaque-1", "ctid", "陈小芳", made.NUMBER)
    told = ask(context, one, "opaque-1")
    assert (told.name, told.id_number, told.platform, told.reason) == ("陈小芳", made.NUMBER, "ctid", "")
    assert ask(context, one, "opaque-1").id_number == made.NUMBER  # its answer may have been lost
    refused = ask(context, two, "opaque-1")
    assert (refused.reason, refused.name, refused.id_number) == ("code-used-elsewhere", "", "")
    assert ask(context, one, "nobody's").reason == "unknown-code"
    later = datetime.now(UTC) + timedelta(seconds=61)
    monkeypatch.setattr("kiosk.bureau.resolve.utcnow", lambda: later)
    assert ask(context, one, "opaque-1").reason == "code-expired"
    with context.session.begin() as session:
        kept = [row.code_digest for row in session.query(tables.NationalCode)]
    assert kept
    assert "opaque-1" not in kept
    context.engine.dispose()
