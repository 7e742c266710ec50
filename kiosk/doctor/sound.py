"""Can the kiosk be heard: the recordings, the speech engine, the sound card, headphones. Called by `checks.py`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from kiosk import config
from kiosk.doctor.finding import Finding, Phrase
from kiosk.voice import headphones
from kiosk.voice import state as voice_state
from kiosk.voice.rendered import Rendered
from kiosk.voice.sound import Trouble
from kiosk.voice.sound_card import AlsaCard, SoundCard


def check_voice(settings: config.Settings) -> Finding:
    """Look for the speech engine, the voice of the language, and a sound card."""
    if not settings.voice.enabled:
        return Finding("voice", "idle", Phrase("switched off by [voice] enabled"))
    if sys.platform != "linux":
        return Finding("voice", "idle", Phrase("uses the voices of the system; listen to them with: kiosk voice"))
    program = shutil.which("espeak-ng")
    if program is None:
        return Finding("voice", "bad", Phrase("espeak-ng is not installed"), Phrase("apt-get install espeak-ng"))
    language = {"zh_CN": "cmn", "zh_HK": "yue", "en": "en"}[settings.voice.language]
    if len(_espeak(program, f"--voices={language}").strip().splitlines()) < 2:
        return Finding(
            "voice",
            "bad",
            Phrase("espeak-ng has no voice for {language}", language=language),
            Phrase("apt-get install --reinstall espeak-ng-data"),
        )
    speaks = Phrase.joined((_natural(settings.voice.language), Phrase("espeak-ng speaks {language}", language=language)))
    if language == "cmn":
        # "(en)": the voice `cmn` of espeak-ng 1.51 reads the pinyin of 请 as English; `cmn-latn-pinyin` reads Mandarin.
        read = _espeak(program, "-v", "cmn-latn-pinyin", "-x", "-q", "请")
        if "(en)" in read or not read.strip():
            return Finding(
                "voice",
                "idle",
                Phrase("{speaks}, but reads 请 as English letters: what has no recording is not understood", speaks=speaks),
                Phrase("install an espeak-ng with the voice cmn-latn-pinyin"),
            )
        speaks = Phrase.joined((speaks, Phrase("请 is read as Mandarin")))
    if not any(map(shutil.which, ("pw-play", "paplay", "aplay"))):
        return Finding("voice", "bad", Phrase("nothing here can play sound"), Phrase("apt-get install alsa-utils"))
    cards = Path("/proc/asound/cards")
    if not cards.exists() or "no soundcards" in cards.read_text(encoding="utf-8", errors="replace"):
        return Finding(
            "voice",
            "idle",
            Phrase("{speaks}, but there is no sound card: captions only", speaks=speaks),
            Phrase("connect a loudspeaker"),
        )
    noted = voice_state.last(config.resolve(settings.store.directory))
    if noted.now is not Trouble.NONE:
        what, remedy = _SOUND_TROUBLES[noted.now]
        return Finding(
            "voice",
            "idle",
            Phrase("{speaks}; the kiosk noted at {since}: {what}", speaks=speaks, since=noted.since, what=what),
            remedy,
        )
    over = [(at, *_SOUND_TROUBLES[trouble]) for trouble, at in noted.before.items()]
    if over:
        at, what, remedy = max(over)
        return Finding(
            "voice",
            "ok",
            Phrase("{speaks}, a sound card is there; at {at} {what}, and that is over", speaks=speaks, at=at, what=what),
            remedy,
        )
    return Finding("voice", "ok", Phrase("{speaks}, a sound card is there", speaks=speaks))


_SOUND_TROUBLES = {
    Trouble.CARD_GONE: (Phrase("the sound card was not there"), Phrase("look at the cable of the loudspeaker and the card")),
    Trouble.BUSY: (
        Phrase("the sound card was held by another program"),
        Phrase("end the other program, or let a sound server share the card"),
    ),
    Trouble.SWEPT: (
        Phrase("its temporary folder was swept away, and was made anew"),
        Phrase("exempt kiosk-voice-* from the cleaning of /tmp"),
    ),
}


def _espeak(program: str, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603
        [program, *arguments], capture_output=True, text=True, errors="replace", check=False, timeout=10
    )
    return done.stdout


def _natural(language: str) -> str:
    rendered = Rendered.load(language)
    return (
        Phrase(
            "{prompts} prompts in the natural voice {voice}, the rest by the synthesiser",
            prompts=len(rendered.prompts),
            voice=rendered.voice,
        )
        if rendered.prompts
        else ""
    )


def check_headphones(settings: config.Settings, card: SoundCard | None = None) -> Finding:
    """Ask the sound card whether it tells of a plug, and whether a plug silences the loudspeaker. Nothing is switched."""
    voice = settings.voice
    quiet = Phrase("names and numbers are spoken then") if voice.headphones_silence else Phrase("names and numbers stay unspoken")
    if voice.headphones != "auto":
        what = Phrase("are taken as plugged in") if voice.headphones == "always" else Phrase("are not looked for")
        return Finding(
            "headphones",
            "idle",
            Phrase("{what} ([voice] headphones = {headphones!r}); {quiet}", what=what, headphones=voice.headphones, quiet=quiet),
        )
    card = card or AlsaCard(voice.headphones_card)
    name = Phrase("card {card}", card=voice.headphones_card)
    try:
        parts, silenced = headphones.able(card)
        plugged = [jack for jack in parts.jacks if card.is_on(jack)]
    except FileNotFoundError:
        told = Phrase("a plug is not noticed: amixer is not installed; {quiet}", quiet=quiet)
        return Finding("headphones", "idle", told, Phrase("apt-get install alsa-utils"))
    except OSError as error:
        return Finding(
            "headphones",
            "idle",
            Phrase("{name} does not answer: {error}; {quiet}", name=name, error=error, quiet=quiet),
            Phrase("look at [voice] headphones_card"),
        )
    if not parts.jacks:
        remedy = Phrase("map a key panel's plug ([ui] keys, headphones-in), or another card ([voice] headphones_card)")
        return Finding("headphones", "idle", Phrase("{name} tells of no headphone jack; {quiet}", name=name, quiet=quiet), remedy)
    if not silenced and not voice.headphones_silence:
        told = Phrase(
            "{jack}: a plug begins spoken mode, but nothing here silences the loudspeaker; {quiet}",
            jack=parts.jacks[0],
            quiet=quiet,
        )
        remedy = Phrase("switch Auto-Mute Mode on (alsamixer), or use a socket that silences ([voice] headphones_silence)")
        return Finding("headphones", "idle", told, remedy)
    by = ", ".join(parts.loudspeakers) or parts.auto_mute or Phrase("the socket itself")
    state = Phrase("something is plugged into {names}", names=", ".join(plugged)) if plugged else Phrase("nothing is plugged in")
    return Finding(
        "headphones",
        "ok",
        Phrase("{jacks}: a plug silences the loudspeaker ({by}); {state}", jacks=", ".join(parts.jacks), by=by, state=state),
    )
