"""The virtual machine's disk: Debian by debootstrap with its stock kernel, and what the package depends on, as an image for QEMU.

Made once in a folder that is kept: a second run starts from it. Needs root, debootstrap, mke2fs and Debian's archive.
"""

from __future__ import annotations

import contextlib
import hashlib
import lzma
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.packages import file_digest
from tests.vm.face import MODULE

SUITE = "bookworm"
FIRST = ("systemd", "systemd-sysv", "udev", "dbus", "kmod", "iproute2", "zstd")
KERNEL = ("linux-image-amd64", "initramfs-tools")
# What the machine's first seconds need: the disk. All of Debian's drivers take minutes to gather on a busy machine.
INITRAMFS = {"conf.d/trial": "MODULES=list\n", "modules": "virtio_pci\nvirtio_blk\next4\n"}
# What only the trial uses: to pull the camera, to touch the screen, to look at what X does.
TOOLS = ("v4l-utils", "xdotool", "xserver-xorg-input-libinput", "dosfstools", "procps")
SIZE = "9G"  # sparse
_XZ = b"\xfd7zXZ\x00"  # where a packed kernel begins in its file

# A root's shell on a line of its own, by which the trial asks what is going on. Nothing of the kiosk knows of it.
_SHELL = """[Unit]
Description=The trial's shell
After=systemd-udev-settle.service
[Service]
ExecStart=/bin/sh
StandardInput=tty
StandardOutput=tty
StandardError=tty
TTYPath=/dev/hvc0
Restart=always
RestartSec=1
[Install]
WantedBy=basic.target
"""
_NETWORK = "[Match]\nName=e*\n[Network]\nDHCP=ipv4\n"
# The reader is on the machine's second serial port, which is no USB converter: the name that the package's rules would give it.
_READER = 'KERNEL=="ttyS1", SYMLINK+="idcard-reader", GROUP="dialout", MODE="0660"\n'
# QEMU reads all of a masked AVX load, also what the mask leaves out, and faults where a processor does not: at the end of mapped
# memory (seen with 7.2 and 10.0: numpy adds 17 floats that end there). numpy's vectors of AVX2 are switched off in the machine.
_NO_MASKED_LOADS = "[Manager]\nDefaultEnvironment=NPY_DISABLE_CPU_FEATURES=X86_V3\n"


@dataclass(frozen=True, slots=True)
class Image:
    """What QEMU starts from."""

    disk: Path
    kernel: Path
    initrd: Path


def depends(deb: Path) -> list[str]:
    """Return the names of the packages that a package depends on; of alternatives the first."""
    told = subprocess.run(["dpkg-deb", "-f", str(deb), "Depends"], capture_output=True, text=True, check=True).stdout
    return [re.split(r"[ |(]", one.strip())[0] for one in told.split(",") if one.strip()]


