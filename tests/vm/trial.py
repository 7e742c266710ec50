"""The stages of the trial. Each starts from what the one before left on the machine's disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from kiosk.config import CONFIG
from kiosk.emulators.reader import ReaderEmulator
from kiosk.emulators.reader_cards import load_cards
from tests.vm.image import Image
from tests.vm.machine import Machine, VmError
from tests.vm.screen import Screen

UNIT = "pension-kiosk.service"
ENABLED = ("pension-kiosk", "pension-kiosk-keys", "pension-kiosk-recover", "pension-kiosk-update.timer", "pension-kiosk-clock.path")
# What an emulated processor needs more than a station's.
SLOW = """[Service]
TimeoutStartSec=1500
WatchdogSec=300
"""


class Trial:
    """The machine with what is plugged into it, and what was seen."""

    def __init__(self, image: Image, work: Path, out: Path, deb: Path, *, accel: str, anew: bool) -> None:
        self.out, self.deb = out, deb
        self.share = work / "share"
        if anew:
            shutil.rmtree(work / "machine", ignore_errors=True)
        self.share.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(deb, self.share / "pension-kiosk.deb")
        self.reader = ReaderEmulator(load_cards(CONFIG / "demo" / "cards.toml"), listen=("127.0.0.1", 0))
        self.reader.start()
        self.machine = Machine(image, work / "machine", self.share, self.reader.address, accel=accel)
        self.screen = Screen(self.machine, out)

    def close(self) -> None:
        """Switch everything off."""
        self.machine.cut()
        self.reader.stop()

    def say(self, text: str) -> None:
        """Tell what was done."""
        print(f"  {time.strftime('%H:%M:%S')} ✓ {text}", flush=True)

    def up(self) -> None:
        """Switch the machine on, when it is off, and wait for its shell."""
        if self.machine.running:
            return
        self.machine.start()
        took = self.machine.until_up(900.0)
        self.machine.run("mkdir -p /share; mountpoint -q /share || mount -t 9p -o trans=virtio,version=9p2000.L,ro share /share")
        self.say(f"the machine is up after {took:.0f} s: {self.machine.run('uname -r; cat /etc/debian_version').text.split()}")

    def expect(self, title: str, command: str, wanted: str, timeout_s: float = 120.0) -> str:
        """Run a command, and say so when its output holds what is wanted. Raises VmError."""
        answer = self.machine.run(command, timeout_s)
        if wanted not in answer.text:
            raise VmError(f"{title}: {answer.text[-800:]}")
        self.say(title)
        return answer.text

    def keep_logs(self) -> None:
        """Keep what the machine says of itself after a failure."""
        if not self.machine.running:
            return
        try:
            self.screen.keep("failed")
            said = self.machine.run("journalctl -b --no-pager -n 300; systemctl --no-pager status pension-kiosk*", 120.0).text
            (self.out / "failed.log").write_text(said, encoding="utf-8")
        except VmError as error:
            print(f"  no logs: {error}")


def install(trial: Trial) -> None:
    """The machine boots Debian's kernel with systemd; the package is installed with apt; the first page comes."""
    trial.up()
    machine = trial.machine
    began = time.monotonic()
    trial.expect(
        "apt installs the package",
        "DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends /share/pension-kiosk.deb",
        "已安装",
        1800.0,
    )
    trial.say(f"apt took {time.monotonic() - began:.0f} s")
    answer = machine.run(f"systemctl is-enabled {' '.join(ENABLED)}").text.split()
    if answer != ["enabled"] * len(ENABLED):
        raise VmError(f"units: {answer}")
    trial.say("its units are enabled")
    (trial.share / "slow.conf").write_text(SLOW, encoding="utf-8")
    (trial.share / "vivid.conf").write_text("options vivid n_devs=1 node_types=0x1\n", encoding="utf-8")
    machine.run(f"install -D -m 644 /share/slow.conf /etc/systemd/system/{UNIT}.d/slow.conf; systemctl daemon-reload")
    trial.say("longer times for an emulated processor: start 1500 s instead of 90, watchdog 300 s instead of 30")
    machine.run("cp /share/vivid.conf /etc/modprobe.d/; echo vivid > /etc/modules-load.d/vivid.conf; modprobe vivid; sync")
    machine.until("v4l2-ctl --list-devices", "/dev/video0", 60.0)
    trial.say("the camera is the kernel's vivid at /dev/video0")
    began = time.monotonic()
    machine.run(f"systemctl start --no-block {UNIT}")
    machine.until(f"systemctl show -p ActiveState,StatusText {UNIT}", "ActiveState=active", 1500.0, 5.0)
    trial.say(f"the kiosk is READY {time.monotonic() - began:.0f} s after its start")
    trial.expect(
        "a real X server, as the kiosk's user, with the kernel's driver", "ps -o user=,args= -C Xorg; ls -l /dev/dri", "kiosk"
    )
    trial.expect("READY came from the kiosk itself", f"systemctl show -p Type,NotifyAccess,MainPID,User {UNIT}", "Type=notify")
    trial.screen.until("站点安装", timeout_s=600.0)
    trial.screen.keep("first-page")
    trial.say(f"the first page shows 站点安装: {[word.text for word in trial.screen.seen][:8]}")


STAGES: dict[str, Callable[[Trial], None]] = {"install": install}
