"""Who may do what at the desk, and with which papers. Pure; asked by the desk before it asks the store, and by the store again."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from kiosk.domain.record import Channel


class Role(StrEnum):
    """What somebody may do at the desk. A supervisor may all that an attendant may, and approve."""

    ATTENDANT = "attendant"
    SUPERVISOR = "supervisor"


PROXIES = (Channel.FAMILY_PROXY, Channel.AGENT)
ASSISTED = (Channel.FACE_TO_FACE, Channel.HOME_VISIT, *PROXIES)  # a pass without the face
PROXY_PAPERS = ("principal-id-copy", "agent-id", "principal-proof")  # all of them
DECLARATION_PAPERS = ("declarant-id", "declaration-proof")  # what may be photographed; none is required
UNIT_PAPERS = ("clerk-id", "sealed-list", "hukou-copies-sealed", "unit-certificate")
SHORT_PIN_DIGITS = 4
UNIT_NEEDS = ("clerk-id", "sealed-list")  # of these


def proxy_problem(principal_number: str, agent_number: str, papers: Collection[str]) -> str:
    """Return why somebody cannot be authenticated by another person, or "": agent-missing, agent-is-principal, papers-missing.

    agent_number "": nobody was identified.
    """
    if not agent_number:
        return "agent-missing"
    if agent_number == principal_number:
        return "agent-is-principal"
    return "" if set(PROXY_PAPERS) <= set(papers) else "papers-missing"


def unit_papers_problem(papers: Collection[str]) -> str:
    """Return papers-missing when a unit's clerk did not bring what a list needs, or ""."""
    return "" if set(UNIT_NEEDS) <= set(papers) else "papers-missing"


def approval_problem(role: Role | None, staff_id: str, authors: Collection[str]) -> str:
    """Return why somebody cannot approve a day, or "": desk-not-allowed, own-records (two people).

    role None: nobody of the staff. authors: staff numbers of those who made the day's records.
    """
    if role is not Role.SUPERVISOR:
        return "desk-not-allowed"
    return "own-records" if staff_id in authors else ""


def declarant_problem(person_number: str, declarant_number: str) -> str:
    """Return declarant-missing when nobody else declares a death, or ""."""
    return "declarant-missing" if declarant_number in ("", person_number) else ""


def revocation_problem(role: Role | None, staff_id: str, whose: str) -> str:
    """Return why somebody cannot end a member's access, or "": desk-not-allowed, revoke-self.

    Nobody ends their own: a kiosk could be left without anybody.
    """
    if role is not Role.SUPERVISOR:
        return "desk-not-allowed"
    return "revoke-self" if staff_id == whose else ""
