"""What the top bar's 声音 and 语言 open over the page: louder and quieter; what is heard, what is read, and the colours.

Made and connected by `ui.frame`; they decide nothing, every touch is a signal.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from kiosk.texts.strings import SPOKEN, WRITTEN, Strings
from kiosk.ui.theme import MARGIN, Look, ThemeName
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.flow import Row, Stack
from kiosk.ui.widgets.panel import VeiledPanel
from kiosk.ui.widgets.text import Text


class WishPanel(VeiledPanel):
    """A touch beside it closes it, as its one filled button does."""

    def __init__(self, parent: QWidget, name: str, *blocks: QWidget) -> None:
        self.title = Text(f"{name}-title", "title", centred=True)
        self.close_button = Button(f"{name}-close", "filled")
        super().__init__(parent, name, self.title, *blocks, self.close_button, gap=28)
        self.close_button.clicked.connect(self.hide)

    def wide(self) -> int:
        return min(self.width() - 2 * self.pad() - 2 * self.look.px(MARGIN / 3), self.look.px(1000))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.box().contains(event.position()):
            self.hide()


class SoundPanel(WishPanel):
    """Louder, quieter; each touch is answered by a sound."""

    def __init__(self, parent: QWidget) -> None:
        self.quieter = Button("volume-down", "outlined", icon="quieter")
        self.louder = Button("volume-up", "outlined", icon="louder")
        super().__init__(parent, "sound-panel", Row(self.quieter, self.louder))

    def show_texts(self, strings: Strings, look: Look) -> None:
        """Take on language and look."""
        self.title.say(strings.text("sound_page.title"))
        self.quieter.say(strings.text("sound_page.quieter"), strings.text("top.volume_down_name"))
        self.louder.say(strings.text("sound_page.louder"), strings.text("top.volume_up_name"))
        self.close_button.say(strings.text("sound_page.close"))
        self.set_look(look)


class LanguagePanel(WishPanel):
    """What is heard, what is read, and the colours: each a row of choices of which one is chosen."""

    spoken_chosen = Signal(str)
    written_chosen = Signal(str)
    colours_chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        self.spoken = {code: Button(f"language-{code}", "outlined", role="label", checkable=True) for code in SPOKEN}
        self.written = {code: Button(f"writing-{code}", "outlined", role="label", checkable=True) for code in WRITTEN}
        themes: tuple[ThemeName, ...] = ("paper", "contrast")
        self.colours = {theme: Button(f"colours-{theme}", "outlined", role="label", checkable=True) for theme in themes}
        self.headings = {name: Text(f"{name}-heading", "label", "quiet") for name in ("spoken", "written", "colours")}
        groups = (list(self.spoken.values()), list(self.written.values()), list(self.colours.values()))
        pairs = zip(self.headings.values(), groups, strict=True)
        blocks = [Stack(heading, Row(*group, gap=18), gap=8) for heading, group in pairs]
        super().__init__(parent, "language-panel", *blocks)
        for code, button in self.spoken.items():
            button.clicked.connect(lambda _=False, code=code: self.spoken_chosen.emit(code))
        for code, button in self.written.items():
            button.clicked.connect(lambda _=False, code=code: self.written_chosen.emit(code))
        for theme, button in self.colours.items():
            button.clicked.connect(lambda _=False, theme=theme: self.colours_chosen.emit(theme))

    def show_texts(self, strings: Strings, spoken: str, written: str, look: Look) -> None:
        """Take on language, what is chosen, and look."""
        self.title.say(strings.text("language_page.title"))
        self.close_button.say(strings.text("language_page.close"))
        for name, heading in self.headings.items():
            heading.say(strings.text(f"language_page.{name}"))
        for code, button in self.spoken.items():
            _choose(button, strings.text(f"language_name.{code}"), code == spoken)
        for code, button in self.written.items():
            _choose(button, strings.text(f"script_name.{code}"), code == written)
        for theme, button in self.colours.items():
            _choose(button, strings.text(f"language_page.colour_{theme}"), theme == look.theme)
        self.set_look(look)


def _choose(button: Button, text: str, chosen: bool) -> None:
    button.icon_name = "tick" if chosen else ""  # a sign, not colour alone
    button.setChecked(chosen)
    button.say(text)
