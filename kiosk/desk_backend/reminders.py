"""People to call, at the desk: the board, the tick, and the sheet for a medium. No Qt.

On screen and paper stand what a call needs: family name, telephone number, street, and why. No number of a document.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from kiosk.desk import boards_data as b
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk.values import Place
from kiosk.desk_backend.moment import Moment
from kiosk.domain.identity import mask_name
from kiosk.store import reminders
from kiosk.store.engine.database import Store

_STYLE = (
    "@page{size:A4;margin:15mm}body{font-family:sans-serif;font-size:12pt}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #777;padding:3mm 2mm;text-align:left}th{background:#eee}h2{margin:6mm 0 2mm}tr{break-inside:avoid}"
)


def board(store: Store, at: Moment) -> b.RemindersData:
    """Return whom to call, by street."""
    rows = tuple(
        b.ReminderRow(
            one.entry.person_id,
            one.area,
            mask_name(one.entry.name),
            one.entry.phone,
            one.why.urgency.value,
            one.why.due,
            one.why.benefit_kind,
            one.called_on,
            one.called_by,
            one.entry.id_number,
        )
        for one in reminders.listed(store, at.today)
    )
    return b.RemindersData(rows, reminders.made_on(store.db), printer=store.settings.printer.kind != "none")


def mark(store: Store, command: c.MarkCalled, at: Moment) -> e.Event:
    """Somebody called."""
    done = reminders.mark_called(store, command.person_id, command.by.staff_id, at.today, at.now)
    return e.Acted(command.by.session_id, Place.REMINDERS, "called" if done else "", "" if done else "called-already")


def sheet(data: b.RemindersData) -> str:
    """Return a page to print, by street, with a box for each call. Who was called already is not on it."""
    made = f"{data.made_on:%Y-%m-%d}" if data.made_on else ""
    parts = [f"<!doctype html><meta charset=utf-8><title>提醒电话 {made}</title><style>{_STYLE}</style><h1>提醒电话 {made}</h1>"]
    left = [one for one in data.rows if one.called_on is None]
    for area in dict.fromkeys(one.area for one in left):
        parts.append(f"<h2>{html.escape(area) or '未分街道'}</h2><table><tr><th>姓名<th>电话<th>原因<th>已打电话")
        parts += [f"<tr><td>{_cells([one.who, one.phone or '名册里没有', why(one)])}<td>□" for one in left if one.area == area]
        parts.append("</table>")
    return "".join(parts) + "<p>打完请在自助机“待办”的“提醒电话”里打勾。用后销毁，勿外传。</p>\n"


def _cells(texts: Sequence[str]) -> str:
    return "<td>".join(html.escape(one) for one in texts)


def why(one: b.ReminderRow) -> str:
    """Return in words why somebody is called."""
    return "已暂停发放" if one.urgency == "suspended" else f"{one.due:%Y-%m-%d} 到期" if one.due else "快到期"
