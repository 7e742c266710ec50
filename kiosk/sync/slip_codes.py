"""The code on our own slip, by which somebody is found again: made after a pass, read a year later at any kiosk of the station.

PK1.PAYLOAD.SIGNATURE: the payload is a JSON list of the person's id in the roster, the station, the day, and the name of the key;
signed with the kiosk's own key, as the journal is; or, without a station, with the bureau's (`bureau.slip_code`): good at any kiosk
that knows the person. No name and no document number. Called in the store's thread.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import date

from kiosk.domain.person import IdentifiedBy, Person
from kiosk.domain.reasons import Reason
from kiosk.errors import ConfigError
from kiosk.store.engine.database import Store
from kiosk.store.roster import lookup as roster
from kiosk.sync import roster_feed
from kiosk.sync.keys import check_public, load_pins

_BUREAU = "bureau-"  # its ids begin so, a kiosk's keys do not
_OURS = re.compile(r"PK1\.([A-Za-z0-9_-]{8,600})\.([A-Za-z0-9_-]{40,200})(?![A-Za-z0-9_.-])")


def make(store: Store, person_id: str, station_id: str, day: date) -> str:
    """Return the code of a person; "" while the kiosk has no key of its own, since nobody else could believe it."""
    if not store.signer.public:
        return ""
    return signed(person_id, station_id, day, store.signer.key_id, store.signer.sign)


def signed(person_id: str, station_id: str, day: date, key_id: str, sign: Callable[[bytes], str]) -> str:
    """Return a code, by whoever signs."""
    plain = json.dumps([person_id, station_id, f"{day:%Y%m%d}", key_id], separators=(",", ":"))
    payload = base64.urlsafe_b64encode(plain.encode()).rstrip(b"=").decode()
    return f"PK1.{payload}.{sign(f'slip-code {payload}'.encode())}"


def is_ours(text: str) -> bool:
    """Return whether a text holds something of the form of our own code."""
    return _OURS.search(text) is not None


def person_of(store: Store, text: str, station_id: str) -> str:
    """Return whose code a text holds: an id of the roster. "" for anything that neither this station nor the bureau signed."""
    found = _OURS.search(text)
    if found is None:
        return ""
    payload, signature = found[1], found[2]
    try:
        told = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        person_id, station, _day, key_id = (str(one) for one in told)
    except (ValueError, TypeError, binascii.Error):
        return ""
    if station != ("" if key_id.startswith(_BUREAU) else station_id):
        return ""
    data = f"slip-code {payload}".encode()
    return person_id if any(check_public(key, data, signature) for key in _keys(store, key_id)) else ""


def person(store: Store, text: str, station_id: str) -> Person | Reason:
    """Return who a code names, as the roster knows them; or why it is nobody."""
    person_id = person_of(store, text, station_id)
    entry = roster.find_person(store, person_id) if person_id else None
    return Reason.CODE_UNKNOWN if entry is None else Person(entry.name, entry.id_number, identified_by=IdentifiedBy.SLIP)


def _keys(store: Store, key_id: str) -> list[str]:
    """The public keys that may have signed it: ours, one of ours that was replaced, other kiosks' of the station, the bureau's."""
    if key_id.startswith(_BUREAU):
        return _of_bureau(store, key_id)
    if key_id == store.signer.key_id:
        return [store.signer.public]
    rows = store.db.execute("SELECT body FROM journal WHERE kind = 'journal-key'").fetchall()
    told = [json.loads(row[0])["data"] for row in rows]
    return [*(one["public"] for one in told if one["key_id"] == key_id), *(peer.keys.sign for peer in roster_feed.peers(store))]


def _of_bureau(store: Store, key_id: str) -> list[str]:
    """The bureau's keys of this name: those in force, announced, or replaced and still held."""
    try:
        pins = load_pins(store.settings.sync)
    except ConfigError:
        return []
    others = [(one.bureau_id, one.keys.sign) for one in (pins.following, pins.before) if one is not None]
    return [key for name, key in [(pins.bureau_id, pins.bureau.sign), *others] if name == key_id]
