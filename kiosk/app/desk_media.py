"""The desk's commands that read or write removable media, which take their time: done in a thread of `desk_work`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from kiosk.config import Settings
from kiosk.desk import commands as c
from kiosk.desk import events as e
from kiosk.desk_backend import home_visits as desk_home
from kiosk.desk_backend import media
from kiosk.desk_backend.moment import Moment
from kiosk.store import outbox
from kiosk.sync.batches import RunInStore


@dataclass(frozen=True, slots=True)
class Given:
    """What work on a medium needs of the desk."""

    settings: Settings
    run: RunInStore
    moment: Callable[[], Moment]
    moved: Callable[[outbox.Moved], None]
    words: Callable[[str], str]
    here: datetime


def work(command: c.OnMedia | c.SaveAssisted, given: Given) -> e.Event:
    """Do it, and return what came of it."""
    settings, run, moment = given.settings.sync, given.run, given.moment
    match command:
        case c.RegisterScan():
            return media.register_scan(command)
        case c.SaveAssisted():
            return media.save_reviewed(command, run, moment)
        case c.TakeUnitList():
            return media.take_unit_list(command, run, moment)
        case c.Export():
            return media.export(command, given.words, given.here, given.settings, run)
        case c.Courier(by, direction, folder):
            return media.carry(by, direction, folder, settings, run, given.moved)
        case c.ExportHomeVisits() | c.CarryHomeVisits():
            return desk_home.carry(command, settings, run, moment(), given.moved)
        case _:
            assert_never(command)
