"""Headphones: they begin spoken mode, switch the loudspeaker off, and only they hear what is private. Started by `app`.

Plugged in: the loudspeakers are switched off first, and each is asked whether it is; then what is private may be spoken. Pulled
out: the voice is silenced and told that nothing is private any more, then the window, and only when the window has answered do
the loudspeakers sound again. A card that vanishes counts as pulled out; it is looked for until it is back.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kiosk.voice.sound_card import CardParts, SoundCard

AGAIN_S = 5.0  # a card that is away is looked for so often
ANSWER_S = 2.0  # the window answers within milliseconds; a hung one must not keep the station silent for ever
NOTE = "loudspeaker-off"  # beside the store while we keep it off: after a crash it is switched on again

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plug:
    """Whether headphones are plugged in, and whether they alone hear what is said."""

    plugged: bool
    private: bool = False


class HeadphoneWatch:
    """Calls `told` with each change, from its own thread; `private` is told first when privacy ends, and last when it begins."""

    def __init__(
        self,
        card: SoundCard,
        told: Callable[[Plug], None],
        private: Callable[[bool], None],
        folder: Path,
        *,
        socket_silences: bool = False,
    ) -> None:
        """folder: where a note is kept while the loudspeaker is off. socket_silences: the cabinet's socket switches it off."""
        self._card, self._told, self._private = card, told, private
        self._note = folder / NOTE
        self._socket_silences = socket_silences
        self._now = Plug(False)
        self._heard: queue.SimpleQueue[tuple[str, bool] | None] = queue.SimpleQueue()
        self._answered = threading.Event()
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, *, watch: bool) -> None:
        """Begin. watch: look at the card's jacks; without it only `by_key` tells of headphones."""
        jobs = {"headphones": self._run, **({"headphones-card": self._watch} if watch else {})}
        self._threads = [threading.Thread(target=job, name=name, daemon=True) for name, job in jobs.items()]
        for thread in self._threads:
            thread.start()

    def by_key(self, plugged: bool) -> None:
        """A key panel, or the setting "always", tells of headphones; from any thread."""
        self._heard.put(("key", plugged))

    def answered(self) -> None:
        """The window knows that nothing is private any more."""
        self._answered.set()

    def stop(self) -> None:
        """End; the card's loudspeakers are as they were before."""
        self._ending.set()
        self._answered.set()
        self._heard.put(None)
        self._card.close()
        for thread in self._threads:
            thread.join(ANSWER_S)
        self._threads = []
        if self._now.plugged:
            self._private(False)
            self._loudspeakers_on()

    # --- in a thread of its own

    def _run(self) -> None:
        """Do what card and key panel tell, one after another."""
        told_by: dict[str, bool] = {}
        self._loudspeakers_on()  # an earlier kiosk may have fallen while they were off
        while (heard := self._heard.get()) is not None and not self._ending.is_set():
            source, plugged = heard
            told_by[source] = plugged
            if any(told_by.values()):
                self._plugged(by_card=told_by.get("card", False))
            else:
                self._unplugged()

    def _plugged(self, *, by_card: bool) -> None:
        plug = Plug(True, self._silent(by_card))
        if plug != self._now:
            self._now = plug
            self._private(plug.private)
            self._told(plug)

    def _unplugged(self) -> None:
        if self._now.plugged:
            self._private(False)
            self._now = Plug(False)
            self._answered.clear()
            self._told(self._now)
            if not self._answered.wait(ANSWER_S):
                _log.warning("headphones out: the window does not answer")
        self._loudspeakers_on()

    def _silent(self, by_card: bool) -> bool:
        """Switch the loudspeakers off; return whether they are surely silent."""
        if self._socket_silences:
            return True
        try:
            parts = self._card.parts()
            sounding = [name for name in parts.loudspeakers if self._card.sounds(name)]
            self._remember(sounding)
            off = not any([self._card.switch(name, False) for name in sounding])
            by_driver = by_card and bool(parts.auto_mute) and self._card.mutes_itself(parts.auto_mute)
        except OSError as error:
            _log.warning("loudspeaker not switched off", extra={"code": type(error).__name__})
            return False
        return by_driver or (bool(parts.loudspeakers) and off)

    def _remember(self, sounding: list[str]) -> None:
        """Note what is switched off, before it is: after a crash, what never sounded stays off."""
        known = self._noted()
        self._note.write_text("\n".join(dict.fromkeys([*known, *sounding])), encoding="utf-8")

    def _noted(self) -> list[str]:
        try:
            return [name for name in self._note.read_text(encoding="utf-8").splitlines() if name]
        except OSError:
            return []

    def _loudspeakers_on(self) -> None:
        try:
            for name in self._noted():
                self._card.switch(name, True)
            self._note.unlink(missing_ok=True)
        except OSError as error:  # the card is away: at its return
            _log.warning("loudspeaker not switched on", extra={"code": type(error).__name__})

    # --- in the thread that waits for the card

    def _watch(self) -> None:
        while not self._ending.is_set():
            try:
                jacks = self._card.parts().jacks
                if not jacks:
                    return
                for _ in self._card.changes():
                    self._heard.put(("card", any(map(self._card.is_on, jacks))))
                self._card.parts()  # no more word of it: is it there at all?
            except FileNotFoundError:  # no tool: the system cannot tell
                return
            except OSError:
                self._heard.put(("card", False))
            self._ending.wait(AGAIN_S)


def able(card: SoundCard) -> tuple[CardParts, bool]:
    """Return what a card has, and whether a plug into one of its jacks would silence its loudspeakers. Raises OSError."""
    parts = card.parts()
    by_driver = bool(parts.auto_mute) and card.mutes_itself(parts.auto_mute)
    return parts, bool(parts.jacks) and (by_driver or bool(parts.loudspeakers))
