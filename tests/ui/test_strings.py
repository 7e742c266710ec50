"""The catalogues: both languages say the same things, every code has its texts, nothing stands twice."""

from __future__ import annotations

import re
from datetime import date, datetime
from string import Formatter

import pytest

from kiosk.domain.reasons import Action, Guidance, Reason
from kiosk.domain.record import RecordStatus
from kiosk.errors import ConfigError
from kiosk.gallery.scenes import reason_scenes, scenes
from kiosk.texts.strings import CATALOGUES, SPOKEN, WRITTEN, Strings, writing_for
from kiosk.ui.prompts import PAGE_NAMES, prompt_for
from kiosk.visit import states as s

REASON_KEYS = ("title", "why", "now", "who", "attendant", "say")


@pytest.fixture(scope="module", params=WRITTEN)
def strings(request):
    return Strings.load(request.param)


def test_the_languages_have_the_same_keys():
    zh, en = (set(Strings.load(language).keys()) for language in CATALOGUES)
    assert zh ^ en == set()


# Whom a key is for: all but these stand before retirees.
FOR_STAFF = re.compile(
    r"^(desk|doctor|doctor_said|setup|pilot|keyboard|rule|sync|policy)\.|\.attendant$|^reason\.(bad-number|provision-refused)\."
)
OFFICE_WORDS = {
    "zh_CN": re.compile("名册|特征|比对|核实|采集|模板|模型|参保|阈值|分数|系统|读卡器"),
    "en": re.compile(
        r"\b(centre|bureau|kiosk|roster|template|match|biometric)", re.IGNORECASE
    ),  # it is the pension office, and the machine
}


@pytest.mark.parametrize("language", OFFICE_WORDS)
def test_retirees_read_and_hear_everyday_words_and_one_for_one_thing(language):
    texts = Strings.load(language)
    found = {
        key: texts.text(key) for key in texts.keys() if not FOR_STAFF.search(key) and OFFICE_WORDS[language].search(texts.text(key))
    }
    assert found == {}


def test_what_is_read_and_what_is_heard_are_chosen_apart():
    after = {(spoken, writing): writing_for(spoken, writing) for spoken in SPOKEN for writing in WRITTEN}
    assert after == {
        ("zh_CN", "zh_CN"): "zh_CN",
        ("zh_CN", "zh_Hant"): "zh_Hant",
        ("zh_CN", "en"): "zh_CN",
        ("zh_HK", "zh_CN"): "zh_CN",
        ("zh_HK", "zh_Hant"): "zh_Hant",
        ("zh_HK", "en"): "zh_CN",
        ("en", "zh_CN"): "en",
        ("en", "zh_Hant"): "en",
        ("en", "en"): "en",
    }
    assert writing_for("zh_HK", "en", home="zh_Hant") == "zh_Hant"


def test_every_reason_guidance_action_stage_and_page_has_its_texts(strings):
    wanted = [f"reason.{code}.{key}" for code in Reason for key in REASON_KEYS]
    wanted += [f"guidance.{code}.{key}" for code in Guidance for key in ("title", "say")]
    wanted += [f"action.{code}.{key}" for code in Action for key in ("name", "ready", "now", "how", "say")]
    wanted += [f"stage.{code}.{key}" for code in RecordStatus for key in ("title", "say")]
    assert [key for key in wanted if not (key in strings and strings.text(key).strip())] == []
    assert [kind for kind in s.State.__args__ if kind not in PAGE_NAMES] == []


def test_every_spoken_key_exists(strings):
    spoken = {key for scene in (*scenes(), *reason_scenes()) for key in prompt_for(scene.state, scene.take)}
    assert {key for key in spoken if not key.startswith("chime.") and key.lstrip("+,") not in strings} == set()


def test_places_to_fill_agree_between_the_languages():
    def places(text):
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    zh, en = (Strings.load(language) for language in CATALOGUES)
    dates = {key for key in zh.keys() if key.startswith(("format.", "next_time."))}  # noqa: SIM118 - not a dict
    different = [key for key in zh.keys() if key not in dates and places(zh.text(key)) != places(en.text(key))]  # noqa: SIM118
    assert different == []


def test_spoken_texts_are_fixed(strings):
    """A bureau records each prompt once: nothing may be filled in."""
    said = [key for key in strings.keys() if re.search(r"\.say(_\w+)?$", key)]  # noqa: SIM118
    assert [key for key in said if "{" in strings.text(key)] == []
    assert len(said) > 100


def test_the_person_is_addressed_formally():
    strings = Strings.load("zh_CN")
    assert [key for key in strings.keys() if re.search("你", strings.text(key))] == []  # noqa: SIM118


def test_a_key_in_two_files_is_an_error(tmp_path):
    folder = tmp_path / "zh_CN"
    folder.mkdir()
    (folder / "a.toml").write_text('[page]\ntitle = "一"\n', encoding="utf-8")
    (folder / "b.toml").write_text('[page]\ntitle = "二"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"page\.title"):
        Strings.load("zh_CN", tmp_path)


def test_a_missing_key_does_not_stop_a_visit(caplog):
    strings = Strings("zh_CN", {"reason.internal-error.title": "机器出了一点问题"})
    assert strings.text("reason.unheard-of.title") == "机器出了一点问题"
    assert strings.text("page.unheard-of") == ""
    assert [record.code for record in caplog.records] == ["reason.unheard-of.title", "page.unheard-of"]
    caplog.clear()


def test_dates():
    zh, en = (Strings.load(language) for language in CATALOGUES)
    first, last = date(2026, 12, 1), date(2027, 11, 30)
    assert zh.date(last) == "2027年11月30日"
    assert zh.dated("next_time.before_month", last, last) == "2027年11月底前，再来办一次"
    assert zh.dated("next_time.before_month", last, last, two_lines=True) == "2027年11月底前，\n再来办一次"
    assert en.dated("next_time.before_month", last, last) == "Come again by the end of November 2027"
    assert zh.dated("next_time.between_years", first, last) == "2026年12月1日到2027年11月30日，来办一次"
    assert zh.dated("next_time.today", None, None) == "今天就可以办"
    hant = Strings.load("zh_Hant")
    assert hant.date(last) == "2027年11月30日"
    assert hant.dated("next_time.before_month", last, last) == "2027年11月底前，再來辦一次"
    assert hant.today(datetime(2026, 11, 30)) == "今天是2026年11月30日，星期一"  # noqa: DTZ001 - a wall clock's words


def test_the_first_page_reads_one_file_and_the_rest_is_there_when_it_is_missed():
    first, whole = Strings.load("zh_CN", first="pages.toml"), Strings.load("zh_CN")
    assert first._later
    assert first.text("page.idle.title") == whole.text("page.idle.title")
    assert first._later, "nothing more was read for it"
    assert first.text("desk.title") == whole.text("desk.title")
    assert sorted(first.keys()) == sorted(whole.keys())


def test_a_catalogue_that_is_read_later_is_checked_as_well(tmp_path):
    folder = tmp_path / "en"
    folder.mkdir()
    (folder / "pages.toml").write_text('a = "A"', encoding="utf-8")
    (folder / "more.toml").write_text('a = "B"', encoding="utf-8")
    early = Strings.load("en", tmp_path, first="pages.toml")
    with pytest.raises(ConfigError, match="a stands in another file"):
        early.complete()
