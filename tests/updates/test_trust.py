"""The attacks of The Update Framework's specification on a station: none brings code, freezes or goes back unnoticed."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import DownloadError
from tuf.api.metadata import Metadata

from kiosk.errors import ConfigError
from kiosk.release.repository import Release
from kiosk.updates.disk import Disk
from kiosk.updates.downloads import Downloads
from kiosk.updates.manifest import Entry
from kiosk.updates.plan import Offer
from kiosk.updates.sources import FolderSource, SourceError, object_path, pack_object
from kiosk.updates.trust import NotTrusted, Repository
from tests.updates import made
from tests.updates.made import NOW


@pytest.fixture
def world(tmp_path):
    """A repository with one version, and a station that has seen it."""
    release, keys, root = made.released(tmp_path, "0.2.0", files=2)
    seen = tmp_path / "station"
    assert look(release, seen, root).offers() == [Offer("0.2.0", 100)]
    return release, keys, root, seen


def look(release: Release, seen: Path, root: bytes) -> Repository:
    return Repository(FolderSource(release.folder), seen, root)


def newest(release: Release, role: str) -> Path:
    return max((release.folder / "metadata").glob(f"*.{role}.json"), key=lambda path: int(path.name.split(".")[0]))


def forge(path: Path, signer: CryptoSigner) -> None:
    """Sign a list with another key."""
    metadata = Metadata.from_file(str(path))
    metadata.signatures.clear()
    metadata.sign(signer)
    path.write_bytes(metadata.to_bytes())


def test_an_honest_repository_is_read_again_and_again(world):
    release, keys, root, seen = world
    release.refresh(keys, NOW)
    assert look(release, seen, root).manifest("0.2.0").version == "0.2.0"


def test_rollback_to_an_older_timestamp_is_refused(world, tmp_path):
    release, keys, root, seen = world
    old = tmp_path / "old"
    shutil.copytree(release.folder, old)
    release.refresh(keys, NOW)
    look(release, seen, root)
    with pytest.raises(NotTrusted, match="BadVersionNumber"):
        look(Release(old), seen, root)


def test_rollback_of_the_owners_list_by_the_bureaus_keys_is_refused(world):
    """A bureau taken over signs a snapshot that names the targets list of before."""
    release, keys, root, seen = world
    release.add(made.version_tree(release.folder.parent, "0.3.0", 2), "0.3.0", keys, NOW)
    look(release, seen, root)
    newest(release, "targets").unlink()
    release.publish(keys, NOW)
    with pytest.raises(NotTrusted, match="BadVersionNumber"):
        look(release, seen, root)


def test_a_freeze_is_noticed_when_the_timestamp_ends(tmp_path):
    release, _, root = made.released(tmp_path, "0.2.0", files=2, now=NOW - timedelta(days=8))
    with pytest.raises(NotTrusted, match="Expired"):
        look(release, tmp_path / "station", root)


def test_a_bureau_that_signs_for_ever_the_same_is_noticed_when_the_owners_list_ends(tmp_path):
    release, keys, root = made.released(tmp_path, "0.2.0", files=2, now=NOW - timedelta(days=401))
    release.refresh(keys, NOW)
    with pytest.raises(NotTrusted, match="Expired"):
        look(release, tmp_path / "station", root)


def test_mix_and_match_of_lists_is_refused(world):
    """Lists that were each signed, at different times, and never belonged together."""
    release, keys, root, seen = world
    before = {role: newest(release, role).read_bytes() for role in ("targets", "rollout")}
    release.add(made.version_tree(release.folder.parent, "0.3.0", 2), "0.3.0", keys, NOW)
    release.stage("0.3.0", 100, [], keys, NOW)
    newest(release, "targets").write_bytes(before["targets"])
    with pytest.raises(NotTrusted, match="BadVersionNumber"):
        look(release, seen, root)
    newest(release, "rollout").write_bytes(before["rollout"])


@pytest.mark.parametrize("role", ["targets", "rollout", "snapshot"])
def test_a_list_signed_by_somebody_else_is_refused(world, tmp_path, role):
    release, _, root, _ = world
    forge(newest(release, role), CryptoSigner.generate_ed25519())
    with pytest.raises(NotTrusted, match="Unsigned|rollout.json"):
        look(release, tmp_path / "new station", root).offers()


def test_one_of_two_owners_keys_is_not_enough(world):
    release, keys, root, seen = world
    alone = {**keys, "targets": keys["targets"][:1]}
    release.add(made.version_tree(release.folder.parent, "0.3.0", 2), "0.3.0", alone, NOW)
    with pytest.raises(NotTrusted, match="Unsigned"):
        look(release, seen, root)


def test_the_bureaus_keys_cannot_name_a_version_that_the_owner_did_not_sign(world):
    release, keys, root, seen = world
    evil = {**keys, "targets": [CryptoSigner.generate_ed25519(), CryptoSigner.generate_ed25519()]}
    release.add(made.version_tree(release.folder.parent, "0.9.0", 2), "0.9.0", evil, NOW)
    with pytest.raises(NotTrusted, match="Unsigned"):
        look(release, seen, root)


def test_an_offer_of_the_bureau_for_what_was_never_signed_is_passed_over(world):
    release, keys, root, seen = world
    offers = {**release.offers(), "0.9.0": {"version": "0.9.0", "share": 100, "canaries": []}}
    rollout = Metadata.from_file(str(newest(release, "rollout")))
    release._write_rollout(rollout, offers, keys["rollout"])
    release.publish(keys, NOW)
    assert look(release, seen, root).offers() == [Offer("0.2.0", 100)]


def test_another_file_under_a_signed_name_is_refused(world):
    release, _, root, seen = world
    target = next((release.folder / "targets").glob("*.0.2.0.json"))
    target.write_bytes(target.read_bytes().replace(b"0.2.0", b"0.2.1"))
    with pytest.raises(NotTrusted, match="LengthOrHash"):
        look(release, seen, root).manifest("0.2.0")


def test_another_object_under_a_signed_digest_is_refused():
    entry = Entry("a", "0" * 64, 5)
    assert fetched(pack_object(b"other"), entry) == b"other", "the digest is looked at where the file is laid out"


def fetched(packed: bytes, entry: Entry) -> bytes:
    return Downloads(Memory(packed), Path("never made"), Disk()).fetch(entry, None)


class Memory:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, path: str, limit: int, start: int = 0):
        assert (path, start) == (object_path("0" * 64), 0)
        if len(self.content) > limit:
            raise SourceError(f"{path}: more than {limit} bytes")
        yield self.content


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (zstandard.ZstdCompressor().compress(b"x" * 5_000_000), "another size"),
        (pack_object(b"12345") + pack_object(b"12345"), "cannot be unpacked"),
        (b"no zstd at all", "cannot be unpacked"),
        (pack_object(b"1234"), "another size"),
        (b"\x00" * 5000, "more than"),
    ],
    ids=["bomb", "two frames", "noise", "short", "endless"],
)
def test_an_object_that_is_not_what_was_signed_costs_no_more_than_its_size(packed, why):
    with pytest.raises(SourceError, match=why):
        fetched(packed, Entry("a", "0" * 64, 5))


def test_endless_lists_are_cut_off(world):
    release, keys, root, seen = world
    release.refresh(keys, NOW)
    path = release.folder / "metadata" / "timestamp.json"
    path.write_bytes(path.read_bytes() + b" " * 6_000_000)
    with pytest.raises(DownloadError):
        look(release, seen, root)


def test_a_root_is_followed_when_the_one_before_signed_it(world):
    release, keys, root, seen = world
    new = {
        "root": [CryptoSigner.generate_ed25519() for _ in range(3)],
        "targets": [CryptoSigner.generate_ed25519() for _ in range(2)],
    }
    release.rotate_root(keys["root"], new, NOW)
    keys.update(new)
    release.add(made.version_tree(release.folder.parent, "0.3.0", 2), "0.3.0", keys, NOW)
    assert look(release, seen, root).manifest("0.3.0").version == "0.3.0"
    again = release.folder.parent / "station-that-never-looked"
    assert look(release, again, root).manifest("0.3.0").version == "0.3.0", "a station with the first root follows the chain"


def test_a_root_that_nobody_handed_over_to_is_refused(world):
    release, keys, root, seen = world
    strangers = [CryptoSigner.generate_ed25519() for _ in range(3)]
    release.rotate_root(strangers, {"root": strangers}, NOW)
    with pytest.raises(NotTrusted, match="Unsigned"):
        look(release, seen, root)


def test_keys_that_were_revoked_sign_nothing_any_more(world):
    release, keys, root, seen = world
    stolen = keys["targets"]
    new = {"targets": [CryptoSigner.generate_ed25519() for _ in range(2)]}
    release.rotate_root(keys["root"], new, NOW)
    release.add(made.version_tree(release.folder.parent, "0.3.0", 2), "0.3.0", {**keys, "targets": stolen}, NOW)
    with pytest.raises(NotTrusted, match="Unsigned"):
        look(release, seen, root)


def test_a_version_is_never_changed_and_a_withdrawn_one_is_told(world):
    release, keys, root, seen = world
    with pytest.raises(ConfigError, match="never changed"):
        release.add(made.version_tree(release.folder.parent / "again", "0.2.0", 3), "0.2.0", keys, NOW)
    release.withdraw("0.2.0", keys, NOW)
    assert look(release, seen, root).offers() == [Offer("0.2.0", 100, withdrawn=True)]


def test_a_rollout_list_that_is_no_list_is_refused(world):
    release, keys, root, seen = world
    rollout = Metadata.from_file(str(newest(release, "rollout")))
    release._add_target(rollout, "rollout.json", json.dumps({"offers": 3}).encode())
    rollout.signed.version += 1
    release._sign_and_write(rollout, keys["rollout"], f"{rollout.signed.version}.rollout.json")
    release.publish(keys, NOW)
    with pytest.raises(NotTrusted, match="rollout.json"):
        look(release, seen, root).offers()
