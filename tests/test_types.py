"""What the types promise, held by reading the source: few exceptions, each with its reason, and no list with a hole in it."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from pathlib import Path
from typing import get_args

from kiosk.desk import commands as dc
from kiosk.desk import events as de
from kiosk.visit import commands as vc
from kiosk.visit import events as ve
from tests.desk import samples as desk_samples
from tests.visit import samples as visit_samples

ROOT = Path(__file__).resolve().parents[1]
IGNORED = re.compile(r"# type: ignore\[[a-z, -]+\](.*)")


def test_the_exceptions_from_the_types_are_few_and_give_their_reason():
    found = [
        (path.relative_to(ROOT).as_posix(), match[1])
        for path in sorted((ROOT / "kiosk").rglob("*.py"))
        for match in map(IGNORED.search, path.read_text(encoding="utf-8").splitlines())
        if match
    ]
    assert len(found) <= 5, found
    assert all(len(reason.strip(" #")) > 10 for _, reason in found), found


def classes(module) -> set[type]:
    """The classes that stand in a module, or in the files of a package."""
    inside = [import_module(f"{module.__name__}.{one.name}") for one in pkgutil.iter_modules(getattr(module, "__path__", []))]
    return {
        one
        for part in (module, *inside)
        for one in vars(part).values()
        if isinstance(one, type) and one.__module__ == part.__name__
    }


def test_every_event_and_command_of_both_machines_stands_in_its_union():
    """What is left out of a union is looked at by no match and walked by no test."""
    for module, union in ((de, de.Event), (dc, dc.Command), (ve, ve.Event), (vc, vc.Command)):
        assert classes(module) == set(get_args(union)), module.__name__


def test_every_event_of_both_machines_is_among_the_samples():
    """The properties over any order of events run on these: one that is left out is never walked."""
    walked = {type(one) for one in (*desk_samples.touches(), *desk_samples.answers(1))}
    assert walked == set(get_args(de.Event))
    walked = {type(one) for one in (*visit_samples.touches(), *visit_samples.device_events(), *visit_samples.answers("v1", 1))}
    assert walked == set(get_args(ve.Event))


def test_every_event_that_is_addressed_to_a_session_is_a_reply():
    """The machine drops those of another session: one that is left out would be taken by whoever signed in since."""
    addressed = {one for one in get_args(de.Event) if "session_id" in one.__dataclass_fields__}
    assert addressed == set(get_args(de.Reply))
