"""Somebody before the machine's camera: the demo's puppet, drawn here, fed into the output side of the kernel's `vivid`.

vivid hands what it is given as an output to its own capture side (its control loop_video): for the kiosk an ordinary camera. The
pictures go in by a port of QEMU's, as fast as vivid takes them; so the puppet's time is the machine's.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

from kiosk.demo import people
from kiosk.demo.portraits import draw_portrait, pose_of
from kiosk.domain.reasons import Action
from kiosk.emulators.puppet import PuppetSource

SIZE, FPS = (720, 576), 25.0  # PAL, the only size that vivid's S-Video input and output have in common with a camera
# One capture and one output device; S-Video on both sides; no scaling, or loop_video does not copy.
MODULE = (
    "options vivid n_devs=1 node_types=0x101 num_inputs=1 input_types=0x2 num_outputs=1 output_types=0x0 "
    "ccs_cap_mode=0 ccs_out_mode=0\n"
)
FEED = (
    "v4l2-ctl -d /dev/video0 -i 0 -s pal; v4l2-ctl -d /dev/video1 -o 0 -s pal; "
    "v4l2-ctl -d /dev/video0 -c loop_video=1,osd_text_mode=2; "
    f"v4l2-ctl -d /dev/video1 --set-fmt-video-out=width={SIZE[0]},height={SIZE[1]},pixelformat=BGR3; "
    # Until this machine's end is plugged in, and after it was pulled, the port has nothing to read. (vivid refuses write().)
    "setsid sh -c 'echo $$ > /run/feeds-camera; while :; do v4l2-ctl -d /dev/video1 --stream-out-mmap=3 "
    "--stream-from=/dev/virtio-ports/camera; sleep 0.2; done' < /dev/null > /run/feeds-camera.log 2>&1 &"
)
NO_FEED = "kill -- -$(cat /run/feeds-camera); v4l2-ctl -d /dev/video0 -c loop_video=0"


class Face:
    """A person of the demo's cards who stands there, and moves when asked to."""

    def __init__(self, folder: Path, port: Path, card: str) -> None:
        number = str(people.card(card)["id_number"])
        portrait = draw_portrait(folder / f"{card}.png", pose_of(number))
        self._puppet = PuppetSource(portrait, size=SIZE, fps=FPS, realtime=False)
        self._port = port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="face", daemon=True)
        self.frames = 0

    def __enter__(self) -> Face:
        self._puppet.open()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10.0)

    def act(self, action: Action, speed: float = 0.5) -> None:
        """Blink, open the mouth, turn: slowly, as old people do."""
        self._puppet.perform(action, speed)

    def busy(self) -> bool:
        """Whether a movement is under way."""
        return self._puppet.busy()

    def _draw(self) -> None:
        with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
            line.connect(str(self._port))
            line.settimeout(1.0)
            while not self._over.is_set():
                frame = self._puppet.read()
                if frame is None:
                    continue
                rest = memoryview(frame.image_bgr.tobytes())
                while rest and not self._over.is_set():
                    with contextlib.suppress(TimeoutError):
                        rest = rest[line.send(rest) :]
                self.frames += 1
