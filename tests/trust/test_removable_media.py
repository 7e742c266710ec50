"""A hostile stick that wants to be written to: its links lead into the kiosk or the bureau. Reading: tests/sync/test_courier."""

from __future__ import annotations

import json
import os

import pytest

from kiosk.bureau import removable_media as bureau_media
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.removable import files
from kiosk.sync import courier
from kiosk.sync.delivery import journal_lines
from tests.sync.made import record


@pytest.fixture
def medium(tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def precious(tmp_path):
    """Something of the machine's own that a link on the stick leads to."""
    folder = tmp_path / "machine"
    folder.mkdir()
    (folder / "kiosk.db").write_bytes(b"precious")
    return folder


def export(kiosk, medium):
    return courier.export(kiosk.run, kiosk.identity, medium, batch_size=2, journal_tail=journal_lines)


def untouched(precious) -> bool:
    return [path.name for path in precious.iterdir()] == ["kiosk.db"] and (precious / "kiosk.db").read_bytes() == b"precious"


def test_a_link_in_the_place_of_a_file_is_replaced_not_written_through(kiosk, medium, precious):
    up = medium / files.ROOT_NAME / kiosk.identity.pins.kiosk_id / "up"
    up.mkdir(parents=True)
    for name in ("have.json", "have.json.part"):
        (up / name).symlink_to(precious / "kiosk.db")
    kiosk.save(record())
    assert export(kiosk, medium).records == 1
    assert untouched(precious)
    assert not (up / "have.json").is_symlink()
    json.loads((up / "have.json").read_text())


@pytest.mark.parametrize("which", ["root", "kiosk", "up"])
def test_a_link_in_the_place_of_a_folder_ends_the_export(kiosk, medium, precious, which):
    home = medium / files.ROOT_NAME / kiosk.identity.pins.kiosk_id
    link = {"root": medium / files.ROOT_NAME, "kiosk": home, "up": home / "up"}[which]
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(precious)
    kiosk.save(record())
    with pytest.raises(files.RemovableError) as caught:
        export(kiosk, medium)
    assert caught.value.why == "medium-unwritable"
    assert untouched(precious)
    link.unlink()
    assert export(kiosk, medium).records == 1, "nothing was lost by it"


def test_names_that_are_folders_or_devices_end_the_export(kiosk, medium):
    up = medium / files.ROOT_NAME / kiosk.identity.pins.kiosk_id / "up"
    (up / "have.json").mkdir(parents=True)
    kiosk.save(record())
    with pytest.raises(files.RemovableError):
        export(kiosk, medium)
    (up / "have.json").rmdir()
    os.mkfifo(up / "have.json.part")  # opened for writing it would hang for ever
    assert export(kiosk, medium).records == 1


def test_the_bureau_writes_through_no_link_either(bureau, kiosk, medium, precious):
    kiosk.save(record())
    export(kiosk, medium)
    home = medium / files.ROOT_NAME / kiosk.identity.pins.kiosk_id
    (home / "down").symlink_to(precious)
    context = open_context(BureauSettings(data=str(bureau.data)))
    try:
        with pytest.raises(files.RemovableError):
            bureau_media.serve(context, medium)
        assert untouched(precious)
        (home / "down").unlink()
        assert "taken" in dict(bureau_media.serve(context, medium)).values()
    finally:
        context.engine.dispose()
