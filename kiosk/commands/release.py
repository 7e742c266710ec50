"""`kiosk release`: the signed repository of updates. init, add, withdraw and sign-settings are the owner's; publish, stage,
refresh and watch the bureau's.

A passphrase is asked for, or read from --passphrase-file. Keys lie in --keys as ROLE-N.pem; what a step signs with must lie there.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

    from kiosk.release.repository import Release, Signers


def main(argv: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="kiosk release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repository", type=Path, required=True)
    parser.add_argument("--keys", type=Path, help="folder of key files")
    parser.add_argument("--passphrase-file", type=Path)
    tasks = parser.add_subparsers(dest="task", required=True)
    tasks.add_parser("init", help="make all keys and an empty repository; prints where the stations' root is")
    add = tasks.add_parser("add", help="sign a version: the folder /opt/pension-kiosk/versions/N of a machine with its package")
    add.add_argument("version")
    add.add_argument("tree", type=Path)
    tasks.add_parser("withdraw", help="no station takes it any more").add_argument("version")
    tasks.add_parser("publish", help="put in force what the owner signed")
    stage = tasks.add_parser("stage", help="open a version to a share of the stations")
    stage.add_argument("version")
    how = stage.add_mutually_exclusive_group(required=True)
    how.add_argument("--share", type=int, help="percent: 0, 10, 50, 100; stays until it is changed")
    how.add_argument("--rings", action="store_true", help="the canaries first, then 10 %%, 50 %% and all by itself (watch)")
    stage.add_argument("--canary", action="append", default=[], metavar="STATION")
    stage.add_argument(
        "--well", type=int, default=50, metavar="PERCENT", help="of a ring's stations that must run it well before the next (50)"
    )
    tasks.add_parser("refresh", help="sign the bureau's lists anew before they end (daily)")
    watch = tasks.add_parser(
        "watch", help="let staged versions go on or stop by what stations told, and refresh (hourly, at the bureau)"
    )
    watch.add_argument("--data", type=Path, required=True, help="the bureau's folder")
    watch.add_argument("--db", default="", help="its database URL (default: SQLite in the folder)")
    sign = tasks.add_parser("sign-settings", help="the owner agrees to match limits; what it prints goes into the bureau's form")
    sign.add_argument("value", nargs="+", metavar="KEY=VALUE", help="match.accept=0.43 …")
    sign.add_argument("--scope", default="all", help="all (default), or station:NUMBER")
    sign.add_argument("--until", type=date.fromisoformat, required=True, metavar="DAY", help="stations take it until this day")
    tasks.add_parser("list", help="what is open to whom")
    options = parser.parse_args(argv)

    from kiosk.errors import ConfigError
    from kiosk.release import keys
    from kiosk.release.repository import Release
    from kiosk.updates.rollout import RINGS

    release, now = Release(options.repository), datetime.now(UTC)
    if options.task == "list":
        for version, offer in sorted(release.offers().items()):
            plan = offer.get("plan") or {}
            ring = f", ring {RINGS[plan['ring']].name}" if plan else ""
            stopped = f", stopped {plan['stopped']}" if plan.get("stopped") else ""
            print(f"{version}: {offer['share']} %, canaries {', '.join(offer['canaries']) or '–'}{ring}{stopped}")
        return 0
    if options.keys is None:
        raise ConfigError("--keys FOLDER is needed")
    phrase = _passphrase(options.passphrase_file)
    if options.task == "init":
        made = {
            role: [keys.make(options.keys, role, one, phrase) for one in range(1, number + 1)]
            for role, (number, _) in (keys.OFFLINE | keys.ONLINE).items()
        }
        release.init(made, now)
        print(f"stations get {options.repository / 'metadata' / '1.root.json'} as /etc/pension-kiosk/update-root.json")
        print("root-*.pem and targets-*.pem: apart from each other, offline. snapshot, timestamp, rollout: to the bureau")
        return 0
    roles = {
        "add": ("targets",),
        "withdraw": ("targets",),
        "sign-settings": ("targets",),
        "publish": ("snapshot", "timestamp"),
    }.get(options.task, ("snapshot", "timestamp", "rollout"))
    signers = {role: keys.load(options.keys, role, phrase) for role in roles}
    if options.task == "add":
        manifest = release.add(options.tree, options.version, signers, now)
        print(f"{options.version}: {len(manifest.entries)} files signed; at the bureau: kiosk release publish, then stage")
    elif options.task == "sign-settings":
        print(_signed_settings(signers["targets"][0], options))
    elif options.task == "withdraw":
        release.withdraw(options.version, signers, now)
    elif options.task == "publish":
        release.publish(signers, now)
    elif options.task == "stage":
        if options.rings and not options.canary:
            raise ConfigError("rings begin with the canaries: name one at least (--canary STATION)")
        release.stage(options.version, options.share or 0, options.canary, signers, now, rings=options.rings, well=options.well)
    elif options.task == "watch":
        _watch(release, signers, options, now)
    else:
        release.refresh(signers, now)
    return 0


def _signed_settings(signer: CryptoSigner, options: argparse.Namespace) -> str:
    """Return the owner's signature over some values, for the bureau's form. Raises ConfigError: not match limits."""
    from kiosk.errors import ConfigError
    from kiosk.layers import TWO_SIGNATURES
    from kiosk.owner_agreement import signed_bytes
    from kiosk.sync import settings_rules

    values: dict[str, float | int | str | bool] = {}
    for one in options.value:
        key, _, text = one.partition("=")
        if key not in TWO_SIGNATURES:
            raise ConfigError(f"{key[:60]}: only {', '.join(sorted(TWO_SIGNATURES))} need this signature")
        values[key] = float(text)
    if faults := settings_rules.faults(values):
        raise ConfigError("; ".join(f"{key}: {why}" for key, why in sorted(faults.items())))
    signature = signer.sign(signed_bytes(options.scope, options.until.isoformat(), values))
    told = {"scope": options.scope, "until": options.until.isoformat(), "values": values}
    return json.dumps({**told, "key_id": signature.keyid, "signature": signature.signature})


def _watch(release: Release, signers: Signers, options: argparse.Namespace, now: datetime) -> None:
    """Take one look at every staged version; sign anew what changed, or what was signed a day ago."""
    from kiosk.bureau import reports
    from kiosk.bureau.context import BureauSettings, open_context
    from kiosk.updates import rollout

    context = open_context(BureauSettings(data=str(options.data.resolve()), db=options.db))
    try:
        with context.reading.begin() as session:
            told = reports.tallies(session, now)
    finally:
        context.engine.dispose()
    for version, offer in sorted(release.offers().items()):
        if not offer.get("plan"):
            continue
        new = told.get(version, rollout.Tally())
        old = rollout.add(tally for other, tally in told.items() if other != version)
        step = rollout.next_step(offer, new, old, now)
        ring = rollout.RINGS[step.ring].name
        print(f"{version}: ring {ring}, {new.well} well, {new.failures} failed: {step.what} {step.why}".rstrip())
        if step.what != "wait":
            release.put(rollout.stepped(offer, step, now), signers, now)
    if now - release.signed_at() > timedelta(days=1):
        release.refresh(signers, now)


def _passphrase(file: Path | None) -> str:
    from kiosk.errors import ConfigError

    try:
        if file is not None:
            return file.read_text(encoding="utf-8").strip()
        return getpass.getpass("passphrase of the keys: ")
    except (OSError, EOFError) as error:
        print(type(error).__name__, file=sys.stderr)
        raise ConfigError("no passphrase") from error
