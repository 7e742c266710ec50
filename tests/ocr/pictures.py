"""Cards of invented people, held up in front of all sorts of backgrounds and spoilt as cameras spoil pictures.

`python -m tests.ocr.pictures pictures|sessions COUNT SEED HARDNESS` measures reading over many of them.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta

import cv2
import numpy as np

from kiosk.domain.identity import check_digit
from kiosk.emulators.card_picture import draw_back, draw_front, hold_up

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程苏魏吕丁任卢姚钟姜崔谭陆汪范廖石"
    "金韦贾夏付方邹熊白孟秦邱侯江尹薛阎段雷龙史陶黎贺毛郝顾龚邵万覃武钱戴严莫孔向常"
)
GIVEN = (
    "秀英桂兰玉珍凤淑华建国志强明德春梅丽芳文军伟平红霞美玲燕辉永康福生长根水金木火土海洋波涛静洁敏慧婷娟琴雪莲菊荷松柏林森栋"
    "梁才贵发财宝善良忠孝仁义礼智信勇刚毅"
    "彪鹏飞龙虎豹雄杰俊豪炳焕灿煌耀祖宗先庆祥瑞吉顺利泰安宁和睦友爱群众民权卫东方红旗援朝抗美跃进解放胜利凯旋"
)
NATIONS = ("汉",) * 8 + ("壮", "满", "回", "土家", "维吾尔", "蒙古")
REGIONS = ("440305", "450102", "110101", "310115", "510107", "420106", "230103", "650102", "350203", "610113")
ISSUERS = (
    "深圳市公安局南山分局",
    "南宁市公安局兴宁分局",
    "北京市公安局东城分局",
    "成都市公安局武侯分局",
    "武汉市公安局武昌分局",
    "某某县公安局",
)
ADDRESSES = (
    "广东省深圳市南山区示范路{}号",
    "广西南宁市兴宁区样板街道{}号2栋301",
    "四川省成都市武侯区虚构大道{}号",
    "湖北省某某县示例镇样板村{}组",
)


def invent(rng: random.Random) -> dict[str, str]:
    """A person nobody is, as in config/demo/cards.toml."""
    born = date(1930, 1, 1) + timedelta(days=rng.randrange(365 * 38))
    order = rng.randrange(1, 999)
    first = f"{rng.choice(REGIONS)}{born:%Y%m%d}{order:03d}"
    issued = date(2005, 1, 1) + timedelta(days=rng.randrange(365 * 18))
    span = rng.choice((5, 10, 20, 0))
    until = "长期" if not span else date(issued.year + span, issued.month, min(issued.day, 28)).isoformat()
    if issued.day > 28 and span:
        issued = issued.replace(day=28)
    return {
        "name": rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=rng.choice((1, 2, 2, 2)))),
        "sex": "male" if order % 2 else "female",
        "nation": rng.choice(NATIONS),
        "born": born.isoformat(),
        "address": rng.choice(ADDRESSES).format(rng.randrange(1, 400)),
        "id_number": first + check_digit(first),
        "issuer": rng.choice(ISSUERS),
        "valid_from": issued.isoformat(),
        "valid_to": until,
    }


@dataclass(frozen=True)
class Spoilt:
    """How a picture was spoilt."""

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    width: float = 0.6
    blur: float = 0.0
    motion: int = 1
    noise: float = 0.0
    glare: float = 0.0
    shade: float = 0.0
    quality: int = 95
    scene: str = "wall"


def spoil_at_random(rng: random.Random, hardness: float = 1.0) -> Spoilt:
    """hardness 1: what an unaided hand under office light does; 2: worse than anybody would hand in."""
    h = hardness
    return Spoilt(
        yaw_deg=rng.uniform(-22, 22) * h,
        pitch_deg=rng.uniform(-18, 18) * h,
        roll_deg=rng.uniform(-14, 14) * h,
        width=rng.uniform(0.42, 0.58),
        blur=rng.choice((0, 0, rng.uniform(0, 1.1))) * h,
        motion=rng.choice((1, 1, 1, round(1 + 4 * h))),
        noise=rng.uniform(0, 7) * h,
        glare=rng.choice((0, 0, rng.uniform(0.2, 0.8))) * h,
        shade=rng.uniform(0, 0.45) * min(h, 1.6),
        quality=rng.choice((95, 80, 60, round(60 - 20 * h))),
        scene=rng.choice(("wall", "room", "pale", "dark")),
    )


def scene(kind: str, rng: np.random.Generator, size: tuple[int, int] = (1280, 720)) -> np.ndarray:
    """A background: a wall, a room of blurred boxes, a pale wall (as light as the card), a dark room."""
    w, h = size
    level = {"wall": 120, "room": 100, "pale": 205, "dark": 45}[kind]
    image = np.full((h, w, 3), level, np.float32) + rng.normal(0, 6, 3)
    image += np.linspace(-25, 25, w)[None, :, None] * rng.uniform(-1, 1)
    if kind == "room":
        for _ in range(14):
            x, y = rng.integers(0, w), rng.integers(0, h)
            colour = tuple(float(c) for c in rng.uniform(20, 220, 3))
            cv2.rectangle(image, (int(x), int(y)), (int(x + rng.integers(40, 420)), int(y + rng.integers(40, 300))), colour, -1)
        image = cv2.GaussianBlur(image, (0, 0), 4)
    return np.clip(image, 0, 255).astype(np.uint8)


def picture(card: np.ndarray, spoilt: Spoilt, seed: int = 0) -> np.ndarray:
    """The card as a camera of 1280 x 720 sees it."""
    rng = np.random.default_rng(seed)
    image = hold_up(
        card,
        scene(spoilt.scene, rng),
        centre=(0.5 + rng.uniform(-0.04, 0.04), 0.5 + rng.uniform(-0.03, 0.03)),
        width=spoilt.width,
        roll_deg=spoilt.roll_deg,
        yaw_deg=spoilt.yaw_deg,
        pitch_deg=spoilt.pitch_deg,
    )
    out = image.astype(np.float32)
    height, width = out.shape[:2]
    yy, xx = np.mgrid[0:height, 0:width].astype(np.float32)
    if spoilt.shade:
        angle = rng.uniform(0, 2 * np.pi)
        slope = ((xx / width - 0.5) * np.cos(angle) + (yy / height - 0.5) * np.sin(angle)) * 2
        out *= (1.0 - spoilt.shade * (0.5 + 0.5 * slope))[..., None]
    if spoilt.glare:
        x, y = width * rng.uniform(0.3, 0.7), height * rng.uniform(0.3, 0.7)
        spot = np.exp(-(((xx - x) / (0.09 * width)) ** 2 + ((yy - y) / (0.06 * width)) ** 2))
        out += 320 * spoilt.glare * spot[..., None]
    out = np.clip(out, 0, 255)
    if spoilt.motion > 1:
        kernel = np.zeros((spoilt.motion, spoilt.motion), np.float32)
        kernel[spoilt.motion // 2, :] = 1 / spoilt.motion
        out = cv2.filter2D(out, -1, kernel)
    if spoilt.blur:
        out = cv2.GaussianBlur(out, (0, 0), spoilt.blur)
    out += rng.normal(0, max(spoilt.noise, 0.01), out.shape)
    _, packed = cv2.imencode(".jpg", np.clip(out, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, spoilt.quality])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


def judged(reading, card: dict[str, str]) -> str:
    """right, wrong (a usable reading that is not what stands on the card), or why it was not used."""
    if reading.front is not None and reading.front.usable:
        front = reading.front
        same = (front.name, front.id_number, front.sex.value, front.born.isoformat()) == (
            card["name"],
            card["id_number"],
            card["sex"],
            card["born"],
        )
        return "right" if same else "wrong"
    if reading.back is not None and reading.back.usable:
        back = reading.back
        until = "长期" if back.forever else back.valid_to.isoformat()
        same = (back.issuer, back.valid_from.isoformat(), until) == (card["issuer"], card["valid_from"], card["valid_to"])
        return "right" if same else "wrong"
    part = reading.front or reading.back
    return str(reading.guidance) + (":" + ",".join(sorted(part.flags)) if part else "")


def session(ocr, card: dict[str, str], rng: random.Random, frames: int, hardness: float = 1.0):
    """Hold both sides up for at most `frames` pictures each, every one spoilt anew; return the scan and the pictures used."""
    from kiosk.camera.frame import Frame
    from kiosk.ocr.card_ocr import CardScan

    scan, used = CardScan(ocr), 0
    for draw, done in ((draw_front, lambda: scan.front), (draw_back, lambda: scan.back)):
        drawn, base = draw(card), spoil_at_random(rng, hardness)
        for _ in range(frames):
            if done() is not None:
                break
            # The hand, the light and the wall stay; the tremor, the noise and the glare change.
            other = spoil_at_random(rng, hardness)
            spoilt = replace(
                other,
                scene=base.scene,
                shade=base.shade,
                width=base.width,
                quality=base.quality,
                yaw_deg=base.yaw_deg + other.yaw_deg / 4,
                pitch_deg=base.pitch_deg + other.pitch_deg / 4,
                roll_deg=base.roll_deg + other.roll_deg / 4,
            )
            scan.step(Frame(picture(drawn, spoilt, rng.randrange(10**6)), used * 0.5, used))
            used += 1
        if done() is None:
            break
    return scan, used


def right_person(scan, card: dict[str, str]) -> bool:
    """True when everything the scan settled on stands on the card."""
    person, back = scan.result, scan.back
    until = "长期" if back.forever else back.valid_to.isoformat()
    return (person.name, person.id_number, back.issuer, back.valid_from.isoformat(), until) == (
        card["name"],
        card["id_number"],
        card["issuer"],
        card["valid_from"],
        card["valid_to"],
    )


def main() -> None:
    from kiosk.ocr.card_ocr import CardOcr
    from kiosk.ocr.recogniser import RapidRecogniser

    mode, count, seed, hardness = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    rng, recogniser = random.Random(seed), RapidRecogniser()
    told: dict[str, Counter[str]] = {"front": Counter(), "back": Counter(), "session": Counter()}
    pictures = []
    for number in range(count):
        card = invent(rng)
        if mode == "sessions":
            scan, used = session(CardOcr(recogniser), card, rng, 6, hardness)
            verdict = "none" if scan.result is None else "right" if right_person(scan, card) else "wrong"
            told["session"][verdict] += 1
            pictures.append(used)
            _tell(told, pictures)
            if verdict == "wrong":
                print(number, scan.result and (scan.result.name, scan.result.id_number), card, scan.back and scan.back.issuer)
            continue
        spoilt = spoil_at_random(rng, hardness)
        for side, draw in (("front", draw_front), ("back", draw_back)):
            reading = CardOcr(recogniser).read(picture(draw(card), spoilt, seed * 1000 + number))
            verdict = judged(reading, card)
            told[side][verdict] += 1
            if verdict != "right":
                print(number, side, verdict, spoilt, reading.look, reading.front and (reading.front.name, card["name"]))
        _tell(told, pictures)
    _tell(told, pictures)


def _tell(told: dict[str, Counter[str]], pictures: list[int]) -> None:
    median = f"; pictures a session: median {sorted(pictures)[len(pictures) // 2]}, most {max(pictures)}" if pictures else ""
    print({side: dict(counts.most_common()) for side, counts in told.items() if counts}, median, flush=True)


if __name__ == "__main__":
    main()
