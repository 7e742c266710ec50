"""What somebody wished about the window: language, writing, colours, large text, 坐着办; and the two panels where it is chosen.

Made by `ui.frame`, which draws by it. Wishes change everything that is drawn; they are forgotten with the visit.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from kiosk.config import Settings
from kiosk.texts import requests as r
from kiosk.texts.strings import Strings, writing_for
from kiosk.ui.theme import Look, ThemeName
from kiosk.ui.widgets.wishes import LanguagePanel, SoundPanel, WishPanel


class Wishes(QObject):
    """The wishes of this visit, from the station's own at its start."""

    asked = Signal(object)  # texts.requests: what others do about a wish
    wished = Signal()
    texts_changed = Signal()  # fill everything anew
    forgotten = Signal()  # nobody stayed who made them: everything is to be reset
    look_changed = Signal()  # sizes and colours alone

    def __init__(
        self,
        window: QWidget,
        settings: Settings,
        strings: Strings | None,
        nobody_here: Callable[[], bool],
        place: Callable[[], QRect],
    ) -> None:
        """nobody_here: whether no visit is going on; place: where in the window panels lie."""
        super().__init__(window)
        self._settings, self._nobody_here, self._place = settings, nobody_here, place
        self._home_writing: str = settings.ui.language if strings is None else strings.language
        self.writing = self._home_writing  # what the screen shows: zh_CN, zh_Hant or en
        self._home_language: str = settings.voice.language
        self.language: str = self._home_language  # what the voice speaks: zh_CN, zh_HK or en
        self._catalogues: dict[str, Strings] = {}
        if strings is not None:
            self._catalogues[strings.language] = strings
        self.theme: ThemeName = settings.ui.theme
        self.large = settings.ui.large_text
        self.seated = False  # 坐着办: everything that is touched in the lower part; for this visit
        self.sound_panel, self.language_panel = SoundPanel(window), LanguagePanel(window)
        self.language_panel.spoken_chosen.connect(self.change_language)
        self.language_panel.written_chosen.connect(self.change_writing)
        self.language_panel.colours_chosen.connect(self._choose_colours)
        self.sound_panel.louder.clicked.connect(lambda: self.asked.emit(r.VolumeUp()))
        self.sound_panel.quieter.clicked.connect(lambda: self.asked.emit(r.VolumeDown()))
        self._look = Look()
        self._forgotten = QTimer(self)  # wishes made on the idle page by somebody who did not stay
        self._forgotten.setSingleShot(True)
        self._forgotten.setInterval(int(settings.ui.idle_timeout_s * 1000))
        self._forgotten.timeout.connect(self._forget)

    @property
    def strings(self) -> Strings:
        """The texts that the screen shows."""
        name = self.writing
        if name not in self._catalogues:
            self._catalogues[name] = Strings.load(name)
        return self._catalogues[name]

    @Slot(str)
    def change_language(self, language: str) -> None:
        """Speak another language from now on; the screen follows where it would be English beside Chinese, or the other way."""
        self.language = language
        before, self.writing = self.writing, writing_for(language, self.writing, self._home_writing)
        self.texts_changed.emit()
        self.made()
        self.asked.emit(r.ChangeLanguage(language))
        if self.writing != before:
            self.asked.emit(r.ChangeWriting(self.writing))

    @Slot(str)
    def change_writing(self, writing: str) -> None:
        """Write the screen otherwise from now on (简体, 繁體, English); what is spoken stays."""
        self.writing = writing
        self.texts_changed.emit()
        self.made()
        self.asked.emit(r.ChangeWriting(writing))

    @Slot()
    def toggle_large_text(self) -> None:
        """大字, or back."""
        self.large = not self.large
        self.look_changed.emit()
        self.made()
        self.asked.emit(r.ToggleLargeText())

    @Slot()
    def toggle_seated(self) -> None:
        """坐着办, or back."""
        self.seated = not self.seated
        self.look_changed.emit()
        self.made()
        self.asked.emit(r.Say(("spoken.seated.say_on" if self.seated else "spoken.seated.say_off",)))

    @Slot()
    def toggle_contrast(self) -> None:
        """White on black, or back."""
        self.theme = "paper" if self.theme == "contrast" else "contrast"
        self.look_changed.emit()
        self.made()
        self.asked.emit(r.ToggleContrast())

    @Slot(str)
    def _choose_colours(self, theme: str) -> None:
        if theme != self.theme:
            self.toggle_contrast()
        else:
            self.show_panels(self._look)

    # --- the panels

    @Slot()
    def open_sound(self) -> None:
        """Open 声音."""
        self._open(self.sound_panel)

    @Slot()
    def open_languages(self) -> None:
        """Open 语言."""
        self._open(self.language_panel)

    def _open(self, panel: WishPanel) -> None:
        self.close_panels()
        panel.setGeometry(self._place())
        self.show_panels(self._look)
        panel.show()
        panel.raise_()
        panel.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self.made()

    def close_panels(self) -> None:
        """Take the panels of the top bar away."""
        self.sound_panel.hide()
        self.language_panel.hide()

    def take_look(self, look: Look) -> None:
        """Look so from now on. Panels that are shut are filled when they are opened: a fifth of the time to the first page."""
        self._look = look
        if not (self.sound_panel.isHidden() and self.language_panel.isHidden()):
            self.show_panels(look)

    def show_panels(self, look: Look) -> None:
        """Fill the panels anew."""
        self._look = look
        self.sound_panel.show_texts(self.strings, look)
        self.language_panel.show_texts(self.strings, self.language, self.writing, look)

    def place_panels(self) -> None:
        """Lay the panels where they belong in a window that changed."""
        for panel in (self.sound_panel, self.language_panel):
            panel.setGeometry(self._place())

    # --- forgetting

    def made(self) -> None:
        """A wish was made: on the idle page it is forgotten when nobody stays."""
        if self._nobody_here():
            self._forgotten.start()
        self.wished.emit()

    @Slot()
    def _forget(self) -> None:
        if self._nobody_here():
            self.forgotten.emit()

    def reset(self) -> None:
        """The next person begins with the station's own language, size and colours."""
        self._forgotten.stop()  # what it would forget is forgotten here
        self.close_panels()
        self.theme, self.large = self._settings.ui.theme, self._settings.ui.large_text
        self.seated = False
        self.asked.emit(r.ResetVolume())
        if self.language != self._home_language:
            self.language = self._home_language
            self.asked.emit(r.ChangeLanguage(self.language))
        if self.writing != self._home_writing:
            self.writing = self._home_writing
            self.asked.emit(r.ChangeWriting(self.writing))
