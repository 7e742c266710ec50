"""What is wrong with the sound is told to doctor, by a file beside the store."""

from __future__ import annotations

import pytest

from kiosk.voice import state
from kiosk.voice.sound import Trouble


@pytest.mark.parametrize("trouble", list(Trouble))
def test_a_trouble_is_noted_and_read(tmp_path, trouble, caplog):
    state.teller(tmp_path)(trouble)
    noted = state.last(tmp_path)
    assert noted.now is trouble
    assert [record.code for record in caplog.records] == ([trouble.value] if trouble is not Trouble.NONE else [])
    caplog.clear()


def test_a_folder_that_is_gone_and_a_damaged_note_do_no_harm(tmp_path, caplog):
    state.teller(tmp_path / "gone")(Trouble.BUSY)
    caplog.clear()
    assert state.last(tmp_path / "gone") == state.Noted()
    (tmp_path / state.FILE).write_text('{"trouble": "unheard-of"}', encoding="utf-8")
    assert state.last(tmp_path) == state.Noted()


def test_what_is_over_is_still_told(tmp_path):
    """A swept folder is made anew at once: doctor, who comes a day later, hears of it all the same."""
    tell = state.teller(tmp_path)
    for trouble in (Trouble.SWEPT, Trouble.NONE, Trouble.BUSY):
        tell(trouble)
    noted = state.last(tmp_path)
    assert noted.now is Trouble.BUSY
    assert set(noted.before) == {Trouble.SWEPT, Trouble.BUSY}
    tell(Trouble.NONE)
    assert state.last(tmp_path).now is Trouble.NONE
    assert state.last(tmp_path).before == noted.before


def test_the_first_sound_after_a_start_ends_what_an_earlier_kiosk_noted(tmp_path):
    state.teller(tmp_path)(Trouble.CARD_GONE)
    state.teller(tmp_path)(Trouble.NONE)
    assert state.last(tmp_path).now is Trouble.NONE
