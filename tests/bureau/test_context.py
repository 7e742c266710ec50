"""The bureau as one object: its keys, its folder, its codes, who is let in. In this process, on a folder that is copied."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from kiosk.bureau import context as context_room
from kiosk.bureau import rings, tables
from kiosk.bureau.context import BureauContext, BureauSettings, EnrolmentRefused
from kiosk.bureau.rings import Ring, bureau_id
from kiosk.canonical import canonical
from kiosk.errors import ConfigError
from kiosk.sync import protocol, seal, suites
from kiosk.sync.keys import Keys
from tests.bureau import copied
from tests.bureau.copied import NOW, kiosk_row, rows
from tests.bureau.made import STATION, Kiosk, record, register


@pytest.fixture
def opened(tmp_path, monkeypatch):
    yield from copied.opened(tmp_path, monkeypatch)


@pytest.fixture
def context(opened):
    return opened()


# --- keys ----------------------------------------------------------------------------------------------------------------


def ringed(context: BureauContext) -> tuple[BureauContext, Keys, Keys]:
    """Return the bureau after a change of its keys, and the old and the new ones."""
    new = Keys(*seal.new_keys())
    ring = Ring(new, before=context.keys)
    return replace(context, keys=new, rings={**context.rings, "std-1": ring}), context.keys, new


def sealed_to(keys: Keys, to: str) -> bytes:
    token = protocol.Token(kiosk_id="k", method="GET", path="/", at=NOW)
    return seal.encrypt(seal.sign(token, seal.new_keys(suites.of(keys.sign))[0], "k"), seal.recipient_key(keys.public), to)


def test_a_bureau_speaks_each_suite_that_it_serves(opened):
    context = opened()
    national = context.under(suites.GM_1)
    assert (context.suite, national.suite) == (suites.STD_1, suites.GM_1)
    assert national.keys is context.rings["gm-1"].now
    assert national.bureau_id == bureau_id(national.keys) != context.bureau_id
    assert context.under(suites.STD_1) is context
    alone = opened(suites=("gm-1",))
    assert alone.suite is suites.GM_1
    with pytest.raises(seal.Refused, match=r"^other-suite: std-1 is not served here$"):
        alone.under(suites.STD_1)


def test_what_is_sealed_to_a_kiosk_it_alone_opens(context):
    kiosk, other = register(context), register(context, 2)
    letter = protocol.Token(kiosk_id=kiosk.kiosk_id, method="GET", path="/", at=NOW)
    with context.session.begin() as session:
        sealed = context.seal_to(session.get_one(tables.Kiosk, kiosk.kiosk_id), letter)
    signed = seal.decrypt(sealed, kiosk.keys.seal, kiosk.kiosk_id)
    assert seal.verify(signed, seal.verify_key(context.keys.public), context.bureau_id, protocol.Token) == letter
    for keys, name in ((other.keys, kiosk.kiosk_id), (kiosk.keys, other.kiosk_id)):
        with pytest.raises(seal.Refused):
            seal.decrypt(sealed, keys.seal, name)


def test_a_letter_is_opened_with_the_keys_it_was_sealed_to(context):
    held, old, new = ringed(context)
    national = context.rings["gm-1"].now
    assert held.under_claimed(sealed_to(new, bureau_id(new))) is held
    assert held.under_claimed(sealed_to(old, bureau_id(old))).keys is old
    assert held.under_claimed(sealed_to(old, "unknown")) is held
    assert held.under_claimed(sealed_to(national, bureau_id(national))).keys is national
    assert held.under_claimed(sealed_to(national, "unknown")).keys is national
    assert held.under_claimed(b"x") is held
    alone = replace(held, rings={"std-1": held.rings["std-1"]})
    assert alone.under_claimed(sealed_to(national, bureau_id(national))) is alone


def test_which_keys_answer_whom(context):
    held, old, new = ringed(context)
    assert held.towards(bureau_id(old)).keys is old or held.towards(bureau_id(old)) is held
    older = replace(held, keys=old)
    assert older.towards(bureau_id(new)).keys is new
    assert older.towards("").keys is old
    assert held.to_strangers().keys is old
    assert context.to_strangers() is context
    assert held.of_id(bureau_id(old)).keys is old
    assert held.of_id(bureau_id(new)) is held
    assert held.of_id("unknown") is held


def folder_of(context: BureauContext) -> Path:
    return Path(context.settings.data)


def test_new_keys_are_seen_and_what_is_broken_stops_nobody(context, caplog):
    assert context.fresh() is context
    state = SimpleNamespace(context=context)
    assert context_room.current(state) is context
    path = rings.key_path(folder_of(context), "std-1")
    new = Keys(*seal.new_keys())
    rings.write(rings.key_path(folder_of(context), "std-1", "old"), context.keys)
    rings.write(path, new)
    fresh = context.fresh()
    assert fresh.keys.public == new.public
    assert fresh.rings["std-1"].before.public == context.keys.public
    assert set(fresh.rings) == {"std-1", "gm-1"}
    assert fresh.fresh() is fresh
    assert context_room.current(state).keys.public == new.public
    assert state.context.keys.public == new.public
    assert not caplog.records
    path.write_text("{")
    broken = fresh.fresh()
    assert (broken.keys, broken.rings) == (fresh.keys, fresh.rings)
    assert broken is not fresh
    assert [one.message for one in caplog.records] == ["the bureau's keys"]
    assert broken.fresh() is broken  # told once
    path.unlink()
    gone = broken.fresh()
    assert gone.keys is fresh.keys
    assert "keys that are in use are gone" in caplog.text
    assert gone.rosters == folder_of(context) / "rosters"


# --- its folder ----------------------------------------------------------------------------------------------------------


def test_where_the_database_is():
    assert BureauSettings(data="/x").url == "sqlite:////x/bureau.db"
    assert BureauSettings(data="/x", db="postgresql://y").url == "postgresql://y"


def test_the_clock_of_the_bureau(monkeypatch):
    monkeypatch.delenv("KIOSK_BUREAU_CLOCK_AHEAD_S", raising=False)
    assert abs(context_room.utcnow() - datetime.now(UTC)) < timedelta(minutes=30)
    assert context_room.utcnow().tzinfo is UTC
    monkeypatch.setenv("KIOSK_BUREAU_CLOCK_AHEAD_S", "86400.5")
    assert timedelta(hours=23) < context_room.utcnow() - datetime.now(UTC) < timedelta(hours=25)


@pytest.mark.skipif(os.name != "posix", reason="rights of files")
def test_what_a_kill_left_is_removed_and_everything_is_closed(tmp_path):
    folder, rosters = tmp_path / "bureau", tmp_path / "bureau" / "rosters"
    rosters.mkdir(parents=True)
    outside = tmp_path / "outside"
    for path in (folder / "a.upload", folder / "b.part", rosters / ".c.part", rosters / "d.part", rosters / "e", outside):
        path.write_text("x")
        path.chmod(0o644)
    folder.chmod(0o755)
    (folder / "link").symlink_to(outside)
    context_room.tidy(folder)
    assert sorted(one.name for one in folder.rglob("*")) == ["d.part", "e", "link", "rosters"]
    modes = {one.name: one.stat().st_mode & 0o777 for one in (folder, rosters, rosters / "d.part", rosters / "e", outside)}
    assert modes == {"bureau": 0o700, "rosters": 0o700, "d.part": 0o600, "e": 0o600, "outside": 0o644}


def test_what_is_missing_is_made_and_what_is_there_stays(tmp_path):
    settings = BureauSettings(data=str(tmp_path / "a" / "bureau"))
    folder = Path(settings.data)
    context_room.prepare(settings)
    names = {"admin-password", "bureau.db", "clerks.key", "keys.json", "keys-gm-1.json", "rosters"}
    assert {one.name for one in folder.iterdir()} == names
    secrets = {name: (folder / name).read_text() for name in ("admin-password", "clerks.key", "keys.json", "keys-gm-1.json")}
    assert len(secrets["admin-password"]) == 25
    assert len(base64.urlsafe_b64decode(secrets["clerks.key"].strip())) == 32
    assert secrets["clerks.key"].endswith("\n")
    if os.name == "posix":
        assert folder.stat().st_mode & 0o777 == (folder / "rosters").stat().st_mode & 0o777 == 0o700
    (folder / "x.upload").write_text("x")
    context_room.prepare(settings)
    assert {one.name for one in folder.iterdir()} == names
    assert {name: (folder / name).read_text() for name in secrets} == secrets
    (folder / "keys-gm-1.json").unlink()  # nobody is registered under it
    context_room.prepare(settings)
    made = context_room.open_context(settings)
    assert set(made.rings) == {"std-1", "gm-1"}
    assert made.admin_password == secrets["admin-password"].strip()
    register(made)
    made.engine.dispose()
    (folder / "keys.json").unlink()
    with pytest.raises(ConfigError, match="1 kiosks believe those keys alone"):
        context_room.prepare(settings)
    assert not (folder / "keys.json").exists()


def test_an_open_bureau(opened, tmp_path):
    context = opened()
    assert context.seen == rings.seen(folder_of(context), ("std-1", "gm-1"))
    assert str(context.engine.url) == f"sqlite:///{tmp_path / 'bureau' / 'bureau.db'}"
    with context.reading() as one, context.session() as two:
        assert one.get_bind().url == two.get_bind().url == context.engine.url
        assert one.get_bind().get_execution_options() == {"kiosk_reading": True}
        assert two.get_bind().get_execution_options() == {}
        assert (one.expire_on_commit, two.expire_on_commit) == (False, False)
    kiosk = register(context)
    kiosk.send(record(record_id="r-1"))
    with context.session.begin() as session:  # what a session changes is counted by itself
        session.get_one(tables.Record, "r-1").decision = "returned"
    assert copied.told(context)["verdicts"] == {"accepted/returned": 1}
    apart = tmp_path / "copy.db"
    shutil.copy(tmp_path / "bureau" / "bureau.db", apart)
    with opened(db_read=f"sqlite:///{apart}").reading() as session:
        assert str(session.get_bind().url) == f"sqlite:///{apart}"
    with pytest.raises(ConfigError, match="no bureau keys here; run once with --init"):
        context_room.open_context(BureauSettings(data=str(tmp_path / "nothing")))


# --- who is let in -------------------------------------------------------------------------------------------------------


def secret_of(code: str) -> str:
    return code.removeprefix("GM-").replace("-", "")[:10]


def enrolment(secret: str, keys: Keys, station: str = STATION) -> str:
    asked = protocol.Enrolment(secret=secret, station_id=station, name="测试站", keys=keys.public)
    return seal.sign(asked, keys.sign, station)


def refused(context: BureauContext, compact: str, source: str = "") -> str:
    with pytest.raises(EnrolmentRefused) as caught:
        context_room.enrol(context, compact, source)
    assert str(caught.value) == caught.value.why
    return caught.value.why


def test_what_a_code_is_made_of(context):
    code = context_room.make_code(context, STATION)
    assert [len(part) for part in code.split("-")] == [5, 5, 4, 4, 4, 4]
    assert code.replace("-", "")[10:] == seal.fingerprint(context.keys.public)
    (row,) = rows(context, tables.EnrolmentCode)
    hashed = hashlib.scrypt(secret_of(code).encode(), salt=context.bureau_id.encode(), n=2**14, r=8, p=1, dklen=32).hex()
    assert row == {
        "code_hash": hashed,
        "station_id": STATION,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "used_at": None,
        "kiosk_id": "",
    }
    national = context.under(suites.GM_1)
    code = context_room.make_code(national, STATION)
    assert [len(part) for part in code.split("-")] == [2, 5, 5, 4, 4, 4, 4]
    assert code.startswith("GM-")
    assert code[3:].replace("-", "")[10:] == seal.fingerprint(national.keys.public)
    assert context_room.code_address("A-B", "站 1") == "pension-kiosk:enrol?code=A-B&station=%E7%AB%99+1"


def test_who_is_let_in_by_a_code(context):
    keys, secret = Keys(*seal.new_keys()), secret_of(context_room.make_code(context, STATION))
    enrolled = context_room.enrol(context, enrolment(secret, keys))
    kiosk_id = "kiosk-" + seal.fingerprint(keys.public).lower()
    assert enrolled == protocol.Enrolled(
        bureau_id=context.bureau_id, kiosk_id=kiosk_id, keys=context.keys.public, kiosk_keys=keys.public, at=NOW
    )
    (row,) = rows(context, tables.Kiosk)
    assert row == {
        "kiosk_id": kiosk_id, "station_id": STATION, "name": "测试站", "sign_key": keys.public.sign, "seal_key": keys.public.seal,
        "suite": "std-1", "created_at": NOW, "revoked_at": None, "revoked_reason": "", "last_contact": None, "last_seq": 0,
        "backlog": 0, "roster_version": 0, "clock_offset_s": None, "software": "", "decision_seq": 0, "boot_ids": "",
        "monotonic_s": None, "cannot_follow": "", "bureau_id": context.bureau_id, "follows_keys": False,
    }  # fmt: skip
    (code,) = rows(context, tables.EnrolmentCode)
    assert (code["used_at"], code["kiosk_id"]) == (NOW, kiosk_id)
    assert context_room.enrol(context, enrolment(secret, keys)) == enrolled  # its answer was lost
    assert rows(context, tables.BundleVersion) == []  # a station of one kiosk has nobody to tell
    assert refused(context, enrolment(secret, Keys(*seal.new_keys()))) == "code-used"
    again = secret_of(context_room.make_code(context, STATION))
    copied.change(context, Kiosk(context, kiosk_id, keys), bureau_id="lost", last_seq=5)
    context_room.enrol(context, enrolment(again, keys))  # one that was here, and lost ours
    assert kiosk_row(context, Kiosk(context, kiosk_id, keys), "bureau_id", "last_seq") == (context.bureau_id, 5)
    assert rows(context, tables.BundleVersion) == []
    second = Keys(*seal.new_keys())
    context_room.enrol(context, enrolment(secret_of(context_room.make_code(context, STATION)), second))
    assert [(one["station_id"], one["created_at"]) for one in rows(context, tables.BundleVersion)] == [(STATION, NOW)]


def test_a_kiosk_is_let_in_under_the_suite_of_its_keys(context):
    national = context.under(suites.GM_1)
    keys, code = Keys(*seal.new_keys(suites.GM_1)), context_room.make_code(national, STATION)
    context_room.enrol(national, enrolment(secret_of(code), keys))
    (row,) = rows(context, tables.Kiosk)
    assert (row["suite"], row["bureau_id"]) == ("gm-1", national.bureau_id)


def test_who_is_not_let_in(context):
    keys, secret = Keys(*seal.new_keys()), secret_of(context_room.make_code(context, STATION))
    assert refused(context, enrolment("A" * 10, keys)) == "code-unknown"
    assert refused(context, enrolment(secret, keys, "SZ-OTHER-0001")) == "other-station"
    with context.session.begin() as session:
        session.scalars(select(tables.EnrolmentCode)).one().expires_at = NOW - timedelta(microseconds=1)
    assert refused(context, enrolment(secret, keys)) == "code-expired"
    with context.session.begin() as session:
        session.scalars(select(tables.EnrolmentCode)).one().expires_at = NOW
    enrolled = context_room.enrol(context, enrolment(secret, keys))
    with context.session.begin() as session:  # what was used in time does not run out for whoever used it
        session.scalars(select(tables.EnrolmentCode)).one().expires_at = NOW - timedelta(days=1)
    assert context_room.enrol(context, enrolment(secret, keys)) == enrolled
    assert context_room.revoke(context, enrolled.kiosk_id, "stolen")
    assert refused(context, enrolment(secret, keys)) == "keys-revoked"
    with pytest.raises(seal.Refused, match="^other-suite$"):
        context_room.enrol(context.under(suites.GM_1), enrolment(secret, keys))
    forged = Keys(Keys(*seal.new_keys()).sign, keys.seal)
    asked = protocol.Enrolment(secret=secret, station_id=STATION, name="", keys=keys.public)
    with pytest.raises(seal.Refused, match="^bad-signature$"):
        context_room.enrol(context, seal.sign(asked, forged.sign, STATION))


def test_wrong_codes_are_counted_for_each_station_and_source(context):
    keys = Keys(*seal.new_keys())
    good = secret_of(context_room.make_code(context, STATION))
    name = "enrol-2026113008-" + hashlib.sha256(f"{STATION}\n10.0.0.1".encode()).hexdigest()[:16]
    with context.session.begin() as session:
        session.add(tables.Counter(name=name, value=19))
    assert refused(context, enrolment("A" * 10, keys), "10.0.0.1") == "code-unknown"
    assert refused(context, enrolment(good, keys), "10.0.0.1") == "too-many-tries"
    assert refused(context, enrolment(good, keys, "SZ-OTHER-0001"), "10.0.0.1") == "other-station"
    assert {row["name"]: row["value"] for row in rows(context, tables.Counter)}[name] == 20  # a right code is no try
    assert context_room.enrol(context, enrolment(good, keys), "10.0.0.2").kiosk_id


def test_a_code_that_was_made_before_the_keys_changed_is_good_after_it(context):
    keys, secret = Keys(*seal.new_keys()), secret_of(context_room.make_code(context, STATION))
    held, old, new = ringed(context)
    enrolled = context_room.enrol(held, enrolment(secret, keys))
    assert (enrolled.bureau_id, enrolled.keys) == (bureau_id(old), old.public)
    assert kiosk_row(context, Kiosk(context, enrolled.kiosk_id, keys), "bureau_id") == (bureau_id(old),)
    secret = secret_of(context_room.make_code(held, STATION))
    enrolled = context_room.enrol(held, enrolment(secret, Keys(*seal.new_keys())))
    assert (enrolled.bureau_id, enrolled.keys) == (bureau_id(new), new.public)


@pytest.mark.parametrize("compact", ["", "a", "a.b", "a.e30", "a." + "A" * 20_001, "a.W10", "a." + "Ww" * 4000])
def test_what_is_no_enrolment(compact):
    with pytest.raises(seal.Refused, match="^malformed: not an enrolment$"):
        context_room._claimed(compact)


def test_an_enrolment_of_any_length_is_read():
    keys = Keys(*seal.new_keys())
    for size in range(12):  # base64 without its padding, in each of its lengths
        assert context_room._claimed(enrolment("A" * 10, keys, "S" * (8 + size))).station_id == "S" * (8 + size)


def test_a_long_enrolment_is_read_up_to_a_limit():
    keys = Keys(*seal.new_keys())
    plain = protocol.Enrolment(secret="A" * 10, station_id=STATION, name="", keys=keys.public).model_dump(mode="json")
    for size, read in ((20_000, True), (20_004, False)):
        filled = canonical({**plain, "more": ""})
        whole = canonical({**plain, "more": "x" * (size // 4 * 3 - len(filled))})
        text = base64.urlsafe_b64encode(whole).decode().rstrip("=")
        assert len(text) == size
        if read:
            assert context_room._claimed(f"a.{text}.b").station_id == STATION
        else:
            with pytest.raises(seal.Refused, match="^malformed"):
                context_room._claimed(f"a.{text}.b")


def test_who_is_revoked(context):
    kiosk, other = register(context), register(context, 2)
    seen: list[Any] = []
    assert context_room.revoke(context, "nobody", "stolen", seen.append) is False
    assert seen == []
    assert context_room.revoke(context, kiosk.kiosk_id, "stolen", seen.append) is True
    assert kiosk_row(context, kiosk, "revoked_at", "revoked_reason") == (NOW, "stolen")
    assert len(rows(context, tables.BundleVersion)) == 1  # the other one of the station is told
    assert context_room.revoke(context, kiosk.kiosk_id, "retired") is True
    assert kiosk_row(context, kiosk, "revoked_at", "revoked_reason") == (NOW, "retired")
    assert len(rows(context, tables.BundleVersion)) == 1
    assert [one.get_bind().url for one in seen] == [context.engine.url]
    assert kiosk_row(context, other, "revoked_at") == (None,)

    def refusing(session: Any) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        context_room.revoke(context, other.kiosk_id, "stolen", refusing)
    assert kiosk_row(context, other, "revoked_at") == (None,)
