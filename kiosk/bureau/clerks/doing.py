"""What is done once a second person agrees, by kind: the agreement and the deed in one transaction, or neither."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy.orm import Session as Transaction

from kiosk.bureau import decisions, rosters, station_settings, tables
from kiosk.bureau.clerks import four_eyes, policies, roster_drafts
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.four_eyes import Asked, FourEyesRefused
from kiosk.bureau.clerks.roster_drafts import DraftRefused
from kiosk.bureau.context import BureauContext, revoke
from kiosk.sync import seal


def do(context: BureauContext, who: Actor, asked: Asked) -> None:
    """Agree to a request and do it. Raises FourEyesRefused."""
    try:
        _DO[asked.kind](context, who, asked)
    except DraftRefused as error:
        raise FourEyesRefused("changed-meanwhile" if error.why == "not-waiting" else error.why) from error
    except seal.Refused as error:
        raise FourEyesRefused("changed-meanwhile") from error


def _override(context: BureauContext, who: Actor, asked: Asked) -> None:
    def witness(transaction: Transaction, row: tables.Record) -> None:
        four_eyes.agree(transaction, who, asked.proposal_id)
        if row.decision != asked.content["before"]:
            raise FourEyesRefused("changed-meanwhile")

    if not decisions.decide(context, asked.subject, asked.content["decided"], asked.content["reason"], witness):
        raise FourEyesRefused("not-there")


def _revoke(context: BureauContext, who: Actor, asked: Asked) -> None:
    def witness(transaction: Transaction) -> None:
        four_eyes.agree(transaction, who, asked.proposal_id)

    if not revoke(context, asked.subject, str(asked.content["reason"]), witness):
        raise FourEyesRefused("not-there")


def _roster_small(context: BureauContext, who: Actor, asked: Asked) -> None:
    with context.session.begin() as transaction:
        four_eyes.agree(transaction, who, asked.proposal_id)
        roster_drafts.queue(transaction, who, asked.subject)


def _roster_withdraw(context: BureauContext, who: Actor, asked: Asked) -> None:
    with context.session.begin() as transaction:
        four_eyes.check(transaction, who, asked.proposal_id)  # before a file is written for nothing
    draft_id = roster_drafts.withdraw(context, who, int(asked.subject))
    with context.session.begin() as transaction:
        four_eyes.agree(transaction, who, asked.proposal_id)
        roster_drafts.queue(transaction, who, draft_id)


def _bundle(context: BureauContext, who: Actor, asked: Asked) -> None:
    name, text = asked.subject, str(asked.content["text"])
    with context.session.begin() as transaction:
        four_eyes.check(transaction, who, asked.proposal_id)
        content = rosters.in_force(transaction)
    if policies.mark_of(content, name) != asked.content["base"]:
        raise FourEyesRefused("changed-meanwhile")

    def witness(transaction: Transaction) -> None:
        four_eyes.agree(transaction, who, asked.proposal_id)

    rosters.issue_bundle(context, policies.with_policy(content, name, text), witness)


def _settings(context: BureauContext, who: Actor, asked: Asked) -> None:
    def witness(transaction: Transaction) -> None:
        four_eyes.agree(transaction, who, asked.proposal_id)

    with context.session.begin() as transaction:
        four_eyes.check(transaction, who, asked.proposal_id)
        held = station_settings.in_force(transaction, asked.subject)
    if (held.version if held else 0) != asked.content["base"]:
        raise FourEyesRefused("changed-meanwhile")
    second = station_settings.parse_second(str(asked.content["second"]))
    station_settings.issue(context, asked.subject, json.loads(asked.content["values"]), second, witness)


_DO: dict[str, Callable[[BureauContext, Actor, Asked], None]] = {
    "override": _override,
    "revoke": _revoke,
    "roster-small": _roster_small,
    "roster-withdraw": _roster_withdraw,
    "bundle": _bundle,
    "settings": _settings,
}
