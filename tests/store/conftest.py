"""One open store a test."""

from __future__ import annotations

import pytest

from kiosk import failpoints
from kiosk.store.opening import open_store
from tests.store import made


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "var"


@pytest.fixture
def store(folder):
    with open_store(made.settings(folder), now=made.NOW) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _failpoints():
    yield
    failpoints.disarm()
