"""Updates of the machine: by stick, over the network, cut off by the power, and one that is no good and goes back by itself."""

from __future__ import annotations

import time

from tests.vm.machine import VmError
from tests.vm.owner import Made
from tests.vm.trial import Trial

UPDATE = "KIOSK_CONFIG=/etc/pension-kiosk/kiosk.toml /usr/lib/pension-kiosk/update"
STATE = f"{UPDATE} --status"


def _made(trial: Trial, stage: str) -> Made:
    """What the owner made beside the machine; the station has the owner's root keys from now on."""
    made = trial.beside.made(stage)
    trial.machine.put("/etc/pension-kiosk/update-root.json", trial.beside.owner.root.read_bytes())
    trial.say(f"the owner signed {made.number} (took {made.took_s:.0f} s, beside the machine)")
    return made


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


def _in_force(trial: Trial) -> str:
    """Return the version that is in force. Raises VmError."""
    answer = trial.machine.run("readlink /opt/pension-kiosk/current")
    if answer.status != 0 or not answer.text:
        raise VmError(f"no version is in force: {answer.text}")
    return answer.text


def _line(trial: Trial) -> int:
    """Bytes that came over the machine's line since it was switched on."""
    return int(trial.machine.run("cat /sys/class/net/eth0/statistics/rx_bytes").text)


def _off_the_stick(trial: Trial) -> int:
    """Bytes that were read of the stick."""
    return 512 * int(trial.machine.run("awk '{print $3}' /sys/block/sda/stat").text)


def by_stick(trial: Trial) -> None:
    """An update by stick: signed, staged, taken from a copy of the repository on a USB stick."""
    trial.serving()
    made = _made(trial, "by-stick")
    assert made.stick is not None
    number = made.number
    trial.machine.plug(made.stick)
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
    made = _made(trial, "by-network")
    number, before = made.number, _in_force(trial)
    trial.beside.owner.offer(number)  # the bureau puts it in force and opens it to all
    came = _line(trial)
    machine.run("systemctl start --no-block pension-kiosk-update.service")
    machine.until("ls /opt/pension-kiosk/versions", f"{number}.part", 900.0, 1.0)
    came = _line(trial) - came
    trial.cut("in-an-update")
    trial.expect("after the cut the old version is in force", "readlink /opt/pension-kiosk/current", before)
    line = _line(trial)
    machine.run("systemctl start --no-block pension-kiosk-update.service")
    machine.until("cat /var/lib/pension-kiosk-update/state.json", '"phase": "trial"', 3000.0, 1.0)
    came += _line(trial) - line
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
    made = _made(trial, "broken")
    number, before = made.number, _in_force(trial)
    trial.beside.owner.offer(number)  # the bureau puts it in force and opens it to all
    trial.machine.run("systemctl start --no-block pension-kiosk-update.service")
    _came(trial, number, "went-back")
    trial.expect("the version before is in force", "readlink /opt/pension-kiosk/current", before)
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
