"""`kiosk roster import` with a real bureau's signed file: taken; refused when replayed, altered, or meant for another kiosk."""

from __future__ import annotations

import pytest

from kiosk.bureau.process import BureauProcess
from kiosk.commands import roster as command
from kiosk.errors import KioskError
from kiosk.store.opening import open_store
from kiosk.store.roster import line as roster_format
from kiosk.store.roster import lookup as roster
from tests.store import made
from tests.sync.made import make_kiosk


@pytest.fixture(scope="module")
def issued(tmp_path_factory):
    """A provisioned kiosk's settings, and two rosters the bureau issued, each with the manifest sealed to that kiosk."""
    folder = tmp_path_factory.mktemp("signed")
    with BureauProcess(data=folder / "bureau") as bureau:
        kiosk = make_kiosk(bureau, folder / "kiosk", "SZ-TEST-0401")
        other = make_kiosk(bureau, folder / "other", "SZ-TEST-0402")
        files = []
        for version in (1, 2):
            lines = folder / f"{version}.jsonl"
            people = [made.entry(f"44030519500101{n:03d}X", f"第{version}版", f"p-{n}") for n in range(5)]
            lines.write_bytes(b"".join(roster_format.to_line(one) + b"\n" for one in people))
            bureau.issue_roster(lines)
            manifest = folder / f"{version}.manifest"
            manifest.write_bytes(kiosk.client._get("/v1/roster?have=0"))
            stranger = folder / f"{version}.other"
            stranger.write_bytes(other.client._get("/v1/roster?have=0"))
            files.append((manifest, stranger))
        kiosk.close()
        other.close()
        stored = sorted((folder / "bureau" / "rosters").glob("*.roster"), key=lambda path: path.stat().st_mtime_ns)
    return kiosk.settings, files, stored


def test_signed_rosters(issued, tmp_path, monkeypatch, capsys):
    settings, ((first, _), (second, stranger)), stored = issued
    file = tmp_path / "kiosk.toml"
    file.write_text(
        f'[station]\nstation_id = "{settings.station.station_id}"\n'
        f'[store]\ndirectory = "{settings.store.directory}"\nkey_file = "{settings.store.key_file}"\n'
        f'[sync]\nkey_file = "{settings.sync.key_file}"\n'
    )
    monkeypatch.setenv("KIOSK_CONFIG", str(file))

    def bring(manifest, path):
        return command.main(["import", str(path), "--manifest", str(manifest)])

    def taken():
        with open_store(settings) as store:
            return roster.version(store), {one.name for one in roster.everybody(store)}

    def file_of(manifest):  # the bureau also keeps deltas: find the file this manifest fits
        for path in stored:
            try:
                return bring(manifest, path), path
            except KioskError:
                continue
        raise AssertionError("no file fits")

    status, old = file_of(first)
    assert (status, taken()) == (0, (1, {"第1版"}))
    with pytest.raises(KioskError) as caught:
        bring(stranger, old)  # sealed to another kiosk
    assert caught.value.reason == "seal-invalid"
    altered = tmp_path / "altered.manifest"
    altered.write_bytes(second.read_bytes()[:-5] + b"AAAAA")
    with pytest.raises(KioskError):
        bring(altered, old)
    assert file_of(second)[0] == 0
    assert taken() == (2, {"第2版"})
    with pytest.raises(KioskError) as caught:
        bring(first, old)  # an old one again
    assert caught.value.reason == "seal-invalid"
    assert taken() == (2, {"第2版"})
    assert "version 2 in use: 5 people" in capsys.readouterr().out
