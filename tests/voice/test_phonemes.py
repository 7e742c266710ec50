"""What the voice makes of every prompt: sounds of its own language, never a switch into another one, never nothing."""

from __future__ import annotations

import ctypes
import re
import shutil

import pytest

from kiosk.texts.strings import SPOKEN, Strings
from kiosk.voice.engine import Engine
from kiosk.voice.prompts import is_spoken

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
UTF8 = 1


@pytest.fixture(scope="module")
def phonemes():
    """Return what makes espeak-ng's phonemes of a text; a switch of language stands in them as "(en)"."""
    engine = Engine()
    library = ctypes.CDLL("libespeak-ng.so.1")  # the one that pyttsx3 has begun
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p

    def spoken(voice: str, text: str) -> str:
        assert library.espeak_SetVoiceByName(voice.encode()) == 0
        rest, told = ctypes.c_char_p(text.encode()), []
        while rest.value is not None:
            told.append(library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, 0).decode())
        return " ".join(told)

    spoken.voice_of = lambda language: engine.voice_of(language).split("/")[-1]
    return spoken


@pytest.mark.parametrize("language", SPOKEN)
def test_every_prompt_is_spoken_in_its_own_language(phonemes, language):
    strings = Strings.load(language)
    texts = {key: strings.text(key) for key in strings.keys() if is_spoken(key)}  # noqa: SIM118 - not a dict
    assert len(texts) > 400
    voice = phonemes.voice_of(language)
    wrong = []
    for key, text in texts.items():
        spoken = phonemes(voice, text)
        if not spoken.strip("_| ") or (re.search(r"\([a-z-]+\)", spoken) and not re.search("[A-Za-z]", text)):
            wrong.append(f"{key}: {text} -> {spoken}")
    assert wrong == []


def test_the_voice_that_reads_pinyin_as_english_is_noticed(phonemes):
    """The test above must be able to fail: this voice of espeak-ng 1.51 says "king three" for 请."""
    assert "(en)" in phonemes("cmn", "请") or phonemes("cmn", "请") == phonemes("cmn-latn-pinyin", "请")
