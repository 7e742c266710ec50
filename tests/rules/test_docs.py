"""The table of rules names tests that exist."""

from __future__ import annotations

from tests.named_tests import missing_of, named_in


def test_every_test_the_table_names_exists():
    assert len(named_in("docs/programme.md")) > 40
    assert missing_of("docs/programme.md") == []
