"""Headphones that come and go: the loudspeaker is off before anything private, and on again after; a card in memory, no sound."""

from __future__ import annotations

import queue
import threading

import pytest

from kiosk import config
from kiosk.doctor.sound import check_headphones
from kiosk.emulators.headphone_card import JACK, SPEAKER, EmulatedSoundCard
from kiosk.voice import headphones
from kiosk.voice.headphones import NOTE, HeadphoneWatch, Plug, able

WAIT_S = 30


class Kiosk:
    """What the watch tells, in order, and what the card was like at each word."""

    def __init__(self, card, folder, **more):
        self.card, self.words = card, queue.Queue()
        self.answers = True
        self.watch = HeadphoneWatch(card, self._told, self._private, folder, **more)

    def _told(self, plug):
        self.words.put((plug, dict(self.card.on)))
        if self.answers:
            self.watch.answered()

    def _private(self, private):
        self.words.put((private, dict(self.card.on)))

    def hears(self, count):
        return [self.words.get(timeout=WAIT_S) for _ in range(count)]


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.setattr(headphones, "AGAIN_S", 0.01)
    begun = []

    def begin(card, *, watch=True, **more):
        kiosk = Kiosk(card, tmp_path, **more)
        begun.append(kiosk)
        kiosk.watch.start(watch=watch)
        return kiosk

    yield begin
    for kiosk in begun:
        kiosk.watch.stop()
    assert not {thread.name for thread in threading.enumerate()} & {"headphones", "headphones-card"}


def until(what):
    """Wait for what a thread does after its last word."""
    end = threading.Event()
    for _ in range(3000):
        if what():
            return True
        end.wait(0.01)
    return False


def test_a_plug_silences_the_loudspeaker_first_and_then_things_are_private(start, tmp_path):
    kiosk = start(card := EmulatedSoundCard())
    card.plug(True)
    assert kiosk.hears(2) == [(True, {SPEAKER: False}), (Plug(True, private=True), {SPEAKER: False})]
    card.plug(False)
    assert kiosk.hears(2) == [(False, {SPEAKER: False}), (Plug(False), {SPEAKER: False})], "nothing is private before it sounds"
    assert until(lambda: card.on[SPEAKER])
    assert until(lambda: not (tmp_path / NOTE).exists())


def test_the_loudspeaker_waits_for_the_window(start):
    kiosk = start(card := EmulatedSoundCard())
    kiosk.answers = False
    card.plug(True)
    kiosk.hears(2)
    card.plug(False)
    kiosk.hears(2)
    assert not card.on[SPEAKER], "the window may still say what it began to"
    kiosk.watch.answered()
    assert until(lambda: card.on[SPEAKER])


@pytest.mark.parametrize("fault", ["refuses", "no-loudspeaker", "driver-off"])
def test_a_loudspeaker_that_is_not_surely_off_keeps_names_unspoken(start, fault):
    card = EmulatedSoundCard(
        loudspeakers=() if fault != "refuses" else (SPEAKER,), auto_mute="Auto-Mute Mode" if fault == "driver-off" else ""
    )
    card.refuses = fault == "refuses"
    kiosk = start(card)
    card.plug(True)
    (private, _), (plug, _) = kiosk.hears(2)
    assert (private, plug) == (False, Plug(True, private=False)), "spoken mode all the same, without names"


def test_a_driver_that_silences_by_itself_is_enough(start):
    card = EmulatedSoundCard(loudspeakers=(), auto_mute="Auto-Mute Mode")
    card.by_itself = True
    kiosk = start(card)
    card.plug(True)
    assert kiosk.hears(2)[1][0] == Plug(True, private=True)


def test_a_driver_that_hears_of_no_plug_silences_nothing(start):
    """A key panel told it: the card's own jack is empty, so its driver does nothing."""
    card = EmulatedSoundCard(loudspeakers=(), auto_mute="Auto-Mute Mode")
    card.by_itself = True
    kiosk = start(card, watch=False)
    kiosk.watch.by_key(True)
    assert kiosk.hears(2)[1][0] == Plug(True, private=False)


def test_a_key_panel_silences_the_cards_loudspeaker(start):
    kiosk = start(card := EmulatedSoundCard(jacks=()))
    kiosk.watch.by_key(True)
    assert kiosk.hears(2)[1] == (Plug(True, private=True), {SPEAKER: False})
    kiosk.watch.by_key(False)
    assert kiosk.hears(2)[1][0] == Plug(False)
    assert until(lambda: card.on[SPEAKER])


def test_a_socket_that_silences_by_itself_is_believed(start):
    kiosk = start(card := EmulatedSoundCard(jacks=(), loudspeakers=()), socket_silences=True)
    kiosk.watch.by_key(True)
    assert kiosk.hears(2)[1][0] == Plug(True, private=True)
    assert card.on == {}


def test_a_card_that_vanishes_ends_what_is_private_and_its_return_begins_it(start):
    kiosk = start(card := EmulatedSoundCard())
    card.plug(True)
    kiosk.hears(2)
    card.vanish()
    assert [word for word, _ in kiosk.hears(2)] == [False, Plug(False)]
    card.away = False
    assert [word for word, _ in kiosk.hears(2)] == [True, Plug(True, private=True)]
    card.plug(False)
    kiosk.hears(2)
    assert until(lambda: card.on[SPEAKER])


def test_after_a_crash_the_loudspeaker_sounds_again_and_what_was_off_stays_off(start, tmp_path):
    (tmp_path / NOTE).write_text(SPEAKER, encoding="utf-8")
    card = EmulatedSoundCard(loudspeakers=(SPEAKER, "LFE Playback Switch"))
    card.on = {SPEAKER: False, "LFE Playback Switch": False}
    start(card)
    assert until(lambda: card.on == {SPEAKER: True, "LFE Playback Switch": False})


def test_the_end_of_the_kiosk_leaves_the_card_as_it_was(start):
    kiosk = start(card := EmulatedSoundCard())
    card.plug(True)
    kiosk.hears(2)
    kiosk.watch.stop()
    assert card.on == {SPEAKER: True}
    assert kiosk.hears(1)[0] == (False, {SPEAKER: False})


def test_what_a_card_is_able_to_do():
    assert able(EmulatedSoundCard())[1]
    assert not able(EmulatedSoundCard(jacks=()))[1], "no jack tells of a plug"
    assert not able(EmulatedSoundCard(loudspeakers=()))[1]


@pytest.mark.parametrize(
    ("made", "settings", "state", "said"),
    [
        ({}, {}, "ok", "a plug silences the loudspeaker (Speaker Playback Switch); nothing is plugged in"),
        ({"plugged": True}, {}, "ok", f"something is plugged into {JACK}"),
        ({"jacks": ()}, {}, "idle", "no headphone jack; names and numbers stay unspoken"),
        ({"loudspeakers": ()}, {}, "idle", "nothing here silences the loudspeaker; names and numbers stay unspoken"),
        ({"loudspeakers": ()}, {"headphones_silence": True}, "ok", "(the socket itself)"),
        ({"away": True}, {}, "idle", "card 0 does not answer: no such card"),
        ({}, {"headphones": "off"}, "idle", "are not looked for"),
        ({}, {"headphones": "always"}, "idle", "are taken as plugged in"),
    ],
)
def test_doctor_tells_what_it_found(made, settings, state, said):
    plugged, away = made.pop("plugged", False), made.pop("away", False)
    card = EmulatedSoundCard(**made)
    card.plug(plugged)
    card.away = away
    found = check_headphones(config.Settings(voice=config.Voice(**settings)), card)
    assert found.state == state
    assert said in found.what
