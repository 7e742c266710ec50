"""The support bundle: what it holds, and that no name, number or key of anybody leaves with it, from whatever place it comes."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest

from kiosk import config
from kiosk.commands import support_bundle as command
from kiosk.doctor.finding import Finding
from kiosk.domain.desk_rules import Role
from kiosk.removable.files import RemovableError
from kiosk.store.desk import staff
from kiosk.store.engine import journal
from kiosk.store.opening import open_store
from kiosk.support import bundle, cut, machine, troubles
from kiosk.sync import keys as sync_keys
from kiosk.sync import seal, suites

NAME, PINYIN, NUMBER, PHONE, PASSWORD = "王秀英", "wangxiuying", "440301195001011234", "13800138000", "hunter2-hunter2"
NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
SAM = "05.01-20101129-0001228293-0296863149"


@pytest.fixture
def station(tmp_path, monkeypatch):
    """A station that has the marker everywhere it can be: settings, log, service manager, kernel, checks, store."""
    (tmp_path / "log").mkdir()
    told = {"t": "2026-11-30T08:00:00.000Z", "level": "ERROR", "from": "kiosk.x", "msg": f"cannot handle {NAME}", "code": NUMBER}
    lines = [
        json.dumps(told),
        f"Traceback {NAME} {PINYIN}",
        json.dumps({**told, "level": "INFO"}),
        '{"level": "ERROR", "msg": [1]}',
    ]
    (tmp_path / "log" / "kiosk.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = config.Settings(
        station=config.Station(station_id="SZ-TEST-0001", name=f"{NAME}家", hotline=PHONE),
        store=config.Store(directory=str(tmp_path), key_file=str(tmp_path / "database.key")),
        sync=config.Sync(
            bureau_url=f"https://clerk:{PASSWORD}@bureau.example/x?token={PASSWORD}",
            key_file=str(tmp_path / "kiosk.json"),
            ca_file=f"/home/{PINYIN}/ca.pem",
        ),
        desk=config.Desk(stick_folders=(f"/run/media/{PINYIN}/stick", f"/media/{NAME}")),
        printer=config.Printer(target=f"/home/{PINYIN}/out"),
    )
    sync_keys.write_private(tmp_path / "kiosk.json", sync_keys.dump_keys(sync_keys.Keys(*seal.new_keys(suites.STD_1))))
    with open_store(settings) as store:
        staff.add(store, "1001", NAME, Role.SUPERVISOR, "837465", NOW, by="set-up")
        journal.note(store, "unexpected-error", {"code": "ValueError"}, NOW)
        facts = troubles.of_store(store, NOW)

    def words(name: str) -> str:
        entry = {"_PID": "1", "UNIT": "pension-kiosk.service", "MESSAGE": f"usb 1-1: Product: {NAME} {NUMBER}"}
        quoted = {"_PID": "700", "MESSAGE": f"ValueError: {PINYIN} {NAME}"}
        return "\n".join(map(json.dumps, (entry, quoted))) if name == "units" else ""

    def fails(settings: config.Settings) -> Finding:
        raise ValueError(f"cannot parse {PINYIN} {NUMBER}")

    monkeypatch.setattr(troubles, "words", words)
    monkeypatch.setattr(
        bundle.doctor, "CHECKS", {"disk": fails, "clock": lambda _: Finding("clock", "bad", f"{NAME}, {PHONE}, {SAM}")}
    )
    return settings, facts


def opened(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_no_name_number_or_key_leaves(station, tmp_path):
    settings, facts = station
    files = opened(bundle.make(settings, lambda: facts, NOW))
    kept = [(tmp_path / name).read_text(encoding="utf-8") for name in ("database.key", "kiosk.json")]
    keys = [kept[0].strip(), *(one["d"] for one in json.loads(kept[1]).values())]
    whole = "\n".join(files.values())
    for marker in (NAME, json.dumps(NAME)[1:-1], PINYIN, NUMBER, PHONE, PASSWORD, "837465", *keys):
        assert marker not in whole, [name for name, text in files.items() if marker in text]


def test_what_helps_is_in_it(station):
    settings, facts = station
    files = {
        name: json.loads(text) for name, text in opened(bundle.make(settings, lambda: facts, NOW)).items() if name != "README.txt"
    }
    assert set(files) == {f"{name}.json" for name in "versions doctor units errors timings devices settings store".split()}
    assert [one["what"] for one in files["doctor.json"]] == ["the check itself failed: ValueError", f"…, …, {SAM}"]
    assert files["errors.json"]["log"][0] == {
        "t": "2026-11-30T08:00:00.000Z",
        "level": "ERROR",
        "from": "kiosk.x",
        "msg": "cannot handle …",
        "code": "…",
    }
    assert files["errors.json"]["units"][0]["says"] == "usb 1-1: Product: … …"
    assert files["settings.json"]["sync"]["bureau_url"] == "https://bureau.example/x"
    assert files["settings.json"]["store"]["key_command"] == ""
    assert files["store.json"]["journal_of_30_days"] == {"unexpected-error ValueError": 1}
    assert files["timings.json"]["synced_write_ms"]


@pytest.mark.parametrize("form", ["hex", "base64", "url"])
def test_a_bundle_with_a_key_of_this_station_is_not_written(station, monkeypatch, tmp_path, form):
    settings, facts = station
    key = bundle.store_keys.database_key(settings.store)
    shown = {"hex": key.hex(), "base64": base64.b64encode(key).decode(), "url": base64.urlsafe_b64encode(key).decode()}[form]
    monkeypatch.setattr(cut, "text", lambda value: value)  # as if the cut had a hole
    with pytest.raises(bundle.SupportRefused):
        bundle.write(tmp_path, settings, lambda: {**facts, "last_contact": f"x {shown} y"}, NOW)
    assert not list(tmp_path.glob("support-*"))


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("id440301195001011234 and 44030119500101123x", "id… and …"),
        ("440301 19500101 1234, 138-0013-8000", "…, …"),
        (f"sam {SAM}", f"sam {SAM}"),
        ("2026-11-30T10:05:25.123Z took 1234567890 us", "2026-11-30T10:05:25.123Z took 1234567890 us"),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----", "…"),
        ("𠮷野 さくら 김철수 ＡＢＣ", "… … … …"),
        (r"C:\Users\wang\x /home/wang/x", r"C:\Users\…\x /home/…/x"),
    ],
)
def test_what_is_cut(value, left):
    assert cut.text(value) == left


def test_the_command_writes_it(station, tmp_path, monkeypatch, capsys):
    settings, _ = station
    monkeypatch.setattr(config, "load", lambda: settings)
    assert command.main(["--out", str(tmp_path)]) == 0
    name = capsys.readouterr().out.strip()
    assert name.startswith(str(tmp_path / "support-SZ-TEST-0001-2"))
    assert "store.json" in opened((tmp_path / name).read_bytes())


def test_a_stick_that_is_gone_is_said_in_the_desks_words(station, tmp_path):
    settings, facts = station
    with pytest.raises(RemovableError, match="medium-missing"):
        bundle.write(tmp_path / "gone", settings, lambda: facts, NOW)


def test_usb_devices_are_told_by_their_descriptors(tmp_path):
    folder = tmp_path / "bus" / "usb" / "devices" / "1-1"
    folder.mkdir(parents=True)
    for name, value in {"idVendor": "0c45", "idProduct": "6366", "product": f"Cam {NAME}", "serial": "SN1"}.items():
        (folder / name).write_text(value + "\n", encoding="utf-8")
    (folder / "descriptors").write_bytes(bytes(range(18)))
    told = machine.devices(config.Settings(), tmp_path)["usb"]
    assert told == [
        {
            "path": "1-1",
            "idVendor": "0c45",
            "idProduct": "6366",
            "product": "Cam ",
            "serial": "SN1",
            "driver": [],
            "descriptors": base64.b64encode(bytes(range(18))).decode(),
        }
    ]
