"""Letters and pinyin by touch for the desk: laid over the page, never over the field. Made by `ui.desk.frame`.

It comes when a field is touched and goes with "hide", another focus, another page or the first key of a real keyboard. What is
typed goes into the field and nowhere else: nothing is logged, kept or learnt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache, partial

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Slot
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QWidget

from kiosk.config import ASSETS
from kiosk.desk.pinyin import Candidate, Pinyin
from kiosk.texts.strings import Strings, is_chinese
from kiosk.ui.desk.keyboard_plan import DIGITS, KEYS, LETTERS, PAGING, SIGNS, SIGNS_CHINESE, SIGNS_LATIN, KeyboardPlan, plan, top_of
from kiosk.ui.desk.widgets import Action, Field, Words
from kiosk.ui.theme import Look

_log = logging.getLogger(__name__)
_TEXTS = ("hide", "caps")
_MOST_LETTERS = 40


@lru_cache(maxsize=1)
def engine() -> Pinyin | None:
    """Return the pinyin, read once; None where its files cannot be read: letters still work."""
    try:
        return Pinyin.read(ASSETS / "pinyin")
    except (OSError, ValueError) as error:
        _log.error("no pinyin", extra={"code": type(error).__name__})
        return None


class Keyboard(QFrame):
    """The keys. Its keys never take the focus."""

    def __init__(self, desk: QWidget, following: Callable[[Field], Field | None]) -> None:
        super().__init__(desk)
        self.setObjectName("desk-keyboard")
        self._desk, self._following = desk, following
        self.field: Field | None = None
        self.letters = ""  # pinyin that no character was chosen for yet
        self.chinese = self.caps = self.signs = self.wide = False
        self.keys: dict[str, Action] = {}
        self.choices: list[Action] = []
        self._found: tuple[Candidate, ...] = ()
        self._shown: list[Candidate] = []
        self._starts = [0]  # where each page of choices up to this one begins
        self._watched: list[QWidget] = []
        self._look = Look()
        self._strings: Strings | None = None
        self._plan: KeyboardPlan | None = None
        self.said = Words("keyboard-said", wrap=False)
        self.said.setParent(self)
        self.hide()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._focus_moved)

    # --- coming and going

    def show_for(self, field: Field, look: Look, strings: Strings) -> None:
        """Come for a field, in the mode that suits it."""
        if not self.keys:
            self._make_keys()
        if field is not self.field or not self.isVisible():
            latin = field.digits or field.secret or field.latin
            self.field, self.letters = field, ""
            self.chinese = not latin and is_chinese(strings.language) and engine() is not None
            self.caps, self.signs, self.wide = field.digits and not field.secret, False, False
        self._look, self._strings = look, strings
        self.setAccessibleName(self._text("name"))
        for key in (*self.keys.values(), *self.choices):
            key.set_look(look)
        self._watch(field)
        self.show()
        self.raise_()
        self._compose()
        self._bring_into_view(field)
        self.place()

    def dismiss(self) -> None:
        """Go, and forget what was begun."""
        self.field, self.letters, self._found = None, "", ()
        self._watch(None)
        self.hide()
        self._fill()

    def relook(self, look: Look, strings: Strings) -> None:
        """Take on another look or language."""
        if self.field is not None:
            self.show_for(self.field, look, strings)

    @Slot("QWidget*", "QWidget*")
    def _focus_moved(self, _old: QWidget | None, new: QWidget | None) -> None:
        if self.field is not None and new is not self.field:
            self.dismiss()

    def _watch(self, field: Field | None) -> None:
        """Look at everything whose moves move the field: a notice that appears, a page that scrolls, a window that turns."""
        for watched in self._watched:
            watched.removeEventFilter(self)
        self._watched = []
        one: QWidget | None = field
        while one is not None:
            one.installEventFilter(self)
            self._watched.append(one)
            one = one.parentWidget() if one is not self._desk else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Hide, QEvent.Type.EnabledChange):
            area = _area_of(self.field) if self.field is not None else None
            scrolled = kind == QEvent.Type.Move and area is not None and watched is area.widget()
            if self.field is not None and not scrolled and kind in (QEvent.Type.Move, QEvent.Type.Resize):
                self._bring_into_view(self.field)  # the page was laid out anew: nobody scrolled the field away
            self.place()
        return False

    def place(self) -> None:
        """Lie where the field can be seen; go when it cannot be seen or written to."""
        field = self.field
        if field is None:
            return
        if not field.isVisibleTo(self._desk) or not field.isEnabled():
            self.dismiss()
            return
        made = plan(self._desk.width(), self._desk.height(), self._look)
        area = _area_of(field)
        if area is not None and not _rect_in(area.viewport(), self._desk).intersects(_rect_in(field, self._desk)):
            self.dismiss()  # scrolled away: what is typed must be seen
            return
        self.setGeometry(0, top_of(_rect_in(field, self._desk), made, self._desk.rect()), self._desk.width(), made.height)
        if made != self._plan:
            self._plan = made
            for name, rect in made.keys.items():
                self.keys[name].setGeometry(rect)
            self._starts = [0]
            self._fill()

    @staticmethod
    def _bring_into_view(field: Field) -> None:
        area = _area_of(field)
        if area is not None:
            area.ensureWidgetVisible(field, 0, 12)

    # --- keys

    def _make_keys(self) -> None:
        for name in (*KEYS, *PAGING):
            key = Action(
                f"keyboard-{name}",
                "next" if name == "next" else "type",
                icon="delete" if name == "back" else "",
                checkable=name in ("caps", "symbols"),
            )
            self._add(key, partial(self.press, name))
            self.keys[name] = key

    def _add(self, key: Action, pressed: Callable[[], None]) -> None:
        key.setParent(self)
        key.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        key.clicked.connect(lambda _=False: pressed())

    def press(self, name: str) -> None:
        """Do what a key does."""
        field = self.field
        if field is None or not self._can_be_used(name, field):
            return
        if name in LETTERS and self.chinese and not self.caps:
            self.letters = (self.letters + name)[:_MOST_LETTERS]
        elif name in LETTERS:
            field.insert(name.upper() if self.caps else name)
        elif name in DIGITS:
            field.insert(self._digit(name))
        elif name in SIGNS:
            field.insert(SIGNS[name])
        elif name == "space":
            self._choose(0) if self.letters else field.insert(" ")
        elif name == "back" and self.letters:
            self.letters = self.letters[:-1]
        elif name == "back":
            field.backspace()
        elif name == "language":
            field.insert(self.letters)  # as they are: somebody began in the wrong language
            self.letters, self.chinese, self.caps = "", not self.chinese, False
        elif name in ("caps", "symbols"):
            self.caps, self.signs = self.caps ^ (name == "caps"), self.signs ^ (name == "symbols")
        elif name in PAGING:
            self._turn(name)
            return
        elif name in ("hide", "next"):
            self._leave(field, on=name == "next")
            return
        self._compose()

    def _leave(self, field: Field, *, on: bool) -> None:
        following = self._following(field) if on else None
        if following is not None and self._strings is not None:
            self.dismiss()
            self.show_for(following, self._look, self._strings)  # before the focus, which would send the keyboard away
            following.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.dismiss()
        if on:
            field.returnPressed.emit()

    def _digit(self, name: str) -> str:
        return (SIGNS_CHINESE if self.chinese else SIGNS_LATIN)[DIGITS.index(name)] if self.signs else name

    # --- pinyin

    def _compose(self) -> None:
        pinyin = engine() if self.letters else None
        self._found = pinyin.candidates(self.letters) if pinyin is not None else ()
        self._starts, self.wide = [0], False
        self._fill()

    def _turn(self, name: str) -> None:
        if name == "more":
            self.wide, self._starts = not self.wide, [0]
        elif name == "page_back":
            self._starts = self._starts[:-1] or [0]
        elif self._starts[-1] + len(self._shown) < len(self._found):
            self._starts.append(self._starts[-1] + len(self._shown))
        self._fill()

    def _choose(self, number: int) -> None:
        if self.field is None or number >= len(self._shown):
            return
        chosen = self._shown[number]
        self.field.insert(chosen.text)
        self.letters = self.letters[chosen.used :]
        self._compose()

    # --- what stands on the keys

    def _text(self, key: str, **values: object) -> str:
        return self._strings.text(f"desk.keyboard.{key}", **values) if self._strings is not None else ""

    def _fill(self) -> None:
        """Write all keys and show those that can be used."""
        field, made = self.field, self._plan
        if field is None or made is None:
            for key in self.choices:
                key.say("")  # no name stays on a hidden key
                key.hide()
            self.said.say("")
            return
        begun = bool(self.letters)
        for name, key in self.keys.items():
            usable = self._can_be_used(name, field)
            key.setVisible(begun if name in PAGING else not self.wide and (usable or not field.secret))
            if name == "space":
                key.say(self._text("first" if begun else name))
            elif name == "back":
                key.say("", self._text(name))
            elif name in _TEXTS:
                key.say(self._text(name))
            elif name in PAGING:
                word = "less" if name == "more" and self.wide else name
                key.say(self._text(word), self._text(f"{word}_name"))
            elif name == "language":
                way = "to_letters" if self.chinese else "to_chinese"
                key.say(self._text(way), self._text(f"{way}_name"))
            elif name == "symbols":
                key.say(self._text("digits" if self.signs else "symbols"))
            elif name == "next":
                key.say(self._text("next" if self._following(field) is not None else "done"))
            else:
                key.say(self._digit(name) if name in DIGITS else SIGNS.get(name) or (name.upper() if self.caps else name))
            key.setEnabled(usable)
        self.keys["caps"].setChecked(self.caps)
        self.keys["symbols"].setChecked(self.signs)
        self._fill_choices(made)
        self._say(field, made)

    def _can_be_used(self, name: str, field: Field) -> bool:
        if name == "page_back" and len(self._starts) < 2:
            return False
        if name in PAGING:
            return bool(self._found)  # whether there is another page is known when the choices are laid
        if field.secret:  # a PIN is of digits
            return name in ("back", "hide", "next") or (name in DIGITS)
        if self.letters:  # a character first: nothing is put in that nobody chose
            return name in LETTERS or name in ("back", "space", "language", "hide")
        return name != "language" or engine() is not None

    def _fill_choices(self, made: KeyboardPlan) -> None:
        area = made.grid if self.wide else made.choices
        start, rows, gap = self._starts[-1], made.rows(area), made.gap
        x, y, self._shown = area.left(), area.top(), []
        for one in self._found[start:]:
            width = made.choice_width + (len(one.text) - 1) * made.choice_width * 2 // 3
            if x + width > area.right() + 1:
                x, y, rows = area.left(), y + made.key_height + gap, rows - 1
            if rows < 1:
                break
            number = len(self._shown)
            if number == len(self.choices):
                self._add_choice(number)
            key = self.choices[number].say(one.text)
            key.setGeometry(QRect(x, y, width, made.key_height))
            key.show()
            self._shown.append(one)
            x += width + gap
        for key in self.choices[len(self._shown) :]:
            key.say("")
            key.hide()
        self.keys["page_on"].setEnabled(start + len(self._shown) < len(self._found))

    def _add_choice(self, number: int) -> None:
        key = Action(f"keyboard-word-{number}", "word")
        self._add(key, lambda: self._choose(number))
        key.set_look(self._look)
        self.choices.append(key)

    def _say(self, field: Field, made: KeyboardPlan) -> None:
        pinyin, label = engine(), field.accessibleName()
        if self._found and pinyin is not None:
            text, rect = "'".join(pinyin.syllables(self.letters)), made.letters
        elif self.letters:
            text, rect = self._text("none", letters=self.letters), QRect(made.letters.topLeft(), made.choices.bottomRight())
        else:
            text, rect = self._text("pinyin" if self.chinese and not self.caps else "filling", field=label), made.bar
        rect = rect.adjusted(made.gap, 0, 0, 0)
        self.said.setGeometry(rect)
        end = Qt.TextElideMode.ElideLeft if self._found else Qt.TextElideMode.ElideRight
        self.said.say(QFontMetrics(self.said.font()).elidedText(text, end, rect.width()))


def _rect_in(widget: QWidget, ancestor: QWidget) -> QRect:
    return QRect(widget.mapTo(ancestor, widget.rect().topLeft()), widget.size())


def _area_of(widget: QWidget) -> QScrollArea | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    return parent if isinstance(parent, QScrollArea) else None
