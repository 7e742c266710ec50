"""What a stage left, kept: the machine in the middle of its work, and the folders of the bureau and of the owner beside it.

So that a stage that failed is tried again without those before it. Memory and disk lie in the machine's own disk file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

FOLDERS = ("town", "release")
# Large, written once and never changed: what a later stage adds does no harm to an earlier one.
APART = ("town/bureau/updates/objects", "town/bureau/updates/deltas", "release/tree", "release/versions")


# What the owner makes beside the machine, from the beginning of the trial: made anew for a stage before it is used.
OWNERS = ("town/bureau/updates", "release")


def save(work: Path, name: str, *, owners: bool = True) -> None:
    """Copy the folders as they are now. owners: what the owner made too, and nothing of it is under way."""
    into = work / "states" / name
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    _without(work, name).unlink(missing_ok=True)
    if not owners:
        _without(work, name).touch()
    left_out = [] if owners else [work / one for one in OWNERS]
    for path in _files(work):
        if any(one in path.parents for one in left_out):
            continue
        target = into / path.relative_to(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def saved(work: Path, name: str) -> bool:
    """Whether a stage's state was kept."""
    return (work / "states" / name).is_dir()


def load(work: Path, name: str) -> None:
    """Bring the folders back as they were; what lies apart stays, where the owner's things were kept."""
    for path in _files(work):
        path.unlink()
    for one in OWNERS if _without(work, name).exists() else ():
        shutil.rmtree(work / one, ignore_errors=True)
    kept = work / "states" / name
    for path in sorted(kept.rglob("*")):
        if path.is_file():
            target = work / path.relative_to(kept)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


def _without(work: Path, name: str) -> Path:
    return work / "states" / f"{name}.without-owners"


def _files(work: Path) -> list[Path]:
    apart = [work / name for name in APART]
    return [
        path
        for folder in FOLDERS
        for path in sorted((work / folder).rglob("*"))
        if path.is_file() and path.suffix != ".img" and not any(one in path.parents for one in apart)
    ]
