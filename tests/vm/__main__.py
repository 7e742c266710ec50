"""`./run test-vm FILE.deb`: the kiosk's package in a virtual machine: real init, real X server, the kernel's own camera driver.

Outside CI: needs root, QEMU, debootstrap, Debian's archive and about 12 GB in --work. The processor is emulated (TCG), and the
machine's clock goes by its instructions: what takes long here takes no longer there, and nothing runs out of time.
Prints what it did; pictures of the screen lie in --out. Exit status 1 when something was not as it should.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.vm import image
from tests.vm.machine import VmError
from tests.vm.set_up import first_page, register, set_up, supervisor
from tests.vm.trial import Trial
from tests.vm.updating import broken, by_network, by_stick
from tests.vm.visits import answered, camera, cuts, self_service, visit

STAGES: dict[str, Callable[[Trial], None]] = {
    "first-page": first_page,
    "set-up": set_up,
    "register": register,
    "supervisor": supervisor,
    "answered": answered,
    "visit": visit,
    "camera": camera,
    "self": self_service,
    "cuts": cuts,
    "by-stick": by_stick,
    "by-network": by_network,
    "broken": broken,
}


def main() -> int:
    """Make the image where there is none, then go through the stages."""
    parser = argparse.ArgumentParser(prog="run test-vm", description=__doc__)
    parser.add_argument("deb", type=Path)
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/kiosk-vm"), help="kept: Debian's image, the machine's disk")
    parser.add_argument("--out", type=Path, default=Path("out/vm"), help="pictures and logs")
    parser.add_argument("--from", dest="first", choices=list(STAGES), help="go on from this stage with the disk of the last run")
    parser.add_argument("--after", choices=list(STAGES), help="with --from: go on from what this stage left (else the one before)")
    parser.add_argument("--until", dest="last", choices=list(STAGES), default="register", help="register: as far as it was seen")
    parser.add_argument("--keep", action="store_true", help="keep the machine as each stage left it, for --from (a minute each)")
    options = parser.parse_args()
    names = list(STAGES)
    chosen = names[names.index(options.first or names[0]) : names.index(options.last) + 1]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the machine and the bureau end too
    options.out.mkdir(parents=True, exist_ok=True)
    made = image.make(options.work, options.deb)
    trial = Trial(made, options.work, options.out.resolve(), options.deb.resolve(), anew=options.first is None)
    began, took = time.monotonic(), dict[str, tuple[float, float]]()
    try:
        if chosen[0] != names[0]:
            trial.go_on(options.after or names[names.index(chosen[0]) - 1])
        trial.beside.begin(chosen)
        for name in chosen:
            print(f"{name}: {(STAGES[name].__doc__ or '').strip()}", flush=True)
            at, spent = time.monotonic(), trial.machine.processor_s
            STAGES[name](trial)
            took[name] = time.monotonic() - at, trial.machine.processor_s - spent
            if options.keep:
                trial.keep(name)
    except VmError as error:
        print(f"✗ {error}")
        trial.keep_logs()
        return 1
    finally:
        trial.close()
    told = ", ".join(f"{name} {seconds / 60:.1f} ({spent / 60:.1f})" for name, (seconds, spent) in took.items())
    print(f"minutes by stage (of a processor, for the machine): {told}")
    print(f"done in {(time.monotonic() - began) / 60:.0f} minutes; pictures: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
