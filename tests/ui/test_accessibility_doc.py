"""docs/accessibility.md: its tests exist, and every clause names a test, or is the cabinet's, or says that it is open."""

from __future__ import annotations

import re

from kiosk.config import ROOT
from tests.named_tests import missing_of, named_in

DOCUMENT = "docs/accessibility.md"
TEXT = (ROOT / DOCUMENT).read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if re.match(r"\| [589]\.", line)]
# The clauses of chapter 5.1 that say something a kiosk must do, and the sections of 8 for stationary ICT.
WANTED = [
    *(f"5.1.3.{number}" for number in range(1, 17)),
    "5.1.4",
    "5.1.5",
    "5.1.6.1",
    "5.1.6.2",
    "5.1.7",
    *(
        "8.1.2",
        "8.1.3",
        "8.2.1",
        "8.3.2.1",
        "8.3.2.3",
        "8.3.2.4",
        "8.3.3",
        "8.3.4",
        "8.3.5",
        "8.3.6",
        "8.4.1",
        "8.4.2",
        "8.4.3",
        "8.5",
    ),
    *("9.1.1.1", "9.1.3.1", "9.1.4.3", "9.1.4.4", "9.2.1.1", "9.2.2.1", "9.2.3.1", "9.2.4.7", "9.2.5.2", "9.3.3", "9.4.1.2"),
]


def test_every_test_that_is_named_exists():
    assert len(named_in(DOCUMENT)) >= 50
    assert missing_of(DOCUMENT) == []


def test_every_clause_is_there():
    told = {clause for row in ROWS for clause in re.findall(r"\b[589](?:\.\d+)+", row.split("|")[1])}
    assert [clause for clause in WANTED if clause not in told] == []


def test_every_line_names_its_test_or_whose_business_it_is():
    empty = [row for row in ROWS if not ("`tests/" in row or "**cabinet**" in row or "**open**" in row)]
    assert empty == []
    numberless = [
        row
        for row in ROWS
        if "**cabinet**" in row and "`tests/" not in row and not re.search(r"\d (mm|N|dB|dBA)|sign|loop|edge|hand", row)
    ]
    assert numberless == [], "a cabinet maker needs numbers"
