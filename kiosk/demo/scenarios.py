"""What can be shown: one row a scenario, with how it should end. Read by `demo.fixture`, `demo.runner` and the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kiosk.domain.record import Outcome


@dataclass(frozen=True, slots=True)
class Scenario:
    """One demonstration. `card`: key in config/demo/cards.toml. `reason` "*": any.

    portrait: the photograph of a stranger before the camera; empty: the person of the card, drawn (demo/portraits.py).
    """

    name: str
    shows: str
    outcome: Outcome
    reason: str
    card: str = "li"
    helper: str = "chen"
    also: tuple[str, ...] = ()  # further people whose templates are wanted
    portrait: str = ""
    mode: Literal["live", "print"] = "live"
    trouble: Literal["", "offline", "reader", "camera"] = ""
    tablet: bool = False  # the face is on a tablet that somebody holds up: it does what is asked, and no light falls on it
    injected: bool = False  # the pinned camera stands there, but the pictures come from elsewhere
    delivered: bool = True  # a record reaches the bureau
    habits: dict[str, object] = field(default_factory=dict)  # see emulators/person.py
    settings: dict[str, dict[str, object]] = field(default_factory=dict)
    confirms: bool = True  # the bureau confirms by itself
    by_ear: bool = False  # somebody who does not see: keys and spoken words alone
    roster: bool = True  # the bureau issues one; else the station's own kiosk alone has it
    desk: str = ""  # name of a script of demo/desk_scripts.py: an attendant works at the desk


def _reads(**liveness: object) -> dict[str, dict[str, object]]:
    return {"liveness": {"digits": "third", "microphone": "spoken:", **liveness}}


_ALL = (
    Scenario("pass", "a card, a face, a result: everything goes well", Outcome.PASSED, "ok"),
    Scenario("photo", "somebody holds up a print of the right face", Outcome.FAILED, "*", mode="print"),
    Scenario("other-person", "somebody else's face", Outcome.FAILED, "face-mismatch", portrait="biden.jpg"),
    Scenario(
        "not-yet", "certified this month already: comes back as good news", Outcome.REFUSED, "not-yet", card="chen", delivered=False
    ),
    Scenario("unknown-person", "not in the roster", Outcome.REFUSED, "not-in-roster", card="wang", delivered=False),
    Scenario(
        "no-template",
        "no enrolled face: the attendant enrols in person",
        Outcome.REFERRED,
        "no-template",
        card="huang",
        delivered=False,
    ),
    Scenario(
        "offline-then-online",
        "no network until the result stands; the record arrives later",
        Outcome.PASSED,
        "ok",
        trouble="offline",
    ),
    Scenario(
        "other",
        "somebody helps a friend: two cards, and the friend looks into the camera",
        Outcome.PASSED,
        "ok",
        habits={"mode": "other"},
    ),
    Scenario(
        "helper-face",
        "the helper looks into the camera instead of the friend",
        Outcome.FAILED,
        "face-mismatch",
        portrait="biden.jpg",
        habits={"mode": "other"},
        settings={"liveness": {"tries_per_visit": 1}},
    ),
    Scenario("manual", "no card at hand: the number is typed, the name chosen", Outcome.PASSED, "ok", habits={"manual": True}),
    Scenario(
        "ocr", "the reader is away: the card is held up to the camera, front and back", Outcome.PASSED, "ok", habits={"scan": True}
    ),
    Scenario(
        "query", "just asks for the next date", Outcome.REFUSED, "not-yet", card="chen", delivered=False, habits={"mode": "query"}
    ),
    Scenario("repeat", "comes back after a pass to make sure: good news", Outcome.REFUSED, "already-done", habits={"visits": 2}),
    Scenario(
        "grace",
        "overdue, in the days of grace; two benefits in one visit",
        Outcome.PASSED,
        "ok",
        card="hongkong",
    ),
    Scenario(
        "slip",
        "a reminder on paper (the printer writes into a file)",
        Outcome.PASSED,
        "ok",
        habits={"prints": True},
        settings={"printer": {"kind": "file", "target": "{folder}/slip.bin"}},
    ),
    Scenario(
        "eighty",
        "86 years old: the yearly window is open earlier than for others",
        Outcome.PASSED,
        "ok",
        card="lin80",
    ),
    Scenario(
        "data-matched",
        "certified by data match: told the moment the card lies there, with until when",
        Outcome.REFUSED,
        "data-matched",
        card="permanent2023",
        delivered=False,
    ),
    Scenario(
        "query-data-matched",
        "asks for the next date: nothing to do, and why",
        Outcome.REFUSED,
        "data-matched",
        card="permanent2023",
        delivered=False,
        habits={"mode": "query"},
    ),
    Scenario(
        "review",
        "three failed tries, then a human review: sent, confirmed by a clerk, and told when the card lies there again",
        Outcome.REFUSED,
        "review-passed",
        portrait="biden.jpg",
        habits={"asks": "review", "visits": 2},
    ),
    Scenario(
        "home-visit-offered",
        "86 years old and not recognised: books a home visit with one touch, the telephone is confirmed aloud",
        Outcome.FAILED,
        "face-mismatch",
        card="lin80",
        portrait="biden.jpg",
        habits={"asks": "home-visit"},
        settings={"liveness": {"tries_per_visit": 1}},
    ),
    Scenario(
        "slip-code",
        "no card at hand: the code on last year's slip finds the person, who confirms and faces the camera",
        Outcome.PASSED,
        "ok",
        habits={"code": "slip"},
    ),
    Scenario(
        "social-card",
        "the electronic social-security card on a telephone, asked for at the bureau",
        Outcome.PASSED,
        "ok",
        habits={"code": "social-card"},
    ),
    Scenario(
        "social-card-offline",
        "the same without a network: a kind answer, and the card is laid",
        Outcome.PASSED,
        "ok",
        trouble="offline",
        habits={"code": "social-card"},
    ),
    Scenario("suspended", "payment was suspended: resumed with back-pay", Outcome.PASSED, "ok", card="zhuang"),
    Scenario(
        "without-sight", "nothing is seen: the whole visit by five keys and what is spoken", Outcome.PASSED, "ok", by_ear=True
    ),
    Scenario("reader-unplugged", "the reader's cable is pulled and put back", Outcome.PASSED, "ok", trouble="reader"),
    Scenario("camera-unplugged", "the camera's cable is pulled and put back", Outcome.PASSED, "ok", trouble="camera"),
    Scenario(
        "attendant-takeover",
        "would rather not show the face: the attendant takes over, face to face, both sign",
        Outcome.PASSED,
        "ok",
        desk="takeover",
    ),
    Scenario(
        "proxy", "a relative comes with the papers: both identities, checklist, scans by digest", Outcome.PASSED, "ok", desk="proxy"
    ),
    Scenario(
        "odd-documents",
        "a relative's passport, permits and cards are typed: what is odd is asked about once more, then taken with a flag",
        Outcome.PASSED,
        "ok",
        desk="odd-documents",
    ),
    Scenario(
        "reminders",
        "the centre's list of people to call, by street: printed, on a stick, a call ticked off and told to the centre",
        Outcome.PASSED,
        "ok",
        card="zhuang",
        desk="reminders",
        settings={"printer": {"kind": "file", "target": "{folder}/calls.bin"}},
    ),
    Scenario("home-visit", "the booked list, and one visit from it", Outcome.PASSED, "ok", card="huang", desk="home-visit"),
    Scenario(
        "portable",
        "a kiosk without a roster takes a home-visit list from a stick, visits, and brings the result back",
        Outcome.PASSED,
        "ok",
        card="huang",
        roster=False,
        desk="portable",
    ),
    Scenario(
        "visit-cancelled",
        "a home visit is cancelled while the list is out: the portable kiosk hears it by stick, and that its record was delivered",
        Outcome.PASSED,
        "ok",
        card="huang",
        roster=False,
        desk="visit-cancelled",
        settings={"sync": {"paused": True}},
    ),
    Scenario(
        "unit-list", "a unit's clerk brings a list: every row answered", Outcome.PASSED, "ok", also=("zhuang",), desk="unit-list"
    ),
    Scenario(
        "enrol", "a face template with its own consent, then withdrawn and erased", Outcome.PASSED, "ok", card="huang", desk="enrol"
    ),
    Scenario(
        "one-inch-photo",
        "a template from an old one-inch photo, marked as such; the first strong live face takes its place",
        Outcome.PASSED,
        "ok",
        card="huang",
        desk="one-inch-photo",
    ),
    Scenario("declare", "the heirs declare a death: the template is erased", Outcome.PASSED, "ok", card="zhuang", desk="declare"),
    Scenario(
        "returned",
        "the centre returns a record; the desk sees why, and so does the retiree who asks in the end",
        Outcome.REFUSED,
        "ok",
        confirms=False,
        desk="returned",
    ),
    Scenario(
        "clock-back",
        "the clock jumped back: the attendant confirms the date, the record says so",
        Outcome.PASSED,
        "ok",
        desk="clock-back",
    ),
    Scenario(
        "tablet",
        "somebody holds up a tablet with a face that does whatever is asked: the kiosk's own light does not come back from it",
        Outcome.FAILED,
        "liveness-failed",
        tablet=True,
        settings={"liveness": {"tries_per_visit": 1, "light_delay_s": 0.12, "checks": {"light": "enforce"}}},
    ),
    Scenario(
        "injected",
        "another stream comes in the pinned camera's place and does what is asked, but does not answer when the camera is steered",
        Outcome.FAILED,
        "liveness-failed",
        injected=True,
        settings={"liveness": {"tries_per_visit": 1, "checks": {"camera": "enforce"}}},
    ),
    Scenario(
        "cannot-turn",
        "cannot turn the head: the attendant, who sees the person, says so by one touch; another action is asked for",
        Outcome.PASSED,
        "ok",
        desk="cannot-turn",
    ),
    Scenario(
        "digits",
        "a third action: four digits are read aloud, and the mouth moves with them",
        Outcome.PASSED,
        "ok",
        settings=_reads(),
    ),
    Scenario(
        "digits-wrong",
        "one of the four digits that are read is another one",
        Outcome.FAILED,
        "digits-wrong",
        habits={"reads": "wrong"},
        settings=_reads(tries_per_visit=1),
    ),
    Scenario(
        "digits-elsewhere",
        "somebody beside reads the digits, and the mouth before the camera stays closed",
        Outcome.FAILED,
        "digits-elsewhere",
        habits={"reads": "elsewhere"},
        settings=_reads(tries_per_visit=1),
    ),
    Scenario(
        "camera-swapped",
        "another camera is plugged in: self-service stops, attended work goes on, the supervisor confirms it with a reason",
        Outcome.PASSED,
        "ok",
        desk="camera-swapped",
    ),
)

SCENARIOS: dict[str, Scenario] = {scenario.name: scenario for scenario in _ALL}
