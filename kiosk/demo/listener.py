"""The person of the demonstration who does not see: hears what is spoken, presses five keys, lays a card, moves when told.

Headphones are plugged in first: a key panel tells of them, and its socket silences the loudspeaker. Used by `kiosk demo` and its
tests. It looks at no widget: what it knows are the words that were spoken, in order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent

from kiosk.config import Settings
from kiosk.domain.reasons import Action
from kiosk.emulators.person import Hands
from kiosk.texts import said
from kiosk.texts.strings import Strings

log = logging.getLogger(__name__)

NEXT, CHOOSE, PLUG, UNPLUG = Qt.Key.Key_F6, Qt.Key.Key_F7, Qt.Key.Key_F10, Qt.Key.Key_F11
_THINK_MS = 700  # between what is heard and what is done
_MOST_KEYS = 40


def with_headphones(settings: Settings) -> Settings:
    """Return settings of a station with such a key panel."""
    ui = settings.ui.model_copy(update={"keys": {**settings.ui.keys, "F10": "headphones-in", "F11": "headphones-out"}})
    return settings.model_copy(update={"ui": ui, "voice": settings.voice.model_copy(update={"headphones_silence": True})})


@dataclass(frozen=True, slots=True)
class Wishes:
    """What this person is here for, in the words that are spoken. `choices`: taken where they are offered, the first first."""

    choices: tuple[str, ...]
    card: str  # … and lays the card on hearing this
    take_card: tuple[str, ...]  # … lifts it on hearing one of these
    actions: dict[str, Action]
    welcome: tuple[str, ...]  # the first page, as everybody hears it and as it is said into headphones


def wishes_for(strings: Strings) -> Wishes:
    """Return what somebody who comes for a certification waits for, in the words of a catalogue."""

    def option(name: str) -> str:
        return strings.text(f"spoken.option.say_{name}")

    order = ("start", "self", "yes", "next", "agree", "begin", "again", "done", "taken")
    return Wishes(
        tuple(option(name) for name in order),
        strings.text("page.card.say"),
        (strings.text("spoken.result.say_take"), strings.text("page.take-card.say")),
        {strings.text(f"action.{action}.say"): action for action in Action},
        (strings.text("page.idle.say"), strings.text("spoken.page.say_idle")),
    )


def words_of(strings: Strings) -> Callable[[list[str]], list[str]]:
    """Return what turns catalogue keys into the sentences that are heard: tones left out, pieces joined."""

    def words(keys: list[str]) -> list[str]:
        out: list[str] = []
        for key in keys:
            bare = said.bare(key)
            if bare.startswith("chime."):
                continue
            text = bare.removeprefix("text:") if bare.startswith("text:") else strings.text(bare)
            if said.follows(key) and out:
                out[-1] += text
            else:
                out.append(text)
        return out

    return words


class Listener(QObject):
    """Comes to the kiosk, plugs headphones in, and does what it is told. `left` is emitted when it is home again."""

    left = Signal()

    def __init__(self, keyboard: QObject, hands: Hands, wishes: Wishes, words: Callable[[list[str]], list[str]]) -> None:
        """keyboard: where its keys go. words: what the voice says for catalogue keys, one sentence each."""
        super().__init__()
        self._keyboard, self._hands, self._wishes, self._words = keyboard, hands, wishes, words
        self.heard: list[str] = []  # everything, in order
        self._last: list[str] = []
        self._looking_for = ""
        self._keys = 0
        self._laid = False
        self._visiting = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._go_on)

    def start(self) -> None:
        """Plug headphones in: now the kiosk speaks."""
        self._press(PLUG)

    def stop(self) -> None:
        """Go away."""
        self._pause.stop()

    @Slot(object)
    def on_said(self, keys: object) -> None:
        """Something is spoken."""
        if not isinstance(keys, list):
            return
        said = self._words([str(key) for key in keys])
        if not said:  # a tone alone
            return
        self.heard += said
        self._last = said
        for sentence in said:
            action = self._wishes.actions.get(sentence)
            if action is not None:
                QTimer.singleShot(_THINK_MS, self, lambda action=action: self._hands.act(action))
        if self._looking_for:
            if self._looking_for in said[-1:]:
                self._pause.start(_THINK_MS)
                return
            if len(said) <= 2:  # one choice after another
                self._pause.start(_THINK_MS)
                return
        self._looking_for, self._keys = "", 0
        if self._wishes.card in said and not self._laid:
            self._laid = True
            QTimer.singleShot(_THINK_MS, self, lambda: self._hands.lay_card("beneficiary"))
            return
        if self._laid and any(sentence in said for sentence in self._wishes.take_card) and self._visiting:
            self._laid = False
            QTimer.singleShot(_THINK_MS, self, self._hands.lift_card)
        if self._visiting and any(sentence in said for sentence in self._wishes.welcome):
            self._visiting = False
            self._press(UNPLUG)
            self.left.emit()
            return
        wanted = next((choice for choice in self._wishes.choices if choice in said), "")
        if wanted:
            self._visiting = True
            self._looking_for = wanted
            self._pause.start(_THINK_MS)

    @Slot()
    def _go_on(self) -> None:
        if not self._looking_for:
            return
        if self._looking_for in self._last[-1:]:
            self._looking_for = ""
            self._press(CHOOSE)
        elif self._keys < _MOST_KEYS:
            self._keys += 1
            self._press(NEXT)

    def _press(self, key: Qt.Key) -> None:
        self._key(QEvent.Type.KeyPress, key)
        self._key(QEvent.Type.KeyRelease, key)

    def _key(self, kind: QEvent.Type, key: Qt.Key) -> None:
        QCoreApplication.sendEvent(self._keyboard, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier))
