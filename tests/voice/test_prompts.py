"""`kiosk voice`: what there is to record, and what is wrong with what was recorded."""

from __future__ import annotations

import pytest

from kiosk.commands.voice import main
from kiosk.voice.prompts import all_prompts, expected_s, is_spoken, units
from tests.voice.conftest import write_silence


def test_what_is_spoken():
    assert is_spoken("page.idle.say")
    assert is_spoken("page.card.say_helper")
    assert not is_spoken("page.idle.title")
    assert not is_spoken("page.say.title")


def test_units():
    assert units("您好,12333。") == 7
    assert units("Please wait here.") == 4
    assert expected_s("您" * 200, 200) == pytest.approx(60)


def test_script_lists_every_prompt_with_its_file(capsys):
    assert main(["script", "--language", "zh_HK"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(all_prompts("zh_HK")) + 1
    assert any(line.startswith("zh_HK/page.idle.say.wav\t") and "養老金" in line for line in lines)


def test_no_prompt_is_longer_than_a_page_is_patient():
    long = {item.key: round(expected_s(item.text, 200)) for item in all_prompts("zh_CN") if expected_s(item.text, 200) > 30}
    assert long == {}


def test_check_finds_what_is_wrong(tmp_path, capsys):
    folder = tmp_path / "zh_CN"
    folder.mkdir()
    write_silence(folder / "page.idle.say.wav", 9)
    write_silence(folder / "action.nod.say.wav", 30)
    write_silence(folder / "page.gone.say.wav", 1)
    (folder / "page.who.say.wav").write_bytes(b"not a sound")
    assert main(["check", "--folder", str(tmp_path), "--language", "zh_CN"]) == 1
    out = capsys.readouterr().out
    assert "action.nod.say.wav: 30.0 s, too long" in out
    assert "page.gone.say.wav: no such prompt" in out
    assert "page.who.say.wav: unreadable" in out
    assert "page.idle.say.wav" not in out
    assert "2 recorded" in out
    assert "3 unusable" in out


def test_check_is_content_without_recordings(tmp_path, capsys):
    assert main(["check", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("0 unusable") == 3
