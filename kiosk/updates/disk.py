"""The few things an update does to a disk, each whole or not at all after a power cut, in one place that a test can cut."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from kiosk.durable import sync_folder


class Disk:
    """A disk. Raises OSError. What is not synced may be gone after a power cut."""

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it."""
        path.mkdir(parents=True, exist_ok=True)

    def write(self, path: Path, content: bytes, *, program: bool = False) -> None:
        """Write a new file and sync its content."""
        part = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755 if program else 0o644)
        with os.fdopen(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def append(self, path: Path, content: bytes) -> None:
        """Add to a file, or begin it, and sync its content."""
        with path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def take(self, source: Path, target: Path) -> None:
        """Put a file of another version here: the same file where the disk knows hard links, else a synced copy."""
        try:
            os.link(source, target)
        except OSError:
            self.copy(source, target)

    def copy(self, source: Path, target: Path) -> None:
        """Copy a file, with its mode, and sync it."""
        shutil.copy2(source, target)
        with target.open("rb+") as file:
            os.fsync(file.fileno())

    def link(self, target: str, path: Path) -> None:
        """Make a symbolic link."""
        path.symlink_to(target)

    def rename(self, source: Path, target: Path) -> None:
        """Put `source` in the place of `target` at once."""
        os.replace(source, target)

    def remove(self, path: Path) -> None:
        """Remove a file, link or folder with all in it; nothing there is no error."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def sync(self, folder: Path) -> None:
        """Make names in a folder last."""
        sync_folder(folder)
