"""`./run test-vm FILE.deb`: the kiosk's package in a virtual machine: real init, real X server, the kernel's own camera driver.

Outside CI: needs root, QEMU, debootstrap, Debian's archive and about 15 GB in --work. The processor is emulated (TCG), and the
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
    names = list(STAGES)
    parser = argparse.ArgumentParser(prog="run test-vm", description=__doc__)
    parser.add_argument("deb", type=Path)
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/kiosk-vm"), help="kept: Debian's image, the machine's disk")
    parser.add_argument("--out", type=Path, default=Path("out/vm"), help="pictures and logs")
    parser.add_argument("--from", dest="first", choices=names, help="go on from this stage with the disk of the last run")
    parser.add_argument("--after", choices=names, help="with --from: go on from what this stage left (else the one before)")
    parser.add_argument("--until", dest="last", choices=names, default=names[-1], help="the last stage; all by default")
    parser.add_argument("--keep", action="store_true", help="keep the machine as each stage left it, for --from (a minute each)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the machine and the bureau end too
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    made = image.make(options.work, options.deb)
    began = time.monotonic()
    trial = Trial(made, options.work, out, options.deb.resolve(), anew=options.first is None)
    chosen = names[names.index(options.first or names[0]) : names.index(options.last) + 1]
    after = (options.after or names[names.index(chosen[0]) - 1]) if options.first is not None else ""
    status = _go(trial, chosen, after, keep=options.keep)
    if status == 0:
        print(f"done in {(time.monotonic() - began) / 60:.0f} minutes; pictures: {out}")
    return status


def _go(trial: Trial, chosen: list[str], after: str = "", *, keep: bool = False) -> int:
    """Go through stages; return the exit status. after: from whose end to go on."""
    took = dict[str, tuple[float, float]]()
    try:
        if after:
            trial.go_on(after)
        trial.beside.begin(chosen)
        for name in chosen:
            print(f"{name}: {(STAGES[name].__doc__ or '').strip()}", flush=True)
            at, spent = time.monotonic(), trial.machine.processor_s
            STAGES[name](trial)
            took[name] = time.monotonic() - at, trial.machine.processor_s - spent
            if keep:
                trial.keep(name)
    except VmError as error:
        print(f"✗ {error}")
        trial.keep_logs()
        return 1
    finally:
        trial.close()
    told = ", ".join(f"{name} {seconds / 60:.1f} ({spent / 60:.1f})" for name, (seconds, spent) in took.items())
    print(f"minutes by stage (of a processor, for the machine): {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
