"""What nfpm is told of a package: names, what it depends on, files, and the scripts that set it up and take it away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kiosk.config import ROOT
from kiosk.packaging.contents import BUREAU, KIOSK, Purpose
from kiosk.packaging.stage import system_packages
from kiosk.support.machine import UNITS

DEPLOY = ROOT / "assets" / "deploy"
SCRIPTS = DEPLOY / "package"

# What Debian's Python 3.11 loads besides the C library. Debian 13 renamed two of them and provides the old names.
_PYTHON_NEEDS = [
    "libc6 (>= 2.36)",
    "libbz2-1.0",
    "libcrypt1",
    "libdb5.3 | libdb5.3t64",
    "libexpat1",
    "libffi8",
    "liblzma5",
    "libncursesw6",
    "libreadline8 | libreadline8t64",
    "libsqlite3-0",
    "libssl3 | libssl3t64",
    "libtinfo6",
    "libuuid1",
    "zlib1g",
    "media-types",
    "ca-certificates",
    "debconf | debconf-2.0",
    "systemd (>= 252)",
]
# A bare screen, without a desktop (docs/deploying.md).
_SCREEN_NEEDS = [
    "xserver-xorg-core",
    "xserver-xorg-input-libinput",
    "xauth",
    "x11-xserver-utils",
    "xinput",
    "kbd",
    "libpam-systemd",
    "dbus",
    "udev",
    "util-linux",
]
_BUREAU_UNITS = (
    "bureau/pension-bureau.service",
    "bureau/pension-bureau-work.service",
    "bureau/pension-bureau-rollout.service",
    "bureau/pension-bureau-rollout.timer",
)


def package(purpose: Purpose, version: str, tree: Path, work: Path, date: str, compression: str = "xz") -> dict[str, Any]:
    """Return nfpm's description of one package. `work` gets the files that are made for it; date is RFC 3339."""
    home, place = purpose.home, f"{purpose.home}/versions/{version}"
    contents: list[dict[str, Any]] = [
        {"src": str(tree), "dst": place, "type": "tree", "file_info": {"owner": "root", "group": "root", "mtime": date}}
    ]

    def file(source: Path, target: str, mode: int = 0o644, kind: str = "") -> None:
        entry: dict[str, Any] = {
            "src": str(source),
            "dst": target,
            "file_info": {"mode": mode, "owner": "root", "group": "root", "mtime": date},
        }
        contents.append(entry | ({"type": kind} if kind else {}))

    def rewritten(name: str) -> Path:
        """Return a copy of a unit whose paths go through the version in force."""
        target = work / Path(name).name
        text = (DEPLOY / name).read_text(encoding="utf-8")
        text = text.replace("/opt/pension-kiosk/.venv/bin/python -P -m kiosk", "/opt/pension-kiosk/run kiosk")
        text = text.replace("=/opt/pension-kiosk\n", "=/opt/pension-kiosk/\n").replace("/opt/pension-kiosk/", f"{home}/current/")
        target.write_text(text, encoding="utf-8")
        return target

    for unit in UNITS if purpose.screen else _BUREAU_UNITS:
        file(rewritten(unit), f"/lib/systemd/system/{Path(unit).name}")
    if purpose.screen:
        file(DEPLOY / "70-pension-kiosk.rules", "/lib/udev/rules.d/70-pension-kiosk.rules")
        file(DEPLOY / "70-pension-kiosk.conf", "/usr/share/X11/xorg.conf.d/70-pension-kiosk.conf")
        file(DEPLOY / "update", "/usr/lib/pension-kiosk/update", 0o755)
        file(SCRIPTS / "kiosk.toml", "/etc/pension-kiosk/kiosk.toml", kind="config|noreplace")
        contents.append({"src": f"{home}/current/assets/deploy/as-kiosk", "dst": "/usr/sbin/as-kiosk", "type": "symlink"})
    scripts = {}
    for name in ("postinst", "prerm", "postrm"):
        source = (SCRIPTS / f"{name}.{'kiosk' if purpose.screen else 'bureau'}").read_text(encoding="utf-8")
        target = work / name
        target.write_text(source.replace("@VERSION@", version), encoding="utf-8")
        scripts[name] = str(target)
    return {
        "name": purpose.name,
        "arch": "amd64",
        "platform": "linux",
        "version": version,
        "section": "misc",
        "priority": "optional",
        "maintainer": "The pension kiosk project <kiosk@example.invalid>",
        "description": _DESCRIPTIONS[purpose.name],
        "license": "Apache-2.0",
        "mtime": date,
        "depends": [*_PYTHON_NEEDS, *([*_SCREEN_NEEDS, *system_packages()] if purpose.screen else [])],
        "contents": contents,
        "scripts": {"postinstall": scripts["postinst"], "preremove": scripts["prerm"], "postremove": scripts["postrm"]},
        "deb": {
            "compression": compression,
            "scripts": {"templates": str(SCRIPTS / f"templates.{'kiosk' if purpose.screen else 'bureau'}")},
        },
    }


_DESCRIPTIONS = {
    KIOSK.name: "self-service kiosk for the pension qualification authentication\n"
    "Offline kiosk where retirees prove once a year that they are alive and entitled to\n"
    "their pension (养老金领取资格认证). Brings its own Python and libraries.",
    BUREAU.name: "bureau of the pension kiosks\n"
    "Reference bureau: receives sealed batches from kiosks, gives them rosters, rules and\n"
    "decisions. Brings its own Python and libraries.",
}
