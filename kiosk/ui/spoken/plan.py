"""What a page says and offers, in order, to somebody who does not see it. Pure: states and settings in, catalogue keys out.

Without headphones (`Facts.private`) it says no name, no number and no benefit, and that it does not.

A line is a catalogue key, `chime.NAME` for a soft sound, or `text:WORDS` for the few words no catalogue has (a name). A line that
begins with + joins the one before without a pause: numbers and dates are made of recorded pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from kiosk.domain.contact import phone_tail
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.identity import last_four, mask_name
from kiosk.domain.next_time import next_window
from kiosk.domain.reasons import Reason
from kiosk.domain.record import RecordStatus
from kiosk.texts.said import SPELLED
from kiosk.ui.prompts import prompt_for
from kiosk.ui.spoken.numbers import NUMBER_LENGTH, number_fault, number_said
from kiosk.ui.spoken.pieces import after, day_said, digits, record
from kiosk.visit import events as e
from kiosk.visit import states as s

MOST_COUNTED = 12
MOST_ITEMS = 10
RECORD_PLACES = 8  # of a record's id, as on the page and the slip


@dataclass(frozen=True, slots=True)
class Act:
    """A choice that changes what was entered on the page itself and sends nothing yet: digit, delete, clear, hear, toggle."""

    what: str
    value: str = field(default="", repr=False)


# What a choice does that is no event of the visit: the reminder on paper; an answer to the question whether somebody is there.
Wish = Literal["print", "still-here"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen: its stable name, what is said of it, and what it does."""

    name: str
    say: tuple[str, ...] = field(repr=False)
    does: e.Event | Act | Wish = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole page: lines first, then the choices."""

    lines: tuple[str, ...] = field(repr=False)
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a page says besides its state. `reader_place`: left-below, right-below, below, left, right or "" (not said)."""

    today: date
    english: bool = False
    reader_place: str = ""
    printer: bool = False
    tries_per_visit: int = 3
    station_id: str = ""
    hotline: str = ""
    can_swap: bool = False
    counting_down: bool = False
    private: bool = False  # headphones alone are heard: names, numbers and what somebody is paid for may be said
    review: bool = False  # a human review is offered here
    visits_born_by: date | None = None  # whoever was born by then may book a home visit
    before_cue: bool = False  # in front of the camera nothing was asked for yet: going back costs nothing


@dataclass(frozen=True, slots=True)
class Entered:
    """What was entered on the page so far, by keys: the number, and the benefits that are left out."""

    number: str = field(default="", repr=False)
    left_out: frozenset[str] = frozenset()


def plan_for(state: s.State, facts: Facts, entered: Entered | None = None) -> Plan:
    """Return what a page says and offers. Every state has a plan; help and "again" have keys of their own and stand in none."""
    if facts.counting_down:
        return Plan(("countdown.say",), (_choice("still_here", "still-here"),))
    return _PLANS[type(state)](state, facts, entered or Entered())


# --- pieces


def _choice(name: str, does: e.Event | Act | Wish) -> Choice:
    return Choice(name, (f"spoken.option.say_{name}",), does)


def _name(name: str) -> list[str]:
    """A masked name as it is said: the hidden character is a word; spaces of the mask are not said."""
    return [f"text:{mask_name(name).replace(' ', '').replace('*', '某')}"]


def _benefit(kind: str) -> str:
    return f"spoken.benefit.say_{kind.replace('-', '_')}"


def _item(kind: str, number: int, facts: Facts) -> str:
    """What somebody is paid for tells of an illness, an accident, a death: without headphones it is the first, the second …"""
    return _benefit(kind) if facts.private else f"spoken.private.say_item_{min(number, MOST_ITEMS)}"


def _window_said(first: date | None, last: date | None, facts: Facts) -> list[str]:
    out: list[str] = []
    if first is not None:
        out += ["spoken.date.say_from", *after(day_said(first, facts.english))]
    if last is not None:
        out += ["spoken.date.say_until" if first else "spoken.date.say_by", *after(day_said(last, facts.english))]
    return out


def _bar(*names: str) -> tuple[Choice, ...]:
    events: dict[str, e.Event] = {"back": e.BackTouched(), "leave": e.CancelTouched(), "no_face": e.NoFaceTouched()}
    return tuple(_choice(name, events[name]) for name in names)


# Sentences that send the eyes somewhere, and what is said instead.
_INSTEAD = {
    f"reason.{Reason.FACE_LOST}.say": "spoken.page.say_face_lost",
    f"reason.{Reason.NO_GOOD_FRAME}.say": "spoken.page.say_no_good_frame",
}


