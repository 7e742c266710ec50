"""Recordings joined to one sound: sentences with a rest, pieces without gap or click; decoded in the voice's process."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from kiosk.voice import joining
from kiosk.voice.child import ProcessSynthesiser
from kiosk.voice.rendered import Rendered
from kiosk.voice.shelf import DIGIT_REST_S
from tests.voice.conftest import write_silence

RATE = 24000
CN = Rendered.load("zh_CN")


def tone(seconds, quiet_s=0.05):
    quiet = np.zeros(int(quiet_s * RATE), np.float32)
    sound = 0.3 * np.sin(2 * np.pi * 200 * np.arange(int(seconds * RATE)) / RATE).astype(np.float32)
    return np.concatenate([quiet, sound, quiet])


def longest_quiet_s(sound, rate=RATE):
    """Seconds of the longest stretch inside the sound that is 35 dB under its loudest moment."""
    loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max() * 10 ** (-35 / 20))
    return float(np.diff(loud).max() / rate)


def test_pieces_are_joined_without_gap_and_without_click():
    whole = joining.close([tone(0.3), tone(0.4), tone(0.2)], RATE)
    assert longest_quiet_s(whole) < 0.06
    assert 0.9 < len(whole) / RATE < 1.15
    # No step between two samples is larger than those inside a tone of this frequency and height.
    assert np.abs(np.diff(whole)).max() <= 1.1 * np.abs(np.diff(tone(0.3))).max()


def test_silence_and_very_short_pieces_do_no_harm():
    assert len(joining.close([tone(0.3), np.zeros(100, np.float32), tone(0.001)], RATE)) > 0.3 * RATE


def paths_of(*keys):
    return [CN.path(CN.prompts[key].files[0]) for key in keys]


@pytest.mark.parametrize("year", ["2027", "2035"])
def test_a_date_of_rendered_pieces_has_no_gap(year):
    digits = [f"spoken.digit.say_{digit}" for digit in year]
    run = paths_of(*digits, "spoken.date.say_year", "spoken.date.say_month_10", "spoken.date.say_day_27")
    whole, rate = joining.join([(0.0, run)])
    assert longest_quiet_s(whole, rate) < 0.15  # 七 and 四 begin with a breath that is as soft
    assert np.abs(whole).max() < 1.0


@pytest.mark.parametrize("digits", ["48210", "91057", "36"])
def test_the_digits_of_a_number_have_a_moment_of_quiet_between_them(digits):
    whole, rate = joining.join([(DIGIT_REST_S, paths_of(f"spoken.digit.say_{digit}")) for digit in digits])
    assert DIGIT_REST_S <= longest_quiet_s(whole, rate) < DIGIT_REST_S + 0.2


def test_no_digit_has_a_click_behind_it():
    """The model's noise: a tenth of a second of quiet inside a syllable, and something after it."""
    found = {digit: longest_quiet_s(*joining.read(paths_of(f"spoken.digit.say_{digit}")[0])) for digit in "0123456789x"}
    assert {digit: quiet for digit, quiet in found.items() if quiet > 0.1} == {}


def test_sentences_have_a_rest_between_them():
    files = CN.prompts["page.idle.say"].files
    whole, rate = joining.join([(joining.SENTENCE_PAUSE_S, [CN.path(name)]) for name in files])
    alone = sum(CN.sentences[name].seconds for name in files)
    assert len(whole) / rate == pytest.approx(alone + (len(files) - 1) * joining.SENTENCE_PAUSE_S, abs=0.05)


def test_both_ends_of_every_rendered_sentence_are_short():
    """Quiet of under 150 ms before and after: a prompt begins at once (issue: first sound within 150 ms of the page)."""
    slow = {}
    for name in sorted(CN.sentences)[::7]:  # every seventh: they are all made by the same trimming
        sound, rate = joining.read(CN.path(name))
        loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max() * 10 ** (-35 / 20))
        ends = loud[0] / rate, (len(sound) - loud[-1]) / rate
        if max(ends) > 0.15:
            slow[CN.sentences[name].text] = ends
    assert slow == {}


def test_recordings_of_several_rates_are_refused(tmp_path):
    write_silence(tmp_path / "a.wav")
    piece = CN.path(CN.prompts["spoken.digit.say_1"].files[0])
    for runs in ([(0.0, [tmp_path / "a.wav", piece])], [(0.0, [tmp_path / "a.wav"]), (0.3, [piece])]):
        with pytest.raises(ValueError, match="2 sampling rates"):
            joining.join(runs)


def test_a_player_may_begin_before_the_file_is_whole(tmp_path):
    """The file has its length from the start; what is not written yet is quiet; given up, it stays as it is."""
    path, told = tmp_path / "a.wav", []
    runs = [(0.3, [CN.path(name)]) for name in CN.prompts["page.idle.say"].files]
    whole = joining.join(runs)[0]

    def begun():
        with wave.open(str(path), "rb") as sound:
            told.append(np.frombuffer(sound.readframes(sound.getnframes()), "<i2"))

    assert not joining.write(runs, path, head_s=0.4, volume=0.5, begun=begun, go_on=lambda: False)
    assert [len(sound) for sound in told] == [len(whole)]
    first = int(0.4 * RATE)
    assert np.abs(told[0][:first] - whole[:first] * 0.5 * 32767).max() <= 1
    assert not told[0][RATE:].any()
    assert joining.write(runs, path, head_s=0.4, begun=begun)
    begun()
    assert np.abs(told[-1] - whole * 32767).max() <= 1


def test_the_voices_process_decodes_and_joins(tmp_path):
    child = ProcessSynthesiser()
    try:
        files = [(0.3, [CN.path(name)]) for name in CN.prompts["page.idle.say"].files]
        assert child.join(files, tmp_path / "first.wav", volume=1.0, head_s=0.4)
        assert child.join(files, tmp_path / "whole.wav", volume=1.0, head_s=0.4), "not held up by what is being decoded"
        assert child.finish()
        with wave.open(str(tmp_path / "whole.wav"), "rb") as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (24000, 1, 2)
            assert sound.getnframes() / 24000 == pytest.approx(CN.prompts["page.idle.say"].seconds, abs=0.05)
        assert not child.join([(0.3, [tmp_path / "gone.opus"])], tmp_path / "none.wav", volume=1.0, head_s=0.4)
        assert child.join(files, tmp_path / "again.wav", volume=1.0, head_s=9e9), "it goes on after what cannot be read"
    finally:
        child.close()
