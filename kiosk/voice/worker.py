"""The voice, wired to the controllers and the window: a QObject with slots in the GUI thread that never blocks.

The work is done by `voice.speaker` in a thread, decoding and synthesis by `voice.child` in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from kiosk.config import Voice, resolve
from kiosk.texts import requests
from kiosk.voice.sound import Trouble
from kiosk.voice.speaker import Speaker

VOLUME_STEP = 0.2


class VoiceWorker(QObject):
    """The speaker, wired to the controllers and the window. `told`: hears of trouble with sound card or folder, from the thread."""

    def __init__(self, settings: Voice, speaker: Speaker | None = None, told: Callable[[Trouble], None] | None = None) -> None:
        super().__init__()
        self.speaker = speaker or Speaker(settings, recordings=resolve(settings.recordings), told=told)

    def start(self) -> None:
        """Begin."""
        self.speaker.start()

    def stop(self) -> None:
        """End; the thread is joined."""
        self.speaker.stop()

    @Slot(object)
    def say(self, keys: list[str]) -> None:
        """Say catalogue keys."""
        self.speaker.say(keys)

    @Slot()
    def hush(self) -> None:
        """Be silent at once."""
        self.speaker.hush()

    @Slot(object)
    def on_wish(self, wish: requests.Request) -> None:
        """A wish of the window: another language, louder, quieter. A change of volume is heard at once."""
        match wish:
            case requests.ChangeLanguage(language):
                self.speaker.set_language(language)
            case requests.ResetVolume():
                self.speaker.reset_volume()
            case requests.VolumeUp():
                self.speaker.change_volume(VOLUME_STEP)
                self.speaker.say(["chime.done"])
            case requests.VolumeDown():
                self.speaker.change_volume(-VOLUME_STEP)
                self.speaker.say(["chime.done"])
