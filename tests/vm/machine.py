"""One virtual machine: QEMU, the shell inside it, its screen, its touch panel, its sticks, and its power."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.vm.image import Image

WIDTH, HEIGHT = 1280, 800  # of the screen, in pixels
DISK = "disk.qcow2"  # what a machine wrote, and the states that were kept of it
# The panel says where it is touched in these units, whatever the screen's size.
_PANEL = 32767
_HAND_S, _KEY_MS = 0.12, 40  # between two movements of a finger; how long a key is held down (its keyboard tells every 10 ms)
# No echo and no prompts: what comes is what commands print.
_SETTLE = "stty -F /dev/hvc0 -echo -onlcr; PS1= PS2=; export PATH=/usr/sbin:/usr/bin:/sbin:/bin DISPLAY=:0 TERM=dumb LANG=C.UTF-8"

# 112: rep_good, which goes with the processor's "fast strings".
_QUICK = "mitigations=off clearcpuid=112"


class VmError(Exception):
    """The virtual machine did not do what it was asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command in the machine came to."""

    status: int
    text: str


class Machine:
    """QEMU with an emulated processor. What it writes goes to an overlay that can be kept from one start to the next.

    Its clock counts instructions, one a nanosecond, and runs on with ours while it has nothing to do. So it is a machine of an
    ordinary small processor that everything else is slow for: no time runs out in it because this machine is busy.
    """

    def __init__(self, image: Image, folder: Path, reader: tuple[str, int] | None = None) -> None:
        """reader: where the emulated reader listens."""
        self._image, self._folder, self._reader = image, folder, reader
        self._process: subprocess.Popen[bytes] | None = None
        self._shell: socket.socket | None = None
        self._qmp: socket.socket | None = None
        self._said = b""
        self._spent_s = 0.0

    @property
    def processor_s(self) -> float:
        """Seconds of a processor of this machine's that it has taken in all: what a busy machine does not change much."""
        if self._process is None or self._process.poll() is not None:
            return self._spent_s
        words = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return self._spent_s + (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def camera_port(self) -> Path:
        """Where pictures for its camera go in (`face`)."""
        return self._folder / "camera.sock"

    # --- power

    @property
    def running(self) -> bool:
        """Whether it is on."""
        return self._process is not None and self._process.poll() is None

    def start(self, kept: str = "") -> None:
        """Switch it on; kept: the name of a state that `keep` left, from which it goes on in the middle of its work."""
        folder = self._folder
        folder.mkdir(parents=True, exist_ok=True)
        overlay = folder / DISK
        if not overlay.exists():
            subprocess.run(
                ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(self._image.disk), "-F", "raw", str(overlay)], check=True
            )
        for name in ("shell.sock", "qmp.sock", "camera.sock"):
            (folder / name).unlink(missing_ok=True)
        command = [
            *("qemu-system-x86_64", "-accel", "tcg,thread=single,tb-size=1024", "-icount", "shift=0,sleep=on"),
            # "Fast strings" are single bytes to an emulated processor: without them a block is copied in larger pieces.
            *("-cpu", "max,-erms,-fsrm", "-smp", "1", "-m", "4096"),
            *("-nodefaults", "-display", "none", "-no-reboot"),
            *("-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd)),
            *("-append", f"root=/dev/vda rw console=ttyS0 net.ifnames=0 loglevel=4 {_QUICK}"),
            # Writes that the guest synced are in the file when it is killed; what it did not sync never left its own memory.
            *("-drive", f"file={overlay},if=virtio,cache=unsafe,discard=unmap"),
            *("-device", f"VGA,edid=on,xres={WIDTH},yres={HEIGHT}"),
            *("-serial", f"file:{folder / 'console.log'}"),
            *self._reader_port(),
            *("-device", "virtio-serial-pci", "-chardev", f"socket,id=shell,path={folder / 'shell.sock'},server=on,wait=off"),
            *("-device", "virtconsole,chardev=shell"),
            *("-chardev", f"socket,id=camera,path={self.camera_port},server=on,wait=off"),
            *("-device", "virtserialport,chardev=camera,name=camera"),
            *("-qmp", f"unix:{folder / 'qmp.sock'},server=on,wait=off"),
            *("-device", "qemu-xhci,id=usb", "-device", "usb-tablet,bus=usb.0", "-device", "usb-kbd,bus=usb.0"),
            *("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="),
            *(("-loadvm", kept) if kept else ()),
        ]
        with (folder / "qemu.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._qmp = self._connected(folder / "qmp.sock")
        self._read_qmp()
        self._ask("qmp_capabilities")
        self._shell, self._said = self._connected(folder / "shell.sock"), b""

    def _reader_port(self) -> list[str]:
        if self._reader is None:
            return []
        host, port = self._reader
        return ["-chardev", f"socket,id=reader,host={host},port={port},reconnect=1", "-device", "isa-serial,chardev=reader,index=1"]

    def _connected(self, path: Path) -> socket.socket:
        deadline = time.monotonic() + 60.0
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise VmError(f"qemu ended: {(self._folder / 'qemu.log').read_text(errors='replace')[-500:]}")
            try:
                made = socket.socket(socket.AF_UNIX)
                made.connect(str(path))
                return made
            except OSError:
                made.close()
                time.sleep(0.2)
        raise VmError(f"{path.name} does not answer")

    def keep(self, name: str) -> None:
        """Keep its whole state, memory and disk, under a name: a later `start` may go on from here."""
        said = self._ask("human-monitor-command", **{"command-line": f"savevm {name}"}, timeout_s=600.0)
        if said.strip():
            raise VmError(f"savevm: {said.strip()}")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it stand still, its clock too, while its screen is looked at."""
        self._ask("stop")
        try:
            yield
        finally:
            self._ask("cont")

    def cut(self) -> None:
        """Cut the power: QEMU is killed at once."""
        if self._process is not None:
            self._spent_s = self.processor_s
            self._process.kill()
            self._process.wait()
        for line in (self._shell, self._qmp):
            if line is not None:
                line.close()
        self._process = self._shell = self._qmp = None

    def off(self, timeout_s: float = 120.0) -> None:
        """Shut it down in good order."""
        if self._process is None or self._shell is None:
            return
        self._shell.sendall(b"systemctl poweroff\n")
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            pass
        self.cut()

    # --- the shell inside

    def until_up(self, timeout_s: float = 300.0) -> float:
        """Wait until the shell answers; return how long it took."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            try:
                self.run(_SETTLE, 20.0)
                return time.monotonic() - began
            except VmError:
                if self._process is None or self._process.poll() is not None:
                    raise
        raise VmError(f"the machine did not come up within {timeout_s:.0f} s; see {self._folder / 'console.log'}")

    def run(self, command: str, timeout_s: float = 120.0) -> Answer:
        """Run a command as root in the machine. Raises VmError when it does not end in time."""
        if self._shell is None:
            raise VmError("it is off")
        token = uuid.uuid4().hex[:8]
        self._shell.sendall(f"{{ {command}\n}} 2>&1 < /dev/null; printf '\\n=%s=%s=\\n' {token} $?\n".encode())
        deadline = time.monotonic() + timeout_s
        mark = f"\n={token}=".encode()
        while time.monotonic() < deadline:
            text = self._said.replace(b"\r", b"")
            if mark in text:
                said, _, rest = text.partition(mark)
                if b"=\n" in rest:
                    status, _, self._said = rest.partition(b"=\n")
                    return Answer(int(status), said.decode(errors="replace").strip())
            self._shell.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                block = self._shell.recv(65536)
            except TimeoutError:
                continue
            if not block:
                raise VmError("its shell is gone")
            self._said += block
        raise VmError(f"no answer within {timeout_s:.0f} s: {command[:80]}: {self._said[-200:]!r}")

    def put(self, path: str, content: bytes) -> None:
        """Write a small file in it. The shell's line is a terminal: short lines of letters."""
        text = base64.encodebytes(content).decode("ascii")
        answer = self.run(f"base64 -d > {path} <<'END'\n{text}END\nsync {path}")
        if answer.status != 0:
            raise VmError(f"{path}: {answer.text}")

    def rest(self, seconds: float) -> None:
        """Let the machine go on for so long by its own clock, so that it has worked off what was touched and typed."""
        self.run(f"sleep {seconds}", 900.0)

    def until(self, command: str, wanted: str, timeout_s: float = 120.0, every_s: float = 2.0) -> float:
        """Ask until the answer holds what is wanted; return how long it took. Raises VmError with the last answer."""
        began = time.monotonic()
        last = ""
        while time.monotonic() - began < timeout_s:
            last = self.run(command).text
            if wanted in last:
                return time.monotonic() - began
            time.sleep(every_s)
        raise VmError(f"not within {timeout_s:.0f} s: {wanted!r} in {command[:80]!r}; last: {last[-400:]!r}")

    # --- screen, panel, keys, sticks

    def screenshot(self, path: Path) -> Path:
        """Take what the screen shows. path: .png, or .ppm, which is not packed: the machine stands still while it packs."""
        self._ask("screendump", filename=str(path), format=path.suffix[1:])
        return path

    def touch(self, x: float, y: float) -> None:
        """Touch the screen at a pixel: the panel is a USB tablet, what follows is the kernel's, libinput's and X's."""
        self.stroke([(x, y)])

    def stroke(self, points: list[tuple[float, float]]) -> None:
        """Put the finger down at the first pixel, draw it along the others, lift it."""
        for number, (x, y) in enumerate(points):
            where = [
                {"type": "abs", "data": {"axis": axis, "value": int(at * _PANEL / size)}}
                for axis, at, size in (("x", x, WIDTH), ("y", y, HEIGHT))
            ]
            self._ask("input-send-event", events=where)
            time.sleep(_HAND_S)
            if number == 0:
                self._button(True)
                time.sleep(_HAND_S)
        self._button(False)

    def _button(self, down: bool) -> None:
        self._ask("input-send-event", events=[{"type": "btn", "data": {"button": "left", "down": down}}])

    def chord(self, *names: str) -> None:
        """Press keys of the keyboard that is plugged in, by QEMU's names, together."""
        self._ask("send-key", **{"keys": [{"type": "qcode", "data": one} for one in names], "hold-time": _KEY_MS})

    def keys(self, text: str) -> None:
        """Type a text on it: letters, digits and some signs."""
        signs = {"-": ["minus"], ".": ["dot"], "/": ["slash"], " ": ["spc"], "_": ["shift", "minus"], ":": ["shift", "semicolon"]}
        pressed = [signs.get(key, ["shift", key.lower()] if key.isupper() else [key]) for key in text]
        for names in pressed:
            self.chord(*names)
        # The page works off two keys a second here (seen: 19 of 31 in ten seconds): what follows must not come before.
        self.rest(0.6 * len(text))

    def plug(self, image: Path, name: str = "stick") -> None:
        """Plug a USB stick in."""
        self._ask("blockdev-add", **{"driver": "raw", "node-name": name, "file": {"driver": "file", "filename": str(image)}})
        self._ask("device_add", driver="usb-storage", bus="usb.0", drive=name, id=f"{name}-device", removable=True)

    def unplug(self, name: str = "stick") -> None:
        """Pull it out."""
        self._ask("device_del", id=f"{name}-device")
        for _ in range(50):
            time.sleep(0.2)
            try:
                self._ask("blockdev-del", **{"node-name": name})
                return
            except VmError:
                continue

    def _ask(self, command: str, *, timeout_s: float = 60.0, **arguments: Any) -> Any:
        if self._qmp is None:
            raise VmError("it is off")
        self._qmp.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            told = self._read_qmp(timeout_s)
            if "error" in told:
                raise VmError(f"{command}: {told['error'].get('desc')}")
            if "return" in told:
                return told["return"]

    def _read_qmp(self, timeout_s: float = 60.0) -> dict[str, Any]:
        line = b""
        assert self._qmp is not None
        self._qmp.settimeout(timeout_s)
        while not line.endswith(b"\n"):
            block = self._qmp.recv(1)
            if not block:
                raise VmError("qemu's monitor is gone")
            line += block
        told: dict[str, Any] = json.loads(line)
        return told
