"""What is wrong with the sound is told to doctor, by a file beside the store."""

from __future__ import annotations

import pytest

from kiosk.voice import state
from kiosk.voice.sound import Trouble


@pytest.mark.parametrize("trouble", list(Trouble))
def test_a_trouble_is_noted_and_read(tmp_path, trouble, caplog):
    state.teller(tmp_path)(trouble)
    noted, since = state.last(tmp_path)
    assert (noted, since[:2]) == (trouble, "20")
    assert [record.code for record in caplog.records] == [trouble.value]
    caplog.clear()


def test_a_folder_that_is_gone_and_a_damaged_note_do_no_harm(tmp_path, caplog):
    state.teller(tmp_path / "gone")(Trouble.BUSY)
    caplog.clear()
    assert state.last(tmp_path / "gone") == (Trouble.NONE, "")
    (tmp_path / state.FILE).write_text('{"trouble": "unheard-of"}', encoding="utf-8")
    assert state.last(tmp_path) == (Trouble.NONE, "")
