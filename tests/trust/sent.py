"""What a demo day sent, opened with the bureau's keys: every request through the line, every file on the courier's stick."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kiosk.config import Sync
from kiosk.demo import people
from kiosk.emulators.reader_cards import load_cards
from kiosk.sync import courier, keys
from tests.sync import inspector
from tests.trust import demo_day


def everything(folder: Path, told: dict[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    """Yield (where, kind, JSON) of every document that left. Raises when something else left, or could not be opened."""
    bureau = keys.parse_keys((folder / "bureau" / "keys.json").read_text(encoding="utf-8"), "")
    identity = keys.load_identity(Sync(key_file=str(folder / "keys" / "kiosk.json")))
    ends = bureau.seal, identity.pins.bureau_id, identity.keys.sign, identity.pins.kiosk_id
    for one in told["requests"]:
        body = (folder / "sent" / one["file"]).read_bytes()
        for kind, plain in inspector.open_request(one["method"], one["path"], one["headers"], body, *ends):
            yield one["file"], kind, plain
    for path in sorted((folder / "courier").rglob("*")):
        if path.name == "have.json":
            yield path.name, "have", path.read_bytes()
        elif path.is_file():
            if not courier.BATCH_NAME.fullmatch(path.name):
                raise inspector.NotOpened(f"file {path.name}")
            yield path.name, "batch", inspector.open_sealed(path.read_bytes(), *ends, "batch")


def known(told: dict[str, Any]) -> inspector.Known:
    """What may be in none of it."""
    chips = load_cards(people.CARDS)
    cards = [people.card(key) for key in demo_day.KEYS]
    return inspector.Known(
        photos=tuple(chips[key].photo for key in demo_day.KEYS),
        vectors=tuple(bytes.fromhex(one) for one in (*told["faces"], *told["templates"])),
        numbers=tuple(card["id_number"] for card in cards),
        names=tuple(card[name] for card in cards for name in ("name", "address") if card.get(name)),
        consents=frozenset(told["consents"]),
    )


def records_of(kind: str, plain: bytes) -> list[dict[str, Any]]:
    """The records in a document."""
    return json.loads(plain)["records"] if kind == "batch" else []
