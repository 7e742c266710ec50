"""Every word of the bureau and every state of the sync has a text in both catalogues."""

from __future__ import annotations

import pytest

from kiosk.bureau.decisions import RETURN_REASONS
from kiosk.sync.schedule import Hold, Trouble
from kiosk.texts.strings import Strings

REFUSALS = ("conflict", "malformed", "wrong-station", "duplicate-pass")


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_texts(language):
    strings = Strings.load(language)
    wanted = [
        f"reason.{code}.{key}"
        for code in (*RETURN_REASONS, *REFUSALS, "returned", "bureau-unreachable", "seal-invalid")
        for key in ("title", "why", "now", "who", "attendant", "say")
    ]
    wanted += [f"sync.trouble.{one.value}" for one in Trouble]
    wanted += [f"sync.hold.{one.value}" for one in Hold if one.value]
    assert [key for key in wanted if key not in strings] == []
