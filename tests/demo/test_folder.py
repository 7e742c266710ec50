"""`kiosk demo --folder` of a folder that was used before says what to do, before anything is loaded."""

from __future__ import annotations

import pytest

from kiosk.commands import demo


def test_a_folder_that_was_used_is_told_kindly(tmp_path, capsys):
    (tmp_path / "store").mkdir()
    assert demo.main(["--headless", "--folder", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "is not empty" in told
    assert "another folder" in told


def test_a_file_is_no_folder(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")
    assert demo.main(["--play", "--folder", str(file)]) == 2
    assert "is a file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "new"])
def test_an_empty_or_a_new_folder_is_taken(tmp_path, name):
    assert demo._used(tmp_path / name) == ""
