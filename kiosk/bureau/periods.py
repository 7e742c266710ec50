"""Keys of passes as they are named today, whichever version of the kiosk wrote the record. For `ingest` and one migration.

Up to 0.1.0 the period of an annual window was "opening/due"; since then it is "due/DATE", so that a window that opens earlier,
for some or for all, does not make two keys of one pass (docs/changing.md).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kiosk.bureau import tables
from kiosk.bureau.clerks.policies import shipped
from kiosk.domain.policy import PolicyKind, load_policy
from kiosk.domain.record import pass_key
from kiosk.domain.renewal import period_today
from kiosk.sync import protocol


def keys_today(session: Session, records: Iterable[protocol.Record]) -> dict[str, str]:
    """Return the keys of passes that are named otherwise today: record id -> key. Asks nothing where no period looks old."""
    old = [one for one in records if period_today(PolicyKind.ANNUAL_WINDOW, one.policy_period) != one.policy_period]
    if not old:
        return {}
    annual = _annual(session)
    return {
        one.record_id: pass_key(
            one.person_id, one.benefit_id, one.policy_id, period_today(PolicyKind.ANNUAL_WINDOW, one.policy_period)
        )
        for one in old
        if one.policy_id in annual
    }


def _annual(session: Session) -> frozenset[str]:
    version = session.scalar(select(func.max(tables.BundleVersion.version))) or 0
    return _annual_of(session.scalar(select(tables.BundleVersion.content).where(tables.BundleVersion.version == version)) or "")


@lru_cache(maxsize=8)
def _annual_of(bundle: str) -> frozenset[str]:
    from kiosk.bureau.rosters import BundleContent

    issued = BundleContent.model_validate_json(bundle).policies if bundle else {}
    return annual_of([*shipped().values(), *issued.values()])


def annual_of(texts: Iterable[str]) -> frozenset[str]:
    """Return the ids of the rules with an annual window; a text that no kiosk of this version could read is none."""
    found = set()
    for text in texts:
        try:
            policy = load_policy(tomllib.loads(text))
        except ValueError:
            continue
        if policy.kind is PolicyKind.ANNUAL_WINDOW:
            found.add(policy.policy_id)
    return frozenset(found)
