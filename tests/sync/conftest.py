from __future__ import annotations

import shutil

import pytest

from kiosk.bureau.process import BureauProcess
from kiosk.sync import suites
from tests.suite import SUITE
from tests.sync.made import make_kiosk

if SUITE is not suites.STD_1:
    _made, other = BureauProcess.__init__, next(name for name in suites.NAMES if name != SUITE.name)

    def _under_the_suite(self, *given, extra=(), **named):
        _made(self, *given, extra=extra if "--suite" in extra else ("--suite", SUITE.name, "--suite", other, *extra), **named)

    BureauProcess.__init__ = _under_the_suite


def pytest_generate_tests(metafunc):
    named = any("suite" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "suite" in metafunc.fixturenames and not named:
        both, only = (getattr(metafunc.module, name, "") for name in ("BOTH_SUITES", "ONLY_SUITE"))
        names = suites.NAMES if both else (only or SUITE.name,)
        metafunc.parametrize("suite", [suites.by_name(name) for name in names], ids=names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def suite(request):
    return request.param


@pytest.fixture(scope="session")
def of_both(tmp_path_factory):
    """A bureau that serves both suites: the hardest case, since whoever signs under the other one is genuine."""
    with BureauProcess(data=tmp_path_factory.mktemp("both"), extra=("--suite", "std-1", "--suite", "gm-1")) as process:
        yield process


@pytest.fixture(scope="module")
def bureau(suite, tmp_path_factory):
    with BureauProcess(data=tmp_path_factory.mktemp("bureau"), extra=("--suite", suite.name)) as process:
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
    shutil.rmtree(both.medium)
    both.medium.mkdir()
