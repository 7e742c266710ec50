"""Sources by name, clips at their pace, cameras refused by their name."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kiosk.camera import source
from kiosk.camera.opencv import import_cv2
from kiosk.config import Camera
from kiosk.errors import CameraUnavailable, ConfigError

cv2 = import_cv2()


@pytest.fixture
def clip(tmp_path):
    """Ten grey pictures, each 10 levels brighter, at 20 a second."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 20, (64, 48))
    assert writer.isOpened()
    for number in range(10):
        writer.write(np.full((48, 64, 3), 10 + 10 * number, np.uint8))
    writer.release()
    return path


def read_all(opened, limit=1000):
    frames = []
    while len(frames) < limit and (frame := opened.read()) is not None:
        frames.append(frame)
    return frames


def test_a_clip_gives_all_frames_with_its_own_times(clip):
    opened = source.open_source(f"file:{clip}?pace=0", Camera())
    opened.open()
    frames = read_all(opened)
    opened.close()
    assert [frame.seq for frame in frames] == list(range(1, 11))
    assert np.allclose([frame.t_s for frame in frames], np.arange(10) / 20, atol=0.002)
    brightness = [frame.image_bgr.mean() for frame in frames]
    assert np.allclose(brightness, 10 + 10 * np.arange(10), atol=3)


def test_a_looping_clip_goes_on_and_time_never_goes_back(clip):
    opened = source.open_source(f"file:{clip}?loop=1&pace=0", Camera())
    opened.open()
    frames = read_all(opened, limit=35)
    times = np.diff([frame.t_s for frame in frames])
    assert len(frames) == 35
    assert (times > 0).all()
    assert np.allclose(times, 1 / 20, atol=0.002)
    assert abs(frames[10].image_bgr.mean() - 10) < 3, "the eleventh picture is the first again"


def test_at_real_pace_a_clip_waits_for_its_times(clip, monkeypatch):
    now, slept = [100.0], []
    monkeypatch.setattr(source.time, "monotonic", lambda: now[0])

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(source.time, "sleep", sleep)
    opened = source.FileSource(clip)
    opened.open()
    read_all(opened)
    assert sum(slept) == pytest.approx(9 / 20, abs=0.01)


def test_animated_gif(tmp_path):
    path = tmp_path / "face.gif"
    pictures = [Image.new("RGB", (32, 24), (level, level, level)) for level in (0, 120, 240)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, loop=0)
    opened = source.open_source(f"file:{path}?pace=0", Camera())
    opened.open()
    frames = read_all(opened)
    assert len(frames) == 3
    assert np.diff([frame.t_s for frame in frames]) == pytest.approx([0.1, 0.1], abs=0.01)


@pytest.mark.parametrize("content", [None, b"", b"no clip at all"])
def test_an_unreadable_clip_is_unavailable(tmp_path, content):
    path = tmp_path / "bad.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CameraUnavailable):
        source.open_source(f"file:{path}", Camera()).open()


def test_reading_without_open_is_an_error(clip):
    with pytest.raises(CameraUnavailable):
        source.FileSource(clip).read()
    with pytest.raises(CameraUnavailable):
        source.DeviceSource("0", Camera()).read()


@pytest.mark.parametrize("spec", ["", "device", "device:", "http://camera", "0"])
def test_an_unknown_kind_is_a_config_error(spec):
    with pytest.raises(ConfigError, match="device"):
        source.open_source(spec, Camera())


def test_production_code_knows_no_puppet():
    """A kiosk whose configuration says puppet: must not start with it: the emulators register themselves, nothing else does."""
    code = (
        "from kiosk.camera import source, worker; from kiosk.config import Camera; from kiosk.errors import ConfigError\n"
        "try: source.open_source('puppet:biden', Camera())\n"
        "except ConfigError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "refused"


def test_virtual_cameras_are_refused_by_their_name(tmp_path, monkeypatch):
    (tmp_path / "video7").mkdir()
    (tmp_path / "video7" / "name").write_text("OBS Virtual Camera\n", encoding="utf-8")
    (tmp_path / "video8").mkdir()
    (tmp_path / "video8" / "name").write_text("HD Webcam C270\n", encoding="utf-8")
    monkeypatch.setattr(source, "_VIDEO_NAMES", tmp_path)
    with pytest.raises(CameraUnavailable, match="refuse_names"):
        source.DeviceSource("7", Camera()).open()
    names = Camera().refuse_names
    assert source.device_label("/dev/video8") == "HD Webcam C270"
    assert source.refused_by(source.device_label("8"), names) == ""
    assert source.refused_by("v4l2loopback device", names)
    assert source.device_label("9") == ""


def test_importing_opencv_leaves_qt_alone():
    code = (
        "import os\nfrom kiosk.camera.opencv import import_cv2\nimport_cv2()\n"
        "print(sorted(k for k in os.environ if k in ('QT_QPA_PLATFORM_PLUGIN_PATH', 'QT_QPA_FONTDIR')))"
    )
    env = {key: value for key, value in os.environ.items() if not key.startswith("QT_QPA_")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "[]"
    env["QT_QPA_FONTDIR"] = "/somewhere/of/the/operator"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "['QT_QPA_FONTDIR']"
