"""What a power cut leaves: files of zero bytes, or of zeros. Missing content is damage, said in one line, never valid content."""

from __future__ import annotations

import json
import shutil

import pytest

from kiosk import config, models
from kiosk.__main__ import main
from kiosk.doctor import checks, program
from kiosk.errors import ConfigError, KioskError, StoreError
from kiosk.plain_text import decode, is_leftover, read_text
from kiosk.store import policies
from kiosk.store.engine import meta
from kiosk.store.opening import open_store
from kiosk.store.roster import lookup as roster
from kiosk.sync import keys as sync_keys
from kiosk.sync import protocol, roster_file, seal, suites
from kiosk.texts.strings import DIRECTORY, Strings
from kiosk.voice.prompts import prompt
from tests.store import made


@pytest.fixture
def store(tmp_path):
    with open_store(made.settings(tmp_path / "var"), now=made.NOW) as opened:
        yield opened


NOTHING = [b"", bytes(4096)]


@pytest.mark.parametrize("content", NOTHING, ids=["0 bytes", "zeros"])
def test_settings_that_hold_nothing_start_no_demonstration(tmp_path, monkeypatch, capsys, content):
    file = tmp_path / "kiosk.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="holds nothing"):
        config.load(file)
    monkeypatch.setenv("KIOSK_CONFIG", str(file))
    assert main(["roster", "status"]) == 1
    told = capsys.readouterr().err
    assert "holds nothing" in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize("text", ["# all of it was commented\n", "[ui]\nlarge_text = true\n", "[station]\nname = '甲'\n", "\n\n"])
def test_settings_without_a_station_are_an_error(tmp_path, text):
    file = tmp_path / "kiosk.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[station\] station_id is missing"):
        config.load(file)


def test_a_kiosk_with_keys_takes_no_other_stations_id(tmp_path):
    settings = made.settings(tmp_path / "var")
    path = config.resolve(settings.sync.key_file)
    made_keys = sync_keys.Keys(*seal.new_keys())
    sync_keys.write_private(path, sync_keys.dump_keys(made_keys))
    pins = sync_keys.Pins(kiosk_id="K-1", station_id="SZ-NS-0417", bureau_id="B-1", bureau=made_keys.public)
    sync_keys.pins_path(settings.sync).write_text(pins.model_dump_json())
    with pytest.raises(ConfigError, match="SZ-DEMO-0001, but this kiosk is registered as SZ-NS-0417"):
        sync_keys.journal_signer(settings)
    right = made.settings(tmp_path / "var", station={"station_id": "SZ-NS-0417"})
    assert sync_keys.journal_signer(right) is not None


def test_the_demonstrations_id_is_never_registered(tmp_path, monkeypatch, capsys):
    file = tmp_path / "kiosk.toml"
    shutil.copy(config.CONFIG / "kiosk.toml", file)
    monkeypatch.setenv("KIOSK_CONFIG", str(file))
    code = tmp_path / "code"
    code.write_text("x")
    assert main(["provision", "--bureau", "https://127.0.0.1:1", "--code-file", str(code)]) == 1
    assert "is no station's (SZ-DEMO-0001)" in capsys.readouterr().err


@pytest.mark.parametrize("content", NOTHING, ids=["0 bytes", "zeros"])
def test_keys_that_hold_nothing_are_no_keys(tmp_path, content):
    settings = made.settings(tmp_path / "var")
    open_store(settings, now=made.NOW).close()
    for path in (config.resolve(settings.store.key_file), config.resolve(settings.sync.key_file)):
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = path.read_bytes() if path.exists() else None
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KioskError) as caught:
            open_store(settings, signer=sync_keys.journal_signer(settings), now=made.NOW)
        assert path.name in str(caught.value) or "key" in str(caught.value)
        path.unlink() if kept is None else path.write_bytes(kept)
    sync_keys.pins_path(settings.sync).write_bytes(content)
    with pytest.raises(ConfigError, match="damaged"):
        sync_keys.load_pins(settings.sync)


def _roster_file(settings):
    (path,) = config.resolve(settings.store.directory).glob("roster-*.db")
    return path


