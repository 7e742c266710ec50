"""The demonstration's roster: invented people of config/demo, enrolled with pictures fetched by `kiosk models fetch`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from kiosk.camera.frame import Frame
from kiosk.config import CONFIG
from kiosk.domain.person import Benefit, RosterEntry, RosterStatus, Template
from kiosk.errors import ConfigError, ModelError

CARDS = CONFIG / "demo" / "cards.toml"
PEOPLE = CONFIG / "demo" / "people.toml"


def roster(today: date, only: Iterable[str] = ()) -> list[RosterEntry]:
    """Return the roster's entries as of `today`. `only`: keys to compute templates for (all when empty); others have none."""
    cards = tomllib.loads(CARDS.read_text(encoding="utf-8"))["cards"]
    people = tomllib.loads(PEOPLE.read_text(encoding="utf-8"))
    wanted = set(only) or set(people)
    return [_entry(key, data, cards[key], today, enrol=key in wanted) for key, data in people.items()]


def card(key: str) -> dict[str, Any]:
    """Return what is printed on a card of the demonstration."""
    found: dict[str, Any] = tomllib.loads(CARDS.read_text(encoding="utf-8"))["cards"][key]
    return found


def _entry(key: str, data: dict[str, Any], card: dict[str, Any], today: date, enrol: bool) -> RosterEntry:
    benefits = tuple(
        Benefit(item["benefit_id"], item["kind"], item["policy_id"], _day(item.get("last_pass", ""), today))
        for item in data["benefits"])
    template = template_of(data["portrait"], f"enrolment-{key}") if enrol and data["portrait"] else None
    born = card.get("born", "")
    return RosterEntry(
        f"P-{key}", card["name"], card["id_number"], RosterStatus(data.get("status", "active")), benefits,
        born=date.fromisoformat(born) if born else None, template=template, home_visit=bool(data.get("home_visit", False)))


def _day(text: str, today: date) -> date | None:
    if not text:
        return None
    if text == "this-month":
        return today.replace(day=1)
    if text.startswith("-"):
        return today - timedelta(days=int(text[1:]))
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{PEOPLE.name}: last_pass {text!r}") from error


def template_of(portrait: str, consent_id: str) -> Template:
    """Return the template of the one face in a demo picture. Raises ModelError when there is none."""
    from kiosk import models
    from kiosk.face.compare import pack
    vector, digest = _embedding(models.path(portrait))
    return Template(pack(vector), digest, consent_id)


@cache
def _embedding(picture: Path) -> tuple[Any, str]:
    import cv2

    from kiosk import models
    from kiosk.face.align import align
    from kiosk.face.encoder import Encoder
    from kiosk.liveness.landmarks import Landmarker
    from kiosk.liveness.worker import ENCODER, FACE_LANDMARKER
    image = cv2.imread(str(picture))
    if image is None:
        raise ModelError(f"{picture.name} cannot be read")
    landmarker = Landmarker(models.path(FACE_LANDMARKER))
    try:
        seen = landmarker.observe(Frame(image, 0.0, 0))
    finally:
        landmarker.close()
    if seen.points is None:
        raise ModelError(f"no face in {picture.name}")
    encoder = Encoder(models.path(ENCODER))
    return encoder.embed(align(image, seen.points)), encoder.model_digest
