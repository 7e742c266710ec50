"""An attendant's first day: the tasks, and what in the kiosk's store shows that each of them is done. Used by `demo.play`.

Nothing is checked off because of a touch: what counts is what stands in the store afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from kiosk.domain.record import Channel, Outcome
from kiosk.store.engine.database import Store, store_errors
from kiosk.texts.strings import Strings

_ALONE = "desk-"  # how the visit of a record begins that no retiree began at the screen (store/desk/assisted.py)
_FROM_OUTBOX = "SELECT record_id FROM outbox WHERE "
_BUTTONS = {  # what the tasks call the buttons by: the catalogue's own words
    "no_face": "bar.no_face",
    "take_over": "desk.home.take_over",
    "face": "desk.channel.face-to-face",
    "find": "desk.place.find",
    "proxy": "desk.channel.family-proxy",
    "save": "desk.assist.save",
    "sync": "desk.place.sync",
    "put": "desk.sync.export",
    "fetch": "desk.sync.import",
    "todo": "desk.place.todo",
    "handled": "desk.todo.handled",
    "approval": "desk.place.approval",
    "approve": "desk.approval.approve",
}


@dataclass(frozen=True, slots=True)
class Task:
    """One task: a stable name, what it is, and how it goes (Chinese: attendants read it)."""

    name: str
    title: str
    how: str


TASKS = (
    Task(
        "take-over",
        "接手一位老人，面对面认证",
        "用李建国的身份证开始办理，按{no_face}。再按右上角的工作人员，登录，按{take_over}，选{face}，看人看证，两人签名，按{save}",
    ),
    Task(
        "proxy",
        "亲情代办",
        "打开{find}，放何家豪的身份证，选{proxy}；再换上来办的人的身份证（陈小芳），查材料，签名，按{save}",
    ),
    Task(
        "stick",
        "没有网络：用 U 盘送记录",
        "按“断开网络”，给韦丽珍面对面认证。打开{sync}，按{put}；再按上面的“把 U 盘送到社保中心”；回来按{fetch}",
    ),
    Task(
        "returned",
        "处理退回的记录",
        "接好网络。社保中心会退回第一条记录（要等几秒）：打开{todo}，看退回的原因，按{handled}",
    ),
    Task("day-approval", "当日审批", "退出，用主管的工号登录，打开{approval}，看一看今天的记录，按{approve}"),
)


def in_words(strings: Strings) -> tuple[Task, ...]:
    """Return the tasks with the buttons named as they are on the screen."""
    words = {name: f"“{strings.text(key)}”" for name, key in _BUTTONS.items()}
    return tuple(replace(task, how=task.how.format_map(words)) for task in TASKS)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store shows. The sets are of record ids."""

    taken_over: bool = False
    by_proxy: bool = False
    day_approved: bool = False
    on_medium: frozenset[str] = frozenset()  # written to a stick, no receipt yet
    received: frozenset[str] = frozenset()  # a receipt of the centre covers them
    handled: frozenset[str] = frozenset()  # returned by the centre, and an attendant dealt with it


def read_facts(store: Store, today: date) -> Facts:
    """Look into the store; in its own thread only."""
    with store_errors():
        passed = store.db.execute("SELECT channel, visit_id FROM records WHERE outcome = ?", (Outcome.PASSED.value,)).fetchall()
        approved = store.db.execute("SELECT records FROM approvals WHERE day = ?", (today.isoformat(),)).fetchone()
        sets = [
            frozenset(str(row[0]) for row in store.db.execute(_FROM_OUTBOX + condition).fetchall())
            for condition in ("state = 'carried'", "state = 'received'", "decision = 'returned' AND handled_at <> ''")
        ]
    return Facts(
        taken_over=any(channel == Channel.FACE_TO_FACE and not visit.startswith(_ALONE) for channel, visit in passed),
        by_proxy=any(channel in (Channel.FAMILY_PROXY, Channel.AGENT) for channel, _ in passed),
        day_approved=approved is not None and approved[0] > 0,
        on_medium=sets[0],
        received=sets[1],
        handled=sets[2],
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """What was done so far. A value: `after` returns the next."""

    done: frozenset[str] = frozenset()
    carried: frozenset[str] = frozenset()  # lay on a stick that the centre took in

    def after(self, facts: Facts, *, medium_taken: bool = False) -> Progress:
        """Return the progress when the store shows `facts`. stick_taken: the centre has just read the stick."""
        carried = self.carried | facts.on_medium if medium_taken else self.carried
        shown = {
            "take-over": facts.taken_over,
            "proxy": facts.by_proxy,
            "stick": bool(carried & facts.received),
            "returned": bool(facts.handled),
            "day-approval": facts.day_approved,
        }
        return Progress(self.done | {name for name, done in shown.items() if done}, carried)

    @property
    def complete(self) -> bool:
        """Whether all tasks are done."""
        return self.done == {task.name for task in TASKS}
