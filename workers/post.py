"""Sends mails about alerts through the operator's mail server, on one of Celery's threads.

    claim (a lease) -> one connection, mail after mail -> write down what came of each

A server that is away or hangs costs each mail of the batch one try and this thread one time limit, and nobody else
anything.
"""

import smtplib
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from apps.core import poke
from apps.monitoring.selectors import mails_due
from apps.monitoring.services import TASK, Letter, mail_record, mails_claim, mails_give_back

#: Mails claimed at once: few enough to be sent well within the lease, a time limit each.
BATCH = 10

#: What a server answers that is about to close the connection.
_CLOSING = 421

#: One run a process: whoever comes second leaves the work to the first.
_running = threading.Lock()


def post_wake() -> None:
    """Ask for a run where something is due."""
    if settings.EMAIL_HOST and mails_due().exists():
        poke.send(TASK)


def post_run() -> int:
    """Send what is due; returns how many tries there were. Nothing where a run is under way in this process."""
    if not _running.acquire(blocking=False):
        return 0
    try:
        tried = 0
        while letters := mails_claim(limit=BATCH):
            tried += _post(letters)
        return tried
    finally:
        _running.release()


def _post(letters: Sequence[Letter]) -> int:
    """Send a batch over one connection, and another where one breaks; returns how many tries there were."""
    began = time.monotonic()
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        for letter in letters:
            mail_record(letter=letter, seconds=time.monotonic() - began, problem=_problem(error))
        return len(letters)
    for place, letter in enumerate(letters):
        if not _send(connection, letter):
            mails_give_back(letters[place + 1 :])
            return place + 1
    _close(connection)
    return len(letters)


def _send(connection: BaseEmailBackend, letter: Letter) -> bool:
    """One try; returns whether the connection can be used again."""
    began = time.monotonic()
    try:
        connection.send_messages([_message(letter)])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        problem, final, usable = _said(code, said), code >= 500, True
    except smtplib.SMTPResponseException as error:
        problem = _said(error.smtp_code, error.smtp_error)
        final, usable = error.smtp_code >= 500, error.smtp_code != _CLOSING
    except (OSError, smtplib.SMTPException) as error:
        problem, final, usable = _problem(error), False, False
    else:
        problem, final, usable = "", False, True
    mail_record(letter=letter, seconds=time.monotonic() - began, problem=problem, final=final)
    if not usable:
        _close(connection)
    return usable


def _message(letter: Letter) -> EmailMessage:
    headers = {"Message-ID": letter.message_id, "Auto-Submitted": "auto-generated"}
    if letter.thread_id != letter.message_id:
        headers |= {"In-Reply-To": letter.thread_id, "References": letter.thread_id}
    return EmailMessage(letter.subject, letter.body, to=[letter.address], headers=headers)


def _close(connection: BaseEmailBackend) -> None:
    with suppress(OSError, smtplib.SMTPException):  # what was sent is written down already
        connection.close()


def _said(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"The mail server answered {code}: {' '.join(text.split())}"


def _problem(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    # smtplib calls a server that does not answer in time a connection that was closed.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "The mail server did not answer in time."
    return f"The mail server cannot be used: {error or type(error).__name__}"
