"""Every page of the set-up in every language: nothing is cut off, everything that is touched is large enough and has a name."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel

from kiosk.gallery import installation as gallery
from kiosk.gallery.scenes import sample_settings
from kiosk.gallery.stage import make_window, set_form
from kiosk.texts.strings import WRITTEN
from kiosk.ui.desk.widgets import Field


@pytest.mark.parametrize("language", WRITTEN)
@pytest.mark.parametrize("size", [(1366, 768), (1080, 1920)], ids=["1366x768", "1080x1920"])
def test_nothing_is_cut_off_small_or_without_a_name(qtbot, language, size):
    window = make_window(sample_settings(), language)
    qtbot.addWidget(window)
    set_form(window, size, "paper", False)
    window.show()
    wrong = []
    with gallery.opened(window) as view:
        for scene in gallery.states()[WRITTEN.index(language) :: len(WRITTEN)]:  # the languages take turns over the scenes
            gallery.show(view, scene)
            for button in view.findChildren(QAbstractButton):
                if not button.isVisibleTo(view) or button.visibleRegion().isEmpty():
                    continue
                name = f"{scene.name} {button.objectName()}"
                if button.minimumSizeHint().width() > button.width() + 1 and button.text():
                    wrong.append(f"{name}: {button.text()!r} needs {button.minimumSizeHint().width()} and has {button.width()}")
                if button.height() < 44:
                    wrong.append(f"{name}: {button.height()} high")
                if not button.accessibleName():
                    wrong.append(f"{name}: no name")
            for words in view.findChildren(QLabel):
                if not words.isVisibleTo(view) or not words.text():
                    continue
                need = words.heightForWidth(words.width()) if words.wordWrap() else words.minimumSizeHint().width() - words.width()
                if (words.wordWrap() and need > words.height() + 1) or (not words.wordWrap() and need > 1):
                    wrong.append(f"{scene.name} {words.objectName()}: {words.text()!r} is cut")
            wrong += [f"{scene.name} {one.objectName()}: no name" for one in view.findChildren(Field) if not one.accessibleName()]
    assert not wrong, "\n".join(wrong)
