"""What the code on the result page and on the paper slip says: the same lines on both. Used by `ui` and `printer`."""

from __future__ import annotations

from typing import Protocol


class Texts(Protocol):
    """What is needed of `Strings`."""

    def text(self, key: str, /, **values: object) -> str:
        """Return the text of `key`."""


def code_text(texts: Texts, record: str, when: str, hotline: str, verify_url: str = "") -> str:
    """Return the payload: record number, when to come next (left out when empty), hotline. No name, no document number.

    verify_url: where the bureau answers whether a record is valid (its /verify). The code is then that address alone: a telephone
    opens an address, and shows lines of text.
    """
    if verify_url:
        return f"{verify_url.rstrip('/')}/{record}"
    lines = [texts.text("slip.qr_record", record=record)]
    lines += [texts.text("slip.qr_next", window=when)] if when else []
    lines.append(texts.text("slip.qr_hotline", hotline=hotline))
    return "\n".join(lines)
