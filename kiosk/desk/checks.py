"""Why a filled form is not accepted: a code for the attendant, or "". Pure.

Called by `desk.pages` and `desk.boards` before anything is saved, by `ui.desk` to say it sooner. Who may do what at all:
`domain.desk_rules`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from kiosk.desk.events import AgentTyped
from kiosk.desk.states import Assisting, Session
from kiosk.desk.values import Assisted, Declared, Declaring, Found, Signature
from kiosk.domain import desk_rules, documents
from kiosk.domain.identity import DocumentKind, IdNumber, parse_date
from kiosk.domain.names import ascii_digits, plain_number
from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.reasons import TAKE_FAILED, Reason

WHYS = (
    Reason.NO_FACE_WANTED,
    Reason.FACE_MISMATCH,
    Reason.FACE_UNCERTAIN,
    Reason.LIVENESS_FAILED,
    Reason.LIVENESS_UNCERTAIN,
    Reason.NO_TEMPLATE,
    Reason.TOO_MANY_TRIES,
    Reason.DEVICE_ERROR,
)
RELATIONS = ("spouse", "child", "relative", "heir", "unit", "committee")
_MACHINE = (Reason.CAMERA_UNPLUGGED, Reason.MODEL_ERROR, Reason.STORE_ERROR, Reason.READER_UNPLUGGED, Reason.READER_SILENT)


def signed(signature: Signature | None) -> bool:
    """True when there is any ink: an old hand signs with a cross or a dot, and only an empty frame is none."""
    return signature is not None and signature.strokes > 0 and signature.points > 0 and len(signature.digest) == 64


def why_of(reason: Reason | None) -> Reason | None:
    """Return which of WHYS the reason a visit stands at comes to; None where the visit does not tell: the attendant chooses."""
    if reason in WHYS:
        return reason
    if reason in TAKE_FAILED:
        return Reason.LIVENESS_FAILED
    if reason is Reason.TEMPLATE_OUTDATED:
        return Reason.NO_TEMPLATE
    return Reason.DEVICE_ERROR if reason in _MACHINE else None


def assisted(page: Assisting, form: Assisted) -> str:
    """Return why an assisted authentication cannot be saved."""
    found = page.found
    due = {item.benefit_id for item in found.due}
    if found.entry is None or found.clock_suspect:
        return "clock-first" if found.clock_suspect else "nobody"
    if not form.benefit_ids or not set(form.benefit_ids) <= due:
        return "choose-benefit"
    if page.channel in desk_rules.PROXIES:
        return _proxy(page, form)
    if form.why not in WHYS:
        return "choose-why"
    if not (form.saw_person and form.saw_card):
        return "see-person-and-card"
    if not signed(form.person_signature) and not (form.cannot_sign and form.note.strip()):
        return "person-signs"
    if not signed(form.staff_signature):
        return "staff-signs"
    return ""


def _proxy(page: Assisting, form: Assisted) -> str:
    agent = page.agent.id_number if page.agent is not None else ""
    problem = desk_rules.proxy_problem(page.found.person.id_number, agent, form.papers)
    if problem:
        return problem
    if not signed(form.person_signature):  # the agent signs
        return "agent-signs"
    return "" if signed(form.staff_signature) else "staff-signs"


def declaration(found: Found, form: Declaring, declarant: Person | None, today: date) -> str:
    """Return why a declaration cannot be saved."""
    if found.entry is None:
        return "nobody"
    if form.day is not None and form.day > today:
        return "day-to-come"
    if form.kind is Declared.DEATH:
        problem = desk_rules.declarant_problem(found.person.id_number, declarant.id_number if declarant is not None else "")
        if problem:
            return problem
        if form.day is None:
            return "day-missing"
        return "" if form.relation in RELATIONS else "relation-missing"
    if form.kind in (Declared.RESIDENCE, Declared.HUKOU_MOVED) and not form.place.strip():
        return "place-missing"
    return ""


def identity(event: AgentTyped, asked: str, today: date) -> tuple[Person | None, str, str]:
    """Return (person, problem, number that is asked about) of a typed identity.

    asked: the number that was asked about before: an odd one is taken when it is typed a second time, with its flag, because early
    numbers were wrong and documents of other countries follow their own rules.
    """
    kind, number, valid_to = event.kind, plain_number(event.number), _day(event.valid_to)
    passport = documents.read_mrz(event.number, today)
    if passport is not None:
        kind, number, valid_to = DocumentKind.PASSPORT, passport.number, passport.valid_to
    if not event.name.strip() or not number:
        return None, "name-missing", ""
    if event.valid_to.strip() and valid_to is None:
        return None, "day-unread", ""
    problem = documents.problem(kind, number, valid_to, today)
    odd = problem == "number-odd" or (passport is not None and not passport.whole)
    if problem == "document-expired":
        return None, problem, ""
    if odd and asked != number:
        return None, "number-odd-again", number
    made = Person(event.name.strip(), number, kind, IdentifiedBy.DESK, document_valid_to=valid_to)
    return made, "", number if odd else ""


def _day(typed: str) -> date | None:
    """Return a day as people write it: 20291231, 2029-12-31, 2029.1.5, 2029年1月5日, in digits of any width."""
    written = re.fullmatch(
        r"([0-9]{4})[-./年 ]([0-9]{1,2})[-./月 ]([0-9]{1,2})日?", ascii_digits(unicodedata.normalize("NFKC", typed)).strip()
    )
    return parse_date("".join(part.zfill(2) for part in written.groups()) if written else plain_number(typed))


def agreed_day(typed: str, today: date) -> tuple[date | None, str]:
    """Return the day that was agreed for a home visit (None: none was typed) and why it is not taken."""
    if not typed.strip():
        return None, ""
    day = _day(typed)
    return day, "day-unread" if day is None else "day-is-over" if day < today else ""


def number_odd(number: str) -> bool:
    """True when a rule of the number objects: it is asked again before it is taken."""
    return bool(IdNumber.parse(number).flags)


def approval(session: Session, authors: tuple[str, ...]) -> str:
    """Return why this session cannot approve a day (two people)."""
    return desk_rules.approval_problem(session.role, session.staff_id, authors)


def short_pin(session: Session, pin: str, again: str) -> str:
    """Return why two typed short PINs are not accepted: the quick way back sets no other one."""
    return "full-sign-in-first" if session.quick else new_pin(pin, again)


def new_pin(pin: str, again: str) -> str:
    """Return why two typed PINs are not accepted; how strong one is, the store says."""
    if not pin:
        return "pin-missing"
    return "" if pin == again else "pins-differ"
