"""State x event of the visit, as a table: what each event does in each state, and that nothing else changed meanwhile.

The table lies beside this file. After a change that is meant: `python -m tests.visit.test_table`, and look at the difference.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kiosk.domain.reasons import Reason
from kiosk.visit import events as e
from kiosk.visit import states as s
from kiosk.visit.machine import World, step
from tests.visit import samples as x

TABLE = Path(__file__).with_name("table.txt")
WORLD = World("v2")
VISIT = s.Visit("v1", card_present=True)
CASE = s.Case(VISIT, x.CHEN, x.entry_of(x.CHEN), (x.due(),), "consent-v1")
HELPED = replace(CASE, visit=replace(VISIT, mode=s.Mode.OTHER, helper=x.LI, tries=2))

STATES: dict[str, s.State] = {
    "Idle": s.Idle(),
    "ChoosingWho": s.ChoosingWho(s.Visit("v1")),
    "ChoosingWho+card": s.ChoosingWho(VISIT, card=x.CHEN),
    "AwaitingCard": s.AwaitingCard(s.Visit("v1")),
    "AwaitingCard+helper": s.AwaitingCard(s.Visit("v1", s.Mode.OTHER), s.Whose.HELPER),
    "AwaitingCard+friend": s.AwaitingCard(HELPED.visit),
    "EnteringNumber": s.EnteringNumber(s.Visit("v1"), s.Whose.BENEFICIARY),
    "ChoosingName": s.ChoosingName(s.Visit("v1"), s.Whose.BENEFICIARY, x.CHEN.id_number, (x.CHEN.name, "陈大文")),
    "ScanningCard": s.ScanningCard(s.Visit("v1")),
    "LookingUp": s.LookingUp(VISIT, x.CHEN),
    "Confirming": s.Confirming(VISIT, x.CHEN, CASE.entry, CASE.chosen),
    "ChoosingBenefits": s.ChoosingBenefits(VISIT, x.CHEN, CASE.entry, (x.due(0), x.due(1))),
    "Answered": s.Answered(VISIT, Reason.NOT_YET, person=x.CHEN),
    "Answered+waiting": s.Answered(VISIT, Reason.NO_TEMPLATE, person=x.CHEN),
    "Consenting": s.Consenting(CASE),
    "Instructing": s.Instructing(CASE),
    "Acting": s.Acting(CASE, take_id=1),
    "Acting+practice": s.Acting(CASE, practice=True, take_id=1),
    "Acting+last-try": s.Acting(HELPED, take_id=1),
    "Checking": s.Checking(CASE),
    "Checking+saving": s.Checking(CASE, saving=True),
    "Retrying": s.Retrying(CASE, Reason.LIVENESS_FAILED, 2),
    "Finished": s.Finished(CASE, ("r1",)),
    "Referred": s.Referred(VISIT, Reason.FACE_UNCERTAIN, CASE),
    "Referred+no-face": s.Referred(VISIT, Reason.NO_FACE_WANTED, CASE),
    "TakingCard": s.TakingCard(VISIT, None),
    "OutOfService": s.OutOfService(Reason.STORE_ERROR),
}


def told(event: e.Event) -> str:
    """An event in one word, with what decides in it."""
    fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
    marks = [str(fields[name]) for name in ("reason", "passed", "benefit_ids") if name in fields]
    if "person" in fields:
        marks.append("chen" if fields["person"] == x.CHEN else "li")
    if "options" in fields:
        marks.append(str(len(fields["options"])))
    if "eligibilities" in fields:
        marks.append(f"{len(fields['eligibilities'])} of {fields['id_number'][-4:]}")
    if "id_number" in fields and "eligibilities" not in fields:
        marks.append(fields["id_number"][-4:])
    return type(event).__name__ + (f"({', '.join(marks)})" if marks else "")


def rows() -> list[str]:
    """One line for each event that does something in a state; all others do nothing there."""
    out = []
    for name, state in STATES.items():
        out.append(f"{name}")
        for event in [*x.touches(), *x.device_events(), *x.answers("v1", 1)]:
            after, wanted = step(state, event, WORLD)
            if after == state and not wanted:
                continue
            changed = "" if type(after) is not type(state) else ", ".join(_changes(state, after)) or "same"
            goes = type(after).__name__ if not changed else f"[{changed}]"
            notice = getattr(after, "notice", None) if not changed else None
            out.append(
                f"    {told(event)} -> {goes}{f'({notice})' if notice else ''}"
                + "".join(f" +{type(one).__name__}{_detail(one)}" for one in wanted)
            )
    return out


def _detail(command: object) -> str:
    shown = [str(getattr(command, name)) for name in ("outcome", "reason") if hasattr(command, name)]
    return f"({', '.join(shown)})" if shown else ""


def _changes(before: s.State, after: s.State) -> list[str]:
    changed = []
    for name in before.__dataclass_fields__:
        if getattr(before, name) != getattr(after, name):
            value = getattr(after, name)
            changed.append(name if name in ("visit", "case", "card", "person") else f"{name}={value}")
    return changed


def test_every_state_stands_in_the_table():
    assert {type(state) for state in STATES.values()} == set(s.State.__args__)


def test_what_each_event_does_in_each_state():
    assert rows() == TABLE.read_text(encoding="utf-8").splitlines(), (
        "meant? python -m tests.visit.test_table, and read the difference"
    )


if __name__ == "__main__":
    TABLE.write_text("\n".join(rows()) + "\n", encoding="utf-8")
