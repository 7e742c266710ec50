from __future__ import annotations

import pytest

from kiosk.bureau.clerks.roles import Role
from tests.bureau.clerks.made import account
from tests.bureau.made import opened


@pytest.fixture
def office(tmp_path):
    """A bureau with one account a role, and a second supervisor."""
    made = opened(tmp_path / "bureau")
    for name, role, shown in (
        ("look", Role.VIEWER, "查看"),
        ("zhang", Role.CLERK, "张经办"),
        ("li", Role.SUPERVISOR, "李主管"),
        ("wang", Role.SUPERVISOR, "王主管"),
        ("boss", Role.ADMINISTRATOR, "管理"),
    ):
        account(made, name, role, shown)
    yield made
    made.engine.dispose()
