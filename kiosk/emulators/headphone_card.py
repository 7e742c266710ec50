"""A sound card in memory: a headphone jack, loudspeakers, and its faults. It can vanish, or refuse to be switched off."""

from __future__ import annotations

import queue
from collections.abc import Iterator

from kiosk.voice.sound_card import CardParts

JACK, SPEAKER = "Headphone Jack", "Speaker Playback Switch"


class EmulatedSoundCard:
    """A `voice.sound_card.SoundCard`. `refuses`: loudspeakers stay on; `by_itself`: the driver silences them at a plug."""

    def __init__(
        self, *, jacks: tuple[str, ...] = (JACK,), loudspeakers: tuple[str, ...] = (SPEAKER,), auto_mute: str = ""
    ) -> None:
        self._parts = CardParts(jacks, loudspeakers, auto_mute)
        self.on = dict.fromkeys(loudspeakers, True)
        self.refuses = self.by_itself = self.away = False
        self._plugged = False
        self._events: queue.SimpleQueue[bool] = queue.SimpleQueue()  # False: no more

    def plug(self, plugged: bool) -> None:
        """Headphones go in or out."""
        self._plugged = plugged
        self._events.put(True)

    def vanish(self) -> None:
        """The card is pulled out of its socket."""
        self.away = True
        self._events.put(False)

    # --- the port

    def parts(self) -> CardParts:
        """Its controls."""
        self._there()
        return self._parts

    def is_on(self, jack: str) -> bool:
        """Whether headphones are in."""
        self._there()
        return self._plugged

    def switch(self, loudspeaker: str, on: bool) -> bool:
        """Switch a loudspeaker, unless it refuses."""
        self._there()
        if not self.refuses:
            self.on[loudspeaker] = on
        return self.on[loudspeaker]

    def sounds(self, loudspeaker: str) -> bool:
        """Whether a loudspeaker is on."""
        self._there()
        return self.on[loudspeaker]

    def mutes_itself(self, control: str) -> bool:
        """Whether the driver silences."""
        self._there()
        return self.by_itself

    def changes(self) -> Iterator[None]:
        """One at the beginning, then one a plug."""
        self._there()
        yield
        while self._events.get():
            yield

    def close(self) -> None:
        """No more changes."""
        self._events.put(False)

    def _there(self) -> None:
        if self.away:
            raise OSError("no such card")
