"""The table of faults names tests that exist."""

from __future__ import annotations

from tests.named_tests import missing_of, named_in


def test_every_test_the_table_of_faults_names_exists():
    assert len(named_in("docs/sync.md")) > 40
    assert missing_of("docs/sync.md") == []
