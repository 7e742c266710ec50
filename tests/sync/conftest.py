from __future__ import annotations

import shutil

import pytest

from kiosk.bureau.process import BureauProcess
from tests.sync.made import make_kiosk


@pytest.fixture(scope="module")
def bureau(tmp_path_factory):
    with BureauProcess(data=tmp_path_factory.mktemp("bureau")) as process:
        yield process


@pytest.fixture(scope="module")
def registered(bureau, tmp_path_factory):
    made = make_kiosk(bureau, tmp_path_factory.mktemp("kiosk"))
    yield made
    made.close()


@pytest.fixture
def kiosk(bureau, registered):
    """The module's kiosk with an empty outbox: registering and opening anew for each test would take most of the time."""
    yield registered
    for table in ("outbox", "outbox_batches", "outbox_evidence", "receipts", "records"):
        registered.store.db.execute(f"DELETE FROM {table}")
    registered.moved.clear()
    if registered.settings.sync.bureau_url != bureau.url or str(registered.client._http.base_url).rstrip("/") != bureau.url:
        registered.point_at(bureau.url)


@pytest.fixture
def pair(both):
    """The module's two kiosks of one station (`both`, of the module's own) and their stick, emptied after each test."""
    yield both
    both.empty()
    shutil.rmtree(both.stick)
    both.stick.mkdir()
