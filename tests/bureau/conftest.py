from __future__ import annotations

import os

import pytest

from kiosk.bureau.process import BureauProcess


@pytest.fixture(scope="module")
def bureau(tmp_path_factory):
    with BureauProcess(data=tmp_path_factory.mktemp("bureau")) as process:
        yield process


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """URL of a database in a cluster of our own, thrown away afterwards; skipped where PostgreSQL is not installed."""
    from kiosk.bench.postgres import Cluster

    if not Cluster.available():
        # CI must not pass without having tried it (.ci/run says so).
        (pytest.fail if os.environ.get("KIOSK_CI") else pytest.skip)("PostgreSQL is not installed (Debian: postgresql)")
    with Cluster() as cluster:
        yield cluster
