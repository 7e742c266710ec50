"""What a code before the camera says: the bureau's one-time code alone, or with the station it was made for. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

_CODE = re.compile(r"^(GM)?[A-Z2-7]{26}$")
_STATION = re.compile(r"^[\w.-]{1,64}$")
SCHEME = "pension-kiosk"  # pension-kiosk:enrol?code=...&station=...


@dataclass(frozen=True, slots=True)
class ScannedCode:
    """A code as it is shown, and the station's number where it says one."""

    code: str = field(repr=False)
    station_id: str = ""


def parse(text: str) -> ScannedCode | None:
    """Return what a code says; None for one that is not the bureau's."""
    station = ""
    if text.startswith(f"{SCHEME}:"):
        try:
            told = parse_qs(urlsplit(text[:500]).query)
        except ValueError:
            return None
        text = told.get("code", [""])[0]
        station = told.get("station", [""])[0]
    plain = re.sub(r"[\s-]", "", text[:200]).upper()
    if _CODE.match(plain) is None:
        return None
    return ScannedCode(text.strip().upper() if "-" in text else shown(plain), station if _STATION.match(station) else "")


def shown(plain: str) -> str:
    """Return a code in groups of four, as people read it."""
    return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))