def inside(root: Path, command: str) -> None:
    """Run a command in the changed root. Raises CalledProcessError."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["chroot", str(root), "sh", "-c", command], check=True, env=env, stdout=subprocess.DEVNULL)


def make(work: Path, deb: Path) -> Image:
    """Return the image for a package, made when it is not in `work`: installed by apt at this machine's own speed.

    Under an emulated processor apt takes longer than all the rest together. Debian with what the package depends on is kept as a
    folder of its own, for the next package.
    """
    settled = hashlib.sha256(Path(__file__).read_bytes() + MODULE.encode()).hexdigest()
    folder = work / f"image-{file_digest(deb)[:12]}-{settled[:6]}"
    image = Image(folder / "disk.raw", folder / "vmlinux", folder / "initrd.img")
    if all(path.is_file() for path in (image.disk, image.kernel, image.initrd)):
        return image
    names = [*depends(deb), *TOOLS]
    base = _debian(work / f"debian-{hashlib.sha256(' '.join([SUITE, *FIRST, *KERNEL, *names]).encode()).hexdigest()[:12]}", names)
    root = folder / "root"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(root)], check=True)
    shutil.copyfile(deb, root / "root" / deb.name)
    with _proc(root):
        began = time.monotonic()
        inside(root, f"apt-get -q -y install --no-install-recommends /root/{deb.name} && rm /root/{deb.name}")
        print(f"apt installed the package in {time.monotonic() - began:.0f} s (this machine's own processor)", flush=True)
        inside(root, "apt-get clean")
    (root / "usr" / "sbin" / "policy-rc.d").unlink()
    _settle(root)
    image.kernel.write_bytes(unpacked_kernel(_newest(root, "vmlinuz").read_bytes()))
    shutil.copyfile(_newest(root, "initrd.img"), image.initrd)
    part = image.disk.with_suffix(".part")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-L", "trial", "-d", str(root), str(part), SIZE], check=True)
    part.replace(image.disk)
    shutil.rmtree(root)
    return image


def unpacked_kernel(packed: bytes) -> bytes:
    """Return the kernel as QEMU starts it too, by its PVH entry: to unpack itself takes an emulated processor ten seconds."""
    return lzma.LZMADecompressor().decompress(packed[packed.index(_XZ) :])


def _newest(root: Path, name: str) -> Path:
    return sorted((root / "boot").glob(f"{name}-*"))[-1]


def _debian(folder: Path, names: list[str]) -> Path:
    """Return Debian's tree with its kernel and these packages, made when it is not there."""
    if folder.is_dir():
        return folder
    root = folder.with_suffix(".part")
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={','.join(FIRST)}", SUITE, str(root)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    root.chmod(0o755)  # noqa: S103  the kiosk's user must get in
    policy = root / "usr" / "sbin" / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)
    # Before the kernel, which makes it; no later package adds what the first seconds need.
    for name, text in (INITRAMFS | {"update-initramfs.conf": "update_initramfs=no\n"}).items():
        (root / "etc" / "initramfs-tools" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "etc" / "initramfs-tools" / name).write_text(text, encoding="ascii")
    quick = "-o Dpkg::Options::=--force-unsafe-io -o Dpkg::Options::=--force-confold"  # nobody cuts the power here
    with _proc(root):
        inside(root, "apt-get -q update")
        inside(root, f"apt-get -q -y {quick} install --no-install-recommends {' '.join((*KERNEL, *names))}")
        inside(root, "apt-get clean")
    return root.rename(folder)


@contextlib.contextmanager
def _proc(root: Path) -> Iterator[None]:
    """Lend a changed root this machine's /proc."""
    subprocess.run(["mount", "--bind", "/proc", str(root / "proc")], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(root / "proc")], check=False)


def _settle(root: Path) -> None:
    files = {
        "etc/fstab": "/dev/vda / ext4 defaults 0 1\n",
        "etc/hostname": "kiosk-trial\n",
        "etc/hosts": "127.0.0.1 localhost kiosk-trial\n10.0.2.2 bureau.trial\n",
        "etc/systemd/system/trial-shell.service": _SHELL,
        "etc/systemd/network/20-trial.network": _NETWORK,
        "etc/udev/rules.d/90-trial-reader.rules": _READER,
        "etc/systemd/system.conf.d/trial.conf": _NO_MASKED_LOADS,
        "etc/modules-load.d/trial.conf": "virtio_console\nvivid\n",
        "etc/modprobe.d/trial.conf": MODULE,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for unit in ("trial-shell.service", "systemd-networkd.service"):
        inside(root, f"systemctl enable -q {unit}")
    # A timer of the system's own in the middle of the trial would take the processor that the trial waits for.
    for unit in (
        "apt-daily.timer",
        "apt-daily-upgrade.timer",
        "e2scrub_all.timer",
        "fstrim.timer",
        "man-db.timer",
        "dpkg-db-backup.timer",
        "e2scrub_reap.service",
    ):
        inside(root, f"systemctl mask -q {unit} || true")
