"""One person as a line of a roster file: JSON to `RosterEntry` and back. Used by the store, by fixtures and by writers of rosters.

{"person_id", "name", "id_number", "status", "benefits": [{"benefit_id", "kind", "policy_id", "last_pass"?, "due"?, "paid_since"?}],
"born"?, "local_resident"?, "home_visit"?, "area"?, "address"?, "phone"?,
"template"?: {"vector" (base64 of float32 little-endian, 128), "model_digest",
"consent_id", "enrolled_on"?}}; a delta also has {"person_id", "removed": true}. Dates are YYYY-MM-DD.
"""

from __future__ import annotations

import base64
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from kiosk.domain.calendar_days import add_months
from kiosk.domain.person import Benefit, RosterEntry, RosterStatus, Template

_STATUSES = frozenset(status.value for status in RosterStatus)
VECTOR_BYTES = 512
_ASIDE = ("area", "address", "phone")  # texts that a line may have or not
_SENDABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+/=-]{0,127}")  # as `sync.protocol.Id`; a test holds them together


def to_line(entry: RosterEntry) -> bytes:
    """Return an entry as a line, without the line feed."""
    data: dict[str, Any] = {
        "person_id": entry.person_id,
        "name": entry.name,
        "id_number": entry.id_number,
        "status": entry.status.value,
        "local_resident": entry.local_resident,
        "home_visit": entry.home_visit,
        "benefits": [
            {
                key: value
                for key, value in (
                    ("benefit_id", b.benefit_id),
                    ("kind", b.kind),
                    ("policy_id", b.policy_id),
                    ("last_pass", _iso(b.last_pass)),
                    ("due", _iso(b.due)),
                    ("paid_since", _iso(b.paid_since)),
                )
                if value is not None
            }
            for b in entry.benefits
        ],
    }
    data |= {name: value for name in _ASIDE if (value := getattr(entry, name))}
    if entry.born is not None:
        data["born"] = entry.born.isoformat()
    if entry.template is not None:
        data["template"] = {
            "vector": base64.b64encode(entry.template.vector).decode(),
            "model_digest": entry.template.model_digest,
            "consent_id": entry.template.consent_id,
        }
        if entry.template.enrolled_on is not None:
            data["template"]["enrolled_on"] = entry.template.enrolled_on.isoformat()
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def without_template(line: bytes | str) -> bytes:
    """Return the same line without its template; all else stays as the bureau wrote it."""
    data = json.loads(line)
    data.pop("template", None)
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def of_line(line: bytes | str) -> RosterEntry:
    """Return the entry of a line. Raises ValueError on anything else."""
    return of_data(json.loads(line))


def of_data(data: Any) -> RosterEntry:
    """Return the entry of a parsed line. Raises ValueError naming what is wrong, never a person's data."""
    try:
        template = data.get("template")
        return RosterEntry(
            person_id=_text(data, "person_id"),
            name=_text(data, "name"),
            id_number=_text(data, "id_number"),
            status=RosterStatus(data.get("status", "active")),
            benefits=tuple(
                Benefit(
                    _text(b, "benefit_id"),
                    _text(b, "kind"),
                    _text(b, "policy_id"),
                    _date(b, "last_pass"),
                    _date(b, "due"),
                    _date(b, "paid_since"),
                )
                for b in data["benefits"]
            ),
            born=_date(data, "born"),
            local_resident=_flag(data, "local_resident", True),
            home_visit=_flag(data, "home_visit", False),
            area=_aside(data, "area"),
            address=_aside(data, "address"),
            phone=_aside(data, "phone"),
            template=None if template is None else _template(template),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a person of a roster ({type(error).__name__})") from None


def check(data: Any) -> str:
    """Return "" for a parsed line that is a person, else what is wrong. Cheaper than `of_data`, for a million lines."""
    try:
        for name in ("person_id", "name", "id_number"):
            if type(data.get(name)) is not str or not data[name]:
                return name
        if data.get("status", "active") not in _STATUSES:
            return "status"
        if "born" in data and not _is_day(data["born"]):
            return "born"
        for name in _ASIDE:
            if not isinstance(data.get(name, ""), str):
                return name
        for benefit in data["benefits"]:
            if not (benefit["benefit_id"] and benefit["kind"] and benefit["policy_id"]):
                return "benefits"
            for name in ("last_pass", "due", "paid_since"):
                if benefit.get(name) is not None and not _is_day(benefit[name]):
                    return name
        template = data.get("template")
        if template is not None and not (len(template["vector"]) == 684 and template["model_digest"] and template["consent_id"]):
            return "template"
    except (KeyError, TypeError, AttributeError, ValueError):
        return "shape"
    return ""


def _is_day(value: Any) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def unsendable(data: Any) -> str:
    """Return which id of a checked person cannot travel to the bureau ("" for none): each record about them would be refused."""
    ids = [("person_id", data["person_id"])]
    ids += [(f"benefits.{key}", benefit[key]) for benefit in data["benefits"] for key in ("benefit_id", "policy_id")]
    return next((name for name, value in ids if not (isinstance(value, str) and _SENDABLE.fullmatch(value))), "")


def _template(data: Any) -> Template:
    vector = base64.b64decode(data["vector"], validate=True)
    if len(vector) != VECTOR_BYTES:
        raise ValueError("template.vector: 512 bytes expected")
    return Template(vector, _text(data, "model_digest"), _text(data, "consent_id"), _date(data, "enrolled_on"))


def _text(data: Any, name: str) -> str:
    value = data[name]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: a text expected")
    return value


def _aside(data: Any, name: str) -> str:
    return _text(data, name) if data.get(name) else ""


def _flag(data: Any, name: str, default: bool) -> bool:
    value = data.get(name, default)
    if not isinstance(value, bool):
        raise ValueError(f"{name}: true or false expected")
    return value


def _date(data: Any, name: str) -> date | None:
    value = data.get(name)
    if value is None or type(value) is date:
        return value
    if not isinstance(value, str):
        raise ValueError(f"{name}: a date expected")
    return date.fromisoformat(value)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def people_of_toml(text: str, today: date, template_of: Callable[[str], Template | None] | None = None) -> list[RosterEntry]:
    """Return the made-up people of a demo roster (`config/demo/roster.toml`): [people.KEY] with the fields of a line.

    Dates may be relative to `today`: "-11m", "-370d", "+1y". template_of gives the template for a `portrait` name.
    Raises ValueError.
    """
    people = []
    for key, table in tomllib.loads(text)["people"].items():
        data = {name: value for name, value in table.items() if name != "portrait"}
        data["benefits"] = [
            {name: _moved(value, today) if name in ("last_pass", "due", "paid_since") else value for name, value in b.items()}
            for b in data.get("benefits", [])
        ]
        entry = of_data({"person_id": f"P-{key}", **data})
        portrait = table.get("portrait")
        people.append(replace(entry, template=template_of(portrait)) if portrait and template_of is not None else entry)
    return people


def _moved(value: Any, today: date) -> Any:
    found = re.fullmatch(r"([+-]?\d+)([dmy])", value) if isinstance(value, str) else None
    if found is None:
        return value
    count, unit = int(found[1]), found[2]
    return today + timedelta(days=count) if unit == "d" else add_months(today, count * (12 if unit == "y" else 1))
