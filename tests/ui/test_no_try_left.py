"""Words fit the buttons: nobody is told to try again where no button does it, or that a number is wrong where there is none."""

from __future__ import annotations

import re

import pytest

from kiosk.domain.reasons import Reason
from kiosk.gallery.scenes import NOW, Scene, reason_scenes, scenes
from kiosk.gallery.stage import make_window, show_scene
from kiosk.texts.strings import Strings
from kiosk.ui.prompts import prompt_for
from kiosk.ui.spoken.plan import Facts, plan_for
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.text import Text
from kiosk.visit import states as s
from kiosk.visit.after_failure import TRIED_AGAIN

# What tells somebody to do it once more, here and now. That staff do it again with them is none of it.
AGAIN = {
    "zh_CN": r"(?<!不用)再试|再做|再念|重试|做一次|想好了再来",
    "zh_Hant": r"(?<!不用)再試|再做|再唸|再念|重試|做一次|想好了再來",
    "en": r"[Tt]ry again|when you are ready|[Dd]o it once from",
    "zh_HK": r"再試|再做|再讀|做一次|諗好咗再嚟",
}
NO_TRY_LEFT = (s.Referred, s.Answered, s.Finished, s.ReviewSent, s.VisitBooked, s.TakingCard, s.OutOfService)
_ELSEWHERE = ("card-", "reader-", "ocr-", "code-", "list-")  # told where a card is laid or held up, on no page of these


def ends() -> list[Scene]:
    """Every page without another try, with every reason that may stand on it."""
    face = s.FAILED_FACE | TRIED_AGAIN
    out = []
    for scene in (*scenes(), *reason_scenes()):
        reason = getattr(scene.state, "reason", Reason.OK)
        of_the_page = isinstance(scene.state, s.Referred) or reason not in face
        if isinstance(scene.state, NO_TRY_LEFT) and of_the_page and not reason.startswith(_ELSEWHERE):
            out.append(scene)
    return out


@pytest.mark.parametrize("language", ["zh_CN", "zh_Hant", "en"])
def test_nobody_is_told_to_try_again_where_no_button_does_it(qtbot, settings, language):
    window = make_window(settings, language)
    qtbot.addWidget(window)
    wrong = []
    for scene in ends():
        show_scene(window, scene)
        words = [one.text() for one in window.page.findChildren(Text) if not one.isHidden()]
        wrong += [(scene.name, one) for one in words if re.search(AGAIN[language], one)]
    assert wrong == []


@pytest.mark.parametrize("language", ["zh_CN", "zh_HK", "en"])
def test_nor_is_anybody_told_so_by_ear(language):
    strings = Strings.load(language)
    wrong = []
    for scene in ends():
        keys = [*prompt_for(scene.state, scene.take), *plan_for(scene.state, Facts(NOW.date())).lines]
        words = [strings.text(key.lstrip("+,")) for key in keys if not key.startswith("chime.")]
        wrong += [(scene.name, one) for one in words if re.search(AGAIN[language], one)]
    assert wrong == []


@pytest.mark.parametrize("reason", sorted(TRIED_AGAIN))
def test_where_there_is_another_try_the_words_tell_what_to_do_better(window, reason):
    retry = next(scene for scene in reason_scenes() if scene.name == f"retry-{reason}")
    show_scene(window, retry)
    strings = Strings.load("zh_CN")
    assert strings.text(f"reason.{reason}.now") in [one.text() for one in window.page.findChildren(Text)]
    assert [one for one in window.page.findChildren(Button, "again") if not one.isHidden()]


@pytest.mark.parametrize(
    ("scene", "button", "said"), [("visit-booked", "wrong", "say_wrong_phone"), ("visit-booked-no-phone", "none", "say_no_phone")]
)
def test_a_number_that_nobody_has_is_not_called_wrong(window, scene, button, said):
    shown = next(one for one in scenes() if one.name == scene)
    show_scene(window, shown)
    strings = Strings.load("zh_CN")
    assert strings.text(f"page.visit-booked.{button}") in [
        one.text() for one in window.page.findChildren(Button) if not one.isHidden()
    ]
    choices = plan_for(shown.state, Facts(NOW.date())).choices
    assert choices[-1].say == (f"spoken.option.{said}",)
