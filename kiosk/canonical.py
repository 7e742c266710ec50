"""Canonical JSON (RFC 8785): one text for one value, of which digests and signatures are taken. For store, sync and bureau.

Since protocol version 2. Digests never change afterwards: what was signed is kept as it was written.
"""

from __future__ import annotations

from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """Return the canonical JSON of plain data (dict, list, tuple, str, int, float, bool, None), UTF-8.

    Keys stand in the order of their UTF-16 code units, numbers as ECMAScript writes them (1.0 is 1). Raises ValueError on what JSON
    cannot say the same way everywhere: NaN, infinities, integers beyond 2**53 - 1, lone surrogates, keys that are no text.
    """
    return rfc8785.dumps(value)
