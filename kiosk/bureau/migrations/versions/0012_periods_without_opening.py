"""Passes of annual windows are named by their due date alone: "opening/due" becomes "due/DATE"."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    from kiosk.bureau.clerks.policies import shipped
    from kiosk.bureau.periods import annual_of
    from kiosk.domain.policy import PolicyKind
    from kiosk.domain.record import pass_key
    from kiosk.domain.renewal import period_today

    db = op.get_bind()
    texts = list(shipped().values())
    for (content,) in db.execute(sa.text("SELECT content FROM bundles")):
        texts += json.loads(content).get("policies", {}).values()
    annual = annual_of(texts)
    renamed: dict[str, str] = {}
    for record_id, content in db.execute(sa.text("SELECT record_id, content FROM records WHERE pass_key LIKE '%2F____-__-__'")):
        told = json.loads(content)
        period = period_today(PolicyKind.ANNUAL_WINDOW, told["policy_period"])
        if told["policy_id"] in annual and period != told["policy_period"]:
            renamed[record_id] = pass_key(told["person_id"], told["benefit_id"], told["policy_id"], period)
    for record_id, new in renamed.items():
        db.execute(sa.text("UPDATE records SET pass_key = :new WHERE record_id = :id"), {"new": new, "id": record_id})
    _one_pass_each(db, renamed)


def _one_pass_each(db: sa.Connection, renamed: dict[str, str]) -> None:
    """Two keys of one pass become one: who was confirmed has it, then who came first. The other attempt is a second pass."""
    for new in sorted(set(renamed.values())):
        holders = db.execute(
            sa.text(
                "SELECT p.record_id, p.pass_key, r.decision FROM passes p JOIN records r ON r.record_id = p.record_id "
                "WHERE r.pass_key = :key ORDER BY CASE r.decision WHEN 'confirmed' THEN 0 ELSE 1 END, p.created_at, p.record_id"
            ),
            {"key": new},
        ).fetchall()
        for record_id, _key, decision in holders[1:]:
            db.execute(sa.text("DELETE FROM passes WHERE record_id = :id"), {"id": record_id})
            db.execute(sa.text("UPDATE records SET verdict = 'duplicate-pass' WHERE record_id = :id"), {"id": record_id})
            stage = decision or "pending"
            for name, by in ((f"record:accepted/{stage}", -1), (f"record:duplicate-pass/{stage}", 1), ("passes", -1)):
                _count(db, name, by)
        if holders:
            db.execute(sa.text("UPDATE passes SET pass_key = :new WHERE record_id = :id"), {"new": new, "id": holders[0][0]})


def _count(db: sa.Connection, name: str, by: int) -> None:
    changed = db.execute(
        sa.text("UPDATE counts SET value = value + :by WHERE name = :name AND shard = ''"), {"by": by, "name": name}
    )
    if not changed.rowcount:
        db.execute(sa.text("INSERT INTO counts (name, shard, value) VALUES (:name, '', :by)"), {"name": name, "by": by})
