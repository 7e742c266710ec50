"""Who comes and what is held up in a pilot, and how often: ISO/IEC 30107-3 and 19795, FIDO's terms. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.domain.rate import needed

GENUINE = "genuine"
BOUND_FRR, BOUND_BAND, BOUND_IAPAR = 0.01, 0.05, 0.07  # of all genuine takes, of one age band, of one kind of attack (FIDO)
# Asked of everybody who takes part: key, question, answers (key, words). No name, no birthday.
QUESTIONS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("age_band", "年龄", (("under-60", "60 岁以下"), ("60-69", "60–69 岁"), ("70-79", "70–79 岁"), ("80-up", "80 岁以上"))),
    ("sex", "性别", (("female", "女"), ("male", "男"), ("untold", "不说"))),
    ("glasses", "眼镜", (("no", "不戴"), ("yes", "戴着"))),
    ("light", "光线", (("dim", "偏暗"), ("normal", "正常"), ("bright", "很亮"), ("back", "背后有光"))),
)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One kind of attack. `make`, `show`: how it is made and held up; `sheet`: it is printed (`kiosk pilot sheets`)."""

    key: str
    name: str
    make: str
    show: str
    sheet: bool = True


INSTRUMENTS = (
    Instrument("print-matt", "哑光照片", "A4 哑光纸彩色打印正面照片，脸宽 14 厘米。", "平举在脸前，跟着提示转动、前后移动。"),
    Instrument("print-gloss", "光面照片", "A4 光面相纸彩色打印同一张照片。", "平举，避开反光，再迎着反光各一半。"),
    Instrument("cut-out", "挖孔照片", "哑光照片沿虚线剪下脸，挖去双眼和嘴（红色虚线）。", "贴在自己脸前，自己眨眼、张嘴、转头。"),
    Instrument("bent", "弯曲照片", "哑光照片卷成半径 10 厘米的弧。", "贴着头弯住，跟着提示左右转。"),
    Instrument("paper-mask", "纸面具", "照片沿红色虚线剪下，按折线折出鼻梁和两颊。", "像面具一样戴上，按提示做动作。"),
    Instrument(
        "phone", "手机视频", "手机横放、亮度最大，播放按提示录好的视频。", "屏幕正对镜头，距离 20 到 30 厘米。", sheet=False
    ),
    Instrument(
        "tablet", "平板视频", "10 英寸以上平板，亮度最大，播放同一段视频。", "屏幕正对镜头，距离 30 到 40 厘米。", sheet=False
    ),
    Instrument(
        "monitor", "显示器视频", "24 英寸显示器立在机前，播放同一段视频。", "屏幕立在人站的位置，脸与真人一样大。", sheet=False
    ),
)


def sizes() -> tuple[tuple[str, float, int], ...]:
    """Return (of what, bound, takes without an error that show it), told before anybody comes."""
    bands = QUESTIONS[0][2]
    rows = [("真人被拒（FRR），全部", BOUND_FRR, needed(BOUND_FRR))]
    rows += [(f"真人被拒（FRR），{words}", BOUND_BAND, needed(BOUND_BAND)) for _, words in bands]
    rows += [(f"攻击通过（IAPAR），{one.name}", BOUND_IAPAR, needed(BOUND_IAPAR)) for one in INSTRUMENTS]
    return tuple(rows)
