from __future__ import annotations

import pytest

from kiosk.bureau.process import BureauProcess
from tests.programs import missing


@pytest.fixture(scope="module")
def bureau(tmp_path_factory):
    with BureauProcess(data=tmp_path_factory.mktemp("bureau")) as process:
        yield process


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """URL of a database in a cluster of our own, thrown away afterwards; skipped where PostgreSQL is not installed."""
    from kiosk.bench.postgres import Cluster

    if not Cluster.available():
        missing("PostgreSQL is not installed (Debian: postgresql)")
    with Cluster() as cluster:
        yield cluster
