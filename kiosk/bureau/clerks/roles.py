"""Who may do what: one table of all routes, looked at in one place (`allowed`) before any handler runs.

A route that does not stand here is refused to everybody; a test names it. Roles are steps: each may what the one below may.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from fastapi import HTTPException, Request


class Role(IntEnum):
    """A clerk's role. Kept as its name in small letters."""

    VIEWER = 1  # looks
    CLERK = 2  # decides records
    SUPERVISOR = 3  # issues and revokes, agrees to what another asked for
    ADMINISTRATOR = 4  # accounts, settings, the audit log

    @property
    def code(self) -> str:
        """As it is kept and shown in lists."""
        return self.name.lower()

    @classmethod
    def of(cls, code: str) -> Role:
        """Return the role of a code. Raises KeyError."""
        return cls[code.upper()]


# Besides a role, what a route may ask for.
OPEN: Final = "open"  # anybody: looks at nothing of the bureau's
KIOSK: Final = "kiosk"  # proves who it is inside what it sends (`bureau.api`)
PROGRAM: Final = "program"  # the password of programs, with each request; never a session
OWN: Final = "own"  # anybody with a session, about themselves
PASSWORD: Final = "password"  # noqa: S105 - steps of a session that is not whole yet: a new password is due
SECOND: Final = "second"  # the second factor is due
ENROL: Final = "enrol"  # the second factor is to be set up

Need = Role | str
_API = {
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/updates/{folder}/{name}"): OPEN,
    ("GET", "/updates/objects/{part}/{name}"): OPEN,
    ("GET", "/updates/deltas/{part}/{name}"): OPEN,
    ("GET", "/v1/health"): KIOSK,
    ("GET", "/v1/time"): KIOSK,
    ("POST", "/v1/enrol"): KIOSK,
    ("POST", "/v1/batches"): KIOSK,
    ("POST", "/v1/reconcile"): KIOSK,
    ("POST", "/v1/evidence"): KIOSK,
    ("POST", "/v1/resolve"): KIOSK,
    ("POST", "/v1/lookup"): KIOSK,
    ("POST", "/v1/report"): KIOSK,
    ("GET", "/v1/decisions"): KIOSK,
    ("GET", "/v1/standing"): KIOSK,
    ("GET", "/v1/roster"): KIOSK,
    ("GET", "/v1/roster/chunks"): KIOSK,
    ("GET", "/v1/roster/files/{digest}"): KIOSK,
    ("GET", "/v1/bundle"): KIOSK,
    ("GET", "/v1/reminders"): KIOSK,
    ("GET", "/v1/settings"): KIOSK,
    ("POST", "/admin/codes"): PROGRAM,
    ("POST", "/admin/decisions"): PROGRAM,
    ("POST", "/admin/kiosks/{kiosk_id}/revoke"): PROGRAM,
    ("POST", "/admin/rosters"): PROGRAM,
    ("POST", "/admin/bundle"): PROGRAM,
    ("POST", "/admin/messages"): PROGRAM,
    ("POST", "/admin/national-codes"): PROGRAM,
    ("GET", "/admin/records"): PROGRAM,
    ("GET", "/admin/all-records"): PROGRAM,
    ("GET", "/admin/records/{record_id}"): PROGRAM,
    ("GET", "/admin/evidence"): PROGRAM,
    ("GET", "/admin/evidence/{evidence_id}"): PROGRAM,
    ("POST", "/admin/findings/{finding_id}/clear"): PROGRAM,
    ("GET", "/admin/summary"): PROGRAM,
}
_PAGES: dict[tuple[str, str], Need] = {
    ("GET", "/static/{name}"): OPEN,
    ("GET", "/sign-in"): OPEN,
    ("POST", "/sign-in"): OPEN,
    ("GET", "/oidc/start"): OPEN,
    ("GET", "/oidc/return"): OPEN,
    ("GET", "/sign-in/second"): SECOND,
    ("POST", "/sign-in/second"): SECOND,
    ("GET", "/account/password"): PASSWORD,
    ("POST", "/account/password"): PASSWORD,
    ("GET", "/account/second"): ENROL,
    ("POST", "/account/second"): ENROL,
    ("POST", "/sign-in/passkey/ask"): SECOND,
    ("POST", "/sign-in/passkey"): SECOND,
    ("POST", "/account/passkeys/offer"): ENROL,
    ("POST", "/account/passkeys"): ENROL,
    ("POST", "/account/passkeys/remove"): Role.VIEWER,
    ("POST", "/sign-out"): OWN,
    ("POST", "/sign-out/everywhere"): OWN,
    ("POST", "/account/language"): OWN,
    ("GET", "/verify/{record_id}"): OPEN,
    ("GET", "/"): Role.VIEWER,
    ("GET", "/records"): Role.VIEWER,
    ("GET", "/records/{record_id}"): Role.VIEWER,
    ("POST", "/records/{record_id}/decide"): Role.CLERK,
    ("GET", "/papers/{evidence_id}"): Role.CLERK,
    ("GET", "/requests"): Role.CLERK,
    ("POST", "/requests/{proposal_id}/settle"): Role.CLERK,  # taking back one's own; agreeing: `four_eyes.AGREES`
    ("GET", "/stations"): Role.VIEWER,
    ("GET", "/stations/{kiosk_id}"): Role.VIEWER,
    ("POST", "/stations/code"): Role.SUPERVISOR,
    ("POST", "/stations/message"): Role.SUPERVISOR,
    ("POST", "/stations/findings/{finding_id}/clear"): Role.SUPERVISOR,
    ("POST", "/stations/{kiosk_id}/revoke"): Role.SUPERVISOR,
    ("GET", "/rosters"): Role.SUPERVISOR,
    ("POST", "/rosters/upload"): Role.SUPERVISOR,
    ("GET", "/rosters/{draft_id}"): Role.SUPERVISOR,
    ("POST", "/rosters/{draft_id}/issue"): Role.SUPERVISOR,
    ("POST", "/rosters/{draft_id}/drop"): Role.SUPERVISOR,
    ("POST", "/rosters/issued/{version}/withdraw"): Role.SUPERVISOR,
    ("GET", "/policies"): Role.SUPERVISOR,
    ("GET", "/policies/{name}"): Role.SUPERVISOR,
    ("POST", "/policies/{name}"): Role.SUPERVISOR,
    ("GET", "/settings"): Role.SUPERVISOR,
    ("POST", "/settings"): Role.SUPERVISOR,
    ("POST", "/settings/group"): Role.SUPERVISOR,
    ("GET", "/account"): Role.VIEWER,
    ("GET", "/accounts"): Role.ADMINISTRATOR,
    ("POST", "/accounts/add"): Role.ADMINISTRATOR,
    ("POST", "/accounts/{account_id}/change"): Role.ADMINISTRATOR,
    ("GET", "/audit"): Role.ADMINISTRATOR,
    ("GET", "/audit/export"): Role.ADMINISTRATOR,
}
NEEDED: dict[tuple[str, str], Need] = {**_API, **_PAGES}


