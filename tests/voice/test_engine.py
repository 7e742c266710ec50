"""The real synthesiser, in its process, into files: all languages, the wished rate, and no harm when it dies."""

from __future__ import annotations

import shutil
import wave

import pytest

from kiosk.texts.strings import Strings
from kiosk.voice.child import ProcessSynthesiser
from kiosk.voice.prompts import duration_s, expected_s, units

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.fixture(scope="module")
def engine():
    made = ProcessSynthesiser()
    yield made
    made.close()


@pytest.mark.parametrize(("language", "catalogue"), [("zh_CN", "zh_CN"), ("zh_HK", "zh_HK"), ("en", "en")])
@pytest.mark.parametrize("rate", [160, 200, 240])
def test_the_rate_is_kept(engine, tmp_path, language, catalogue, rate):
    text = Strings.load(catalogue).text("page.consent.say")
    path = tmp_path / "prompt.wav"
    assert engine.write(text, language, rate, path)
    seconds = duration_s(path)
    spoken = units(text) * 60 / seconds
    assert 0.8 * rate < spoken < 1.25 * rate
    with wave.open(str(path), "rb") as sound:
        assert max(memoryview(sound.readframes(sound.getnframes())).cast("h")) > 3000, "it is heard"


def test_expected_length_is_near_the_real_one(engine, tmp_path):
    text = Strings.load("zh_CN").text("page.idle.say")
    assert engine.write(text, "zh_CN", 200, tmp_path / "a.wav")
    assert duration_s(tmp_path / "a.wav") == pytest.approx(expected_s(text, 200), rel=0.35)


def test_it_comes_back_after_it_died(engine, tmp_path):
    assert engine.write("您好。", "zh_CN", 200, tmp_path / "a.wav")
    engine._child.kill()
    engine._child.wait()
    assert engine.write("您好。", "zh_CN", 200, tmp_path / "b.wav")
    assert duration_s(tmp_path / "b.wav") > 0.2


def test_a_text_it_cannot_write_is_an_answer_not_a_crash(engine, tmp_path):
    assert not engine.write("", "zh_CN", 200, tmp_path / "no" / "such" / "folder.wav")
    assert engine.write("您好。", "zh_CN", 200, tmp_path / "c.wav")
