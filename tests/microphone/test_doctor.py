"""What the doctor says of digits that are read aloud, and what is fetched for them."""

from __future__ import annotations

import pytest

from kiosk.commands import voice
from kiosk.config import Liveness, Settings
from kiosk.doctor import hearing
from kiosk.voice.render import parts
from tests.microphone.test_ear import Answers, Microphone


@pytest.mark.parametrize(
    ("digits", "complete", "name", "state", "what"),
    [
        ("off", True, "USB", "idle", "digits are not read aloud"),
        ("third", False, "USB", "bad", "no recogniser"),
        ("substitute", True, "", "bad", "no microphone"),
        ("third", True, "USB", "ok", "USB hears"),
    ],
)
def test_the_doctor_says_why_nobody_is_asked_to_read(digits, complete, name, state, what):
    settings = Settings(liveness=Liveness(digits=digits))
    found = hearing.check_digits(settings, Microphone(name), Answers(complete=complete))
    assert (found.part, found.state) == ("digits", state)
    assert what in str(found.what)
    assert bool(found.remedy) is (state == "bad")


def test_a_station_fetches_the_recogniser_alone(monkeypatch):
    asked: list[list[str]] = []
    monkeypatch.setattr(parts, "fetch", lambda listed, say, *, names, source: asked.append(sorted(names)))
    assert voice.main(["fetch", "--digits"]) == 0
    assert voice.main(["fetch"]) == 0
    assert asked == [["whisper", "whisper-config", "whisper-tokenizer", "whisper-vocabulary"], []]
