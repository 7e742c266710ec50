"""`kiosk self-test`: this version proves itself before it is put in force, in a process of its own. Its last line is JSON.

What loads, models' digests, settings, the tables' changes on a copy of the store, and a start off screen until READY, without
devices.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

_NOT_HERE = ("kiosk.__main__", "kiosk.bureau", "kiosk.release", "kiosk.commands", "kiosk.voice.render")
_WORKBENCH = ("kiosk.bench", "kiosk.demo", "kiosk.emulators", "kiosk.evaluate", "kiosk.gallery", "kiosk.packaging")


def main(argv: list[str]) -> int:
    """Run every step; 0 when all were good."""
    argparse.ArgumentParser(prog="kiosk self-test", description=__doc__).parse_args(argv)
    good, changes, told = True, False, "ok"
    step = ""
    try:
        with tempfile.TemporaryDirectory(prefix="self-test-") as folder:
            for step in ("modules", "models", "store", "start"):
                print(step, flush=True)
                if step == "modules":
                    load_everything()
                elif step == "models":
                    check_models()
                elif step == "store":
                    changes = try_store(Path(folder))
                else:
                    start_off_screen(Path(folder))
    except Exception as error:  # noqa: BLE001  whatever it is, this version is not put in force
        good, told = False, f"{step}: {type(error).__name__}: {str(error)[:120]}"
    print(json.dumps({"good": good, "changes": changes, "told": told}))
    return 0 if good else 1


def load_everything() -> None:
    """Import every module of the installed program."""
    import kiosk

    for found in pkgutil.walk_packages(kiosk.__path__, "kiosk."):
        if not found.name.startswith(_NOT_HERE + _WORKBENCH):
            importlib.import_module(found.name)


def check_models() -> None:
    """Compare every model with its digest."""
    from kiosk import models

    listed = models.manifest()
    models.require(*(file.name for file in listed.files if file.kind == "model"))


def try_store(folder: Path) -> bool:
    """Open a copy of the store with this version's code; return whether that changed its tables."""
    from kiosk import config
    from kiosk.store.engine import database, keys
    from kiosk.store.opening import open_store

    settings = config.load()
    source = config.resolve(settings.store.directory) / "kiosk.db"
    if not source.exists():
        return False
    key = keys.database_key(settings.store, data_there=True)
    copy = folder / "store"
    copy.mkdir(mode=0o700)
    with database.store_errors():
        here, there = database.connect(source, key), database.connect(copy / "kiosk.db", key)
        try:
            here.conn.backup(there.conn)
            before = _applied(there)
        finally:
            there.conn.close()
            here.conn.close()
    store = settings.store.model_copy(update={"directory": str(copy), "key_file": str(config.resolve(settings.store.key_file))})
    with open_store(settings.model_copy(update={"store": store})) as opened:
        return _applied(opened.db) != before


def _applied(db: Database) -> set[tuple[str, str]]:
    return set(db.execute("SELECT module, name FROM migrations").fetchall())


def start_off_screen(folder: Path) -> None:
    """Start this version's kiosk on an empty store, without devices, and wait until it is READY. Raises TimeoutError."""
    from kiosk import config

    path = folder / "kiosk.toml"
    path.write_text(
        f'[station]\nstation_id = "SELF-TEST"\n[voice]\nenabled = false\n[camera]\nsource = "device:/dev/no-camera"\n'
        f'[reader]\nport = "{folder}/no-reader"\n[store]\ndirectory = "{folder}/var"\nkey_file = "{folder}/var/keys/database.key"\n'
        f'[sync]\nkey_file = "{folder}/var/keys/kiosk.json"\n',
        encoding="utf-8",
    )
    ready_s = config.load().update.ready_s
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        return  # Windows has no service manager that hears READY
    address = str(folder / "notify")
    with socket.socket(family, socket.SOCK_DGRAM) as channel:
        channel.bind(address)
        channel.settimeout(1.0)
        env = {name: value for name, value in os.environ.items() if name != "CREDENTIALS_DIRECTORY"}
        env |= {"NOTIFY_SOCKET": address, "KIOSK_CONFIG": str(path), "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(config.ROOT)}
        command = [sys.executable, "-P", "-O", "-m", "kiosk", "run"]
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as kiosk:  # noqa: S603  ourselves
            try:
                until = time.monotonic() + ready_s
                while time.monotonic() < until:
                    if kiosk.poll() is not None:
                        raise ChildProcessError(f"ended with {kiosk.returncode}")
                    try:
                        if b"READY=1" in channel.recv(4096):
                            return
                    except TimeoutError:
                        continue
                raise TimeoutError("not READY")
            finally:
                kiosk.terminate()
                try:
                    kiosk.wait(20)
                except subprocess.TimeoutExpired:
                    kiosk.kill()
