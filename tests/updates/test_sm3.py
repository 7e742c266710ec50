"""A station of gm-1 takes nothing whose SM3 is not signed beside its SHA-256; others, and those of before, take what they took."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kiosk import digests
from kiosk.commands import update as command
from kiosk.config import Sync
from kiosk.release.repository import Release
from kiosk.sync import seal, suites
from kiosk.sync.keys import Keys, Pins
from kiosk.updates.disk import Disk
from kiosk.updates.downloads import Downloads
from kiosk.updates.manifest import SM3_LIST, Manifest, ManifestError, parse, with_sm3
from kiosk.updates.sources import FolderSource
from kiosk.updates.trust import NotTrusted, Repository
from kiosk.updates.versions import Versions
from tests.updates import made
from tests.updates.made import NOW


@pytest.fixture
def world(tmp_path):
    release, keys, root = made.released(tmp_path, "0.2.0", files=1)
    return release, keys, root, tmp_path / "station"


def look(release: Release, seen: Path, root: bytes, *, sm3: bool = True) -> Repository:
    return Repository(FolderSource(release.folder), seen, root, sm3=sm3)


def laid_out(release: Release, seen: Path, root: bytes) -> tuple[Versions, Manifest]:
    versions, manifest = Versions(seen / "home", Disk()), look(release, seen, root).manifest("0.2.0")
    versions.lay_out(manifest, Downloads(FolderSource(release.folder), seen / "own", Disk()).fetch)
    return versions, manifest


def test_every_file_has_both_digests_and_both_are_looked_at(world):
    release, _, root, seen = world
    versions, manifest = laid_out(release, seen, root)
    files = [entry for entry in manifest.entries if not entry.link]
    for entry in files:
        content = (versions.path("0.2.0") / entry.path).read_bytes()
        assert entry.sm3 == digests.hexdigest("sm3", content)
    assert versions.check("0.2.0") == manifest
    # The second list is looked at after it was laid out too.
    other = json.loads((versions.path("0.2.0") / SM3_LIST).read_bytes())
    other["sm3"][0][1] = "0" * 64
    (versions.path("0.2.0") / SM3_LIST).write_text(json.dumps(other))
    with pytest.raises(ManifestError, match="is not as it was signed"):
        versions.check("0.2.0")


def test_a_file_of_the_right_sha_256_and_another_sm3_is_not_laid_out(world):
    """As after somebody found two files of one SHA-256: the other digest says which was meant."""
    release, _, root, seen = world
    manifest = look(release, seen, root).manifest("0.2.0")
    altered = {"version": "0.2.0", "sm3": [[entry.path, "0" * 64] for entry in manifest.entries if not entry.link]}
    wrong = with_sm3(manifest, json.dumps(altered).encode())
    with pytest.raises(ManifestError, match="not the file that was signed"):
        Versions(seen / "home", Disk()).lay_out(wrong, Downloads(FolderSource(release.folder), seen / "own", Disk()).fetch)


@pytest.mark.parametrize("custom", [{}, {"sm3": "0" * 64}])
@pytest.mark.parametrize("name", ["0.2.0.json", "0.2.0.sm3.json"])
def test_a_target_whose_sm3_is_missing_or_another_is_not_taken(world, name, custom):
    release, keys, root, seen = world
    targets = release._load_targets()
    targets.signed.targets[name].unrecognized_fields["custom"] = custom
    release._sign_targets(targets, keys, NOW)
    assert look(release, seen, root, sm3=False).manifest("0.2.0").version == "0.2.0"
    with pytest.raises(NotTrusted, match="SM3 is not signed, or another; this station speaks gm-1"):
        look(release, seen, root).manifest("0.2.0")


def test_a_version_of_before_without_the_second_list_is_not_taken(world):
    release, keys, root, seen = world
    targets = release._load_targets()
    del targets.signed.targets["0.2.0.sm3.json"]
    release._sign_targets(targets, keys, NOW)
    assert look(release, seen, root, sm3=False).manifest("0.2.0").version == "0.2.0"
    with pytest.raises(NotTrusted, match=r"0\.2\.0\.sm3\.json: not signed"):
        look(release, seen, root).manifest("0.2.0")


def test_the_bureaus_own_list_has_one_too_and_a_withdrawn_version_keeps_it(world):
    release, keys, root, seen = world
    assert [one.version for one in look(release, seen, root).offers()] == ["0.2.0"]
    release.withdraw("0.2.0", keys, NOW)
    assert look(release, seen, root).offers()[0].withdrawn is True
    assert look(release, seen, root).manifest("0.2.0").entries[0].sm3
    rollout = release._load_latest("rollout")
    rollout.signed.targets["rollout.json"].unrecognized_fields["custom"] = {}
    rollout.signed.version += 1
    release._sign_and_write(rollout, keys["rollout"], f"{rollout.signed.version}.rollout.json")
    release.publish(keys, NOW)
    with pytest.raises(NotTrusted, match=r"rollout\.json: its SM3"):
        look(release, seen, root).offers()


def test_lists_that_are_not_whole_are_refused(world):
    release, _, root, seen = world
    manifest = look(release, seen, root, sm3=False).manifest("0.2.0")
    assert manifest.sm3_bytes() == b""
    assert parse(manifest.to_bytes(), "0.2.0") == manifest, "what stations of before read is as it was"
    good = [[entry.path, "0" * 64] for entry in manifest.entries if not entry.link]
    for content in (
        b"",
        b"[]",
        b"{}",
        *(
            json.dumps({"version": version, "sm3": listed}).encode()
            for version, listed in (
                ("0.3.0", good),
                ("0.2.0", good[:-1]),
                ("0.2.0", [*good, ["x", "0" * 64]]),
                ("0.2.0", [[path, "z"] for path, _ in good]),
                ("0.2.0", 7),
            )
        ),
    ):
        with pytest.raises(ManifestError):
            with_sm3(manifest, content)


@pytest.mark.parametrize("suite", suites.NAMES)
def test_the_suite_of_the_registration_decides_and_damaged_pins_ask_for_more(tmp_path, suite):
    settings, pins = Sync(key_file=str(tmp_path / "kiosk.json")), tmp_path / "kiosk.pins.json"
    assert command._speaks_gm(settings) is False, "not registered"
    keys = Keys(*seal.new_keys(suites.by_name(suite))).public
    pins.write_text(Pins(suite=suite, kiosk_id="k", station_id="S", bureau_id="b", bureau=keys).model_dump_json())
    assert command._speaks_gm(settings) is (suite == "gm-1")
    pins.write_text("{}")
    assert command._speaks_gm(settings) is True
