"""`kiosk bureau accounts add|list|disable|enable|reset` and `kiosk bureau audit verify|export`: on the bureau's own machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kiosk.bureau.clerks import accounts, audit
from kiosk.bureau.clerks.accounts import AccountRefused
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.context import BureauContext, BureauSettings, open_context

MACHINE = Actor("command-line", "machine")
TOLD = {
    "name-taken": "this name is taken",
    "name-malformed": "a name has 2 to 64 small letters, digits, dots, hyphens",
    "shown-name-malformed": "the name that others read has 1 to 64 characters",
    "unknown-account": "no account has this name",
    "last-administrator": "the last administrator stays: make another first",
}


def main(argv: list[str]) -> int:
    """Run one command; 0 when it was done."""
    parser = argparse.ArgumentParser(prog="kiosk bureau", description=__doc__)
    groups = parser.add_subparsers(dest="group", required=True)
    tasks = groups.add_parser("accounts", help="who may sign in at the clerks' pages").add_subparsers(dest="task", required=True)
    adding = tasks.add_parser("add", help="make an account; prints its first password, which is changed at the first sign-in")
    adding.add_argument("name")
    adding.add_argument("--role", choices=[role.code for role in Role], required=True)
    adding.add_argument("--shown-name", default="", help="the name that others read (default: the name)")
    listing = tasks.add_parser("list", help="all accounts")
    changing = [
        tasks.add_parser("disable", help="end an account and its sessions"),
        tasks.add_parser("enable", help="let an account in again"),
        tasks.add_parser("reset", help="a new first password, and no second factor"),
    ]
    for one in changing:
        one.add_argument("name")
    logs = groups.add_parser("audit", help="who saw, decided, issued, revoked what").add_subparsers(dest="task", required=True)
    verifying = logs.add_parser("verify", help="check the chain, its kept head, and an earlier export; exit 1 when it is broken")
    verifying.add_argument("--against", type=Path, help="an earlier export (JSON lines)")
    exporting = logs.add_parser("export", help="the whole log to standard output")
    exporting.add_argument("--form", choices=("jsonl", "csv"), default="jsonl")
    for one in (adding, listing, *changing, verifying, exporting):
        one.add_argument("--data", type=Path, required=True, help="the bureau's folder")
        one.add_argument("--db", default="", help="its database URL (default: SQLite in the folder)")
    options = parser.parse_args(argv)
    context = open_context(BureauSettings(data=str(options.data.resolve()), db=options.db))
    try:
        return _accounts(context, options) if options.group == "accounts" else _audit(context, options)
    except AccountRefused as error:
        print(f"kiosk bureau: {TOLD.get(error.why, error.why)} [{error.why}]", file=sys.stderr)
        return 1
    finally:
        context.engine.dispose()


def _accounts(context: BureauContext, options: argparse.Namespace) -> int:
    if options.task == "list":
        for one in accounts.listed(context):
            marks = [
                word
                for word, true in (
                    ("disabled", one.disabled),
                    ("first password", one.first_password),
                    ("second factor", one.second_factor),
                    ("OIDC", one.by_oidc),
                )
                if true
            ]
            print(f"{one.name:24} {one.role.code:14} {one.shown_name:16} {', '.join(marks)}".rstrip())
        return 0
    if options.task == "add":
        first = accounts.add(context, MACHINE, options.name, options.shown_name or options.name, Role.of(options.role))
        print(f"first password, good for {accounts.FIRST_DAYS} days, shown only now: {first}")
        return 0
    account_id = accounts.id_of(context, options.name)
    if options.task == "reset":
        print(
            f"first password, good for {accounts.FIRST_DAYS} days, shown only now: {accounts.reset(context, MACHINE, account_id)}"
        )
        return 0
    (accounts.disable if options.task == "disable" else accounts.enable)(context, MACHINE, account_id)
    return 0


def _audit(context: BureauContext, options: argparse.Namespace) -> int:
    if options.task == "export":
        for text in audit.as_csv(context) if options.form == "csv" else audit.as_jsonl(context):
            sys.stdout.write(text)
        return 0
    found = audit.verify(context, options.against)
    if found.fault:
        print(f"✗ {found.fault}")
        return 1
    print(f"✓ {found.lines} lines, head {found.head}")
    audit.keep_head(context)
    return 0
