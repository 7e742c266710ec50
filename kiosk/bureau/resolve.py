"""Codes of the national platform: the reference bureau plays it from a table. `POST /v1/resolve`, and the program's own route.

A real bureau asks the platform (电子社保卡: 人社部门户; 网证 CTID: 公安一所) where this one looks into its table. Of a code only a
digest is kept, for as long as it lives.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlalchemy import delete

from kiosk.bureau import database, tables
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.ingest import Turned, open_sealed
from kiosk.sync import protocol

LIVES = timedelta(seconds=60)


def put(context: BureauContext, code: str, platform: str, name: str, id_number: str) -> None:
    """The platform shows somebody a code: it lives from now on."""
    now = utcnow()
    with context.session.begin() as session:
        session.execute(delete(tables.NationalCode).where(tables.NationalCode.made_at < now - LIVES))
        session.merge(
            tables.NationalCode(
                code_digest=_digest(code), platform=platform, name=name, id_number=id_number, made_at=now, taken_by=""
            )
        )


def answer(context: BureauContext, body: bytes) -> bytes:
    """Say whose a code is, sealed to the kiosk that asked. Raises Turned.

    The kiosk that asked first may ask again (its answer may have been lost); another one is refused.
    """
    asked, kiosk_id, context = open_sealed(context, body, protocol.Resolve)
    with context.session.begin() as session:
        kiosk = database.lock_kiosk(session, kiosk_id)
        if kiosk is None:
            raise Turned(401, "unknown-kiosk")
        found = session.get(tables.NationalCode, _digest(asked.code), with_for_update=True)
        reason = ""
        if found is None:
            reason = "unknown-code"
        elif utcnow() - found.made_at > LIVES:
            reason = "code-expired"
        elif found.taken_by not in ("", kiosk_id):
            reason = "code-used-elsewhere"
        else:
            found.taken_by = kiosk_id
        told = found if not reason else None
        document = protocol.Resolved(
            bureau_id=context.bureau_id,
            kiosk_id=kiosk_id,
            question_id=asked.question_id,
            reason=reason,
            platform=told.platform if told else "",
            name=told.name if told else "",
            id_number=told.id_number if told else "",
        )
        return context.seal_to(kiosk, document)


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
