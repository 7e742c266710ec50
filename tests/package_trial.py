"""`./run test-package FILE.deb`: installs the package in fresh Debian 12 and 13 systems made by debootstrap, and takes it away.

Outside CI: needs root, debootstrap, Debian's archive and about 6 GB. In a changed root there is no running systemd and no screen.
Prints what it did; exit status 1 when something was not as it should.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUITES = ("bookworm", "trixie")
HOME, SEALED = "/opt/pension-kiosk/current", "/etc/credstore.encrypted/pension-kiosk.database.key"
AS_KIOSK = "setpriv --reuid=kiosk --regid=kiosk --clear-groups env HOME=/tmp KIOSK_CONFIG=/etc/pension-kiosk/kiosk.toml "
RUN = AS_KIOSK + "/opt/pension-kiosk/current/run kiosk "
IMPORTS = (
    'import importlib, pkgutil, sys; sys.path.insert(0, "/opt/pension-kiosk/current"); import kiosk; '
    'names = [m.name for m in pkgutil.walk_packages(kiosk.__path__, "kiosk.") '
    'if not m.name.startswith(("kiosk.bureau", "kiosk.voice.render", "kiosk.__main__", "kiosk.commands"))]; '
    '[importlib.import_module(n) for n in names]; print(len(names), "all loaded")'
)
# What is asked, and what its output must hold.
STEPS: tuple[tuple[str, str, str], ...] = (
    ("the version in force", "readlink /opt/pension-kiosk/current", "versions/"),
    ("units are enabled", "ls /etc/systemd/system/*.wants/", "pension-kiosk.service"),
    ("the program answers", RUN + "--version", "."),
    ("models and texts are whole", RUN + "doctor --language en || true", "✓ models"),
    ("pictures, faces and matching load", RUN + "doctor --language en || true", "✓ program"),
    ("the user may not change the program", RUN + "doctor --security --language en || true", "✓ program"),
    ("tools of the workbench are left out", RUN + "demo 2>&1 || true", "left out of the installed kiosk"),
    ("every module of the program loads", AS_KIOSK + f"{HOME}/venv/bin/python -P -c '{IMPORTS}' 2>&1", "all loaded"),
    (
        "the kiosk itself starts, off screen",
        "timeout 40 " + RUN + "run > /tmp/run.log 2>&1; cat /tmp/run.log; ls /var/lib/pension-kiosk",
        "kiosk.db",
    ),
    ("the version proves itself, as an update asks", RUN + "self-test 2>/dev/null || true", '"good": true'),
    ("keys lie in files before the first seal", "ls /var/lib/pension-kiosk/keys", "database.key"),
    (
        "seal-keys seals them with systemd-creds",
        HOME + "/assets/deploy/seal-keys 2>&1",
        "is sealed to this machine",
    ),
    (
        "the sealed key opens the database",
        "mkdir -p /run/c && systemd-creds decrypt --name=pension-kiosk.database.key "
        + SEALED
        + " /run/c/pension-kiosk.database.key && chown -R kiosk /run/c && "
        + AS_KIOSK
        + "CREDENTIALS_DIRECTORY=/run/c "
        "/opt/pension-kiosk/current/run kiosk journal verify 2>&1",
        "✓",
    ),
    ("without its key the data is left alone", RUN + "journal verify 2>&1 || true", "no key"),
    ("removal leaves the records", "apt-get -q -y remove pension-kiosk > /dev/null 2>&1; ls /var/lib/pension-kiosk", "kiosk.db"),
    ("nothing of the program is left", "ls -d /opt/pension-kiosk 2>&1 || true", "No such file"),
    (
        "purge asks, and without a yes leaves them",
        "DEBIAN_FRONTEND=noninteractive apt-get -q -y purge pension-kiosk 2>&1; ls /var/lib/pension-kiosk",
        "kiosk.db",
    ),
)


def inside(root: Path, command: str) -> str:
    """Run a command in the changed root and return all that it printed."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["chroot", str(root), "sh", "-c", command], capture_output=True, text=True, errors="replace", check=False, env=env
    )
    return done.stdout + done.stderr


def trial(deb: Path, suite: str, root: Path) -> bool:
    """Install, ask, remove. Returns whether all was as it should."""
    subprocess.run(
        ["debootstrap", "--variant=minbase", suite, str(root)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    root.chmod(0o755)  # noqa: S103  the kiosk's user must get in
    policy = root / "usr" / "sbin" / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)
    (root / "root" / deb.name).write_bytes(deb.read_bytes())
    for place in ("proc", "dev"):
        subprocess.run(["mount", "--bind", f"/{place}", str(root / place)], check=True)
    try:
        inside(root, "apt-get -q update")
        started = time.monotonic()
        said = inside(root, f"apt-get -q -y install --no-install-recommends /root/{deb.name} 2>&1")
        print(f"{suite}: installed in {time.monotonic() - started:.0f} s, with what it depends on")
        good = "已安装" in said
        if not good:
            print(said[-2000:])
        for title, command, wanted in STEPS if good else ():
            answer = inside(root, command)
            right = wanted in answer
            print(f"  {'✓' if right else '✗'} {title}")
            if not right:
                print("      " + answer.strip()[-600:].replace("\n", "\n      "))
            good = good and right
        return good
    finally:
        for place in ("dev", "proc"):
            subprocess.run(["umount", "-l", str(root / place)], check=False)


def main() -> int:
    """Try the package on each suite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("deb", type=Path)
    parser.add_argument("--suite", choices=SUITES, action="append")
    options = parser.parse_args()
    good = True
    for suite in options.suite or SUITES:
        with tempfile.TemporaryDirectory(prefix=f"package-{suite}-") as folder:
            good = trial(options.deb.resolve(), suite, Path(folder)) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
