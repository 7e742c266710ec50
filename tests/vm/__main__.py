"""`./run test-vm FILE.deb`: the kiosk's package in a virtual machine: real init, real X server, the kernel's own camera driver.

Outside CI: needs root, QEMU, debootstrap, Debian's archive and about 12 GB in --work. The processor is emulated (TCG): everything
is ten to twenty times slower than on a station, and the times that the service manager allows the kiosk are longer (said where).
Prints what it did; pictures of the screen lie in --out. Exit status 1 when something was not as it should.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.vm import image
from tests.vm.machine import VmError
from tests.vm.trial import STAGES, Trial


def main() -> int:
    """Make the image where there is none, then go through the stages."""
    parser = argparse.ArgumentParser(prog="run test-vm", description=__doc__)
    parser.add_argument("deb", type=Path)
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/kiosk-vm"), help="kept: Debian's image, the machine's disk")
    parser.add_argument("--out", type=Path, default=Path("out/vm"), help="pictures and logs")
    parser.add_argument("--from", dest="first", choices=list(STAGES), help="go on from this stage with the disk of the last run")
    parser.add_argument("--until", dest="last", choices=list(STAGES), default=list(STAGES)[-1])
    options = parser.parse_args()
    names = list(STAGES)
    chosen = names[names.index(options.first or names[0]) : names.index(options.last) + 1]
    options.out.mkdir(parents=True, exist_ok=True)
    made = image.make(options.work, options.deb)
    trial = Trial(made, options.work, options.out.resolve(), anew=options.first is None)
    began = time.monotonic()
    try:
        for name in chosen:
            print(f"{name}: {(STAGES[name].__doc__ or '').strip()}", flush=True)
            STAGES[name](trial)
    except VmError as error:
        print(f"✗ {error}")
        trial.keep_logs()
        return 1
    finally:
        trial.close()
    print(f"done in {(time.monotonic() - began) / 60:.0f} minutes; pictures: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
