"""Can four digits be heard here: a microphone, and the recogniser's package and weights. Called by `checks.py`; opens nothing."""

from __future__ import annotations

from kiosk import config
from kiosk.doctor.finding import Finding, Phrase
from kiosk.microphone.recogniser import ProcessRecogniser, Recogniser
from kiosk.microphone.source import SoundSource, open_source


def check_digits(settings: config.Settings, source: SoundSource | None = None, recogniser: Recogniser | None = None) -> Finding:
    """Say whether digits are offered to be read aloud, and what is missing where they are wanted."""
    liveness = settings.liveness
    if liveness.digits == "off":
        return Finding("digits", "idle", Phrase("digits are not read aloud ([liveness] digits = off)"))
    if not (recogniser or ProcessRecogniser()).there():
        return Finding(
            "digits",
            "bad",
            Phrase("no recogniser: nobody is asked to read digits"),
            Phrase("pip install --require-hashes -r requirements/digits.txt, then: kiosk voice fetch --digits"),
        )
    name = (source or open_source(liveness.microphone)).there()
    if not name:
        return Finding(
            "digits",
            "bad",
            Phrase("no microphone: nobody is asked to read digits"),
            Phrase("plug one in, or set [liveness] microphone; apt-get install libportaudio2"),
        )
    return Finding("digits", "ok", Phrase("{name} hears, the recogniser is there", name=name))
