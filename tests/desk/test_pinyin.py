"""Pinyin for the desk's keyboard: every family name at the front, every character of GB 2312 within reach, any letters bearable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config import ASSETS
from kiosk.desk.pinyin import Pinyin
from kiosk.store.roster import decoys

FIRST = 9  # what stands on the keyboard at once, on the smallest screen
# Family names by their reading, among them all that the kiosk itself makes up; some are read otherwise than the word.
NAMES = (
    "王wang 李li 张zhang 刘liu 陈chen 杨yang 黄huang 赵zhao 吴wu 周zhou 徐xu 孙sun 马ma 朱zhu 胡hu 郭guo "
    "何he 林lin 高gao 罗luo 郑zheng 梁liang 谢xie 宋song 唐tang 许xu 邓deng 冯feng 韩han 曹cao 曾zeng "
    "彭peng 萧xiao 蔡cai 潘pan 田tian 董dong 袁yuan 于yu 余yu 叶ye 蒋jiang 杜du 苏su 魏wei 程cheng 吕lv "
    "丁ding 沈shen 任ren 姚yao 卢lu 傅fu 钟zhong 姜jiang 崔cui 谭tan 廖liao 范fan 汪wang 陆lu 金jin 石shi "
    "戴dai 贾jia 韦wei 夏xia 邱qiu 方fang 侯hou 邹zou 熊xiong 孟meng 秦qin 白bai 江jiang 单shan 区ou "
    "仇qiu 查zha 解xie 华hua 盖ge 朴piao 尉wei 员yun 缪miao 纪ji 覃qin 翟zhai 折she 黑he 种chong 秘bi "
    "繁po 郗xi 车che 葛ge 宁ning 那na 柏bai 万wan 曲qu 都du 逄pang 费fei 冼xian 隗wei 召shao 乐yue 台tai "
    "祭zhai 能nai 燕yan 令ling 牟mu 麦mai 阿a 买mai 欧ou"
).split()


@pytest.fixture(scope="module")
def pinyin():
    return Pinyin.read(ASSETS / "pinyin")


def texts(pinyin, letters):
    return [one.text for one in pinyin.candidates(letters)]


def gb2312(*rows):
    for row in rows:
        for cell in range(0xA1, 0xFF):
            try:
                yield bytes((row, cell)).decode("gb2312")
            except UnicodeDecodeError:
                continue


def test_every_family_name_is_among_the_first_of_its_reading(pinyin):
    assert {one[0] for one in NAMES} >= set(decoys._FAMILY)
    late = {one: texts(pinyin, one[1:]).index(one[0]) for one in NAMES if one[0] not in texts(pinyin, one[1:])[:FIRST]}
    assert late == {}


@pytest.mark.parametrize(
    ("letters", "name"),
    [
        ("ouyang", "欧阳"),
        ("shangguan", "上官"),
        ("sima", "司马"),
        ("zhuge", "诸葛"),
        ("weichi", None),
        ("yuchi", "尉迟"),
        ("moqi", "万俟"),
        ("chanyu", "单于"),
        ("lvqiu", "闾丘"),
    ],
)
def test_family_names_of_two_characters(pinyin, letters, name):
    found = pinyin.candidates(letters)[0]
    assert (found.text, found.used) == (name, len(letters)) if name else found.used < len(letters)


def test_every_character_of_gb2312_can_be_reached(pinyin):
    characters = set(gb2312(*range(0xB0, 0xF8)))
    assert len(characters) == 6763
    reached = {one for syllable in pinyin._tiers for one in texts(pinyin, syllable)}
    assert characters - reached == set()
    assert len(reached) > 20_900  # and the block of 20 992, but for what nobody knows a reading of
    assert set("堃喆淼犇翀赟䶮㛃") <= reached


def test_what_is_in_names_comes_before_what_is_not(pinyin):
    found = texts(pinyin, "zhi")
    assert found.index("志") < found.index("之") < found.index("卮") < found.index("値")
    assert texts(pinyin, "li")[0] == "李"


def test_several_syllables_give_the_first_and_keep_the_rest(pinyin):
    assert pinyin.syllables("liming") == ("li", "ming")
    assert pinyin.syllables("fangan") == ("fang", "an")
    assert pinyin.syllables("nver") == ("nv", "er")  # not nve and an r that is left over
    assert pinyin.syllables("zhangxiaom") == ("zhang", "xiao", "m")
    first = pinyin.candidates("liming")[0]
    assert (first.text, first.used, "liming"[first.used :]) == ("李", 2, "ming")
    assert any((one.text, one.used) == ("凡", 3) for one in pinyin.candidates("fangan"))  # fan-gan is there, too


def test_a_syllable_that_is_not_finished(pinyin):
    assert texts(pinyin, "zh")[:5] == ["张", "赵", "周", "朱", "郑"]
    assert {one.used for one in pinyin.candidates("zh")} == {2}
    assert texts(pinyin, "w")[0] == "王"
    assert [one.text for one in pinyin.candidates("ouy")][0] == "欧阳"


@pytest.mark.parametrize("letters", ["lv", "lyu", "LV", "l v"])
def test_u_with_two_dots(pinyin, letters):
    assert texts(pinyin, letters)[0] == "吕"


@pytest.mark.parametrize("letters", ["", "v", "i", "123", "李", "·-/"])
def test_what_is_no_pinyin_gives_nothing(pinyin, letters):
    assert pinyin.candidates(letters) == ()


@given(
    st.one_of(
        st.text(max_size=80), st.text(alphabet="abcdefghijklmnopqrstuvwxyz", max_size=80), st.text(alphabet="zhangou", max_size=60)
    )
)
def test_any_letters_give_a_list(letters):
    pinyin = _shared()
    found = pinyin.candidates(letters)
    kept = "".join(one for one in letters[:48].lower() if "a" <= one <= "z")
    assert "".join(pinyin.syllables(letters)) == kept
    assert all(one.text and 1 <= one.used <= len(kept) for one in found)
    assert len({one.text for one in found}) == len(found)


_READ: list[Pinyin] = []


def _shared() -> Pinyin:
    if not _READ:
        _READ.append(Pinyin.read(ASSETS / "pinyin"))
    return _READ[0]


def test_a_broken_file_is_told():
    with pytest.raises(ValueError, match="no syllable"):
        Pinyin("li 李\n", "")


def test_the_files_are_what_they_say(pinyin):
    lines = (ASSETS / "pinyin" / "characters.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("* 王李张刘陈")
    assert all(len(line.split(" ")) == 4 for line in lines[1:])
    words = (ASSETS / "pinyin" / "words.txt").read_text(encoding="utf-8").splitlines()
    cut = {letters: pinyin.syllables(letters) for letters, *_ in (line.split(" ") for line in words)}
    assert [letters for letters, pieces in cut.items() if not set(pieces) <= set(pinyin._tiers)] == []


def test_a_table_without_a_syllable_has_no_other_way_to_type_it():
    few = Pinyin("lv 吕 - -\n", "")
    assert texts(few, "lyu")[:1] == texts(few, "lv")[:1] == ["吕"]
    assert "女" not in texts(few, "nyu")


FEW = """\
* 王方 李范
a 阿 - -
er 儿 - -
fan 范 饭 -
fang 方 放 防
ming 明 - 茗
nv 女 - -
nve - 虐 -
li 李 里 -
"""
WORDS = "fangfan 防范 放饭\nli 理\nliming 黎明 利名\n"


@pytest.mark.parametrize(
    ("letters", "pieces"),
    [
        ("nvera", "nv er a"),  # not nve, after which nothing fits
        ("nverf", "nv er f"),  # the last one is not finished
        ("fanvfa", "fan v fa"),  # what is no pinyin stands alone
        ("fav", "fa v"),
        ("li_m[in^g`", "li ming"),
    ],
)
def test_where_letters_are_cut(letters, pieces):
    assert Pinyin(FEW, WORDS).syllables(letters) == tuple(pieces.split())


@pytest.mark.parametrize(
    ("letters", "found"),
    [
        ("fangf", [("防范", 5), ("放饭", 5), ("方", 4), ("放", 4), ("防", 4), ("范", 3), ("饭", 3)]),
        ("liming", [("黎明", 6), ("利名", 6), ("理", 2), ("李", 2), ("里", 2)]),
        ("f", [("方", 1), ("范", 1), ("饭", 1), ("放", 1)]),  # known names in their order, then what else is common
        ("nve", [("虐", 3), ("女", 2)]),
    ],
)
def test_what_is_offered_in_which_order(letters, found):
    assert [(one.text, one.used) for one in Pinyin(FEW, WORDS).candidates(letters)] == found


def test_letters_that_may_become_anything_offer_no_endless_list():
    many = "".join(chr(0x4E00 + n) for n in range(500))
    assert len(Pinyin(f"zhang - {many} -\n", "").candidates("zh")) == 400
