"""Settings from afar in a running kiosk: whichever way they came, a new start when nobody is there; back when the hour is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kiosk import config, layers, settings_trial
from kiosk.app.settings_watch import SettingsWatch
from kiosk.layers import Source
from kiosk.settings_trial import Trial


class NoStore:
    def ask(self, work) -> None:
        raise AssertionError("not asked")


@pytest.fixture
def running(qapp, tmp_path):
    """A kiosk that started with a volume of its bureau's; where somebody is, and how often it wished to start anew."""
    layers.replace(tmp_path, Source.BUREAU, {"voice.volume": 0.5})
    settings_trial.save(tmp_path, Trial(3, "kept", "", datetime.now(UTC).isoformat()))
    where, wishes = ["idle"], []
    settings = config.Settings(store=config.Store(directory=str(tmp_path)))
    watch = SettingsWatch(settings, NoStore(), lambda: where[0], qapp)
    watch.restart_wanted.connect(lambda: wishes.append(where[0]))
    yield tmp_path, watch, where, wishes
    watch.deleteLater()


def trial(folder, version: int, values: dict, ago: timedelta = timedelta(0), *, started: bool = False) -> None:
    """As `remote_settings.take` leaves it, whoever called that: the sync, the desk's stick or a command beside the kiosk."""
    since = (datetime.now(UTC) - ago).isoformat()
    settings_trial.save(folder, Trial(version, "trial", "", since, started=started, before={"voice.volume": 0.5}))
    layers.replace(folder, Source.BUREAU, values)


def test_what_a_command_took_beside_it_is_in_force_when_nobody_is_there(running):
    folder, watch, where, wishes = running
    watch.look()
    assert wishes == []
    trial(folder, 4, {"voice.volume": 0.7})
    where[0] = "visit"
    watch.look()
    assert wishes == []
    where[0] = "idle"
    watch.look()
    watch.look()
    assert wishes == ["idle"], "once"


def test_the_same_values_of_a_new_version_are_started_with_too(running):
    folder, watch, _, wishes = running
    trial(folder, 4, {"voice.volume": 0.5})
    watch.on_changed()
    assert wishes == ["idle"], "else no report would ever keep them"


def test_without_a_report_for_an_hour_the_old_ones_come_back_by_a_new_start(running):
    folder, watch, _, wishes = running
    trial(folder, 4, {"voice.volume": 0.7}, timedelta(minutes=59), started=True)
    watch.look()
    wishes.clear()
    trial(folder, 4, {"voice.volume": 0.7}, timedelta(minutes=61), started=True)
    watch.look()
    assert wishes == ["idle"]
    assert layers.read(folder, Source.BUREAU).values == {"voice.volume": 0.5}
    assert settings_trial.read(folder).state == "undone"
