"""The troubleshooting table in docs/ is the catalogue's own words."""

from __future__ import annotations

from pathlib import Path

from kiosk.commands import reasons
from kiosk.domain.reasons import Reason

ROOT = Path(__file__).resolve().parents[2]


def test_the_document_is_the_catalogue():
    rows = reasons.table()
    assert (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8") == reasons.markdown(rows), (
        "make it anew: ./run kiosk reasons --markdown > docs/reasons.md"
    )
    assert {row[0] for row in rows} == {code.value for code in Reason} - {"ok"}
    assert all(all(row) for row in rows)


def test_a_code_can_be_asked_for(capsys):
    assert reasons.main(["not-yet", "--language", "en"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("not-yet\n")
    assert "card-lift-and-retry" not in shown
