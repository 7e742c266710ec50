"""`kiosk provision`, `sync`, `courier`, `bureau` as a person calls them, on a configuration file."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.__main__ import main
from kiosk.store import outbox, records
from kiosk.store.opening import open_store
from kiosk.sync import status
from tests.sync.made import STATION, record, settings


@pytest.fixture
def station(bureau, tmp_path, monkeypatch):
    """A configured station: KIOSK_CONFIG points at its file."""
    folder = tmp_path / "var"
    file = tmp_path / "kiosk.toml"
    file.write_text(f"""
[station]
station_id = "{STATION}"
[store]
directory = "{folder}"
key_file = "{folder}/database.key"
[sync]
bureau_url = "{bureau.url}"
key_file = "{folder}/kiosk.json"
""")
    monkeypatch.setenv("KIOSK_CONFIG", str(file))
    return settings(folder, bureau.url)


def save(station, *made):
    with open_store(station) as store:
        for one in made:
            records.save_visit(store, [one], datetime.now(UTC))


def code_file(code):
    path = Path(tempfile.mkdtemp()) / "code"
    path.write_text(code + "\n", encoding="ascii")
    return "--code-file", str(path)


def told(capsys):
    return json.loads(capsys.readouterr().out)


def test_provision_then_deliver_then_status(bureau, station, capsys):
    one = record()
    save(station, one)
    assert main(["sync", "status", "--json"]) == 0
    before = told(capsys)
    assert (before["hold"], before["unsent"], before["counts"]["waiting"], before["roster_version"]) == ("not-provisioned", 1, 1, 0)
    assert main(["sync", "now"]) == 1
    assert "not provisioned" in capsys.readouterr().err
    assert main(["provision", *code_file("wrong")]) == 1
    assert main(["provision", *code_file(bureau.enrolment_code(STATION))]) == 0
    capsys.readouterr()
    assert main(["sync", "now", "--json"]) == 0
    done = told(capsys)
    assert (done["sent"], done["moved"], done["trouble"]) == (1, [[one.record_id, "received", ""]], None)
    assert main(["sync", "status", "--json"]) == 0
    after = told(capsys)
    assert (after["hold"], after["unsent"], after["counts"]["received"]) == ("", 0, 1)
    assert after["last_receipt"]
    assert after["oldest_unsent"] is None
    assert main(["sync", "status"]) == 0
    assert "received  1" in capsys.readouterr().out
    with open_store(station) as store:
        outbox.put(store.db, status.PAUSED_BY, "1001")  # as the desk does
    assert main(["sync", "status", "--json"]) == 0
    paused = told(capsys)
    assert (paused["hold"], paused["paused_by"]) == ("paused", "1001")
    assert main(["sync", "status"]) == 0
    assert "paused (at the desk, by 1001)" in capsys.readouterr().out
    save(station, record())
    assert main(["sync", "now", "--json"]) == 1
    held = told(capsys)
    assert (held["hold"], held["sent"], held["counts"]["waiting"]) == ("paused", 0, 1)


def test_courier_there_and_back_with_the_bureaus_command(bureau, station, tmp_path, capsys):
    medium = tmp_path / "stick"
    medium.mkdir()
    main(["provision", *code_file(bureau.enrolment_code(STATION))])
    one = record()
    save(station, one)
    capsys.readouterr()
    assert main(["courier", "export", str(medium), "--json"]) == 0
    assert told(capsys) == {"new": 1, "kept": 0, "repaired": 0, "records": 1}
    assert main(["bureau", "--data", str(bureau.data), "--stick", str(medium)]) == 0
    assert "taken" in capsys.readouterr().out
    assert main(["courier", "import", str(medium)]) == 0
    assert "applied" in capsys.readouterr().out
    assert bureau.record(one.record_id)["verdict"] == "accepted"
    main(["sync", "status", "--json"])
    assert told(capsys)["counts"]["received"] == 1
    receipt = next(medium.rglob("receipt-*.jws"))
    receipt.write_bytes(receipt.read_bytes()[:-5])
    assert main(["courier", "import", str(medium)]) == 1, "a refused file is said by the exit status"
    assert "refused truncated" in capsys.readouterr().out
    assert main(["courier", "export", str(tmp_path / "nothing")]) == 1


def test_the_wire_as_schema(capsys):
    assert main(["sync", "schema"]) == 0
    schema = told(capsys)
    assert {"Batch", "Record", "Receipt", "RosterManifest", "Enrolment"} <= set(schema["$defs"])
    assert schema["$defs"]["Record"]["additionalProperties"] is True, "a newer version may say more"
    assert main(["sync", "schema", "--openapi"]) == 0
    assert {"/v1/batches", "/v1/reconcile", "/v1/enrol", "/v1/time"} <= set(told(capsys)["paths"])


def test_a_bureau_without_keys_does_not_start_silently(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["bureau", "--data", str(tmp_path / "empty")]) == 1
    assert "--init" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["bureau", "--data", str(tmp_path), "--workers", "2"])


def test_a_code_for_a_station(bureau, station, capsys):
    assert main(["bureau", "--data", str(bureau.data), "--code-for", STATION]) == 0
    code = capsys.readouterr().out.strip()
    assert main(["provision", *code_file(code)]) == 0


def test_no_name_no_number_in_any_file_or_message(bureau, station, tmp_path, capsys):
    """A marker name and number: not in the sealed files on the stick, the bureau's log, what commands print, the kiosk's files."""
    name, number = "甲乙丙丁标记", "110101194909099876"
    main(["provision", *code_file(bureau.enrolment_code(STATION))])
    save(station, record(helper_name=name, helper_id_number=number, notes=f"{name} {number}"))
    medium = tmp_path / "stick"
    medium.mkdir()
    main(["courier", "export", str(medium), "--json"])
    main(["bureau", "--data", str(bureau.data), "--stick", str(medium)])
    main(["courier", "import", str(medium)])
    main(["sync", "now"])
    main(["sync", "status"])
    printed = capsys.readouterr()
    assert name not in printed.out + printed.err
    folders = (medium, tmp_path / "var")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()] + [bureau.data / "log"]
    assert len(files) > 8
    for path in files:
        content = path.read_bytes()
        for marker in (name.encode(), number.encode(), name.encode("utf-16-le"), json.dumps(name)[1:-1].encode()):
            assert marker not in content, path.name


def test_the_one_time_code_is_asked_for_or_read_and_never_an_argument(bureau, station, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        main(["provision", "--code", "AAAAA-AAAAA-AAAA-AAAA-AAAA-AAAA"])
    assert main(["provision", "--code-file", "no/such/file"]) == 1
    assert "cannot be read" in capsys.readouterr().err
    monkeypatch.setattr("getpass.getpass", lambda prompt: bureau.enrolment_code(STATION))
    assert main(["provision"]) == 0
