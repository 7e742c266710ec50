"""Updates of the machine: by stick, over the network, cut off by the power, and one that is no good and goes back by itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import zstandard

from kiosk.config import ROOT
from kiosk.packages import file_digest
from kiosk.updates.sources import object_path
from tests.vm.machine import VmError
from tests.vm.trial import Trial

PHRASE = "trial of updates"
UPDATE = "KIOSK_CONFIG=/etc/pension-kiosk/kiosk.toml /usr/lib/pension-kiosk/update"
STATE = f"{UPDATE} --status"


class Owner:
    """The programme's owner and the bureau's signing: versions made of the package's own tree, signed, put in force."""

    def __init__(self, folder: Path, repository: Path, deb: Path) -> None:
        self.folder, self.repository = folder, repository
        self._phrase, self._keys = folder / "phrase", folder / "keys"
        self._deb = deb

    @property
    def root(self) -> Path:
        """The root keys that a station gets from the owner."""
        return self.repository / "metadata" / "1.root.json"

    def begin(self) -> str:
        """Make keys, repository, and the first version, the one of the package; return its number."""
        self.folder.mkdir(parents=True, exist_ok=True)
        tree = self.folder / "tree"
        if not tree.exists():
            self._phrase.write_text(PHRASE, encoding="ascii")
            self._release("init")
            subprocess.run(["dpkg-deb", "-x", str(self._deb), str(tree)], check=True)
            self._pack_quickly(tree / "opt" / "pension-kiosk" / "versions")
            self._release("add", self.shipped, str(tree / "opt" / "pension-kiosk" / "versions" / self.shipped))
        return self.shipped

    @property
    def shipped(self) -> str:
        """The number of the package's version."""
        (version,) = (path.name for path in (self.folder / "tree" / "opt" / "pension-kiosk" / "versions").iterdir())
        return version

    def _pack_quickly(self, versions: Path) -> None:
        """Lay the package's own files into the repository, packed quickly: the station has them, and fetches none of them."""
        packer = zstandard.ZstdCompressor(level=1)
        for path in versions.rglob("*"):
            if path.is_file() and not path.is_symlink():
                target = self.repository / object_path(file_digest(path))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packer.compress(path.read_bytes()))

    def version(self, number: str, old: str, broken: bool = False) -> Path:
        """Return a tree like the package's with another number; broken: what starts the kiosk ends at once."""
        source = self.folder / "tree" / "opt" / "pension-kiosk" / "versions" / old
        target = self.folder / "versions" / number
        if target.exists():
            return target
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target, symlinks=True, copy_function=shutil.copy2)
        for name in ("kiosk/__init__.py", "venv/pyvenv.cfg"):
            path = target / name
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(old, number), encoding="utf-8")
        compiled = (
            "import py_compile, sys; py_compile.compile(sys.argv[1], dfile='kiosk/__init__.py', optimize=1, doraise=True, "
            "invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
        )
        subprocess.run([sys.executable, "-c", compiled, str(target / "kiosk" / "__init__.py")], check=True)
        if broken:
            session = target / "assets" / "deploy" / "session"
            session.write_text(session.read_text(encoding="utf-8").replace("#!/bin/sh\n", "#!/bin/sh\nexit 1\n"), encoding="utf-8")
        return target

    def offer(self, number: str, tree: Path) -> None:
        """Sign a version, put it in force, open it to all."""
        self._release("add", number, str(tree))
        self._release("publish")
        self._release("stage", number, "--share", "100")

    def _release(self, *arguments: str) -> None:
        common = ("--repository", str(self.repository), "--keys", str(self._keys), "--passphrase-file", str(self._phrase))
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-P", "-m", "kiosk", "release", *common, *arguments]
        done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            raise VmError(f"kiosk release {arguments[0]}: {(done.stderr or done.stdout)[-500:]}")


def _owner(trial: Trial) -> tuple[Owner, str]:
    """The owner's folder and the station's root keys; the number of the package's version."""
    owner = Owner(trial.work / "release", trial.town.folder / "bureau" / "updates", trial.deb)
    installed = owner.begin()
    trial.machine.put("/etc/pension-kiosk/update-root.json", owner.root.read_bytes())
    return owner, installed


def later(version: str, by: int) -> str:
    """Return a later version's number."""
    first, last = version.rsplit(".", 1)
    return f"{first}.{int(re.sub(r'[^0-9].*', '', last)) + by}"


def _sign(trial: Trial, owner: Owner, installed: str, by: int, *, broken: bool = False) -> str:
    """Make, sign and open the next version."""
    number = later(installed, by)
    began = time.monotonic()
    owner.offer(number, owner.version(number, installed, broken))
    trial.say(f"the owner signed {number} and the bureau opened it to all (took {time.monotonic() - began:.0f} s)")
    return number


