"""The threat model and the privacy assessment name tests that exist; a line without one says so."""

from __future__ import annotations

import pytest

from kiosk.config import ROOT
from tests.named_tests import missing_of, named_in

DOCUMENTS = {"docs/threats.md": 50, "docs/privacy.md": 25, "docs/inputs.md": 50}


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_every_test_that_is_named_exists(document):
    assert len(named_in(document)) >= DOCUMENTS[document]
    assert missing_of(document) == []


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_every_line_names_its_test_or_says_that_it_has_none(document):
    """In the tables that have a column for it."""
    tests = -1
    for line in (ROOT / document).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            tests = -1
        elif "Test" in cells:
            tests = cells.index("Test")
        elif tests >= 0 and any(cells[1:]) and not set(line) <= set("|-"):
            assert "`tests/" in cells[tests] or "**no test**" in cells[tests], line


@pytest.mark.parametrize("document", sorted(DOCUMENTS))
def test_two_pages_at_most(document):
    """A page: sixty lines as they stand in the file."""
    assert len((ROOT / document).read_text(encoding="utf-8").splitlines()) <= 120


def test_a_test_that_is_gone_would_be_found(tmp_path, monkeypatch):
    from tests import named_tests

    (tmp_path / "doc.md").write_text("`tests/trust/test_docs.py::test_that_never_was` `tests/no_such_file.py::test_x`")
    (tmp_path / "tests" / "trust").mkdir(parents=True)
    (tmp_path / "tests" / "trust" / "test_docs.py").write_text("def test_real(): ...\n")
    monkeypatch.setattr(named_tests, "ROOT", tmp_path)
    assert missing_of("doc.md") == ["tests/trust/test_docs.py::test_that_never_was", "tests/no_such_file.py::test_x"]