def test_a_roster_of_zero_bytes_is_put_aside_and_the_next_one_comes(tmp_path):
    settings = made.settings(tmp_path / "var")
    with open_store(settings, now=made.NOW) as store:
        made.give_roster(store, made.entry(), version=7)
    path = _roster_file(settings)
    path.write_bytes(b"")
    assert checks.check_roster(settings).state == "bad"
    assert "0 bytes" in checks.check_roster(settings).what
    with open_store(settings, now=made.NOW) as store:
        with pytest.raises(StoreError, match="put aside"):
            roster.find(store, made.NUMBER)
        assert roster.find(store, made.NUMBER) is None  # served by the attendant from now on, no error
        assert not path.exists()
        assert len(list((store.folder / "quarantine").iterdir())) == 1
        made.give_roster(store, made.entry(), version=7)  # the same version may come again
        assert roster.find(store, made.NUMBER).person_id == "p-1"
    assert checks.check_roster(settings).state in ("ok", "bad")
    assert "version 7, 1 people" in checks.check_roster(settings).what


@pytest.mark.parametrize("table", ["people", "lines", "about"])
def test_a_roster_without_one_of_its_tables_is_damage(tmp_path, table):
    settings = made.settings(tmp_path / "var")
    with open_store(settings, now=made.NOW) as store:
        made.give_roster(store, made.entry(), version=7)
        roster.find(store, made.NUMBER)
        if table == "people":
            store.db.execute("DROP VIEW roster.everybody")
        store.db.execute(f"DROP TABLE roster.{table}")
    assert checks.check_roster(settings).state == "bad"
    with open_store(settings, now=made.NOW) as store:
        with pytest.raises(StoreError, match="put aside"):
            roster.find(store, made.NUMBER)
        assert roster.version(store) == 0


def test_doctor_tells_of_the_roster_before_there_is_one(tmp_path):
    settings = made.settings(tmp_path / "var")
    assert checks.check_roster(settings).state == "idle"
    open_store(settings, now=made.NOW).close()
    assert checks.check_roster(settings).state == "idle"


def test_a_roster_of_nobody_is_no_roster(store):
    made.give_roster(store, made.entry())
    with pytest.raises(roster.RosterRefused, match="nobody"):
        roster.import_snapshot(store, [], roster.RosterHeader(2, made.NOW, 0), made.NOW)
    assert roster.find(store, made.NUMBER) is not None


@pytest.mark.parametrize("content", NOTHING, ids=["0 bytes", "zeros"])
def test_a_roster_file_from_the_bureau_that_holds_nothing_is_refused(tmp_path, content):
    path = tmp_path / "x.roster"
    path.write_bytes(content)
    manifest = protocol.RosterManifest(
        bureau_id="B", kiosk_id="K", version=2, base_version=None, created_at=made.NOW, digest=suites.STD_1.digest(content),
        size=len(content), plain_size=0, lines=0, file_key="A" * 43,
    )  # fmt: skip
    with pytest.raises(seal.Refused):
        list(roster_file.read(path, manifest))


@pytest.mark.parametrize("content", NOTHING, ids=["0 bytes", "zeros"])
def test_a_policy_that_holds_nothing_is_an_error_that_names_it(tmp_path, content):
    shutil.copytree(config.CONFIG / "policies", tmp_path / "p")
    (tmp_path / "p" / "new.toml").write_bytes(content)
    with pytest.raises(ConfigError, match="new.toml: holds nothing"):
        policies.of_files(str(tmp_path / "p"))


def test_a_bundle_with_an_empty_policy_changes_nothing(store):
    before = policies.book(store).ids
    with pytest.raises(ConfigError):
        policies.take_bundle(store, {"a.toml": ""}, 3, made.NOW)
    assert policies.book(store).ids == before
    assert meta.get(store.db, "policies_version", "0") == "0"


def test_what_a_mac_leaves_beside_a_policy_stops_none(tmp_path):
    shutil.copytree(config.CONFIG / "policies", tmp_path / "p")
    before = policies.files_digest(str(tmp_path / "p"))
    for name in ("._rotation.toml", ".DS_Store.toml", "~$rotation.toml"):
        (tmp_path / "p" / name).write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
    assert len(policies.of_files(str(tmp_path / "p"))) == len(policies.of_files())
    assert policies.files_digest(str(tmp_path / "p")) == before
    assert not is_leftover("rotation.toml")


