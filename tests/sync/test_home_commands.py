"""`kiosk home-visits` as a person calls it, on two configuration files; and what `kiosk roster import` refuses by line."""

from __future__ import annotations

import json

import pytest

from kiosk.__main__ import main
from tests.sync import visits as v

_stations = iter(range(7200, 7300))


def config_of(kiosk, path):
    path.write_text(f"""
[station]
station_id = "{kiosk.settings.station.station_id}"
[store]
directory = "{kiosk.settings.store.directory}"
key_file = "{kiosk.settings.store.key_file}"
[sync]
bureau_url = "{kiosk.settings.sync.bureau_url}"
key_file = "{kiosk.settings.sync.key_file}"
""")
    return path


@pytest.fixture
def two(bureau, tmp_path, monkeypatch, capsys):
    """Returns call(which, *arguments) -> (exit status, lines of output)."""
    pair = v.make_pair(bureau, tmp_path, f"SZ-TEST-{next(_stations)}")
    pair.give_roster(*(v.person(n) for n in range(3)))
    files = {"station": config_of(pair.station, tmp_path / "a.toml"), "portable": config_of(pair.portable, tmp_path / "b.toml")}

    def call(which, *arguments):
        monkeypatch.setenv("KIOSK_CONFIG", str(files[which]))
        status = main(["home-visits", *arguments])
        out = capsys.readouterr()
        return status, (out.out + out.err).splitlines()

    yield pair, call
    v.close(pair)


def test_there_and_back_by_commands(two):
    pair, call = two
    medium = str(pair.medium)
    status, lines = call("station", "list")
    assert status == 0
    assert len(lines) == 4
    assert pair.portable.identity.pins.kiosk_id in lines[-1]
    assert not any(v.person(n).name in line or v.person(n).id_number in line for n in range(3) for line in lines), "masked"
    status, lines = call("station", "export", "--person", "P00000", "--person", "P00001", "--staff", "1001", "--json", medium)
    assert (status, json.loads(lines[0])["people"]) == (0, 2)
    assert sum("out with" in line for line in call("station", "list")[1]) == 2
    assert call("portable", "return", medium) == (1, ["nothing for this kiosk"])
    status, lines = call("portable", "import", "--json", medium)
    assert (status, json.loads(lines[0])["count"]) == (0, 2)
    assert [json.loads(line)["person"] for line in call("portable", "list", "--json")[1]] == ["P00000", "P00001"]
    pair.visit("P00001")
    assert call("portable", "return", medium)[0] == 0
    status, lines = call("station", "merge", "--json", medium)
    assert (status, json.loads(lines[0])["count"]) == (0, 1)
    status, lines = call("station", "merge", medium)
    assert status == 0
    assert "nothing-new" in lines[0]


def test_what_cannot_be_is_said(two):
    pair, call = two
    status, lines = call("station", "export", "--to", "ZZZZ", str(pair.medium))
    assert status == 1
    assert pair.portable.identity.pins.kiosk_id in lines[0]
    status, lines = call("station", "export", "--person", "nobody", str(pair.medium))
    assert (status, lines) == (1, ["kiosk home-visits: nobody-to-export [seal-invalid]"])
    assert call("station", "export", str(pair.medium / "away"))[0] == 1
    path = pair.export_list("P00000").path
    path.write_bytes(path.read_bytes()[:-1])
    status, lines = call("portable", "import", str(pair.medium))
    assert status == 1
    assert "refused truncated" in lines[0]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"person_id": "人-1"}, "person_id has other characters"),
        ({"person_id": "a b"}, "person_id has other characters"),
        ({"benefits": [{"benefit_id": "养老", "kind": "k", "policy_id": "p"}]}, "benefits.benefit_id has other characters"),
        ({"benefits": [{"benefit_id": "b", "kind": "k", "policy_id": "p" * 129}]}, "benefits.policy_id has other characters"),
        ({"name": ""}, "name"),
        ({"status": "rich"}, "status"),
        (None, "not JSON"),
    ],
)
def test_a_plain_roster_is_refused_by_line_and_reason(tmp_path, monkeypatch, capsys, line, why):
    from kiosk.store.roster import line as roster_format

    (tmp_path / "kiosk.toml").write_text(f"""
[station]
station_id = "S-1"
[store]
directory = "{tmp_path}/var"
key_file = "{tmp_path}/database.key"
[sync]
key_file = "{tmp_path}/kiosk.json"
""")
    monkeypatch.setenv("KIOSK_CONFIG", str(tmp_path / "kiosk.toml"))
    good = roster_format.to_line(v.person(1)).decode()
    bad = "{" if line is None else json.dumps({**json.loads(roster_format.to_line(v.person(2))), **line}, ensure_ascii=False)
    (tmp_path / "roster.jsonl").write_text(f"{good}\n\n{bad}\n", encoding="utf-8")
    assert main(["roster", "import", "--synthetic", str(tmp_path / "roster.jsonl")]) == 1
    told = capsys.readouterr().err
    assert f"line 3: {why}" in told, "counted as an editor counts"
    assert v.person(2).name not in told
    assert main(["roster", "status"]) == 1, "nothing of it is in use"
    (tmp_path / "roster.jsonl").write_text(f"{good}\n", encoding="utf-8")
    assert main(["roster", "import", "--synthetic", str(tmp_path / "roster.jsonl")]) == 0