def _prompts(state: s.State) -> list[str]:
    return [_INSTEAD.get(line, line) for line in prompt_for(state)]


# --- page by page


def _idle(state: s.Idle, facts: Facts, entered: Entered) -> Plan:
    return Plan(
        ("spoken.page.say_idle", "spoken.say_safe"),
        (_choice("start", e.Started()), _choice("query", e.QueryStarted()), *_bar("no_face")),
    )


def _who(state: s.ChoosingWho, facts: Facts, entered: Entered) -> Plan:
    choices = (_choice("self", e.SelfChosen()), _choice("other", e.OtherChosen()))
    return Plan(("spoken.page.say_who",), (*choices, *_bar("leave", "no_face")))


def _card(state: s.AwaitingCard, facts: Facts, entered: Entered) -> Plan:
    lines = _prompts(state)
    if state.reading:
        return Plan(tuple(lines), _bar("back", "no_face"))
    if state.reader_ready and facts.reader_place:
        lines.append(f"spoken.reader.say_{facts.reader_place.replace('-', '_')}")
    lines.append("spoken.page.say_away_card")
    scan = (_choice("scan", e.ScanChosen()),) if not state.reader_ready or state.trouble is not None else ()
    ways = (_choice("manual", e.ManualChosen()), _choice("code", e.CodeChosen()))
    return Plan(tuple(lines), (*scan, *ways, *_bar("back", "no_face")))


def _number(state: s.EnteringNumber, facts: Facts, entered: Entered) -> Plan:
    number = entered.number
    lines = [f"reason.{state.problem}.say"] if state.problem and not number else []
    if not facts.private:  # each key would be said as it is chosen
        return Plan((*lines, "spoken.page.say_number", "spoken.private.say_number"), _bar("back", "no_face"))
    lines += ["spoken.page.say_number", "spoken.number.say_how", *number_said(number)]
    keys = "0123456789" if len(number) < NUMBER_LENGTH - 1 else "0123456789X" if len(number) < NUMBER_LENGTH else ""
    choices = [Choice(f"digit-{key}", (f"spoken.digit.say_{key.lower()}",), Act("digit", key)) for key in keys]
    if number:
        edits = [
            _choice("number_hear", Act("hear")),
            _choice("delete", Act("delete")),
            _choice("clear", Act("clear")),
        ]
        if not number_fault(number):
            choices = [_choice("number_done", e.NumberEntered(number)), *edits, *choices]
        else:
            choices += edits
    return Plan(tuple(lines), (*choices, *_bar("back", "no_face")))


def _names(state: s.ChoosingName, facts: Facts, entered: Entered) -> Plan:
    if not facts.private:
        return Plan(("spoken.page.say_name", "spoken.private.say_name"), (_choice("none", e.BackTouched()), *_bar("no_face")))
    named = [Choice(f"name-{number}", (f"text:{name}",), e.NameChosen(name)) for number, name in enumerate(state.options)]
    return Plan(("spoken.page.say_name",), (*named, _choice("none", e.BackTouched()), *_bar("no_face")))


def _scan(state: s.ScanningCard, facts: Facts, entered: Entered) -> Plan:
    return Plan(tuple(prompt_for(state)), _bar("back", "no_face"))


def _wait(state: s.LookingUp | s.Checking, facts: Facts, entered: Entered) -> Plan:
    saving = isinstance(state, s.Checking) and state.saving
    return Plan(tuple(prompt_for(state)), () if saving else _bar("leave", "no_face"))


def _confirm(state: s.Confirming, facts: Facts, entered: Entered) -> Plan:
    other = state.visit.mode is s.Mode.OTHER
    kinds = dict.fromkeys(item.benefit_kind for item in state.eligibilities if item.may_pass)
    lines = [
        "spoken.page.say_confirm_other" if other else "spoken.page.say_confirm",
        *(_who_it_is(state) if facts.private else ["spoken.private.say_confirm"]),
        *(["spoken.confirm.say_expired"] if any(item.card_expired for item in state.eligibilities) else []),
        *(["spoken.confirm.say_benefits", *map(_benefit, kinds)] if kinds and facts.private else []),
    ]
    helping = () if other or state.visit.mode is s.Mode.QUERY else (_choice("helping", e.OtherChosen()),)
    yes = _choice("yes_other" if other else "yes", e.Confirmed())
    return Plan(tuple(lines), (yes, _choice("no", e.Denied()), *helping, *_bar("leave", "no_face")))


def _who_it_is(state: s.Confirming) -> list[str]:
    number = digits(last_four(state.person.id_number))
    return ["spoken.confirm.say_name", *_name(state.person.name or state.entry.name), "spoken.confirm.say_last_four", *number]


