"""What can be shown: one row a scenario, with how it should end. Read by `demo.stage`, `demo.runner` and the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kiosk.domain.record import Outcome


@dataclass(frozen=True, slots=True)
class Scenario:
    """One demonstration. `card`: key in config/demo/cards.toml. `portrait`: whom the puppet camera animates."""

    name: str
    shows: str
    outcome: Outcome
    reason: str
    card: str = "chen"
    portrait: str = "biden"
    mode: Literal["live", "print"] = "live"
    steps: tuple[str, ...] = ()            # what the person does besides the obvious, see emulators/person.py
    trouble: Literal["", "offline", "reader", "camera"] = ""
    delivered: bool = True                 # a record reaches the bureau
    settings: dict[str, dict[str, object]] = field(default_factory=dict)


_ALL = (
    Scenario("pass", "a card, a face, a result: everything goes well", Outcome.PASSED, "ok"),
    Scenario("photo", "somebody holds up a print of the right face", Outcome.FAILED, "*", mode="print"),
    Scenario("other-person", "somebody else's face", Outcome.FAILED, "face-mismatch", portrait="astronaut"),
    Scenario("not-yet", "certified this month already: comes back as good news", Outcome.REFUSED, "*", card="li",
             delivered=False),
    Scenario("unknown-person", "not in the roster", Outcome.REFUSED, "not-in-roster", card="wang", delivered=False),
    Scenario("no-template", "no enrolled face: the attendant enrols in person", Outcome.REFERRED, "no-template", card="huang",
             delivered=False),
    Scenario("offline-then-online", "no network until the result stands; the record arrives later", Outcome.PASSED, "ok",
             trouble="offline"),
    Scenario("reader-unplugged", "the reader's cable is pulled and put back", Outcome.PASSED, "ok", trouble="reader"),
    Scenario("camera-unplugged", "the camera's cable is pulled and put back", Outcome.PASSED, "ok", trouble="camera"),
)

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in _ALL}
