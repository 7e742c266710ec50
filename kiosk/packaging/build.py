"""`./run package`: the Debian packages, their bills of materials and checksums, the same bytes every time.

Read from: a clean checkout of git with its models fetched. Debian's archive and the package registry are asked for what the locks
and `contents.INTERPRETER` name.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kiosk import __version__
from kiosk.config import ROOT
from kiosk.packaging import description, inventory, stage
from kiosk.packaging.contents import Purpose
from kiosk.updates.manifest import LIST, of_folder


@dataclass(frozen=True, slots=True)
class Built:
    """One finished package: file, its size and what it takes when installed (MB of 10^6 bytes), its largest parts."""

    path: Path
    package_mb: float
    installed_mb: float
    biggest: list[tuple[str, float]]


def build(purpose: Purpose, out: Path, *, rpm: bool = False, compression: str = "xz") -> list[Built]:
    """Make the package (and, asked for, the .rpm of the same tree) in `out`. Raises PackagingError."""
    epoch = commit_time()
    date = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="package-", dir=out) as folder:
        work = Path(folder)
        tree = work / "tree"
        interpreter = stage.interpreter(tree / "python", work)
        python = stage.environment(tree / "venv", purpose, work)
        stage.settle(tree, purpose.home, __version__)
        stage.program(tree, purpose)
        tools = Path(sys.executable).parent
        weights = stage.models() if purpose.screen else []
        bill = inventory.bill(tools / "cyclonedx-py", python, __version__, purpose.name, interpreter, weights)
        (tree / "sbom.cdx.json").write_text(bill, encoding="utf-8")
        stage.compile_all(tree)
        stage.even_out(tree, epoch)
        # As an update would bring it: a later one takes what is the same from here.
        (tree / LIST).write_bytes(of_folder(tree, __version__).to_bytes())
        os.utime(tree / LIST, (epoch, epoch))
        told = work / "nfpm.json"  # JSON is YAML too
        told.write_text(json.dumps(description.package(purpose, __version__, tree, work, date, compression)), encoding="utf-8")
        shutil.copy2(tree / "sbom.cdx.json", out / f"{purpose.name}_{__version__}.cdx.json")
        installed, largest = stage.size_mb(tree), stage.biggest(tree)
        made = []
        for kind in ("deb", "rpm") if rpm else ("deb",):
            part = work / f"part.{kind}"
            env = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
            stage.run(str(tools / "nfpm"), "package", "--config", str(told), "--packager", kind, "--target", str(part), env=env)
            final = out / (
                f"{purpose.name}_{__version__}_amd64.deb" if kind == "deb" else f"{purpose.name}-{__version__}.x86_64.rpm"
            )
            part.replace(final)
            made.append(Built(final, final.stat().st_size / 1e6, installed, largest))
    return made


def commit_time() -> int:
    """Return the date of the checkout (seconds since 1970): $SOURCE_DATE_EPOCH, else the last commit's."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given) if given else int(stage.run("git", "-C", str(ROOT), "log", "-1", "--format=%ct"))


def checksums(folder: Path) -> Path:
    """Write SHA256SUMS over the packages and bills in `folder`."""
    lines = []
    for path in sorted(folder.iterdir()):
        if path.suffix in (".deb", ".rpm", ".json"):
            with path.open("rb") as file:
                lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    target = folder / "SHA256SUMS"
    target.write_text("".join(lines), encoding="ascii")
    return target
