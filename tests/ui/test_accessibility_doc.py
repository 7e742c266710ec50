"""docs/accessibility.md: its tests exist, and every clause names a test, or is the cabinet's, or says that it is open."""

from __future__ import annotations

import re

from kiosk.config import ROOT
from tests.named_tests import missing_of, named_in

DOCUMENT = "docs/accessibility.md"
TEXT = (ROOT / DOCUMENT).read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if re.match(r"\| ([589]\.|可|兼容)", line)]
# Every clause of EN 301 549 V3.2.1 that asks something of a kiosk: 5.1 and 8 but for their introductions, WCAG 2.1 A and AA of 9.
WANTED = """
    5.1.2.1 5.1.2.2 5.1.3.1 5.1.3.2 5.1.3.3 5.1.3.4 5.1.3.5 5.1.3.6 5.1.3.7 5.1.3.8 5.1.3.9 5.1.3.10 5.1.3.11 5.1.3.12 5.1.3.13
    5.1.3.14 5.1.3.15 5.1.3.16 5.1.4 5.1.5 5.1.6.1 5.1.6.2 5.1.7
    8.1.2 8.1.3 8.2.1.1 8.2.1.2 8.2.2.1 8.2.2.2 8.3.1 8.3.2.1 8.3.2.2 8.3.2.3.1 8.3.2.3.2 8.3.2.3.3 8.3.2.4 8.3.2.5 8.3.2.6
    8.3.3.1 8.3.3.2 8.3.3.3.1 8.3.3.3.2 8.3.4.1 8.3.4.2 8.3.4.3.1 8.3.4.3.2 8.3.4.3.3 8.3.5 8.3.6 8.4.1 8.4.2.1 8.4.2.2 8.4.3 8.5
    9.1.1.1 9.1.2.1 9.1.2.2 9.1.2.3 9.1.2.4 9.1.2.5 9.1.3.1 9.1.3.2 9.1.3.3 9.1.3.4 9.1.3.5 9.1.4.1 9.1.4.2 9.1.4.3 9.1.4.4
    9.1.4.5 9.1.4.10 9.1.4.11 9.1.4.12 9.1.4.13 9.2.1.1 9.2.1.2 9.2.1.4 9.2.2.1 9.2.2.2 9.2.3.1 9.2.4.1 9.2.4.2 9.2.4.3 9.2.4.4
    9.2.4.5 9.2.4.6 9.2.4.7 9.2.5.1 9.2.5.2 9.2.5.3 9.2.5.4 9.3.1.1 9.3.1.2 9.3.2.1 9.3.2.2 9.3.2.3 9.3.2.4 9.3.3.1 9.3.3.2
    9.3.3.3 9.3.3.4 9.4.1.1 9.4.1.2 9.4.1.3 9.6
""".split()
GUIDELINES = 14  # of GB/T 37668, each a line of its own


def test_every_test_that_is_named_exists():
    assert len(named_in(DOCUMENT)) >= 50
    assert missing_of(DOCUMENT) == []


def test_every_clause_is_there():
    told = {clause for row in ROWS for clause in re.findall(r"\b[589](?:\.\d+)+", row.split("|")[1])}
    assert [clause for clause in WANTED if clause not in told] == []


def test_every_guideline_of_the_chinese_norm_is_there():
    assert sum(row.startswith(("| 可", "| 兼容")) for row in ROWS) == GUIDELINES


def test_every_line_names_its_test_or_whose_business_it_is():
    empty = [row for row in ROWS if not ("`tests/" in row or "**cabinet**" in row or "**open**" in row)]
    assert empty == []
    numberless = [
        row
        for row in ROWS
        if "**cabinet**" in row and "`tests/" not in row and not re.search(r"\d (mm|N|dB|dBA)|sign|loop|edge|hand", row)
    ]
    assert numberless == [], "a cabinet maker needs numbers"
