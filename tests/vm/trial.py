"""The trial: the virtual machine with what is plugged into it, the bureau beside it, and what was seen."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from kiosk.config import CONFIG
from kiosk.emulators.reader import ReaderEmulator
from kiosk.emulators.reader_cards import load_cards
from tests.vm import states
from tests.vm.image import Image
from tests.vm.machine import Machine, VmError
from tests.vm.owner import UPDATES, Beside, Owner
from tests.vm.screen import Screen
from tests.vm.town import Town

UNIT = "pension-kiosk.service"


class Trial:
    """The machine with what is plugged into it, and what was seen."""

    def __init__(self, image: Image, work: Path, out: Path, deb: Path, *, anew: bool) -> None:
        """deb: the package in the image; updates are made of it. anew: nothing of the last run is kept."""
        self.out, self.work = out, work
        if anew:
            for name in ("machine", "town", "release", "states"):
                shutil.rmtree(work / name, ignore_errors=True)
        self.reader = ReaderEmulator(load_cards(CONFIG / "demo" / "cards.toml"), listen=("127.0.0.1", 0))
        self.reader.start()
        self.machine = Machine(image, work / "machine", self.reader.address)
        self.screen = Screen(self.machine, out)
        self.town = Town(work / "town")
        self.beside = Beside(Owner(work / "release", self.town.folder / "bureau" / "updates", deb), self.town)

    def close(self) -> None:
        """Switch everything off."""
        self.machine.cut()
        self.reader.stop()
        self.town.bureau.stop()
        self.beside.close()

    def keep(self, stage: str) -> None:
        """Keep what a stage left, for `go_on`."""
        if not self.machine.running:
            return
        owners = stage in UPDATES  # before, they go on with their work
        if owners:
            self.beside.all_made()
        if self.town.bureau.running:
            self.town.bureau.pause()
        try:
            self.machine.keep(stage)
            states.save(self.work, stage, owners=owners)
        finally:
            if self.town.bureau.running:
                self.town.bureau.resume()

    def go_on(self, stage: str) -> None:
        """Go on from what a stage left, where it was kept; else from the disk as it is."""
        if not states.saved(self.work, stage):
            return
        states.load(self.work, stage)
        self.machine.start(stage)
        self.machine.until_up(300.0)
        self.set_clock()
        self.say(f"as {stage} left it")

    def set_clock(self) -> None:
        """Set the machine's clock, which falls behind ours while it works: what a network's clock would do for it."""
        self.machine.run(f"date -s @{time.time():.0f}")

    def uptime(self) -> float:
        """Return how long the machine has been on, by its own clock."""
        return float(self.machine.run("cut -d' ' -f1 /proc/uptime").text)

    def say(self, text: str) -> None:
        """Tell what was done."""
        print(f"  {time.strftime('%H:%M:%S')} ✓ {text}", flush=True)

    def up(self) -> None:
        """Switch the machine on, when it is off, and wait for its shell."""
        if self.machine.running:
            return
        self.machine.start()
        took = self.machine.until_up(900.0)
        self.say(f"the machine is up after {took:.0f} s: {self.machine.run('uname -r; cat /etc/debian_version').text.split()}")

    def ready(self, timeout_s: float = 1500.0) -> float:
        """Wait until the kiosk is READY; return how long it took."""
        return self.machine.until(f"systemctl show -p ActiveState,StatusText {UNIT}", "ActiveState=active", timeout_s, 3.0)

    def serving(self, page: str = "开始认证") -> None:
        """Switch the machine on where it is off; wait for the kiosk and its first page, or what stands there instead."""
        self.up()
        self.set_clock()
        if not self.town.bureau.running:
            self.town.open()
        took = self.ready()
        if took > 5.0:
            self.say(f"the kiosk is READY {took:.0f} s later")
        self.machine.until(f"systemctl show -p StatusText {UNIT}", "at=idle", 900.0)
        self.screen.until(page, timeout_s=600.0)

    def cut(self, where: str) -> None:
        """Cut the power, switch on again, and look that the kiosk serves."""
        self.screen.keep(f"before-the-cut-{where}")
        self.machine.cut()
        self.say(f"power cut: {where}")
        self.serving()
        self.screen.keep(f"after-the-cut-{where}")

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
