"""The demonstration's roster: invented people of config/demo, enrolled with pictures fetched by `kiosk models fetch`."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from kiosk.camera.frame import Frame
from kiosk.config import CONFIG
from kiosk.demo.portraits import draw_portrait, pose_of
from kiosk.domain.identity import check_digit
from kiosk.domain.person import RosterEntry, Template
from kiosk.errors import ModelError
from kiosk.store.roster.line import people_of_toml

CARDS = CONFIG / "demo" / "cards.toml"
ROSTER = CONFIG / "demo" / "roster.toml"


def roster(today: date, only: Iterable[str], face: Path | Any = None) -> list[RosterEntry]:
    """Return the roster's entries as of `today`. `only`: keys to compute templates for, of drawn pictures; others have none.

    face: a picture (a path, or uint8 BGR) that everybody who has a portrait is enrolled with instead.
    """
    text = ROSTER.read_text(encoding="utf-8")
    enrolled = {key for key, table in tomllib.loads(text)["people"].items() if table.get("portrait")}
    entries = {entry.person_id.removeprefix("P-"): entry for entry in people_of_toml(text, today)}

    def template(key: str, entry: RosterEntry) -> Template | None:
        if key not in only or key not in enrolled:
            return None
        consent = f"enrolment-{key}"
        return _template_of_drawn(entry.id_number, consent) if face is None else template_of(face, consent)

    return [replace(entry, template=template(key, entry)) for key, entry in entries.items()]


def _template_of_drawn(id_number: str, consent_id: str) -> Template:
    from kiosk.face.compare import pack

    vector, digest = _embedding_of_drawn(id_number)
    return Template(pack(vector), digest, consent_id)


@cache
def _embedding_of_drawn(id_number: str) -> tuple[Any, str]:
    """The face of somebody as the puppet camera shows them."""
    import cv2

    with tempfile.TemporaryDirectory(prefix="kiosk-face-") as folder:
        return _embed(cv2.imread(str(draw_portrait(Path(folder) / "drawn.png", pose_of(id_number)))), "the drawing")


def card(key: str) -> dict[str, Any]:
    """Return what is printed on a card of the demonstration."""
    return dict(_cards()[key])


@cache
def _cards() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = tomllib.loads(CARDS.read_text(encoding="utf-8"))["cards"]
    return found


def crowd_number(index: int) -> str:
    """Return the invented number of the n-th of a crowd, with a right check character."""
    first = f"440305{1940 + index % 25}{1 + index // 25 % 12:02d}{1 + index // 300 % 28:02d}{index % 1000:03d}"
    return first + check_digit(first)


def crowd(like: RosterEntry, count: int) -> list[RosterEntry]:
    """Return `count` invented people who are like `like` but for name and number."""
    return [
        replace(like, person_id=f"P-crowd-{index}", name=_CROWD_NAMES[index % len(_CROWD_NAMES)], id_number=crowd_number(index))
        for index in range(count)
    ]


def crowd_cards(count: int) -> str:
    """Return a cards file for a crowd: keys p0, p1 and so on."""
    like = card("li")
    lines = []
    for index in range(count):
        number = crowd_number(index)
        born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        fields = {
            **like,
            "name": _CROWD_NAMES[index % len(_CROWD_NAMES)],
            "id_number": number,
            "born": born,
            "sex": "male" if int(number[16]) % 2 else "female",
        }
        lines += [f"[cards.p{index}]", *(f"{key} = {value!r}" for key, value in fields.items()), ""]
    return "\n".join(lines)


_CROWD_NAMES = ("赵一", "钱二明", "孙三妹", "周四海", "吴五福")


def template_of(portrait: str | Path | Any, consent_id: str) -> Template:
    """Return the template of the one face in a picture: a demo face's name, a path, or uint8 BGR. Raises ModelError without one."""
    from kiosk import models
    from kiosk.face.compare import pack

    if isinstance(portrait, str | Path):
        vector, digest = _embedding(portrait if isinstance(portrait, Path) else models.path(portrait))
    else:
        vector, digest = _embed(portrait, "the camera's picture")
    return Template(pack(vector), digest, consent_id)


@cache
def _embedding(picture: Path) -> tuple[Any, str]:
    import cv2

    image = cv2.imread(str(picture))
    if image is None:
        raise ModelError(f"{picture.name} cannot be read")
    return _embed(image, picture.name)


def _embed(image: Any, name: str) -> tuple[Any, str]:
    from kiosk import models
    from kiosk.face.align import align
    from kiosk.face.encoder import Encoder
    from kiosk.liveness.landmarks import Landmarker
    from kiosk.liveness.worker import ENCODER, FACE_LANDMARKER

    landmarker = Landmarker(models.path(FACE_LANDMARKER))
    try:
        seen = landmarker.observe(Frame(image, 0.0, 0))
    finally:
        landmarker.close()
    if seen.points is None:
        raise ModelError(f"no face in {name}")
    encoder = Encoder(models.path(ENCODER))
    return encoder.embed(align(image, seen.points)), encoder.model_digest
