"""An attendant's first day: the tasks, and what of the desk's doings checks each of them off. Pure; used by `demo.play`."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.domain.record import Channel

_PROXY = (Channel.FAMILY_PROXY, Channel.AGENT)


@dataclass(frozen=True, slots=True)
class Task:
    """One task: a stable name, what it is, and how it goes (Chinese: attendants read it)."""

    name: str
    title: str
    how: str


TASKS: tuple[Task, ...] = (
    Task(
        "take-over",
        "接手一位老人，面对面认证",
        "开始办理，按“不刷脸办理”。再按右上角工作人员，登录，接手，核对人和证，签名，保存",
    ),
    Task("proxy", "亲情代办", "在工作台查找李建国，选亲情代办，放代办人的身份证（陈小芳），核对材料，签名，保存"),
    Task("day-approval", "当日审核", "用主管的工号登录，打开审核，看一看今天的记录，按审核"),
    Task("stick", "用 U 盘送记录", "打开同步，用 U 盘导出"),
    Task("returned", "处理退回的记录", "社保中心会退回一条记录：打开待办，看退回的原因，再按已处理"),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """What was done so far. A value: `after` returns the next."""

    done: frozenset[str] = frozenset()
    taken_over: bool = False
    channel: Channel | None = field(default=None)

    def after(self, event: e.Event, commands: tuple[c.Command, ...]) -> Progress:
        """Return the progress after something happened at the desk, and what the desk asked for because of it."""
        done, taken, channel = set(self.done), self.taken_over, self.channel
        for command in commands:
            if isinstance(command, c.TakeVisit):
                taken = True
            if isinstance(command, c.SaveAssisted):
                channel = command.channel
        if isinstance(event, e.Saved) and event.record_ids:
            if channel is Channel.FACE_TO_FACE and taken:
                done.add("take-over")
                taken = False
            elif channel in _PROXY:
                done.add("proxy")
            channel = None
        if isinstance(event, e.Acted) and not event.problem:
            for notice, task in (("approved", "day-approval"), ("courier-exported", "stick"), ("handled", "returned")):
                if event.notice == notice:
                    done.add(task)
        return Progress(frozenset(done), taken, channel)

    @property
    def complete(self) -> bool:
        """Whether all tasks are done."""
        return self.done == {task.name for task in TASKS}
