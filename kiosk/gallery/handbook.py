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


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of the gallery: its file's name, the page's heading, and what else tells it from its neighbours."""

    name: str
    title: str
    note: str = ""


WALL = ("idle", "card", "result")  # one to each of its steps
LEAFLET = ("idle", "who", "card", "confirm", "consent", "instructions", "camera-mouth-open", "result")  # in eight pictures
_STANDING, _LYING, _NOTE = (3, 3, 150), (2, 4, 330), 36  # in a row, rows, width; characters below a picture
_NEW_PAGE = " style='page-break-before:always'"
_TABLE = re.compile(r"<table([^>]*?)(?: style='page-break-before:always')?>(<thead>.*?</thead>).*?</table>", re.DOTALL)
_STYLE = """<style>body{font-family:'Noto Sans CJK SC','Noto Sans SC',sans-serif;font-size:10pt}h1{font-size:20pt}h2{font-size:14pt}
h3{font-size:11pt}td{vertical-align:top;padding:4px}tr{page-break-inside:avoid}.big{font-size:22pt}.warn{font-size:12pt;font-weight:bold}.step{font-size:13pt}.held{font-size:12pt}
.wall{font-size:20pt;font-weight:bold}.far{font-size:40pt;font-weight:bold;margin:0}.call{font-size:30pt;font-weight:bold;margin:0}</style>"""


@dataclass(frozen=True, slots=True)
class Paper:
    """One document. `name`: of its files. `wide`: A4 lying."""

    name: str
    title: str
    html: str
    wide: bool = False


def papers(strings: Strings, settings: Settings, visit: Sequence[Shot], desk: Sequence[Shot]) -> tuple[Paper, ...]:
    """Return all five. visit, desk: the gallery's pictures of either, one file each in pictures/."""
    written = tomllib.loads((ASSETS / "handbook.toml").read_text(encoding="utf-8"))
    return (
        Paper("leaflet", "养老金认证，这样办", _leaflet(strings, settings, written["leaflet"]), wide=True),
        Paper("manual", "操作手册", _manual(strings, written["manual"], visit, desk)),
        Paper("wall", "墙上的一张纸", _wall(strings, settings, written["wall"]), wide=True),
        Paper("technician", "技术员手册", _technician(strings, written["technician"])),
        Paper("clerk", "中心经办手册", _page("中心经办手册", _clerk((ROOT / "docs" / "clerks.md").read_text(encoding="utf-8")))),
    )


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title>{_STYLE}'
    return f'<!DOCTYPE html><html lang="zh-CN"><head>{head}</head><body>{body}</body></html>'


def _picture(name: str, width: int) -> str:
    return f'<img src="pictures/{name}.png" width="{width}">'


def _shots(heading: str, shots: Sequence[Shot], form: tuple[int, int, int]) -> list[str]:
    """Return a section of pictures, each under the heading of its page. form: how many in a row, rows on a page, width."""
    in_a_row, rows_a_page, width = form
    out = [f'<h2 style="page-break-before:always">{heading}</h2>']
    for first in range(0, len(shots), in_a_row * rows_a_page):
        rows = ""
        for start in range(first, min(first + in_a_row * rows_a_page, len(shots)), in_a_row):
            cells = (
                f'<td width="{100 // in_a_row}%"><b>{escape(one.title)}</b><br>{_picture(one.name, width)}<br>'
                f"<small>{escape(_cut(one.note))}</small></td>"
                for one in shots[start : start + in_a_row]
            )
            rows += f"<tr>{''.join(cells)}</tr>"
        out.append(f"<table width='100%'{_NEW_PAGE if first else ''}>{rows}</table>")
    return out


def cut_before(html: str, table: int, row: int) -> str:
    """Return the page with its table number `table`, of those with a head, cut before a row (0: the head): the rest on a new page.

    A browser keeps rows whole by itself; the maker of the PDFs goes on in the middle of one.
    """
    found = list(_TABLE.finditer(html))[table]
    at = list(re.finditer("<tr>", found[0]))[row].start() + found.start()
    return f"{html[:at]}</table><table{found[1]}{_NEW_PAGE}>{found[2]}{html[at:]}"


def _cut(note: str) -> str:
    """Return a note of at most _NOTE characters, marked where it goes on."""
    return note if len(note) <= _NOTE else f"{note[: _NOTE - 1]}…"


def _list(lines: Sequence[str]) -> str:
    return "".join(f"<li>{escape(line)}</li>" for line in lines)