def _benefits(state: s.ChoosingBenefits, facts: Facts, entered: Entered) -> Plan:
    chosen = tuple(item.benefit_id for item in state.due if item.benefit_id not in entered.left_out)
    lines = ["spoken.page.say_benefits", *([] if facts.private else ["spoken.private.say_benefits"]), "spoken.benefits.say_how"]
    toggles = [
        Choice(
            f"benefit-{item.benefit_id}",
            (
                f"spoken.benefits.say_{'chosen' if item.benefit_id in chosen else 'not_chosen'}",
                f"+{_item(item.benefit_kind, number, facts)}",
            ),
            Act("toggle", item.benefit_id),
        )
        for number, item in enumerate(state.due, 1)
    ]
    go = _choice("next", e.BenefitsChosen(chosen) if chosen else Act("need_one"))
    return Plan(tuple(lines), (go, *toggles, *_bar("back", "no_face")))


def _eligible_said(items: tuple[Eligibility, ...], facts: Facts) -> list[str]:
    lines: list[str] = []
    rows: dict[tuple[str, ...], list[str]] = {}
    for number, item in enumerate(items, 1):
        said = _window_said(None if item.may_pass else item.earliest_next, item.due, facts)
        if item.may_pass:
            said.insert(0, "page.answer.say_today")
        if said:
            rows.setdefault(tuple(said), []).append(_item(item.benefit_kind, number, facts))
    for said_row, kinds in rows.items():
        lines += [*(dict.fromkeys(kinds) if len(items) > 1 else ()), *said_row]
    return lines


def _answer(state: s.Answered, facts: Facts, entered: Entered) -> Plan:
    lines = [line for line in _prompts(state) if line != "page.answer.say_query"]
    if state.reason in s.GOOD and not s.returned(state):
        lines += _eligible_said(state.eligibilities, facts)
    else:
        lines += _hotline(facts)
    bar = () if s.nothing_left(state) or s.waits_for_staff(state) else ("no_face",)
    return Plan(tuple(lines or [f"reason.{state.reason}.say"]), (*_waiting_or_done(state), *_bar(*bar)))


def _waiting_or_done(state: s.State) -> tuple[Choice, ...]:
    if s.waits_for_staff(state):
        return _choice("wait", e.StayTouched()), _choice("not_today", e.DoneTouched())
    return (_choice("done", e.DoneTouched()),)


def _hotline(facts: Facts) -> list[str]:
    return ["spoken.result.say_hotline", *after(digits(facts.hotline), SPELLED)] if facts.hotline else []


def _other(case: s.Case) -> bool:
    return case.visit.mode is s.Mode.OTHER


def _consent(state: s.Consenting, facts: Facts, entered: Entered) -> Plan:
    line = "spoken.page.say_consent_other" if _other(state.case) else "spoken.page.say_consent"
    return Plan((line,), (_choice("agree", e.Agreed()), _choice("no_face", e.NoFaceTouched()), *_bar("back")))


def _instructions(state: s.Instructing, facts: Facts, entered: Entered) -> Plan:
    if not state.camera_ready:
        return Plan(("page.instructions.say_wait",), _bar("back", "no_face"))
    line = "spoken.page.say_instructions_other" if _other(state.case) else "spoken.page.say_instructions"
    practised = {True: ("chime.done",), False: ("reason.action-timeout.say",), None: ()}[state.practised]
    begin = (_choice("begin", e.BeginTouched()), _choice("practise", e.PractiseTouched()))
    return Plan((*practised, line), (*begin, *_bar("back", "no_face")))


def _camera(state: s.Acting, facts: Facts, entered: Entered) -> Plan:
    if not state.camera_ready:
        back = _choice("back", e.BackTouched(before_cue=facts.before_cue))
        return Plan(("page.camera.say_away",), (back, *_bar("no_face")))
    lines = ["page.camera.say_practice"] if state.practice else []
    lines += ["spoken.page.say_camera_other"] if _other(state.case) else []
    lines.append("spoken.position.say_start")
    swap = (_choice("swap", e.SwapTouched()),) if facts.can_swap else ()
    back = _choice("back", e.BackTouched(before_cue=facts.before_cue))
    return Plan(tuple(lines), (*swap, back, *_bar("no_face")))


def _retry(state: s.Retrying, facts: Facts, entered: Entered) -> Plan:
    again = (_choice("again", e.BeginTouched()), _choice("practise", e.PractiseTouched()))
    return Plan(tuple(_prompts(state)), (*again, *_bar("leave", "no_face")))


