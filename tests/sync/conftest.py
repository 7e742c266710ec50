from __future__ import annotations

import pytest

from kiosk.bureau.process import BureauProcess
from tests.sync.made import make_kiosk


@pytest.fixture(scope="module")
def bureau(tmp_path_factory):
    with BureauProcess(data=tmp_path_factory.mktemp("bureau")) as process:
        yield process


@pytest.fixture
def kiosk(bureau, tmp_path):
    made = make_kiosk(bureau, tmp_path / "kiosk")
    yield made
    made.close()