def test_texts_icons_recordings_and_models_that_hold_nothing(tmp_path):
    assets = tmp_path / "assets"
    for part in ("strings", "icons", "pinyin"):
        shutil.copytree(config.ASSETS / part, assets / part)
    settings = config.Settings()
    assert program.look(settings, assets)[0] == "ok"
    (assets / "voice" / "zh_CN").mkdir(parents=True)
    (assets / "voice" / "zh_CN" / "page.idle.say.wav").write_bytes(b"")
    for path in (assets / "strings" / "en" / "slip.toml", assets / "icons" / "card.svg", assets / "pinyin" / "words.txt"):
        kept = path.read_bytes()
        path.write_bytes(b"")
        state, what, _ = program.look(settings, assets)
        assert (state, path.name in what) == ("bad", True)
        path.write_bytes(kept)
    assert program.look(settings, assets)[:2] == ("bad", "damaged: page.idle.say.wav")
    strings = Strings.load("zh_CN")
    assert prompt("page.idle.say", "zh_CN", strings, assets / "voice").recording is None  # the synthesiser speaks
    manifest = tmp_path / "models.toml"
    manifest.write_text("[distribution]\n[file]\n")
    with pytest.raises(ConfigError, match="names no model"):
        models.read_manifest(manifest, tmp_path)
    manifest.write_bytes(b"")
    with pytest.raises(ConfigError, match="holds nothing"):
        models.read_manifest(manifest, tmp_path)


def test_a_catalogue_file_of_nothing_is_an_error(tmp_path):
    shutil.copytree(DIRECTORY, tmp_path / "strings")
    (tmp_path / "strings" / "zh_CN" / "slip.toml").write_bytes(b"")
    with pytest.raises(ConfigError, match="slip.toml: holds nothing"):
        Strings.load("zh_CN", tmp_path / "strings")


# --- text in another encoding

PLAIN = '[station]\nname = "示范站"\nstation_id = "S-1"\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_mark_is_read(tmp_path, encoding):
    file = tmp_path / "kiosk.toml"
    file.write_text(PLAIN, encoding=encoding)
    assert config.load(file).station.name == "示范站"


@pytest.mark.parametrize(
    ("encoding", "named"), [("gb18030", "line 2 is not UTF-8"), ("utf-16", "is UTF-16"), ("utf-16-le", "is UTF-16")]
)
def test_another_encoding_is_one_line_that_says_what_to_do(tmp_path, monkeypatch, capsys, encoding, named):
    file = tmp_path / "kiosk.toml"
    file.write_text(PLAIN, encoding=encoding)
    monkeypatch.setenv("KIOSK_CONFIG", str(file))
    assert main(["doctor", "disk"]) == 1
    told = capsys.readouterr().err.strip()
    assert named in told
    assert "save it as UTF-8" in told
    assert "另存为 UTF-8" in told
    assert len(told.splitlines()) == 1


def test_policies_and_rosters_of_another_encoding_say_the_same(tmp_path, monkeypatch, capsys):
    shutil.copytree(config.CONFIG / "policies", tmp_path / "p")
    file = tmp_path / "p" / "gbk.toml"
    file.write_bytes('title = "轮转"\n'.encode("gb18030"))
    with pytest.raises(ConfigError, match="gbk.toml: line 1 is not UTF-8"):
        policies.of_files(str(tmp_path / "p"))
    settings = tmp_path / "kiosk.toml"
    settings.write_text(
        f'{PLAIN}[store]\ndirectory = "{tmp_path}/var"\nkey_file = "{tmp_path}/key"\n[sync]\nkey_file = "{tmp_path}/k"\n'
    )
    monkeypatch.setenv("KIOSK_CONFIG", str(settings))
    line = {"person_id": "P-1", "name": "梁桂兰", "id_number": made.NUMBER, "benefits": []}
    people = tmp_path / "roster.jsonl"
    for encoding in ("gb18030", "utf-16"):
        people.write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding=encoding)
        assert main(["roster", "import", "--synthetic", str(people)]) == 1
        assert "save it as UTF-8" in capsys.readouterr().err
    people.write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8-sig")
    assert main(["roster", "import", "--synthetic", str(people)]) == 0


def test_reading_and_decoding_name_the_file_and_no_content(tmp_path):
    with pytest.raises(ConfigError, match="none.toml"):
        read_text(tmp_path / "none.toml")
    with pytest.raises(ConfigError) as caught:
        decode("秘密 = 1".encode("gb18030"), "x.toml")
    assert "秘密" not in str(caught.value)
