"""An update over the network: the bureau serves the repository and nothing beside it, the station believes what is signed."""

from __future__ import annotations

import shutil

import httpx
import pytest

from kiosk.bureau.process import BureauProcess
from kiosk.config import Sync
from kiosk.updates.plan import Offer
from kiosk.updates.sources import BureauSource, NotThere, SourceError
from kiosk.updates.trust import Repository
from kiosk.updates.updater import Updates
from tests.updates import made


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    release, keys, root = made.released(folder, "0.2.0", files=3)
    data = folder / "bureau"
    shutil.copytree(release.folder, data / "updates")
    with BureauProcess(data=data) as bureau:
        yield bureau, folder, root


def test_a_station_takes_an_update_from_the_bureau(served, tmp_path):
    bureau, folder, root = served
    places = made.places(tmp_path)
    made.installed(places.home, made.version_tree(tmp_path, "0.1.0", 3), "0.1.0")
    station = made.FakeStation(places)
    station.start()
    source = BureauSource(Sync(), bureau.url)
    try:
        assert Updates(places, station).run(source, root, made.STATION, (1, 5), lambda _: None).told == "0.2.0: ok"
        assert Repository(source, tmp_path / "again", root).offers() == [Offer("0.2.0", 100)]
        with pytest.raises(NotThere):
            next(source.read("metadata/99.root.json", 1000))
        with pytest.raises(SourceError, match="more than 10 bytes"):
            list(source.read("metadata/1.root.json", 10))
    finally:
        source.close()
    assert station.running == "0.2.0"


@pytest.mark.parametrize(
    "path",
    [
        "../admin-password",
        "metadata/../../admin-password",
        "metadata/..%2f..%2fadmin-password",
        "%2e%2e/admin-password",
        "admin-password",
        "objects/zz/x",
        "",
        "metadata/",
        "/etc/passwd",
    ],
)
def test_nothing_beside_the_repository_is_served(served, path):
    bureau, _, _ = served
    answer = httpx.get(f"{bureau.url}/updates/{path}", timeout=10)
    assert answer.status_code in (303, 404), answer.text[:100]
    assert "admin-password" not in answer.text or answer.status_code == 303
