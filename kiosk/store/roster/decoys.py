"""Names to choose from for a typed number: the right one among others, and as many others for a number nobody has.

The others are made up, so that no stranger's name is shown, and follow from the number and this kiosk's key alone: asking again, or
after a new roster, shows the same ones and reveals nothing. They have the length of the right name and fit the number's sex.
"""

from __future__ import annotations

import hashlib
import hmac

OPTIONS = 4

# Common family names, and characters common in given names of people born between 1930 and 1970.
_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任"
    "姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江"
)
_MEN = "国建志德永明华文荣福祥贵富忠平安庆东海林生伟强军刚勇义学成树根发旺才清金春山云龙家宝元先正光辉"
_WOMEN = "秀英玉兰桂芳丽珍凤美华淑琴素梅香翠莲爱月娥金花红霞燕珠云芬慧敏贞惠琼雪春芝荣巧银菊如彩"
_LONG = (
    "阿依古丽",
    "买买提江",
    "古丽巴哈尔",
    "阿布都拉",
    "欧阳建国",
    "司马文华",
    "上官秀英",
    "诸葛明德",
    "格桑卓玛",
    "扎西次仁",
    "努尔买买提",
    "热合曼江",
    "图尔荪古丽",
    "吐尔逊阿依",
    "阿卜杜热西提",
    "帕提古丽汗",
    "乌兰图雅",
    "其其格玛",
    "巴特尔苏和",
    "那仁高娃",
)


def options(key: bytes, id_number: str, name: str | None) -> tuple[str, ...]:
    """Return `OPTIONS` different names in an order that follows from the number. name None: the number is not in the roster."""
    women = len(id_number) == 18 and id_number[16].isdigit() and int(id_number[16]) % 2 == 0
    draw = _Draw(key, "own/" + id_number)
    order, length = draw.next(OPTIONS), 2 if draw.next(10) < 2 else 3
    made = _make(draw, length, women=women)
    names = [made if name is None else name]
    others = _Draw(key, "others/" + id_number)
    while len(names) < OPTIONS:
        other = _make(others, len(names[0]), women=women)
        if other not in names:
            names.append(other)
    names[0], names[order] = names[order], names[0]
    return tuple(names)


def _make(draw: _Draw, length: int, *, women: bool) -> str:
    if length > 3:
        long = sorted(_LONG, key=lambda one: abs(len(one) - length))[:8]
        return long[draw.next(len(long))]
    given = _WOMEN if women else _MEN
    family = _FAMILY[min(draw.next(len(_FAMILY)), draw.next(len(_FAMILY)))]  # the front of the list is commoner
    first, second = given[draw.next(len(given))], given[draw.next(len(given))]
    return family + (first if length <= 2 else first + second)


class _Draw:
    """Numbers that follow from a key and a document number."""

    def __init__(self, key: bytes, id_number: str) -> None:
        self._key, self._text, self._count = key, id_number.encode(), 0

    def next(self, below: int) -> int:
        self._count += 1
        block = hmac.new(self._key, self._count.to_bytes(4, "big") + self._text, hashlib.sha256).digest()
        return int.from_bytes(block[:8], "big") % below
