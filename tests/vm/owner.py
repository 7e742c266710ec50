"""Who makes the updates of the trial: the programme's owner with the keys, and what is made beside the machine while it is at work.

The machine takes one processor. Signing, packing and making the stick take another for a while: they are begun with the trial.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import zstandard

from kiosk.config import ROOT
from kiosk.packages import file_digest
from kiosk.updates.sources import object_path
from tests.vm.machine import VmError
from tests.vm.town import Town

PHRASE = "trial of updates"
# stage -> how much later its version is than the package's, and whether its kiosk does not start
UPDATES = {"by-stick": (1, False), "by-network": (2, False), "broken": (3, True)}


def later(version: str, by: int) -> str:
    """Return a later version's number."""
    first, last = version.rsplit(".", 1)
    return f"{first}.{int(re.sub(r'[^0-9].*', '', last)) + by}"


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
        self.sign(self.shipped, tree / "opt" / "pension-kiosk" / "versions" / self.shipped)
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
        part = target.with_name(f"{number}.part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(source, part, symlinks=True, copy_function=os.link)  # the same files; one that changes becomes another
        for name in ("kiosk/__init__.py", "venv/pyvenv.cfg"):
            _rewrite(part / name, old, number)
        compiled = (
            "import py_compile, sys; py_compile.compile(sys.argv[1], dfile='kiosk/__init__.py', optimize=1, doraise=True, "
            "invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
        )
        subprocess.run([sys.executable, "-c", compiled, str(part / "kiosk" / "__init__.py")], check=True)
        if broken:
            _rewrite(part / "assets" / "deploy" / "session", "#!/bin/sh\n", "#!/bin/sh\nexit 1\n")
        return part.rename(target)

    def sign(self, number: str, tree: Path) -> None:
        """Sign a version, once; nobody sees it yet."""
        if not list((self.repository / "targets").glob(f"*.{number}.json")):
            self._release("add", number, str(tree))

    def offer(self, number: str) -> None:
        """Put in force what was signed; open a version to all."""
        self._release("publish")
        self._release("stage", number, "--share", "100")

    def _release(self, *arguments: str) -> None:
        common = ("--repository", str(self.repository), "--keys", str(self._keys), "--passphrase-file", str(self._phrase))
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-P", "-m", "kiosk", "release", *common, *arguments]
        done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            raise VmError(f"kiosk release {arguments[0]}: {(done.stderr or done.stdout)[-500:]}")


def _rewrite(path: Path, old: str, new: str) -> None:
    """Put another file with a text replaced, and the same mode, in the place of one that other trees share."""
    text, mode = path.read_text(encoding="utf-8"), path.stat().st_mode
    path.unlink()
    path.write_text(text.replace(old, new), encoding="utf-8")
    path.chmod(mode)


@dataclass(frozen=True, slots=True)
class Made:
    """A version that was signed beside the machine: its number, and the stick with it where one was asked for."""

    number: str
    took_s: float
    stick: Path | None = None


class Beside:
    """What the owner makes while the machine is at work, one after the other, behind everything else that wants a processor."""

    def __init__(self, owner: Owner, town: Town) -> None:
        self.owner, self._town = owner, town
        self._pool = ThreadPoolExecutor(1, "owner", initializer=_behind_others)
        self._made: dict[str, Future[Made]] = {}

    def begin(self, stages: list[str]) -> None:
        """Begin with what these stages need."""
        for stage in UPDATES:
            if stage in stages:
                self._made[stage] = self._pool.submit(self._make, stage)

    def made(self, stage: str) -> Made:
        """Return what a stage needs, once it is there. Raises VmError."""
        return self._made[stage].result()

    def all_made(self) -> None:
        """Wait until nothing is under way: a half-made version is not to be kept."""
        for one in self._made.values():
            one.result()

    def close(self) -> None:
        """Begin nothing more, and wait for what was begun."""
        self._pool.shutdown(cancel_futures=True)

    def _make(self, stage: str) -> Made:
        began = time.monotonic()
        by, broken = UPDATES[stage]
        shipped = self.owner.begin()
        number = later(shipped, by)
        self.owner.sign(number, self.owner.version(number, shipped, broken))
        stick = None
        if stage == "by-stick":
            self.owner.offer(number)
            stick = self._town.stick("update", {"repository": self.owner.repository}, megabytes=900)
        return Made(number, time.monotonic() - began, stick)


def _behind_others() -> None:
    """This thread, and what it starts, run when nobody else wants to."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
