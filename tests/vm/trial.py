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
from tests.vm.town import STATION, Town

UNIT = "pension-kiosk.service"
ENABLED = (
    "pension-kiosk",
    "pension-kiosk-keys",
    "pension-kiosk-recover",
    "pension-kiosk-update.timer",
    "pension-kiosk-words.timer",
    "pension-kiosk-clock.path",
)
# What an emulated processor needs more than a station's.
SLOW = """[Service]
TimeoutStartSec=1500
WatchdogSec=300
"""


class Trial:
    """The machine with what is plugged into it, and what was seen."""

    def __init__(self, image: Image, work: Path, out: Path, *, anew: bool) -> None:
        self.out = out
        self.share = work / "share"
        if anew:
            for name in ("machine", "town"):
                shutil.rmtree(work / name, ignore_errors=True)
        self.share.mkdir(parents=True, exist_ok=True)
        self.reader = ReaderEmulator(load_cards(CONFIG / "demo" / "cards.toml"), listen=("127.0.0.1", 0))
        self.reader.start()
        self.machine = Machine(image, work / "machine", self.share, self.reader.address)
        self.screen = Screen(self.machine, out)
        self.town = Town(work / "town")

    def close(self) -> None:
        """Switch everything off."""
        self.machine.cut()
        self.reader.stop()
        self.town.bureau.stop()

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


def first_page(trial: Trial) -> None:
    """Units, the camera's driver, and the first page on a real X server."""
    trial.up()
    machine = trial.machine
    answer = machine.run(f"systemctl is-enabled {' '.join(ENABLED)}").text.split()
    if answer != ["enabled"] * len(ENABLED):
        raise VmError(f"units: {answer}")
    trial.say("its units are enabled")
    (trial.share / "slow.conf").write_text(SLOW, encoding="utf-8")
    (trial.share / "vivid.conf").write_text("options vivid n_devs=1 node_types=0x1\n", encoding="utf-8")
    machine.run(f"systemctl stop {UNIT}", 300.0)  # where the machine booted with the package, it is on its way already
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


def set_up(trial: Trial) -> None:
    """The set-up by touch: screen, time, camera, reader, sound, printer."""
    trial.up()
    screen = trial.screen
    for title in ("屏幕和语言", "日期和时间"):
        screen.until(title, timeout_s=600.0)
        screen.touch("好了，下一步")
    screen.until("有画面", "脸在圆圈里", "请站到", timeout_s=300.0)
    screen.keep("camera")
    trial.say("镜头: vivid's picture is shown through V4L2 and OpenCV")
    screen.touch("先跳过")
    trial.reader.lay("chen")
    screen.until("读到了一张证件", timeout_s=300.0)
    screen.keep("reader")
    trial.reader.lift()
    trial.say("读卡器: the reader on the second serial port answers, a card is read")
    screen.touch("好了，下一步")
    screen.until("听得清吗", timeout_s=120.0)
    screen.touch("先跳过")
    screen.touch("没有打印机")
    screen.touch("好了，下一步")
    trial.screen.until("中心的地址")


def register(trial: Trial) -> None:
    """The set-up goes on: the certificate from a stick, the one-time code."""
    trial.up()
    trial.town.open()
    screen, machine = trial.screen, trial.machine
    screen.until("中心的地址", timeout_s=900.0)
    stick = trial.town.stick("certs", {"bureau.pem": trial.town.certificate})
    machine.plug(stick)
    machine.until("ls /media/*/ 2>/dev/null", "bureau.pem", 120.0)
    trial.say("a stick with the bureau's certificate is mounted by the package's rule")
    screen.fill("中心的地址", trial.town.url)
    screen.keep("network-typed")
    screen.touch_until("找优盘上的证书", "bureau.pem")
    screen.touch_until("bureau.pem", "用中心给的证书")
    screen.touch_until("试一试", "地址和证书都对")
    screen.keep("network")
    machine.unplug()
    trial.say("网络: the bureau's address typed, its certificate taken from the stick, the bureau answers by TLS")
    screen.touch("好了，下一步")
    screen.fill("站点编号", STATION)
    screen.fill("站点名称", "VM")
    screen.fill("注册码", trial.town.bureau.enrolment_code(STATION))
    screen.keep("register")
    registered(trial)


def registered(trial: Trial) -> None:
    """Register: the button, and what the page says then."""
    trial.screen.touch_rightmost("注册")
    trial.screen.until("已经注册", timeout_s=300.0)
    trial.say("注册: the one-time code typed, the bureau knows the kiosk")
    trial.screen.touch("好了，下一步")


STAGES: dict[str, Callable[[Trial], None]] = {"first-page": first_page, "set-up": set_up, "register": register}
