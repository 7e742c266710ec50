"""Forms that take turns: a scene is seen at every size and in every language, not in every pair of them.

`KIOSK_AUDIT=whole` looks at all pairs: before a release, and after a change of the look.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item")
WHOLE = os.environ.get("KIOSK_AUDIT") == "whole"


def in_turn(items: Iterable[Item], *turns: int, of: int = 3) -> list[Item]:
    """Return the items whose turn it is: of `of` neighbours one. `turns`: the numbers of the forms that are looked at."""
    return [item for number, item in enumerate(items) if WHOLE or (number + sum(turns)) % of == 0]
