"""Whom records are about: names and numbers of the newest roster, for searching, kept as rosters are issued.

Sealed by a key that is a file: the database alone names nobody. What is searched by are keyed marks, so a search is for a whole
name or a whole number.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import delete, select

from kiosk.bureau import database, tables
from kiosk.bureau.clerks.sealing import SealingKeys
from kiosk.bureau.clerks.tables import Person
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.sync import protocol, roster_file

_AT_ONCE = 500


def note(context: BureauContext, version: int) -> int:
    """Take the people of an issued snapshot, and let go whoever is no longer in it; return how many. Works in small steps."""
    with context.session.begin() as transaction:
        row = transaction.get(tables.RosterFile, (version, 0))
    if row is None:
        return 0
    facts = roster_file.Facts(row.digest, row.size, row.plain_size, row.lines, row.file_key)
    count = 0
    found, keys = lines_of(context, facts), _keys(context)
    while some := [_row(keys, line, version) for line in islice(found, _AT_ONCE)]:
        with context.session.begin() as transaction:
            database.put(transaction, Person, some)
        count += len(some)
    with context.session.begin() as transaction:
        transaction.execute(delete(Person).where(Person.roster_version < version))
    return count


def lines_of(context: BureauContext, facts: roster_file.Facts) -> Iterator[dict[str, Any]]:
    """Yield the people of a roster file of this bureau, parsed."""
    manifest = protocol.RosterManifest(
        bureau_id=context.bureau_id,
        kiosk_id="none",
        version=1,
        created_at=utcnow(),
        digest=facts.digest,
        size=facts.size,
        plain_size=facts.plain_size,
        lines=facts.lines,
        file_key=facts.key,
    )
    for line in roster_file.read(context.rosters / f"{facts.digest}.roster", manifest):
        yield json.loads(line)


@dataclass(frozen=True, slots=True)
class Known:
    """A person as clerks see them. `born`: YYYY-MM-DD or ""."""

    name: str
    number: str
    born: str


def _keys(context: BureauContext) -> SealingKeys:
    return SealingKeys(context, "people")


def _mark(keys: SealingKeys, kind: str, text: str) -> str:
    return keys.mark(f"{kind}\n{text}")


def seal_text(context: BureauContext, text: str, about: str) -> str:
    """Return a text that names people as it may lie in the database. about: the id of what it belongs to."""
    return base64.b64encode(_keys(context).seal(text.encode(), about)).decode()


def open_text(context: BureauContext, sealed: str, about: str) -> str:
    """Return a sealed text; "" when it was sealed by another key, for something else, or not at all."""
    try:
        return (_keys(context).open(base64.b64decode(sealed), about) or b"").decode()
    except ValueError:
        return ""


def _row(keys: SealingKeys, line: dict[str, Any], version: int) -> dict[str, Any]:
    number, name = str(line["id_number"]).upper(), str(line["name"])
    born = str(line.get("born") or born_of(number))[:10]
    plain = json.dumps([name[:200], number[:32], born], ensure_ascii=False).encode()
    sealed = keys.seal(plain, str(line["person_id"]))
    return {
        "person_id": line["person_id"],
        "name_mark": _mark(keys, "name", name),
        "number_mark": _mark(keys, "number", number),
        "sealed": base64.b64encode(sealed).decode(),
        "born_year": born[:4],
        "roster_version": version,
    }


def born_of(number: str) -> str:
    """Return the birthday that a citizen's number of 18 digits holds, or ""."""
    digits = number[6:14]
    if len(number) != 18 or not (digits.isascii() and digits.isdigit()):
        return ""
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def masked(number: str) -> str:
    """Return a number with its middle hidden."""
    return number if len(number) < 10 else f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}"


def marks_of(context: BureauContext, text: str) -> tuple[str, str]:
    """Return the marks of a text as a name and as a number."""
    keys = _keys(context)
    return _mark(keys, "name", text), _mark(keys, "number", text.upper())


def by_id(context: BureauContext, person_ids: Iterable[str]) -> dict[str, Known]:
    """Return the people that are known of these. With another key than they were sealed by, nobody is."""
    with context.reading.begin() as transaction:
        rows = list(transaction.scalars(select(Person).where(Person.person_id.in_(set(person_ids)))))
    keys, known = _keys(context), {}
    for row in rows:
        plain = keys.open(base64.b64decode(row.sealed), row.person_id)
        if plain is not None:
            known[row.person_id] = Known(*json.loads(plain))
    return known
