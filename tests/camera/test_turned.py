"""A camera that hangs on its side: the picture is turned, and doctor says by how much."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.camera import source
from kiosk.config import Camera
from kiosk.doctor import camera as doctor_camera
from kiosk.face.detect import FoundFace


def picture() -> np.ndarray:
    image = np.zeros((40, 60, 3), np.uint8)
    image[:10, :15] = 255  # a mark in the upper left
    return image


@pytest.mark.parametrize(("degrees", "corner"), [(0, (5, 5)), (90, (5, 35)), (180, (35, 55)), (270, (55, 5))])
def test_a_picture_is_turned_clockwise(degrees, corner):
    image = source.turned(picture(), degrees)
    assert image.shape[:2] == ((40, 60) if degrees % 180 == 0 else (60, 40))
    assert image[corner].min() == 255
    assert int((image[:, :, 0] == 255).sum()) == 150


def test_the_setting_turns_what_a_source_gives(tmp_path):
    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter_fourcc(*"MJPG"), 10, (60, 40))
    writer.write(picture())
    writer.release()
    for degrees, shape in ((0, (40, 60)), (90, (60, 40)), (270, (60, 40))):
        opened = source.open_source(f"file:{clip}?pace=0", Camera(rotate=degrees))
        opened.open()
        assert opened.read().image_bgr.shape[:2] == shape
        opened.close()


class Upright:
    """Finds a face where the mark is in the upper left: a detector that knows heads as they should stand."""

    def detect(self, image: np.ndarray) -> list[FoundFace]:
        if image[:10, :10].min() < 255 or image.shape[:2] != (40, 60):
            return []
        five = np.array([[10, 10], [20, 10], [15, 15], [10, 20], [20, 20]], np.float32)
        return [FoundFace(0.9, (0, 0, 30, 30), five)]


@pytest.mark.parametrize("hung", [0, 90, 180, 270])
def test_doctor_says_how_far_to_turn(hung):
    wanted = doctor_camera.turn_wanted(source.turned(picture(), hung), Upright())
    assert (hung + wanted) % 360 == 0


def test_nobody_before_the_camera_says_nothing():
    assert doctor_camera.turn_wanted(np.zeros((40, 60, 3), np.uint8), Upright()) == 0


def test_a_camera_by_number_is_advised_its_steady_path(tmp_path):
    assert source.steady_path("7", tmp_path / "none") == ""
    link = tmp_path / "usb-Some_Camera-video-index0"
    link.symlink_to(Path("/dev/video7"))
    assert source.steady_path("7", tmp_path) == str(link)
    assert source.steady_path("8", tmp_path) == ""
    assert "by-id" in doctor_camera.steady_advice("device:7")
    for other in ("device:/dev/v4l/by-id/x", "file:clip.mp4", "puppet:x"):
        assert doctor_camera.steady_advice(other) == ""
