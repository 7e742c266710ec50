"""What can be shown: one row a scenario, with how it should end. Read by `demo.stage`, `demo.runner` and the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kiosk.domain.record import Outcome


@dataclass(frozen=True, slots=True)
class Scenario:
    """One demonstration. `card`: key in config/demo/cards.toml. `portrait`: whom the puppet camera animates. `reason` "*": any."""

    name: str
    shows: str
    outcome: Outcome
    reason: str
    card: str = "li"
    helper: str = "chen"
    also: tuple[str, ...] = ()             # further people whose templates are wanted
    portrait: str = "obama.jpg"            # the enrolled picture is another one, of a later year
    mode: Literal["live", "print"] = "live"
    trouble: Literal["", "offline", "reader", "camera"] = ""
    delivered: bool = True                 # a record reaches the bureau
    habits: dict[str, object] = field(default_factory=dict)   # see emulators/person.py
    settings: dict[str, dict[str, object]] = field(default_factory=dict)


_ALL = (
    Scenario("pass", "a card, a face, a result: everything goes well", Outcome.PASSED, "ok"),
    Scenario("photo", "somebody holds up a print of the right face", Outcome.FAILED, "*", mode="print"),
    Scenario("other-person", "somebody else's face", Outcome.FAILED, "face-mismatch", portrait="biden.jpg"),
    Scenario("not-yet", "certified this month already: comes back as good news", Outcome.REFUSED, "not-yet", card="chen",
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
