"""Rules as forms: what a rule's text holds as fields, the text with other values, and what it would do to ten people."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from kiosk.bureau import rosters
from kiosk.bureau.clerks import people
from kiosk.bureau.clerks.words import Words
from kiosk.bureau.context import BureauContext
from kiosk.config import ASSETS, CONFIG
from kiosk.domain.eligibility import Eligibility
from kiosk.domain.person import Benefit, RosterEntry
from kiosk.domain.policy import PolicyBook, UnknownPolicy, load_policy
from kiosk.domain.renewal import decide, message_of
from kiosk.domain.wording import say
from kiosk.sync import bundle_parts, roster_file

EXAMPLES = 10
_LOOKED_AT = 20_000  # people of the roster that are looked through for examples
_TABLES = ("", "parameters", "who")
_CHOICES = {"who.scope": ("all", "local"), "who.expired_card": ("tell", "refuse")}  # as `domain.policy` checks
_FIXED = ("id", "kind")  # another id or kind is another rule
_LINE = re.compile(r"^(?P<start>\s*(?P<key>[A-Za-z0-9_-]+)\s*=\s*)(?P<value>\"(?:[^\"\\]|\\.)*\"|[^#\s]+)(?P<end>\s*(#.*)?)$")


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a rule. `name`: table.key, or key; `kind`: number, date, text."""

    name: str
    value: str
    kind: str
    why: str  # the remark behind it in the text
    choices: tuple[str, ...] = ()  # all that there are, where not anything may be typed


def content_of(context: BureauContext) -> rosters.BundleContent:
    """Return what is in force. Where no bundle holds rules yet: those that kiosks are installed with."""
    with context.session.begin() as transaction:
        found = rosters.in_force(transaction)
    return found if found.policies else found.model_copy(update={"policies": shipped()})


def shipped() -> dict[str, str]:
    """Return the rules that kiosks are installed with, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(CONFIG / "policies").glob("*.toml"))}


def mark_of(content: rosters.BundleContent, name: str) -> str:
    """Return what tells whether a rule is still the one that somebody looked at."""
    text = (content.policies or shipped()).get(name, "")
    return hashlib.sha256(text.encode()).hexdigest()


def with_policy(content: rosters.BundleContent, name: str, text: str) -> rosters.BundleContent:
    """Return the content with one rule's text changed, and the others as they are."""
    return content.model_copy(update={"policies": {**(content.policies or shipped()), name: text}})


def fields_of(text: str) -> list[Field]:
    """Return the values of a rule that a form may change."""
    found = []
    for table, key, match in _lines(text):
        name = f"{table}.{key}" if table else key
        value = _value(text, table, key)
        if name in _FIXED or not isinstance(value, int | str | date) or isinstance(value, bool):
            continue
        kind = "number" if isinstance(value, int) else "date" if isinstance(value, date) else "text"
        found.append(Field(name, str(value), kind, match["end"].strip().lstrip("# "), _CHOICES.get(name, ())))
    return found


def _lines(text: str) -> list[tuple[str, str, re.Match[str]]]:
    out, table = [], ""
    for line in text.splitlines():
        head = re.fullmatch(r"\s*\[([^\]]+)\]\s*(#.*)?", line)
        if head is not None:
            table = head[1].strip()
            continue
        match = _LINE.match(line)
        if match is not None and table in _TABLES:
            out.append((table, match["key"], match))
    return out


def _value(text: str, table: str, key: str) -> Any:
    data = tomllib.loads(text)
    return (data.get(table, {}) if table else data).get(key)


def changed(text: str, values: dict[str, str]) -> tuple[str, str]:
    """Return (the text with other values, remarks kept; what is wrong with it, or ""). values: by the names of `fields_of`."""
    known = {one.name: one for one in fields_of(text)}
    lines, table = text.splitlines(), ""
    for number, line in enumerate(lines):
        head = re.fullmatch(r"\s*\[([^\]]+)\]\s*(#.*)?", line)
        if head is not None:
            table = head[1].strip()
        match = _LINE.match(line)
        if match is None or head is not None:
            continue
        name = f"{table}.{match['key']}" if table else match["key"]
        one, value = known.get(name), values.get(name)
        if one is None or value is None or value == one.value:
            continue
        if one.kind == "number" and not re.fullmatch(r"\d{1,6}", value):
            return text, f"{name}: a number expected"
        if one.kind == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return text, f"{name}: a date expected"
        written = (
            json.dumps(value, ensure_ascii=False) if one.kind == "text" else str(int(value)) if one.kind == "number" else value
        )
        lines[number] = f"{match['start']}{written}{match['end']}"
    out = "\n".join(lines) + "\n"
    return out, bundle_parts.policy_fault(out)


