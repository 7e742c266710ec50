from __future__ import annotations

import shutil

import pytest

from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.context import BureauSettings, open_context
from tests.bureau.clerks.made import account
from tests.bureau.made import opened


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A bureau's folder with one account a role, and a second supervisor: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("prepared") / "bureau"
    made = opened(folder)
    for name, role, shown in (
        ("look", Role.VIEWER, "查看"),
        ("zhang", Role.CLERK, "张经办"),
        ("li", Role.SUPERVISOR, "李主管"),
        ("wang", Role.SUPERVISOR, "王主管"),
        ("boss", Role.ADMINISTRATOR, "管理"),
    ):
        account(made, name, role, shown)
    made.engine.dispose()
    return folder


@pytest.fixture
def context(prepared, tmp_path):
    folder = tmp_path / "bureau"
    shutil.copytree(prepared, folder)
    made = open_context(BureauSettings(data=str(folder)))
    yield made
    made.engine.dispose()
