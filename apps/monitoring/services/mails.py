"""Mails about alerts: written down, claimed, and what came of each try. In between they are sent (workers/post.py).

A claim is a lease: what a killed process was sending is due again when the lease is over, under the same Message-ID.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.core import audit, poke, sending
from apps.core.clock import now
from apps.core.ids import new_id
from apps.core.models import User
from apps.monitoring.access import mail_for
from apps.monitoring.errors import MailUnderWay
from apps.monitoring.models import Alert, AlertMail, MailTry
from apps.monitoring.rules.messages import RESOLVED, body, mail_id, subject
from apps.monitoring.selectors import mails_due, recipients
from apps.webhooks.rules.schedule import pause

#: The Celery task that sends what is due.
TASK = "monitoring.post"
#: How long a mail is its sender's alone: well over the time that a batch may take.
LEASE = timedelta(minutes=10)
_KEEP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Letter:
    """One try: what to send to whom."""

    mail_id: UUID
    claim: UUID
    #: This one counted.
    tries: int
    at: datetime
    address: str
    subject: str
    body: str
    message_id: str
    thread_id: str


def mails_add(*, alert: Alert, kind: str, message: str, told: dict[str, Any]) -> None:
    """Write a mail to each subscriber. That it is over is told to those who heard of it. The same message twice is
    written once; without a mail server (EMAIL_HOST) nothing is."""
    if not settings.EMAIL_HOST:
        return
    people = _told(alert) if kind == RESOLVED else recipients(alert.deployment, told["severity"])
    host = urlsplit(settings.QUARTET_URL).hostname or "quartet"
    first = f"{message.rpartition('_')[0]}_1"
    mails = [
        AlertMail(
            alert=alert,
            user_id=user,
            address=address,
            message_id=mail_id(message, user, host),
            thread_id=mail_id(first, user, host),
            subject=subject(kind, told)[:300],
            body=body(kind, told, told["url"]),
        )
        for user, address in sorted(people.items())
    ]
    if mails:
        AlertMail.objects.bulk_create(mails, ignore_conflicts=True)
        transaction.on_commit(lambda: poke.send(TASK))


def _told(alert: Alert) -> dict[int, str]:
    """Who was sent something of the alert, at the address of today."""
    return dict(alert.mails.filter(user__is_active=True).exclude(user__email="").values_list("user", "user__email"))


def mails_claim(*, limit: int) -> list[Letter]:
    """Take up to `limit` mails that are due for the length of the lease, the oldest first."""
    with transaction.atomic():
        due = mails_due().order_by("due_at").select_for_update(of=("self",), skip_locked=True)
        taken = list(due[:limit])
        claim, at = new_id(), now()
        ids = [mail.pk for mail in taken]
        AlertMail.objects.filter(pk__in=ids).update(**sending.claimed(claim, at, LEASE))
    return [
        Letter(
            mail.pk, claim, mail.tries + 1, at, mail.address, mail.subject, mail.body, mail.message_id, mail.thread_id
        )
        for mail in taken
    ]


def mail_record(*, letter: Letter, seconds: float, problem: str = "", final: bool = False) -> None:
    """Write down how a try went, and when the next one is, if any; `final`: the server will never take it."""
    with transaction.atomic():
        mail = AlertMail.objects.filter(pk=letter.mail_id, claim=letter.claim)
        if mail.update(claim=None, **_after(letter, problem, final)):
            MailTry.objects.create(mail_id=letter.mail_id, at=letter.at, seconds=seconds, problem=problem[:500])


def _after(letter: Letter, problem: str, final: bool) -> dict[str, object]:
    if not problem:
        return {"state": AlertMail.State.SENT, "finished_at": now()}
    rest = None if final else pause(letter.tries, random.random())  # noqa: S311  nobody gains by guessing it
    if rest is None:
        return {"state": AlertMail.State.FAILED, "finished_at": now()}
    return {"due_at": now() + rest}


def mails_give_back(letters: Sequence[Letter]) -> None:
    """Leave to others at once what was claimed and not tried."""
    for letter in letters:
        mine = AlertMail.objects.filter(pk=letter.mail_id, claim=letter.claim)
        mine.update(claim=None, due_at=now(), tries=letter.tries - 1)


def mail_resend(*, actor: User, mail_id: UUID) -> AlertMail:
    """Send it again, now and as if for the first time, under the same Message-ID."""
    mail = mail_for(actor, mail_id)
    with transaction.atomic():
        rests = AlertMail.objects.filter(sending.resting(), pk=mail.pk)
        if not rests.update(state=AlertMail.State.WAITING, **sending.afresh()):
            raise MailUnderWay("This mail is being sent at this moment.")
        audit.record(actor=actor, action="mail.resent", target=f"user:{mail.user}", subject=mail.subject)
        transaction.on_commit(lambda: poke.send(TASK))
    mail.refresh_from_db()
    return mail


def mails_expire() -> None:
    """Drop what is older than its keep."""
    AlertMail.objects.filter(created_at__lt=now() - _KEEP).delete()
