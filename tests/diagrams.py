"""State diagrams of both machines, drawn from the code: `python -m tests.diagrams > docs/states.md`.

The machines themselves are walked: from the first state every event of the tests' samples is given to `step`, breadth first, and
what came out is drawn. Of each kind of state a bounded number of variants is followed. tests/test_diagrams.py holds the page to the
code.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict, deque
from datetime import date

from kiosk.desk import machine as desk_machine
from kiosk.desk import states as ds
from kiosk.visit import machine as visit_machine
from kiosk.visit import states as vs
from tests.desk import samples as desk_samples
from tests.visit import samples as visit_samples

Edge = tuple[str, str, str]  # state, event, next state
VARIANTS = 300
EVERYWHERE = 6  # an event that leads to the same state from so many kinds of state is told once, below the picture

HEAD = """# States of a visit and of the desk

Made by `python -m tests.diagrams > docs/states.md`: the machines are walked with the events of the tests' samples, and what came
out is drawn. A test holds the page to the code. An event that leaves the kind of state as it is is not drawn.
"""


def walk(first, step, events, name) -> set[Edge]:
    """Return every change from one kind of state to another that was found."""
    edges: set[Edge] = set()
    seen, variants, waiting = {repr(first)}, Counter({name(first): 1}), deque([first])
    while waiting:
        state = waiting.popleft()
        for event in events(state):
            after = step(state, event)
            if name(after) != name(state):
                edges.add((name(state), type(event).__name__, name(after)))
            text = repr(after)
            if text not in seen and variants[name(after)] < VARIANTS:
                seen.add(text)
                variants[name(after)] += 1
                waiting.append(after)
    return edges


def drawn(title: str, first: str, edges: set[Edge]) -> str:
    """Return one machine as a Mermaid diagram, with what means the same everywhere as a table below."""
    sources: dict[tuple[str, str], set[str]] = defaultdict(set)
    for state, event, after in edges:
        sources[event, after].add(state)
    common = {key for key, states in sources.items() if len(states) >= EVERYWHERE}
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for state, event, after in sorted(edges):
        if (event, after) not in common:
            arrows[state, after].append(event)
    lines = [f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {first}"]
    lines += [f"    {state} --> {after}: {', '.join(names)}" for (state, after), names in sorted(arrows.items())]
    lines += ["```", "", "Left out of the picture, because it means the same in many states:", ""]
    lines += ["| Event | leads to | from |", "|---|---|---|"]
    lines += [f"| {event} | {after} | {', '.join(sorted(sources[event, after]))} |" for event, after in sorted(common)]
    return "\n".join(lines) + "\n"


@functools.cache
def visit_edges() -> set[Edge]:
    """Return the changes of a retiree's visit."""
    world = visit_machine.World("v-1", answer_by=date(2026, 12, 3), visits_born_by=date(2026, 11, 30))

    def events(state):
        take = getattr(state, "take_id", 1)
        return [*visit_samples.touches(), *visit_samples.device_events(), *visit_samples.answers("v-1", take)]

    def step(state, event):
        return visit_machine.step(state, event, world)[0]

    return walk(vs.Idle(), step, events, lambda state: type(state).__name__)


@functools.cache
def desk_edges() -> set[Edge]:
    """Return the changes of the desk; an open desk is named by its page."""
    world = desk_samples.world()

    def name(state):
        return f"Open_{type(state.page).__name__}" if isinstance(state, ds.Open) else type(state).__name__

    def events(state):
        page = getattr(state, "page", None)
        return [*desk_samples.touches(), *desk_samples.answers(1, getattr(page, "take_id", 1))]

    return walk(ds.Closed(), lambda state, event: desk_machine.step(state, event, world)[0], events, name)


def page() -> str:
    """Return docs/states.md."""
    visit, desk = drawn("A visit (`kiosk/visit`)", "Idle", visit_edges()), drawn("The desk (`kiosk/desk`)", "Closed", desk_edges())
    return "\n".join((HEAD, visit, desk))


if __name__ == "__main__":
    print(page(), end="")
