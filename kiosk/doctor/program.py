"""Are the program's own files whole: texts, icons, recordings, pinyin, policies. Called by `checks.py`; changes nothing.

A power cut during an update leaves files of zero bytes; what they held would be missing on a page without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from kiosk import config
from kiosk.doctor.finding import Phrase
from kiosk.errors import ConfigError
from kiosk.store import policies
from kiosk.texts.strings import CATALOGUES, Strings
from kiosk.voice.prompts import is_recording


def look(settings: config.Settings, assets: Path = config.ASSETS) -> tuple[Literal["ok", "bad"], str, str]:
    """Return the finding's state, what was found, and what to do. Takes some milliseconds."""
    bad = list(_damaged(assets))
    try:
        for language in CATALOGUES:
            Strings.load(language, assets / "strings")
        policies.book_of_files(settings.rules.policies, settings.rules.default_policy)
    except ConfigError as error:
        bad.append(str(error))
    if bad:
        more = Phrase(" and {count} more", count=len(bad) - 3) if len(bad) > 3 else ""
        return (
            "bad",
            Phrase("damaged: {names}{more}", names=", ".join(bad[:3]), more=more),
            Phrase("install the program again; a policy of your own: bring it back from its copy"),
        )
    return "ok", Phrase("texts, icons, recordings and policies are whole"), ""


def _damaged(assets: Path) -> Iterator[str]:
    icons = sorted((assets / "icons").glob("*.svg"))
    if not icons:
        yield Phrase("icons: none")
    yield from (path.name for path in icons if b"</svg>" not in path.read_bytes())
    yield from (path.name for path in sorted((assets / "voice").rglob("*.wav")) if not is_recording(path))
    yield from (path.name for path in sorted((assets / "pinyin").glob("*.txt")) if not path.stat().st_size)