def _came(trial: Trial, number: str, told: str, timeout_s: float = 3000.0) -> None:
    """Wait until the update's process has ended; look what it came to. Raises VmError."""
    began = trial.uptime()
    running = "systemctl list-units --no-legend --state=active,activating pension-kiosk-update.service update-by-stick.service"
    trial.machine.until(f"{running} | wc -l", "0", timeout_s, 5.0)
    said = trial.machine.run("cat /opt/pension-kiosk/update-result.json; echo; readlink /opt/pension-kiosk/current").text
    if f'"version": "{number}"' not in said or f'"state": "{told}"' not in said:
        words = trial.machine.run("journalctl -b --no-pager -n 40 -u pension-kiosk-update -u update-by-stick").text
        raise VmError(f"{number}: {said}; {words[-900:]}")
    trial.say(f"{number}: {told}; in force: {said.splitlines()[-1]} ({trial.uptime() - began:.0f} s by the machine's clock)")


def _line(trial: Trial) -> int:
    """Bytes that came over the machine's line since it was switched on."""
    return int(trial.machine.run("cat /sys/class/net/eth0/statistics/rx_bytes").text)


def _off_the_stick(trial: Trial) -> int:
    """Bytes that were read of the stick."""
    return 512 * int(trial.machine.run("awk '{print $3}' /sys/block/sda/stat").text)


def by_stick(trial: Trial) -> None:
    """An update by stick: signed, staged, taken from a copy of the repository on a USB stick."""
    trial.serving()
    owner, installed = _owner(trial)
    number = _sign(trial, owner, installed, 1)
    stick = trial.town.stick("update", {"repository": owner.repository}, megabytes=900)
    trial.machine.plug(stick)
    trial.machine.until("ls /media/*/ 2>/dev/null", "repository", 180.0)
    plugged = _off_the_stick(trial)
    command = f"{UPDATE} --stick $(ls -d /media/*/repository)"
    trial.machine.run(f"systemd-run --unit update-by-stick --collect sh -c '{command}'")
    _came(trial, number, "ok")
    trial.say(f"read of the stick: {(_off_the_stick(trial) - plugged) / 1e6:.2f} MB")
    trial.machine.unplug()
    trial.serving()
    trial.screen.keep("updated-by-stick")


def by_network(trial: Trial) -> None:
    """An update from the bureau; the power is cut while it is laid out, and again while the new version is on trial."""
    trial.serving()
    machine = trial.machine
    owner, installed = _owner(trial)
    number = _sign(trial, owner, installed, 2)
    came = _line(trial)
    machine.run("systemctl start --no-block pension-kiosk-update.service")
    machine.until("ls /opt/pension-kiosk/versions", f"{number}.part", 900.0, 1.0)
    came = _line(trial) - came
    trial.cut("in-an-update")
    trial.expect("after the cut the old version is in force", "readlink /opt/pension-kiosk/current", later(installed, 1))
    before = _line(trial)
    machine.run("systemctl start --no-block pension-kiosk-update.service")
    machine.until("cat /var/lib/pension-kiosk-update/state.json", '"phase": "trial"', 3000.0, 1.0)
    came += _line(trial) - before
    trial.say(f"over the line, before and after the cut: {came / 1e6:.2f} MB")
    trial.cut("while-the-new-version-is-on-trial")
    trial.expect("the new version has another start", "readlink /opt/pension-kiosk/current", number)
    machine.run("systemctl start --no-block pension-kiosk-update.service")
    _came(trial, number, "ok")
    trial.serving()
    trial.screen.keep("updated-by-network")
    _bureau_hears(trial, number, "ok")


def broken(trial: Trial) -> None:
    """An update whose kiosk does not start: the version before comes back by itself."""
    trial.serving()
    owner, installed = _owner(trial)
    number = _sign(trial, owner, installed, 3, broken=True)
    trial.machine.run("systemctl start --no-block pension-kiosk-update.service")
    _came(trial, number, "went-back")
    trial.expect("the version before is in force", "readlink /opt/pension-kiosk/current", later(installed, 2))
    trial.serving()
    trial.screen.keep("went-back")
    trial.expect("no unit has failed but the update's own", "systemctl --failed --no-legend | grep -v update | wc -l", "0")
    _bureau_hears(trial, number, "went-back")
    trial.expect("the journal's chain holds", "as-kiosk journal verify; echo status $?", "status 0", 600.0)


def _bureau_hears(trial: Trial, number: str, result: str, timeout_s: float = 900.0) -> None:
    """Wait until the station has told the bureau what became of an update. Raises VmError."""
    began = time.monotonic()
    while trial.town.told_of(number) != result:
        if time.monotonic() - began > timeout_s:
            raise VmError(f"the bureau has heard {trial.town.told_of(number)!r} of {number}, not {result!r}")
        trial.machine.rest(5.0)
    trial.say(f"the bureau has heard of {number}: {result}")