_STATUS_SAID = {
    RecordStatus.SAVED: "spoken.result.say_waiting",
    RecordStatus.SENDING: "spoken.result.say_waiting",
    RecordStatus.RECEIVED: "spoken.result.say_sent",
    RecordStatus.CONFIRMED: "spoken.result.say_confirmed",
}


def _result(state: s.Finished, facts: Facts, entered: Entered) -> Plan:
    lines = [line for line in prompt_for(state) if line not in ("page.take-card.say", "next_time.say_on_screen")]
    if state.stage in _STATUS_SAID:
        lines.append(_STATUS_SAID[state.stage])
        lines += _window_said(state.next_from, state.next_to, facts)
    if state.record_ids and facts.private:
        lines += ["spoken.result.say_record", *after(record(state.record_ids[0][:RECORD_PLACES]), SPELLED)]
    lines += _hotline(facts)
    if state.case.visit.card_present:
        lines.append("spoken.result.say_take")
    paper = (_choice("print", "print"),) if facts.printer else ()
    return Plan(tuple(lines), (*_waiting_or_done(state), *paper))


def _referred(state: s.Referred, facts: Facts, entered: Entered) -> Plan:
    can_return = state.reason is Reason.NO_FACE_WANTED and state.case is not None and state.case.visit.tries < facts.tries_per_visit
    back = (_choice("back_to_face", e.BackTouched()),) if can_return else ()
    review = (_choice("review", e.ReviewTouched()),) if facts.review and s.failed_face(state) is not None else ()
    visit = (_choice("home_visit", e.VisitTouched()),) if s.visit_offered(state, facts.visits_born_by) else ()
    return Plan((*_prompts(state), *_hotline(facts)), (*_waiting_or_done(state), *back, *review, *visit))


def _review(state: s.ReviewConsenting, facts: Facts, entered: Entered) -> Plan:
    choices = () if state.saving else (_choice("agree_review", e.Agreed()), _choice("back", e.BackTouched()))
    return Plan((*_prompts(state), "spoken.date.say_by", *after(day_said(state.answer_by, facts.english))), choices)


def _review_sent(state: s.ReviewSent, facts: Facts, entered: Entered) -> Plan:
    lines = _prompts(state)
    if state.stage is RecordStatus.CONFIRMED:  # there is an answer: when to come again, and no day of an answer any more
        lines = [*lines, *_window_said(*next_window(state.case.chosen), facts)]
    elif state.stage not in (RecordStatus.RETURNED, RecordStatus.REFUSED):
        lines = [*lines, "spoken.date.say_by", *after(day_said(state.answer_by, facts.english))]
    paper = (_choice("print", "print"),) if facts.printer else ()
    return Plan(tuple(lines), (_choice("done", e.DoneTouched()), *paper))


def _visit_booked(state: s.VisitBooked, facts: Facts, entered: Entered) -> Plan:
    call = "wrong_phone" if phone_tail(state.case.entry.phone) else "no_phone"
    return Plan(tuple(_prompts(state)), (_choice("done", e.DoneTouched()), _choice(call, e.HelpTouched())))


def _take_card(state: s.TakingCard, facts: Facts, entered: Entered) -> Plan:
    place = [f"spoken.reader.say_{facts.reader_place.replace('-', '_')}"] if facts.reader_place else []
    return Plan((*prompt_for(state), *place), (_choice("taken", e.DoneTouched()),))


def _out_of_service(state: s.OutOfService, facts: Facts, entered: Entered) -> Plan:
    reason = f"reason.{state.reason}.say"
    lines = dict.fromkeys([*_prompts(state), _INSTEAD.get(reason, reason)])
    return Plan((*lines, *_hotline(facts)), _bar("no_face"))


_PLANS: dict[type, Callable[[Any, Facts, Entered], Plan]] = {
    s.Idle: _idle,
    s.ChoosingWho: _who,
    s.AwaitingCard: _card,
    s.EnteringNumber: _number,
    s.ChoosingName: _names,
    s.ScanningCard: _scan,
    s.LookingUp: _wait,
    s.Confirming: _confirm,
    s.ChoosingBenefits: _benefits,
    s.Answered: _answer,
    s.Consenting: _consent,
    s.Instructing: _instructions,
    s.Acting: _camera,
    s.Checking: _wait,
    s.Retrying: _retry,
    s.Finished: _result,
    s.Referred: _referred,
    s.ReviewConsenting: _review,
    s.ReviewSent: _review_sent,
    s.VisitBooked: _visit_booked,
    s.TakingCard: _take_card,
    s.OutOfService: _out_of_service,
}
