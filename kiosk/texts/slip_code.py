"""What the code on the result page and on the paper slip says: the same lines on both. Used by `ui` and `printer`."""

from __future__ import annotations

from typing import Protocol


class Texts(Protocol):
    """What is needed of `Strings`."""

    def text(self, key: str, /, **values: object) -> str:
        """Return the text of `key`."""


def code_text(texts: Texts, record: str, when: str, hotline: str, verify_url: str = "", own: str = "") -> str:
    """Return the payload: record number, when to come next (left out when empty), hotline. No name, no document number.

    own: what a kiosk of this station knows the person by again (sync/slip_codes.py); no telephone does anything with it.
    verify_url: where the bureau answers whether a record is valid (its /verify). The code is then that address alone: a telephone
    opens an address, and shows lines of text.
    """
    if verify_url:
        return f"{verify_url.rstrip('/')}/{record}" + (f"#{own}" if own else "")  # what stands behind # is sent nowhere
    lines = [texts.text("slip.qr_record", record=record)]
    lines += [texts.text("slip.qr_next", window=when)] if when else []
    lines.append(texts.text("slip.qr_hotline", hotline=hotline))
    lines += [own] if own else []
    return "\n".join(lines)
