"""A clerk who is signed in at a bureau of a bench."""

from __future__ import annotations

import time

from kiosk.bureau import sessions
from kiosk.bureau.clerks import accounts
from kiosk.bureau.clerks.audit import Actor
from kiosk.bureau.clerks.roles import Role
from kiosk.bureau.context import BureauSettings, open_context
from kiosk.bureau.process import BureauProcess


def supervisor(bureau: BureauProcess) -> sessions.Session:
    """Make a supervisor of a name of its own (a database that is kept has those of the runs before); return the session."""
    context = open_context(BureauSettings(data=str(bureau.data), db=bureau.db))
    try:
        with context.session.begin() as transaction:
            name = f"bench-{time.time_ns()}"
            account = accounts.make(transaction, Actor("bench", "machine"), name, "bench", Role.SUPERVISOR)
        return sessions.begin(context, account, "", "127.0.0.1")
    finally:
        context.engine.dispose()
