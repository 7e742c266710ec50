"""All records in short come page by page, by their id, each once."""

from __future__ import annotations

from kiosk.bureau import admin
from tests.bureau.made import opened, record, register


def test_pages_by_id(tmp_path):
    context = opened(tmp_path / "bureau")
    sent = sorted(one.record_id for one in register(context).send(*(record(person_id=f"P{n}") for n in range(7))).verdicts)
    found, after = [], ""
    while page := admin.admin_all_records(context, after, 3):
        assert len(page) <= 3
        found += [one["record_id"] for one in page]
        after = found[-1]
    assert found == sent
    assert admin.admin_all_records(context, sent[-1], 3) == []
    context.engine.dispose()
