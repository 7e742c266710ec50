"""The table of rules names tests that exist."""

from __future__ import annotations

import re

from kiosk.config import ROOT
from kiosk.demo.scenarios import SCENARIOS
from tests.named_tests import missing_of, named_in


def test_every_test_the_table_names_exists():
    assert len(named_in("docs/programme.md")) > 40
    assert missing_of("docs/programme.md") == []


def test_what_the_programme_shows_by_a_scenario_can_be_played():
    text = (ROOT / "docs" / "programme.md").read_text(encoding="utf-8")
    part = text.split("## Shown by a scenario of the demo", 1)[1].split("\n## ", 1)[0]
    named = {name for line in part.splitlines() if line.startswith("| ") for name in re.findall(r"`([a-z0-9-]+)`", line)}
    assert len(named) >= 14
    assert named <= set(SCENARIOS)
