"""Lays out the tree of a package: interpreter, libraries, program, models; trimmed, compiled, with one date and two modes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

from kiosk.config import CONFIG, ROOT
from kiosk.errors import KioskError
from kiosk.packages import file_digest
from kiosk.packaging import contents
from kiosk.packaging.contents import Purpose

LAUNCHER = "run"
_SHOWN_AND_SPOKEN = frozenset({("assets", "voice"), ("assets", "pinyin"), ("assets", "icons")})  # not at the bureau
# Lines of the start script that name packages of the system: one list for a source tree and for a package.
_SYSTEM_PACKAGES = re.compile(r"^packages=\((?P<names>.*?)\)", re.DOTALL | re.MULTILINE)


class PackagingError(KioskError):
    """A step of making a package failed; nothing half-made is left under the final name."""

    reason = "packaging"


def system_packages() -> list[str]:
    """Return the Debian packages that windows, speech and Chinese text need, as the start script names them."""
    found = _SYSTEM_PACKAGES.search((ROOT / "run").read_text(encoding="utf-8"))
    if found is None:
        raise PackagingError("run: no packages=(...) there")
    return found["names"].split()


def run(*command: str, folder: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed. Raises PackagingError with the end of what it complained of."""
    done = subprocess.run(  # noqa: S603  fixed commands of this file
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PackagingError(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def interpreter(folder: Path, work: Path) -> list[tuple[str, str]]:
    """Put Debian's Python into `folder` (bin/, lib/). Returns the (package, version) it is from."""
    debs = work / "debs"
    debs.mkdir()
    debs.chmod(0o777)  # apt's own user writes there  # noqa: S103
    run("apt-get", "download", "-q", *contents.INTERPRETER, folder=debs)
    unpacked = work / "interpreter"
    versions = []
    for deb in sorted(debs.glob("*.deb")):
        run("dpkg", "-x", str(deb), str(unpacked))
        name, version = run("dpkg-deb", "-W", "--showformat=${Package} ${Version}", str(deb)).split()
        versions.append((name, version))
    (folder / "bin").mkdir(parents=True)
    shutil.copy2(unpacked / "usr" / "bin" / contents.PYTHON, folder / "bin" / contents.PYTHON)
    shutil.copytree(
        unpacked / "usr" / "lib" / contents.PYTHON,
        folder / "lib" / contents.PYTHON,
        symlinks=False,
        ignore_dangling_symlinks=True,
        ignore=shutil.ignore_patterns(*contents.INTERPRETER_LEFT_OUT),
    )
    for name in contents.INTERPRETER:
        notice = unpacked / "usr" / "share" / "doc" / name / "copyright"
        if notice.is_file():
            shutil.copy2(notice, folder / f"copyright-{name}")
    return versions


def environment(folder: Path, purpose: Purpose, work: Path) -> Path:
    """Install the purpose's lock into a virtual environment at `folder`, trimmed. Returns the untrimmed one's Python.

    The environment's interpreter is a link to the package's own, by a relative path; `home` in pyvenv.cfg is set by `settle`.
    """
    full = work / "environment"
    system_python = "/usr/bin/" + contents.PYTHON
    run(system_python, "-m", "venv", str(full))
    pip = (str(full / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "-q", "install", "--no-compile")
    for lock in purpose.locks:
        run(*pip, "--require-hashes", "-r", str(ROOT / "requirements" / f"{lock}.txt"))
    if purpose.screen:
        run(*pip, "--require-hashes", "--no-deps", "-r", str(ROOT / "requirements" / "kiosk-nodeps.txt"))
    source = full / "lib" / contents.PYTHON / "site-packages"
    target = folder / "lib" / contents.PYTHON / "site-packages"
    shutil.copytree(source, target, symlinks=True, ignore=lambda where, names: _left_out(Path(where), names, source))
    for record in target.glob("*.dist-info/RECORD"):
        record.unlink()  # lists files that are not here, and scripts with this machine's paths
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(f"../../python/bin/{contents.PYTHON}")
    return full / "bin" / "python"


def _left_out(where: Path, names: list[str], site_packages: Path) -> set[str]:
    below = where.relative_to(site_packages)
    return {name for name in names if contents.left_out((below / name).as_posix())}


def settle(tree: Path, home: str, version: str) -> None:
    """Tell the environment where its interpreter will lie on the machine."""
    (tree / "venv" / "pyvenv.cfg").write_text(
        f"home = {home}/versions/{version}/python/bin\ninclude-system-site-packages = false\nversion = 3.11\n", encoding="utf-8"
    )


def program(folder: Path, purpose: Purpose) -> None:
    """Copy the program's own parts, as git knows them, and the verified models."""
    for name in tracked(contents.KIOSK_PARTS):
        parts = Path(name).parts
        if parts[0] == "kiosk" and len(parts) > 2 and parts[1] in contents.WORKBENCH:
            continue
        if any(name.startswith(left + "/") for left in contents.ASSETS_LEFT_OUT):
            continue
        if not purpose.screen and parts[:2] in _SHOWN_AND_SPOKEN:
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    if purpose.screen:
        for file in models():
            shutil.copy2(ROOT / file["path"], folder / file["path"])
    launcher = folder / LAUNCHER
    launcher.write_text((ROOT / "assets" / "deploy" / "package" / LAUNCHER).read_text(encoding="utf-8"), encoding="utf-8")
    launcher.chmod(0o755)


def models() -> list[dict[str, str]]:
    """Return the weights that config/models.toml names, each with path, sha256 and licence. They must have been fetched."""
    named = tomllib.loads((CONFIG / "models.toml").read_text(encoding="utf-8"))["file"]
    weights = [file for file in named.values() if file["kind"] == "model"]
    for file in weights:
        path = ROOT / file["path"]
        if not path.is_file() or file_digest(path) != file["sha256"]:
            raise PackagingError(f"{file['path']}: not there, or not the file of config/models.toml; kiosk models fetch")
    return weights


def tracked(parts: tuple[str, ...]) -> list[str]:
    """Return the files below `parts` that git knows, so that nothing of this machine slips in."""
    listed = run("git", "-C", str(ROOT), "ls-files", "-z", "--", *parts)
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def compile_all(tree: Path) -> None:
    """Compile everything once, optimised, by digest: the same bytes for the same source, and never looked at again on a station."""
    env = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    script = (
        "import compileall, py_compile, sys\n"
        "ok = compileall.compile_dir(sys.argv[1], quiet=2, optimize=1, workers=1, stripdir=sys.argv[1], force=True,\n"
        "    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)\n"
    )
    for part in ("python/lib", "venv/lib", "kiosk"):
        # A folder's templates may not be Python of this version: what does not compile is compiled, or not, when it is asked for.
        run("/usr/bin/" + contents.PYTHON, "-c", script, str(tree / part), env=env)


def even_out(tree: Path, epoch: int) -> None:
    """Give every file the same date and one of two modes, whoever builds it."""
    for path in _walk(tree):
        if path.is_symlink():
            os.utime(path, (epoch, epoch), follow_symlinks=False)
            continue
        if path.is_dir():
            path.chmod(0o755)
        else:
            path.chmod(0o755 if os.access(path, os.X_OK) and _is_program(path) else 0o644)
        os.utime(path, (epoch, epoch))


def _is_program(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(4)
    return start[:2] == b"#!" or start == b"\x7fELF"


def _walk(tree: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(tree):
        folders.sort()
        yield Path(folder)
        yield from (Path(folder, name) for name in sorted(files))
        yield from (Path(folder, name) for name in folders if Path(folder, name).is_symlink())


def size_mb(tree: Path) -> float:
    """Return what the files hold together, in MB (10^6 bytes)."""
    return sum(path.lstat().st_size for path in _walk(tree) if not path.is_dir()) / 1e6


def biggest(tree: Path, most: int = 15) -> list[tuple[str, float]]:
    """Return the largest parts, (path, MB): the libraries one by one, the rest by folder."""
    sizes: dict[str, float] = {}
    for path in _walk(tree):
        if path.is_dir() and not path.is_symlink():
            continue
        parts = path.relative_to(tree).parts
        key = "/".join(parts[4:5]) if parts[:1] == ("venv",) and len(parts) > 4 else "/".join(parts[:2])
        sizes[key] = sizes.get(key, 0.0) + path.lstat().st_size / 1e6
    return sorted(sizes.items(), key=lambda item: -item[1])[:most]
