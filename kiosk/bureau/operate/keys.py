"""`kiosk bureau keys`: the bureau's own keys, one step at a time: show, announce, switch, retire, cancel, lost.

The web processes notice each step by themselves, kiosks follow over the network and by stick. Every step stands in the audit log.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import select

from kiosk.bureau import peers, rings, tables
from kiosk.bureau.clerks import audit
from kiosk.bureau.clerks.command import MACHINE
from kiosk.bureau.context import BureauContext, BureauSettings, open_context, utcnow
from kiosk.bureau.rings import Device, Place, Ring, key_path
from kiosk.errors import ConfigError
from kiosk.sync import seal, suites
from kiosk.sync.keys import Keys

STEPS = ("show", "announce", "switch", "retire", "cancel", "lost")
_HELP = """announce: make keys that will follow (or name a device that has them) and tell the kiosks; switch: use them, the old ones
stay for who has not heard; retire: remove the old ones; cancel: take an announcement back; lost: those in force are gone"""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("step", choices=STEPS, help=_HELP)
    parser.add_argument("--suite", choices=suites.NAMES, default=suites.STD_1.name)
    parser.add_argument("--yes", action="store_true", help="also where kiosks are left behind, or have to be visited")
    device = parser.add_argument_group("keys that never leave a device (announce, lost; else they are made in a file)")
    device.add_argument("--device-module", default="", help="its library, PKCS #11 or SDF (GM/T 0018); an absolute path")
    device.add_argument("--device-kind", choices=("pkcs11", "sdf"), default="", help="default: pkcs11 for std-1, sdf for gm-1")
    device.add_argument("--device-token", default="bureau", help="label of the token")
    device.add_argument("--device-label", default="bureau", help="its keys are called LABEL-sign and LABEL-seal")
    device.add_argument("--device-pin-file", default="", help="file of mode 0600 with the PIN; an absolute path")
    device.add_argument("--device-index", type=int, default=1, help="key pair of a machine")
    device.add_argument("--device-decrypt", choices=("plain", "with-algorithm"), default="plain")


def run(options: argparse.Namespace) -> int:
    """Do one step; 0 when it was done. Raises ConfigError: what stands against it is said."""
    folder, suite = Path(options.data).resolve(), options.suite
    settings = BureauSettings(data=str(folder), db=options.db)
    if options.step == "lost":
        return _lost(settings, folder, suite, options)
    context = open_context(settings)
    try:
        ring = context.rings.get(suite)
        if ring is None:
            raise ConfigError(f"no keys of {suite} here")
        if options.step == "show":
            return _show(context, suite, ring)
        told = _STEPS[options.step](context, folder, suite, ring, options)
        _told(context.fresh(), options.step, suite, told)
        print(f"✓ {told}")
        return 0
    finally:
        context.engine.dispose()


def _announce(_: BureauContext, folder: Path, suite: str, ring: Ring, options: argparse.Namespace) -> str:
    if ring.following is not None:
        raise ConfigError(f"{rings.bureau_id(ring.following)} is announced already: switch, or cancel")
    if ring.before is not None:
        raise ConfigError(f"{rings.bureau_id(ring.before)} is not retired yet")
    new, keys = _new(suite, options)
    if rings.bureau_id(keys) == rings.bureau_id(ring.now):
        raise ConfigError("these are the keys in force")
    rings.write(key_path(folder, suite, "next"), new)
    return (
        f"{rings.bureau_id(keys)} will follow {rings.bureau_id(ring.now)}; a backup now, then wait until kiosks have heard (show)"
    )


def _switch(context: BureauContext, folder: Path, suite: str, ring: Ring, options: argparse.Namespace) -> str:
    if ring.following is None:
        raise ConfigError("nothing is announced")
    known = _believe(context, suite)
    behind = sum(known.values()) - known[rings.bureau_id(ring.following)]
    if not known[rings.bureau_id(ring.following)] and behind and not options.yes:
        raise ConfigError(f"none of {behind} kiosks has heard of it yet (--yes: all the same; they go on with the old keys)")
    # In this order: cut off anywhere, there are keys in force, and the same step goes on.
    rings.copy(key_path(folder, suite), key_path(folder, suite, "old"))
    os.replace(key_path(folder, suite, "next"), key_path(folder, suite))
    return f"{rings.bureau_id(ring.following)} is in force; {behind} kiosks that have not heard yet go on with the old keys"


def _retire(context: BureauContext, folder: Path, suite: str, ring: Ring, options: argparse.Namespace) -> str:
    if ring.before is None:
        raise ConfigError("there are no old keys")
    known = _believe(context, suite)
    behind = sum(known.values()) - known[rings.bureau_id(ring.now)]
    if behind and not options.yes:
        raise ConfigError(f"{behind} kiosks do not believe the new keys yet (--yes: leave them behind; each needs a one-time code)")
    key_path(folder, suite, "old").unlink()
    return f"{rings.bureau_id(ring.before)} is gone; {behind} kiosks need a one-time code and kiosk provision"


def _cancel(_: BureauContext, folder: Path, suite: str, ring: Ring, __: argparse.Namespace) -> str:
    if ring.following is None:
        raise ConfigError("nothing is announced")
    key_path(folder, suite, "next").unlink()
    return f"{rings.bureau_id(ring.following)} will not follow"


_STEPS = {"announce": _announce, "switch": _switch, "retire": _retire, "cancel": _cancel}


def _lost(settings: BureauSettings, folder: Path, suite: str, options: argparse.Namespace) -> int:
    """The keys in force are gone: announced ones take their place, and kiosks that heard of them follow; else new ones are made."""
    path, waiting = key_path(folder, suite), key_path(folder, suite, "next")
    if path.exists() and not options.yes:
        raise ConfigError(f"{path} is there; if it cannot be used any more (a device that is gone, damage): --yes")
    if waiting.exists():
        rings.pair_of(waiting, suite)
        os.replace(waiting, path)
    else:
        rings.write(path, _new(suite, options)[0])
    context = open_context(settings)
    try:
        ring, known = context.rings[suite], _believe(context, suite)
        # Who goes on with still older keys is told by those of the ones that are in force now.
        behind = sum(known.values()) - sum(known[one] for one in ring.held)
        told = f"{rings.bureau_id(ring.now)} is in force; {behind} kiosks need a one-time code and kiosk provision"
        _told(context, "lost", suite, told)
    finally:
        context.engine.dispose()
    print(f"✓ {told}")
    return 0


def _new(suite: str, options: argparse.Namespace) -> tuple[Keys | Device, Keys]:
    if not options.device_module:
        made = Keys(*seal.new_keys(suites.by_name(suite)))
        return made, made
    for given in (options.device_module, options.device_pin_file):
        if given and not Path(given).is_absolute():
            raise ConfigError(f"{given}: an absolute path, the bureau may be started elsewhere")
    try:
        device = Device(
            module=options.device_module,
            kind=options.device_kind or ("pkcs11" if suite == suites.STD_1.name else "sdf"),
            token=options.device_token,
            label=options.device_label,
            pin_file=options.device_pin_file,
            index=options.device_index,
            decrypt=options.device_decrypt,
        )
    except ValidationError as error:
        raise ConfigError(f"the device: {error.errors()[0]['msg']}") from error
    keys = device.keys()
    if suites.of(keys.sign).name != suite:
        raise ConfigError(f"the device has keys of {suites.of(keys.sign).name}")
    return device, keys


def _believe(context: BureauContext, suite: str) -> Counter[str]:
    """Return how many kiosks of a suite believe which of the bureau's keys, by the id of the newest ones."""
    with context.reading.begin() as session:
        rows = session.scalars(select(tables.Kiosk.bureau_id).where(tables.Kiosk.suite == suite, tables.Kiosk.revoked_at.is_(None)))
        return Counter(rows)


def _show(context: BureauContext, suite: str, ring: Ring) -> int:
    known, folder = _believe(context, suite), Path(context.settings.data)
    places: tuple[tuple[str, Place, Keys | None], ...] = (
        ("in force", "", ring.now),
        ("announced", "next", ring.following),
        ("old", "old", ring.before),
    )
    for name, place, keys in places:
        if keys is not None:
            device = rings.device_of(key_path(folder, suite, place))
            where = f"device {device.module} ({device.kind})" if device else "file"
            print(f"{suite} {name}: {rings.bureau_id(keys)}, {where}; newest known to {known.pop(rings.bureau_id(keys), 0)} kiosks")
    if sum(known.values()):
        print(f"{suite}: {sum(known.values())} kiosks have not said which they believe")
    return 0


def _told(context: BureauContext, step: str, suite: str, told: str) -> None:
    """Let every kiosk fetch a bundle that says so, and the audit log know."""
    with context.session.begin() as session:
        peers.issue_again(session, utcnow())
        audit.write(session, MACHINE, f"bureau-keys-{step}", suite, told=told)
