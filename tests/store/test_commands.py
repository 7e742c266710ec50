"""The commands of the store, as an administrator types them."""

from __future__ import annotations

import io
import json

import pytest

from kiosk.commands import roster as roster_command
from kiosk.commands import staff as staff_command
from kiosk.config import CONFIG
from kiosk.errors import SealError
from kiosk.store.desk import staff
from kiosk.store.opening import open_store
from kiosk.store.roster import line as roster_format
from tests.store import made

PIN = "402917"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    folder = tmp_path / "var"
    file = tmp_path / "kiosk.toml"
    file.write_text(
        f'[station]\nstation_id = "S-1"\n'
        f'[store]\ndirectory = "{folder}"\nkey_file = "{folder}/keys/database.key"\n[sync]\nkey_file = "{folder}/keys/kiosk.json"\n'
    )
    monkeypatch.setenv("KIOSK_CONFIG", str(file))
    return made.settings(folder)


def typed(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_staff_add_list_pin_revoke(settings, monkeypatch, capsys):
    typed(monkeypatch, PIN + "\n")
    assert staff_command.main(["add", "A1", "--name", "测试员", "--role", "supervisor"]) == 0
    typed(monkeypatch, "123456\n")
    assert staff_command.main(["add", "A2", "--name", "测试员"]) == 1
    assert "consecutive" in capsys.readouterr().err
    typed(monkeypatch, "930174\n")
    assert staff_command.main(["pin", "A1"]) == 0
    assert staff_command.main(["list"]) == 0
    assert "supervisor active" in capsys.readouterr().out
    with open_store(settings, now=made.NOW) as store:
        assert staff.sign_in(store, "A1", PIN, made.NOW).member is None
        assert staff.sign_in(store, "A1", "930174", made.NOW).member is not None
    assert staff_command.main(["revoke", "A1"]) == 0
    assert staff_command.main(["revoke", "A1"]) == 1


def test_roster_of_the_demonstration(settings, capsys, monkeypatch):
    assert roster_command.main(["status"]) == 1
    assert roster_command.main(["import", "--synthetic", str(CONFIG / "demo" / "roster.toml")]) == 0
    assert roster_command.main(["status"]) == 0
    typed(monkeypatch, "440305194810010111\n")
    assert roster_command.main(["find"]) == 0
    out = capsys.readouterr().out
    assert "李 * 国" in out
    assert "李建国" not in out
    assert "440305194810010111" not in out
    assert "deferred-month): ok" in out
    assert roster_command.main(["find", "440305195107220242"]) == 1


def test_roster_of_lines(settings, tmp_path, capsys):
    import zstandard

    people = made.entry(), made.entry("440305194810010111", "李建国", "p-2")
    plain = b"".join(roster_format.to_line(one) + b"\n" for one in people)
    (tmp_path / "r.jsonl").write_bytes(plain)
    (tmp_path / "r.jsonl.zst").write_bytes(zstandard.compress(plain))
    assert roster_command.main(["import", "--synthetic", str(tmp_path / "r.jsonl")]) == 0
    assert roster_command.main(["import", "--synthetic", str(tmp_path / "r.jsonl.zst")]) == 0
    assert "version 2 in use: 2 people" in capsys.readouterr().out


def test_a_provisioned_kiosk_takes_no_unsigned_roster(settings, tmp_path):
    from kiosk.sync import keys, seal

    sign, seal_key = seal.new_keys()
    key_file = tmp_path / "var" / "keys" / "kiosk.json"
    key_file.parent.mkdir(parents=True)
    keys.write_private(key_file, keys.dump_keys(keys.Keys(sign, seal_key)))
    with pytest.raises(SealError, match="signed rosters only"):
        roster_command.main(["import", "--synthetic", str(CONFIG / "demo" / "roster.toml")])
    assert json.loads(key_file.read_text())
