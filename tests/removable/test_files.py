"""Files on removable media, and which media are there. Hostile media in whole exchanges: tests/trust/test_stick."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from kiosk.removable import files

NAME = re.compile(r"batch-\d{8}-([0-9a-f]{16})\.jwe")


class Mount(NamedTuple):
    mountpoint: str
    opts: str


def mounts(monkeypatch, *found: Mount, writable: bool = True) -> None:
    monkeypatch.setattr(files.psutil, "disk_partitions", lambda all: found)  # noqa: A002  psutil's own name
    monkeypatch.setattr(files.os, "access", lambda path, mode: writable)


def test_media_are_found_where_desktops_and_our_rule_mount_them(monkeypatch):
    monkeypatch.setattr(files.sys, "platform", "linux")
    mounts(
        monkeypatch,
        Mount("/", "rw,relatime"),
        Mount("/home", "rw"),
        Mount("/run/media/clerk/BLUE", "rw,nosuid"),
        Mount("/media/KINGSTON", "ro,nosuid"),
        Mount("/mediatheque/films", "rw"),
        Mount("/media", "rw"),
    )
    assert files.find_media() == [
        files.Medium(Path("/media/KINGSTON"), writable=False),
        files.Medium(Path("/run/media/clerk/BLUE"), writable=True),
    ]


def test_a_medium_that_this_account_may_not_write_is_found_as_not_writable(monkeypatch):
    monkeypatch.setattr(files.sys, "platform", "linux")
    mounts(monkeypatch, Mount("/media/KINGSTON", "rw"), writable=False)
    assert files.find_media() == [files.Medium(Path("/media/KINGSTON"), writable=False)]


def test_on_windows_the_kind_of_the_drive_says_it(monkeypatch):
    monkeypatch.setattr(files.sys, "platform", "win32")
    mounts(monkeypatch, Mount("C:\\", "rw,fixed"), Mount("D:\\", "ro,cdrom"), Mount("E:\\", "rw,removable"))
    assert files.find_media() == [files.Medium(Path("E:\\"), writable=True)]


def test_what_is_written_is_read_back_whole(tmp_path):
    data = b"sealed" * 100
    path = tmp_path / files.ROOT_NAME / "k1" / files.named("batch-00000001", data, "jwe")
    files.write_file(path, data)
    ((found, digest),) = files.matching(path.parent, NAME)
    assert found == path
    assert files.whole(found, digest, 600) == data
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_partial_copy_is_refused_as_truncated(tmp_path):
    path = tmp_path / files.named("batch-00000001", b"whole", "jwe")
    path.write_bytes(b"who")
    with pytest.raises(files.FileRefused) as refused:
        files.whole(path, path.stem.rsplit("-", 1)[1], 100)
    assert refused.value.why == "truncated"


def test_a_file_of_just_the_limit_is_read_and_one_byte_more_is_not(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 10)
    assert files.read_file(tmp_path / "a", 10) == b"x" * 10
    with pytest.raises(files.FileRefused) as refused:
        files.read_file(tmp_path / "a", 9)
    assert refused.value.why == "too-large"


def test_a_file_that_grows_after_the_first_look_is_refused(tmp_path, monkeypatch):
    """The size is looked at twice: what the directory says, and what was read."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 5)
    opened = os.open

    def grow(name, flags):
        with path.open("ab") as file:
            file.write(b"y" * 20)
        return opened(name, flags)

    monkeypatch.setattr(files.os, "open", grow)
    with pytest.raises(files.FileRefused) as refused:
        files.read_file(path, 10)
    assert refused.value.why == "too-large"


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_only_regular_files_are_read(tmp_path, kind):
    (tmp_path / "secret").write_bytes(b"s")
    if kind == "link":
        (tmp_path / "a").symlink_to(tmp_path / "secret")
    else:
        (tmp_path / "a").mkdir()
    with pytest.raises(files.FileRefused) as refused:
        files.read_file(tmp_path / "a", 10)
    assert refused.value.why == "wrong-name"


def test_a_file_that_is_gone_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.read_file(tmp_path / "a", 10)


def test_a_full_medium_is_told_from_one_that_cannot_be_written(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(files.errno.ENOSPC, "no space")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(files.RemovableError) as refused:
        files.write_file(tmp_path / "a", b"x")
    assert refused.value.why == "medium-full"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(files.RemovableError) as refused:
        files.write_file(tmp_path / "file" / "a", b"x")
    assert refused.value.why == "medium-unwritable"


def test_a_file_that_grows_is_not_digested_beyond_its_limit_either(tmp_path, monkeypatch):
    """The second look: what was small when it was looked at may be endless when it is read."""
    path = tmp_path / "scan.bin"
    path.write_bytes(b"x" * 100)
    opened = files._opened

    def grown(place, limit):
        file = opened(place, limit)
        with path.open("ab") as more:
            more.write(b"x" * 3_000_000)
        return file

    monkeypatch.setattr(files, "_opened", grown)
    with pytest.raises(files.FileRefused, match="too-large"):
        files.digest_file(path, 1_500_000)
