"""The paper that people hold, in Chinese, as text: leaflet, 操作手册, wall sheet, and the guides of technician and clerk. No Qt.

Made of the catalogue, the gallery's pictures (by name) and docs/; `kiosk handbook` paints the pictures and the PDFs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from kiosk.config import ASSETS, ROOT, Settings
from kiosk.desk.values import Place
from kiosk.domain.reasons import Reason
from kiosk.texts.strings import Strings

LEAFLET = ("idle", "who", "card", "confirm", "consent", "instructions", "camera-mouth-open", "result")  # in eight pictures
_STYLE = """<style>body{font-family:'Noto Sans CJK SC','Noto Sans SC',sans-serif;font-size:10pt}h1{font-size:20pt}h2{font-size:14pt}
h3{font-size:11pt}td{vertical-align:top;padding:4px}.big{font-size:22pt}.warn{font-size:12pt;font-weight:bold}</style>"""


@dataclass(frozen=True, slots=True)
class Paper:
    """One document. `name`: of its files. `wide`: A4 lying."""

    name: str
    title: str
    html: str
    wide: bool = False


def papers(strings: Strings, settings: Settings, visit: Sequence[str], desk: Sequence[str]) -> tuple[Paper, ...]:
    """Return all five. visit, desk: names of the gallery's pictures of either, one file each in pictures/."""
    written = tomllib.loads((ASSETS / "handbook.toml").read_text(encoding="utf-8"))
    return (
        Paper("leaflet", "养老金认证，这样办", _leaflet(strings, settings, written["leaflet"]), wide=True),
        Paper("manual", "操作手册", _manual(strings, written["manual"], visit, desk)),
        Paper("wall", "墙上的一张纸", _wall(strings, settings, written["wall"]), wide=True),
        Paper("technician", "技术员手册", _technician(strings, written["technician"])),
        Paper("clerk", "中心经办手册", _page("中心经办手册", _markdown((ROOT / "docs" / "clerks.md").read_text(encoding="utf-8")))),
    )


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title>{_STYLE}'
    return f'<!DOCTYPE html><html lang="zh-CN"><head>{head}</head><body>{body}</body></html>'


def _picture(name: str, width: int) -> str:
    return f'<img src="pictures/{name}.png" width="{width}">'


def _list(lines: Sequence[str]) -> str:
    return "".join(f"<li>{escape(line)}</li>" for line in lines)


def _leaflet(strings: Strings, settings: Settings, written: dict[str, list[str]]) -> str:
    steps = list(zip(LEAFLET, written["steps"], strict=True))
    rows = ""
    for four in (steps[:4], steps[4:]):  # folded once: four pictures on either half
        cells = (
            f'<td width="25%"><b>{number}. {escape(text)}</b><br>{_picture(name, 118)}</td>'
            for number, (name, text) in enumerate(four, steps.index(four[0]) + 1)
        )
        rows += f"<tr>{''.join(cells)}</tr>"
    fraud = strings.text("slip.free") + strings.text("slip.fraud", hotline=settings.station.hotline)
    body = (
        f"<h1>养老金认证，这样办</h1><p><b>要带什么：</b>{escape('；'.join(written['bring']))}</p>"
        f'<table width="100%">{rows}</table>'
        f"<p><b>看到“{escape(strings.text('page.result.title_confirmed'))}”才算全部办好。</b>{escape('；'.join(written['done']))}</p>"
        f"<p><b>这样还没有办好：</b>{escape('；'.join(written['not_done']))}</p>"
        f'<p class="warn">{escape(fraud)}</p><p>有事打电话 {escape(settings.station.hotline)}</p>'
    )
    return _page("养老金认证，这样办", body)


def _manual(strings: Strings, written: dict[str, dict[str, list[str]]], visit: Sequence[str], desk: Sequence[str]) -> str:
    out = ["<h1>操作手册</h1>"]
    for chapter in written.values():
        out.append(f"<h2>{escape(chapter['title'][0])}</h2><ol>{_list(chapter['steps'])}</ol>")
    out.append("<h2>工作台的每一处</h2><ul>")
    out += [f"<li>{escape(strings.text(f'desk.place.{place}'))}（{place}）</li>" for place in Place]
    out.append("</ul><h2>老人看到的每一页</h2>")
    out += [f"<h3>{escape(name)}</h3><p>{_picture(name, 200)}</p>" for name in visit]
    out.append("<h2>工作台的每一页</h2>")
    out += [f"<h3>{escape(name)}</h3><p>{_picture(name, 200)}</p>" for name in desk]
    heads = "".join(f"<th>{one}</th>" for one in ("屏幕上", "老人怎么办", "工作人员怎么办"))
    out.append(f"<h2>每一个原因，怎么办</h2><table border='1' cellspacing='0'><tr>{heads}</tr>")
    for reason in Reason:
        if reason is not Reason.OK:
            title, now, attendant = (escape(strings.text(f"reason.{reason}.{part}")) for part in ("title", "now", "attendant"))
            out.append(f"<tr><td>{title}<br><small>{reason}</small></td><td>{now}</td><td>{attendant}</td></tr>")
    out.append("</table>")
    return _page("操作手册", "".join(out))


def _wall(strings: Strings, settings: Settings, written: dict[str, list[str]]) -> str:
    steps = "".join(f'<p class="big">{number}. {escape(line)}</p>' for number, line in enumerate(written["steps"], 1))
    fraud = strings.text("slip.free") + strings.text("slip.fraud", hotline=settings.station.hotline)
    return _page("墙上的一张纸", f"<h1>养老金认证自助机</h1>{steps}<p class='warn'>{escape(fraud)}</p>")


def _technician(strings: Strings, written: dict[str, list[str]]) -> str:
    rows = []
    for key in sorted(key for key in strings.keys() if key.startswith("doctor.") and key.endswith(".name")):  # noqa: SIM118 - not a dict
        section = key.removesuffix(".name")
        texts = [strings.text(other) for other in strings.keys() if other.startswith(f"{section}.") and other != key]  # noqa: SIM118
        rows.append(f"<tr><td>{escape(strings.text(key))}</td><td>{'<br>'.join(escape(text) for text in texts)}</td></tr>")
    body = (
        f"<h1>技术员手册</h1><ol>{_list(written['steps'])}</ol><h2>自检的每一项</h2>"
        f"<table border='1' cellspacing='0'>{''.join(rows)}</table>"
    )
    return _page("技术员手册", body)


def _markdown(text: str) -> str:
    """The little of Markdown that our Chinese pages use: headings, lists, tables as lines, code, bold."""
    out: list[str] = []
    for line in text.splitlines():
        plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", escape(line.strip(), quote=False))
        plain = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", re.sub(r"`([^`]+)`", r"<code>\1</code>", plain))
        heading = re.match(r"(#+) (.*)", plain)
        if heading:
            level = min(3, len(heading[1]))
            out.append(f"<h{level}>{heading[2]}</h{level}>")
        elif re.fullmatch(r"\|[-| :]+\|", plain):
            continue
        elif plain:
            out.append(f"<p>{plain.strip('|').replace('|', ' · ')}</p>")
    return "".join(out)
