"""Alarms: a kiosk that was not heard of for a day is told on the page, by webhook and by mail; once, and once more when it is back.

Looked at every minute by one thread a worker. What is to be told stands in the database; a worker takes an alarm for a short while,
tells it, and notes what worked: what did not is tried again, what did is never told twice.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import smtplib
import ssl
import threading
import uuid
from datetime import timedelta
from email.message import EmailMessage

import httpx
from sqlalchemy import ColumnElement, and_, func, or_, select

from kiosk.bureau.clerks import audit, settings
from kiosk.bureau.clerks.settings import ClerkSettings, Mail, Webhook
from kiosk.bureau.clerks.tables import Alarm
from kiosk.bureau.clerks.words import Words
from kiosk.bureau.context import BureauContext, utcnow
from kiosk.bureau.tables import Kiosk
from kiosk.canonical import canonical
from kiosk.errors import ConfigError

log = logging.getLogger(__name__)
_LEASE = timedelta(minutes=2)
_TIMEOUT_S = 15.0
_AT_ONCE = 200  # kiosks raised in one look: after an outage of the bureau itself the rest follow a minute later


def look(context: BureauContext) -> None:
    """Raise alarms for kiosks that became silent, end those of kiosks that were heard again, tell what is not told."""
    given = settings.of(context)
    _raise(context, given)
    _recover(context, given)
    tell(context, given)


def _raise(context: BureauContext, given: ClerkSettings) -> None:
    now = utcnow()
    late = now - timedelta(hours=given.alarms.silent_h)
    heard = func.coalesce(Kiosk.last_contact, Kiosk.created_at)
    opened = select(Alarm.kiosk_id).where(Alarm.recovered_at.is_(None))
    with context.session.begin() as transaction:
        silent = transaction.execute(
            select(Kiosk.kiosk_id, heard)
            .where(Kiosk.revoked_at.is_(None), heard < late, Kiosk.kiosk_id.not_in(opened))
            .order_by(Kiosk.kiosk_id)
            .limit(_AT_ONCE)
            .with_for_update(of=Kiosk, skip_locked=True)  # another worker looks at the same moment
        )
        for kiosk_id, since in silent.all():
            again = transaction.scalar(
                select(Alarm.alarm_id).where(Alarm.kiosk_id == kiosk_id, Alarm.recovered_at.is_(None)).limit(1)
            )
            if again is None:
                transaction.add(Alarm(alarm_id=str(uuid.uuid4()), kiosk_id=kiosk_id, silent_since=since, raised_at=now, told=""))


def _recover(context: BureauContext, given: ClerkSettings) -> None:
    late = utcnow() - timedelta(hours=given.alarms.silent_h)
    heard = func.coalesce(Kiosk.last_contact, Kiosk.created_at)
    with context.session.begin() as transaction:
        back = transaction.scalars(
            select(Alarm)
            .join(Kiosk, Kiosk.kiosk_id == Alarm.kiosk_id)
            .where(Alarm.recovered_at.is_(None), or_(heard >= late, Kiosk.revoked_at.is_not(None)))
            .with_for_update(of=Alarm, skip_locked=True)
        )
        for alarm in back:
            alarm.recovered_at = utcnow()


def tell(context: BureauContext, given: ClerkSettings) -> None:
    """Tell what is due by each way that is set. An alarm that ended untold is not told at all."""
    ways = [way for way, is_set in (("webhook", given.webhook), ("mail", given.mail)) if is_set is not None]
    for way in ways:
        for alarm_id in _due(context, way):
            _tell_one(context, given, alarm_id, way)


def _due(context: BureauContext, way: str) -> list[str]:
    said, over = _has(way), _has(f"{way}-over")
    due = or_(
        and_(Alarm.recovered_at.is_(None), ~said),
        and_(Alarm.recovered_at.is_not(None), said, ~over),
    )
    recent = or_(Alarm.recovered_at.is_(None), Alarm.recovered_at > utcnow() - timedelta(days=2))
    with context.session.begin() as transaction:
        return list(transaction.scalars(select(Alarm.alarm_id).where(due, recent).order_by(Alarm.raised_at).limit(50)))


def _has(word: str) -> ColumnElement[bool]:
    return (" " + Alarm.told + " ").contains(f" {word} ", autoescape=True)


def _tell_one(context: BureauContext, given: ClerkSettings, alarm_id: str, way: str) -> None:
    now = utcnow()
    with context.session.begin() as transaction:
        alarm = transaction.scalar(select(Alarm).where(Alarm.alarm_id == alarm_id).with_for_update())
        if alarm is None or (alarm.busy_until is not None and alarm.busy_until > now):
            return
        word = f"{way}-over" if alarm.recovered_at is not None else way
        if word in alarm.told.split():
            return
        alarm.busy_until = now + _LEASE
        kiosk = transaction.get_one(Kiosk, alarm.kiosk_id)
    worked = _send(context, given, way, alarm, kiosk)
    with context.session.begin() as transaction:
        row = transaction.get_one(Alarm, alarm_id)
        row.busy_until = None
        if worked:
            row.told = f"{row.told} {word}".strip()


def _send(context: BureauContext, given: ClerkSettings, way: str, alarm: Alarm, kiosk: Kiosk) -> bool:
    try:
        if way == "webhook" and given.webhook is not None:
            _post(context, given.webhook, alarm, kiosk)
        elif given.mail is not None:
            _mail(context, given, given.mail, alarm, kiosk)
    except (httpx.HTTPError, smtplib.SMTPException, OSError, ConfigError) as error:
        log.warning("alarm not told by %s: %s", way, type(error).__name__)  # never what it held
        return False
    return True


def _post(context: BureauContext, hook: Webhook, alarm: Alarm, kiosk: Kiosk) -> None:
    body = canonical(
        {
            "kind": "kiosk-silent" if alarm.recovered_at is None else "kiosk-heard-again",
            "alarm_id": alarm.alarm_id,
            "station_id": kiosk.station_id,
            "kiosk_id": kiosk.kiosk_id,
            "silent_since": alarm.silent_since.isoformat(),
            "at": utcnow().isoformat(),
        }
    )
    headers = {"Content-Type": "application/json"}
    if hook.secret_file:
        headers["X-Signature"] = hmac.new(settings.secret(context, hook.secret_file).encode(), body, hashlib.sha256).hexdigest()
    # A redirection would carry the signature elsewhere; a proxy of the environment is nobody's choice here.
    with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
        client.post(hook.url, content=body, headers=headers).raise_for_status()


def _mail(context: BureauContext, given: ClerkSettings, mail: Mail, alarm: Alarm, kiosk: Kiosk) -> None:
    words = Words("zh_CN", given.zone)
    kind = "silent" if alarm.recovered_at is None else "heard"
    place = " ".join(f"{kiosk.station_id} {kiosk.name}".split())
    told = {"place": place, "kiosk": kiosk.kiosk_id, "since": words.when(alarm.silent_since), "bureau": given.name}
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, ", ".join(mail.to)
    message["Subject"] = words.text(f"alarm.{kind}-subject", **told)
    message["Message-ID"] = f"<{alarm.alarm_id}.{kind}@{context.bureau_id.lower()}>"
    message.set_content(words.text(f"alarm.{kind}-body", **told))
    trusted = ssl.create_default_context()
    made = (
        smtplib.SMTP_SSL(mail.host, mail.port, timeout=_TIMEOUT_S, context=trusted)
        if mail.tls == "tls"
        else smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT_S)
    )
    with made as server:
        if mail.tls == "starttls":
            server.starttls(context=trusted)
        if mail.user:
            server.login(mail.user, settings.secret(context, mail.password_file))
        server.send_message(message)


class Watch:
    """The thread of one worker that looks every minute. Ends with `close`."""

    def __init__(self, context: BureauContext) -> None:
        self._context = context
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clerks-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        wait_s = 5.0
        while not self._over.wait(wait_s):
            try:
                wait_s = settings.of(self._context).alarms.every_s
                look(self._context)
                audit.keep_head(self._context)
            except Exception as error:  # noqa: BLE001 - the next look may work; without this thread nobody would be told
                log.error("alarms: %s", type(error).__name__)
                wait_s = 60.0

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        self._thread.join(5.0)