# What `domain.policy` and `changed` say of a rule's text, and the clerk's word for it.
_FAULTS = (
    (re.compile(r"(?P<name>[\w.]+): a number from (?P<low>\d+) to (?P<high>\d+) expected"), "range"),
    (re.compile(r"(?P<name>[\w.]+): a number expected"), "number"),
    (re.compile(r"(?P<name>[\w.]+): a date expected"), "date"),
    (re.compile(r"(?P<name>parameters\.window_months) must be shorter"), "shorter"),
    (re.compile(r"(?P<name>parameters\.opens) and deadline must differ"), "deadline"),
    (re.compile(r"(?P<name>parameters): either cycle_days or cycle_months"), "cycle"),
    (re.compile(r"(?P<name>parameters\.repeat_after_days): longer than the cycle"), "repeat"),
    (re.compile(r"(?P<name>[\w.]+): 'MM-DD' expected"), "month-day"),
    (re.compile(r"(?P<name>effective_to) lies before effective_from"), "order"),
)


def fault_in_words(fault: str, words: Words) -> str:
    """Return what is wrong with a rule in the clerk's words; as it is where there are none."""
    for pattern, code in _FAULTS:
        found = pattern.search(fault)
        if found is not None:
            given = {key: value for key, value in found.groupdict().items() if key != "name"}
            return f"{words.of('policy_field', found['name'])}：{words.text(f'policy_fault.{code}', **given)}"
    return fault


@dataclass(frozen=True, slots=True)
class Example:
    """One person under the rule of today and the one that is asked for, in words."""

    name: str
    number: str  # masked
    last_pass: date | None
    before: str
    after: str
    differs: bool


def preview(context: BureauContext, name: str, text: str, today: date, language: str) -> list[Example]:
    """Return up to ten people of the newest roster whom the rule is for; those for whom something changes stand first."""
    content = content_of(context)
    old, new = book_of(content.policies), book_of({**content.policies, name: text})
    policy_id = load_policy(tomllib.loads(text)).policy_id
    other: list[Example] = []
    found: list[Example] = []
    for line in islice(_newest_people(context), _LOOKED_AT):
        entry = roster_file.entry_of(line)
        benefit = next((one for one in entry.benefits if one.policy_id == policy_id), None)
        if benefit is None:
            continue
        before, after = (_answer(book, benefit, entry, today) for book in (old, new))
        one = Example(
            entry.name,
            people.masked(entry.id_number),
            benefit.last_pass,
            _say(before, today, language),
            _say(after, today, language),
            before != after,
        )
        (found if one.differs else other).append(one)
        if len(found) >= EXAMPLES:
            break
        del other[EXAMPLES:]
    return (found + other)[:EXAMPLES]


def book_of(texts: dict[str, str]) -> PolicyBook:
    """Return the rules of a bundle's texts."""
    return PolicyBook([load_policy(tomllib.loads(one)) for one in texts.values()])


def _answer(book: PolicyBook, benefit: Benefit, entry: RosterEntry, today: date) -> Eligibility | None:
    try:
        return decide(book, benefit, entry, today)
    except UnknownPolicy:
        return None


def _say(answer: Eligibility | None, today: date, language: str) -> str:
    if answer is None:
        return "—"
    data = tomllib.loads((ASSETS / "strings" / language / "programme.toml").read_text(encoding="utf-8"))
    try:
        words = say(message_of(answer, today), data["rule"], data["rule_format"])
    except KeyError:
        words = str(answer.reason)
    span = f"{answer.earliest_next or ''} … {answer.due or ''}" if answer.earliest_next or answer.due else ""
    return f"{words} {span}".strip()


def _newest_people(context: BureauContext) -> Any:
    with context.session.begin() as transaction:
        row = rosters.newest(transaction)
    if row is None:
        return iter(())
    return people.lines_of(context, roster_file.Facts(row.digest, row.size, row.plain_size, row.lines, row.file_key))