def needed(method: str, path: str) -> Need | None:
    """Return what a route asks for; None for one that is not in the table."""
    return NEEDED.get(("GET" if method == "HEAD" else method, path))


def may(need: Need | None, role: Role | None, stage: str, program: bool) -> bool:
    """Whether somebody may use a route. role: of a session, None without one; stage: "" for a whole session, else what is due."""
    if need is None:
        return False
    if need in (OPEN, KIOSK):
        return True
    if need == PROGRAM:
        return program
    if role is None or program:
        return False
    if need == OWN:
        return True
    if isinstance(need, Role):
        return not stage and role >= need
    # A whole session may change its password or its second factor; one that is not whole goes just its own step.
    return stage == need or (not stage and need != SECOND)


async def allowed(request: Request) -> None:
    """Refuse whom the table does not name. A dependency of the whole application."""
    path = getattr(request.scope.get("route"), "path", "")
    session = getattr(request.state, "session", None)
    role, stage, program = (session.role, session.stage, session.program) if session is not None else (None, "", False)
    need = needed(request.method, path)
    if may(need, role, stage, program):
        return
    if session is None:
        raise HTTPException(401, "not signed in")
    if stage and request.method in ("GET", "HEAD"):
        raise HTTPException(303, "a step is due", {"Location": STEPS[stage]})
    raise HTTPException(403, "not for this role")


STEPS: dict[str, str] = {PASSWORD: "/account/password", SECOND: "/sign-in/second", ENROL: "/account/second"}