def _leaflet(strings: Strings, settings: Settings, written: dict[str, list[str]]) -> str:
    steps = [
        f'<td width="50%"><b class="step">{number}. {escape(text)}</b><br>{_picture(name, 132)}</td>'
        for number, (name, text) in enumerate(zip(LEAFLET, written["steps"], strict=True), 1)
    ]
    halves = (_two_by_two(steps[:4]), _two_by_two(steps[4:]))  # folded once in the middle: each half is read by itself
    fraud = strings.text("slip.free") + strings.text("slip.fraud", hotline=settings.station.hotline)
    left = (
        f"<h1>养老金认证，这样办</h1><p><b>要带什么：</b>{escape('；'.join(written['bring']))}</p>{halves[0]}"
        f'<p class="wall">有事打电话 {escape(settings.station.hotline)}</p>'
    )
    right = (
        f"{halves[1]}<p><b>看到“{escape(strings.text('page.result.title_confirmed'))}”才算全部办好。</b>"
        f"{escape('；'.join(written['done']))}</p>"
        f"<p><b>这样还没有办好：</b>{escape('；'.join(written['not_done']))}</p>"
        f'<p class="warn">{escape(fraud)}</p>'
    )
    sides = f'<td width="48%" class="held">{left}</td><td width="4%"></td><td width="48%" class="held">{right}</td>'
    return _page("养老金认证，这样办", f'<table width="100%"><tr>{sides}</tr></table>')


def _two_by_two(cells: Sequence[str]) -> str:
    return f'<table width="100%"><tr>{"".join(cells[:2])}</tr><tr>{"".join(cells[2:])}</tr></table>'


def _manual(strings: Strings, written: dict[str, dict[str, list[str]]], visit: Sequence[Shot], desk: Sequence[Shot]) -> str:
    out = ["<h1>操作手册</h1>"]
    for chapter in written.values():
        out.append(f"<h2>{escape(chapter['title'][0])}</h2><ol>{_list(chapter['steps'])}</ol>")
    out.append("<h2>工作台的每一处</h2><ul>")
    out += [f"<li>{escape(strings.text(f'desk.place.{place}'))}</li>" for place in Place]
    out.append("</ul>")
    out += _shots("老人看到的每一页", visit, _STANDING)
    out += _shots("工作台的每一页", desk, _LYING)
    heads = "".join(f"<th>{one}</th>" for one in ("屏幕上", "老人怎么办", "工作人员怎么办"))
    out.append(f"<h2{_NEW_PAGE}>每一个原因，怎么办</h2><table border='1' cellspacing='0'><thead><tr>{heads}</tr></thead>")
    for reason in Reason:
        if reason is not Reason.OK:
            title, now, attendant = (escape(strings.text(f"reason.{reason}.{part}")) for part in ("title", "now", "attendant"))
            out.append(f"<tr><td>{title}<br><small>{reason}</small></td><td>{now}</td><td>{attendant}</td></tr>")
    out.append("</table>")
    return _page("操作手册", "".join(out))


def _wall(strings: Strings, settings: Settings, written: dict[str, list[str]]) -> str:
    """Read from two metres: few words, each step with its picture."""
    words = "".join(
        f'<td width="33%" class="wall">{number}. {escape(line).replace("，", "，<br>")}</td>'
        for number, line in enumerate(written["steps"], 1)
    )
    pictures = "".join(f'<td align="center">{_picture(name, 205)}</td>' for name in WALL)
    fraud = strings.text("slip.free") + strings.text("slip.fraud", hotline=settings.station.hotline)
    body = (
        f'<p class="far" align="center">养老金认证自助机</p><table width="100%"><tr>{words}</tr><tr>{pictures}</tr></table>'
        f'<p class="wall">{escape(fraud)}</p><p class="call" align="center">有事打电话 {escape(settings.station.hotline)}</p>'
    )
    return _page("墙上的一张纸", body)


def _technician(strings: Strings, written: dict[str, list[str]]) -> str:
    rows = []
    for key in sorted(key for key in strings.keys() if key.startswith("doctor.") and key.endswith(".name")):  # noqa: SIM118 - not a dict
        section = key.removesuffix(".name")
        texts = [strings.text(other) for other in strings.keys() if other.startswith(f"{section}.") and other != key]  # noqa: SIM118
        rows.append(f"<td><b>{escape(strings.text(key))}</b></td><td>{'<br>'.join(escape(text) for text in texts)}</td>")
    pairs = zip(rows[::2], [*rows[1::2], *["<td></td><td></td>"] * (len(rows) % 2)], strict=True)  # all of it on one page
    body = (
        f"<h1>技术员手册</h1><ol>{_list(written['steps'])}</ol><h2>自检的每一项</h2>"
        f"<table border='1' cellspacing='0' width='100%'>{''.join(f'<tr>{one}{two}</tr>' for one, two in pairs)}</table>"
    )
    return _page("技术员手册", body)


def _clerk(text: str) -> str:
    """Return the part of the clerks' page that is for clerks: its Chinese sections."""
    _, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    chinese = (one for one in sections if re.match(r"[^\n]*[\u4e00-\u9fff]", one))
    return "<h1>中心经办手册</h1>" + "".join(_markdown(f"## {one}") for one in chinese)


def _markdown(text: str) -> str:
    """The little of Markdown that our Chinese pages use: headings, lists, tables as lines, code, bold."""
    out: list[str] = []
    whole = re.sub(r"(?<=[^\n|#-])\n(?=[^\n|#-])(?!\*\*)", "", re.sub(r"^(#.*)$", r"\1\n", text, flags=re.MULTILINE))
    for line in whole.splitlines():
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
