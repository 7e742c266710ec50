"""What is set by touch or sent by the bureau lies over the operator's file; a fault in it keeps no station from starting."""

from __future__ import annotations

import json

import pytest

from kiosk import config, layers
from kiosk.doctor import checks
from kiosk.errors import ConfigError
from kiosk.layers import Source


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "kiosk.toml"
    path.write_text(
        f'[station]\nstation_id = "UNSET"\n[store]\ndirectory = "{tmp_path}/var"\n[camera]\nrotate = 180\n', encoding="utf-8"
    )
    return path


def test_the_later_layer_wins_and_the_operators_file_is_left_alone(file, tmp_path):
    before = file.read_bytes()
    layers.change(tmp_path / "var", Source.STATION, {"station.station_id": "SZ-1", "ui.theme": "contrast", "voice.volume": 0.5})
    layers.change(tmp_path / "var", Source.BUREAU, {"voice.volume": 0.8})
    settings = config.load(file, {"ui": {"fullscreen": False}})
    assert (settings.station.station_id, settings.ui.theme, settings.voice.volume) == ("SZ-1", "contrast", 0.8)
    assert (settings.camera.rotate, settings.ui.fullscreen) == (180, False)
    assert config.load(file, layered=False).station.station_id == "UNSET"
    layers.change(tmp_path / "var", Source.BUREAU, {"voice.volume": None})
    assert config.load(file).voice.volume == 0.5
    assert file.read_bytes() == before
    assert checks.check_settings(config.load(file)).state == "ok"


@pytest.mark.parametrize(
    "key", ["match.accept", "store.key_command", "liveness.checks.depth", "reader.wlt.library", "desk.pin_min_length"]
)
@pytest.mark.parametrize("source", Source)
def test_what_decides_or_keeps_keys_is_in_no_layer(file, tmp_path, source, key):
    with pytest.raises(ConfigError, match="cannot be set"):
        layers.change(tmp_path / "var", source, {key: "x"})
    path = layers.path_of(tmp_path / "var", source)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({key: "x"}), encoding="utf-8")
    assert config.load(file) == config.load(file, layered=False)
    assert key in checks.check_settings(config.load(file)).what


def test_every_key_of_a_layer_is_a_setting():
    for key in layers.BY_TOUCH | layers.FROM_AFAR:
        here: object = config.Settings()
        for part in key.split("."):
            here = getattr(here, part)


@pytest.mark.parametrize(
    "data",
    [b"", bytes(4096), b"[1]", b"{", b'{"a":' * 30000, b'{"camera.rotate": 45, "ui.theme": "contrast", "camera.source": ["x"]}'],
)
def test_a_damaged_layer_or_a_value_that_is_refused_is_left_out_alone_and_told(file, tmp_path, data):
    path = layers.path_of(tmp_path / "var", Source.STATION)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    settings = config.load(file)
    assert settings.camera.rotate == 180
    assert settings.ui.theme == ("contrast" if b"contrast" in data else "paper")
    assert checks.check_settings(settings).state == "bad"


def test_a_preview_names_what_is_wrong_and_writes_nothing(tmp_path):
    assert config.changed(config.Settings(), {"camera.rotate": 90}).camera.rotate == 90
    with pytest.raises(ConfigError, match=r"camera\.rotate"):
        config.changed(config.Settings(), {"camera.rotate": 45})
    assert not (tmp_path / "var").exists()
    with pytest.raises(ConfigError):
        layers.change(tmp_path / "var", Source.STATION, {"station.name": "a\nb"})


def test_a_full_disk_is_told_and_leaves_the_old_layer(tmp_path, monkeypatch):
    layers.change(tmp_path, Source.STATION, {"voice.volume": 0.5})

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layers.os, "fsync", full)
    with pytest.raises(ConfigError, match="No space"):
        layers.change(tmp_path, Source.STATION, {"voice.volume": 0.9})
    assert layers.read(tmp_path, Source.STATION).values == {"voice.volume": 0.5}
    assert [path.name for path in (tmp_path / layers.FOLDER).iterdir()] == ["station.json"]
