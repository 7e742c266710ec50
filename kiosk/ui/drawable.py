"""What the fonts of this machine can draw of a name. Used by the confirm page."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontMetricsF

from kiosk.domain.identity import mask_name
from kiosk.ui.theme import FAMILY


def can_draw(text: str, family: str = FAMILY) -> bool:
    """True when every character has a glyph in the font or in those behind it: no empty boxes."""
    metrics = QFontMetricsF(QFont(family))
    return all(char.isspace() or metrics.inFontUcs4(ord(char)) for char in text)


def masked_as_known(name: str) -> tuple[str, bool]:
    """Return a masked name as far as it can be drawn, and whether all of it can.

    A character without a glyph becomes a star, as the hidden ones are; where nothing would be left, the family name is shown.
    """
    masked = mask_name(name)
    shown = "".join(char if can_draw(char) else "*" for char in masked)
    if shown.replace("*", "").strip():
        return shown, shown == masked
    first = name.strip()[:1]
    return f"{first} *" if first and first != "*" and can_draw(first) and shown != masked else shown, shown == masked
