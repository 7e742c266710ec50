"""`kiosk policy list` and `kiosk policy explain --policy P --last-pass D --today D`: what the rules say, in words and dates."""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any


def main(argv: list[str]) -> int:
    """Run the command; 0 when it could answer."""
    parser = argparse.ArgumentParser(prog="kiosk policy", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    tasks.add_parser("list", help="all policies of config/policies, with the days they are in force")
    explain = tasks.add_parser("explain", help="window, validity, grace, suspension, back-pay and message on a day")
    explain.add_argument("--policy", required=True, help="id of a policy")
    explain.add_argument("--last-pass", type=date.fromisoformat, help="day of the last pass (YYYY-MM-DD); without it: never passed")
    explain.add_argument("--today", type=date.fromisoformat, default=None, help="default: today in the station's time zone")
    explain.add_argument("--due", type=date.fromisoformat, help="a due date fixed by the bureau")
    explain.add_argument("--status", default="active", help="status in the roster (active, suspended, data-matched, ...)")
    explain.add_argument("--kind", default="enterprise-employee", help="kind of benefit")
    explain.add_argument("--born", type=date.fromisoformat, help="birthday, for the age of retirement")
    explain.add_argument("--non-local", action="store_true", help="a retiree of another place")
    explain.add_argument("--clock-suspect", action="store_true", help="as when the clock jumped back")
    explain.add_argument("--language", choices=("zh_CN", "en"), default="zh_CN")
    explain.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)

    from kiosk import config
    from kiosk.domain.policy import PolicyBook, UnknownPolicy
    from kiosk.errors import ConfigError
    from kiosk.store.policies import of_files

    settings = config.load() if (config.CONFIG / "kiosk.toml").exists() else config.Settings()
    found = of_files(settings.rules.policies)
    try:
        book = PolicyBook(found)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if options.task == "list":
        for policy in found:
            print(f"{policy.policy_id:16} {policy.kind:16} {policy.effective_from} … {policy.effective_to or ''}  {policy.title}")
        return 0
    try:
        answer = _explain(options, book, settings.station.timezone)
    except UnknownPolicy:
        raise ConfigError(f"no policy {options.policy!r}; there are: {', '.join(book.ids)}") from None
    if options.json:
        print(json.dumps(answer, ensure_ascii=False, indent=2, default=str))
        return 0
    for key, value in answer.items():
        print(f"{key:22} {'—' if value in (None, '') else value}")
    return 0


def _explain(options: argparse.Namespace, book: Any, timezone: str) -> dict[str, Any]:
    from datetime import UTC, datetime

    from kiosk.domain.calendar_days import local_date
    from kiosk.domain.person import Benefit, RosterEntry, RosterStatus
    from kiosk.domain.renewal import decide, message_of, standing
    from kiosk.domain.wording import say

    today = options.today or local_date(datetime.now(UTC), timezone)
    benefit = Benefit(options.kind, options.kind, options.policy, options.last_pass, options.due)
    entry = RosterEntry("example", "example", "", RosterStatus(options.status), (benefit,), options.born, not options.non_local)
    answer = decide(book, benefit, entry, today, clock_suspect=options.clock_suspect)
    rule, form = _texts(options.language)
    version = book.at(options.policy, today)
    return {
        "policy": f"{version.policy_id} ({version.kind}, in force from {version.effective_from})",
        "today": today,
        "last pass": options.last_pass,
        "may pass today": "yes" if answer.may_pass else "no",
        "reason": str(answer.reason),
        "standing": str(standing(answer, today)),
        "period": answer.period,
        "window": _span(answer.earliest_next, answer.due),
        "validity": _span(answer.valid_from, answer.valid_to),
        "grace to": answer.grace_to,
        "suspended from": answer.suspended_from,
        "back-pay months": answer.suspended_months,
        "a pass today is valid": _span(answer.if_passed_from, answer.if_passed_to) if answer.may_pass else None,
        "then next window": _span(answer.next_from, answer.next_to) if answer.may_pass else None,
        "message": say(message_of(answer, today), rule, form),
    }


def _span(first: date | None, last: date | None) -> str | None:
    return None if first is None and last is None else f"{first or ''} … {last or ''}"


def _texts(language: str) -> tuple[dict[str, str], dict[str, str]]:
    import tomllib

    from kiosk.config import ASSETS

    path = Path(ASSETS) / "strings" / language / "programme.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return data["rule"], data["rule_format"]
