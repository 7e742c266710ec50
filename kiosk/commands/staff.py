"""`kiosk staff add|pin|list|revoke`: attendants and supervisors of this kiosk. PINs are asked for, never given as arguments."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import UTC, datetime

_BY = "console"


def main(argv: list[str]) -> int:
    """Run the command; 1 when it was refused."""
    parser = argparse.ArgumentParser(prog="kiosk staff", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    add = tasks.add_parser("add", help="a new member; the PIN is asked for (or read from standard input)")
    add.add_argument("staff_id", help="staff number, typed at the desk")
    add.add_argument("--name", required=True)
    add.add_argument("--role", choices=("attendant", "supervisor"), default="attendant")
    pin = tasks.add_parser("pin", help="a new PIN")
    pin.add_argument("staff_id")
    tasks.add_parser("list", help="everybody")
    revoke = tasks.add_parser("revoke", help="end somebody's access at once")
    revoke.add_argument("staff_id")
    options = parser.parse_args(argv)

    from kiosk import config
    from kiosk.commands.store_access import open_signed
    from kiosk.store.desk import staff

    now = datetime.now(UTC)
    with open_signed(config.load()) as store:
        if options.task == "list":
            for member in staff.members(store):
                state = "active" if member.active else "revoked"
                print(f"{member.staff_id:12} {member.role:10} {state:8} {member.origin:7} {member.name}")
            return 0
        if options.task == "revoke":
            done = staff.revoke(store, options.staff_id, now, by=_BY)
            print("revoked" if done else "no such member")
            return 0 if done else 1
        try:
            secret = _ask_pin()
            if options.task == "add":
                staff.add(store, options.staff_id, options.name, staff.Role(options.role), secret, now, by=_BY)
            else:
                staff.set_pin(store, options.staff_id, secret, now, by=_BY)
        except (staff.WeakPin, ValueError) as error:
            print(f"kiosk staff: {error}", file=sys.stderr)
            return 1
        print("done")
        return 0


def _ask_pin() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    first = getpass.getpass("PIN: ")
    if getpass.getpass("PIN again: ") != first:
        raise ValueError("the two PINs differ")
    return first
