"""The bureau's own keys: for each suite those in force, those announced to follow them, and those that were replaced.

A file each in the bureau's folder (`keys.json`, `keys-next.json`, `keys-old.json`; `keys-gm-1.json` …): a pair of private keys, or
`{"device": {…}}` where they never leave a device. Every process of the bureau notices other files by itself. Steps are taken by
`kiosk bureau keys` (`operate.keys`); who is answered with which of them, `context` says.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kiosk.bureau import database, tables
from kiosk.config import Sync
from kiosk.errors import ConfigError
from kiosk.sync import devices, protocol, seal, suites
from kiosk.sync.keys import Keys, dump_keys, parse_keys, read_private, write_private

Place = Literal["", "next", "old"]
PLACES: tuple[Place, ...] = ("", "next", "old")


class Device(protocol.Asked):
    """Where a pair lies that never leaves its device, as `[sync] key_module` of a kiosk has it; paths are absolute."""

    module: str
    kind: Literal["pkcs11", "sdf"]
    token: str = "bureau"  # noqa: S105  a label
    label: str = "bureau"  # keys LABEL-sign and LABEL-seal of the token
    pin_file: str = ""
    index: int = Field(default=1, ge=1)  # key pair of a machine
    decrypt: Literal["plain", "with-algorithm"] = "plain"

    def keys(self) -> Keys:
        """Return the pair. Raises ConfigError: what is missing is said."""
        settings = Sync(
            key_module=self.module,
            key_module_kind=self.kind,
            key_token=self.token,
            key_label=self.label,
            key_pin_file=self.pin_file,
            key_index=self.index,
            key_decrypt=self.decrypt,
        )
        return Keys(*devices.pair(settings))


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of one suite. `held`: all of them by the bureau's id under them."""

    now: Keys = field(repr=False)
    following: Keys | None = field(default=None, repr=False)
    before: Keys | None = field(default=None, repr=False)

    @property
    def held(self) -> dict[str, Keys]:
        """Return every pair by the bureau's id under it."""
        return {bureau_id(one): one for one in (self.before, self.following, self.now) if one is not None}

    @property
    def newest(self) -> str:
        """Return the bureau's id under the newest keys that kiosks are told of."""
        return bureau_id(self.following or self.now)

    def towards(self, believes: str, addressed: Keys) -> Keys:
        """Return the keys to answer with: those in force for who would believe them, else what the question was addressed to.

        believes: id of the newest keys that the other end told of, "" when it told of none.
        """
        in_force = bureau_id(self.now)
        if believes == in_force or addressed is self.now or (self.following and believes == bureau_id(self.following)):
            return self.now
        if self.before is not None and believes == bureau_id(self.before):
            return self.before
        return addressed


def bureau_id(keys: Keys) -> str:
    """Return the bureau's id under these keys; it follows from them."""
    return "bureau-" + seal.fingerprint(keys.public)


def key_path(folder: Path, suite: str, place: Place = "") -> Path:
    """Return where the bureau's keys of a suite lie."""
    name = "keys" if suite == suites.STD_1.name else f"keys-{suite}"
    return folder / (f"{name}-{place}.json" if place else f"{name}.json")


def load(folder: Path, names: tuple[str, ...]) -> dict[str, Ring]:
    """Return the rings of these suites that have keys in force. Raises ConfigError."""
    out = {}
    for name in names:
        if key_path(folder, name).exists():
            pairs = [_pair(key_path(folder, name, place), name) for place in PLACES]
            now, following, before = pairs
            if now is None:
                raise ConfigError(f"{key_path(folder, name)}: gone")
            if before is not None and before.public == now.public:
                before = None  # a change of keys that was cut off in the middle
            out[name] = Ring(now, following, before)
    return out


def seen(folder: Path, names: tuple[str, ...]) -> tuple[tuple[int, int] | None, ...]:
    """Return what tells whether any of these files was replaced."""
    out: list[tuple[int, int] | None] = []
    for name in names:
        for place in PLACES:
            try:
                facts = os.stat(key_path(folder, name, place))
                out.append((facts.st_mtime_ns, facts.st_ino))
            except FileNotFoundError:
                out.append(None)
    return tuple(out)


def write(path: Path, keys: Keys | Device) -> None:
    """Write one of the files: a pair, or where its device is."""
    text = dump_keys(keys) if isinstance(keys, Keys) else json.dumps({"device": keys.model_dump()}) + "\n"
    write_private(path, text)


def must_be_new(url: str, folder: Path, names: list[str]) -> None:
    """Raise ConfigError when kiosks are registered under one of these suites: keys that are gone are never replaced silently."""
    engine = database.open_engine(url)
    try:
        with Session(engine) as session:
            for name in names:
                known = session.scalar(
                    select(func.count())
                    .select_from(tables.Kiosk)
                    .where(tables.Kiosk.suite == name, tables.Kiosk.revoked_at.is_(None))
                )
                if known:
                    way = f"bring it back from a backup, or run: kiosk bureau keys lost --data {folder} --suite {name}"
                    raise ConfigError(f"{key_path(folder, name)} is gone, and {known} kiosks believe those keys alone: {way}")
    finally:
        engine.dispose()


def copy(source: Path, target: Path) -> None:
    """Copy one of the files."""
    write_private(target, read_private(source))


def pair_of(path: Path, suite: str) -> Keys:
    """Return the pair of one file. Raises ConfigError."""
    keys = _pair(path, suite)
    if keys is None:
        raise ConfigError(f"{path}: not here")
    return keys


def device_of(path: Path) -> Device | None:
    """Return the device that a file names; None for a pair. Raises ConfigError."""
    return _device(read_private(path), str(path))


def _device(text: str, where: str) -> Device | None:
    try:
        data: Any = json.loads(text)
        return Device.model_validate(data["device"]) if isinstance(data, dict) and "device" in data else None
    except (ValueError, ValidationError):
        raise ConfigError(f"{where}: neither keys nor a device") from None


def _pair(path: Path, suite: str) -> Keys | None:
    try:
        text = read_private(path)
    except ConfigError:
        if path.exists():
            raise
        return None
    device = _device(text, str(path))
    keys = device.keys() if device else parse_keys(text, str(path))
    if suites.of(keys.sign).name != suite:
        raise ConfigError(f"{path}: keys of {suites.of(keys.sign).name}")
    return keys
