"""Mails about alerts, through a real mail server: at least once, tried again for days, under one id."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from apps.core.clock import now
from apps.core.models import OutboxEvent
from apps.monitoring.models import Alert, AlertMail, MailTry
from apps.monitoring.rules.findings import Finding, Severity
from apps.monitoring.services import (
    alert_raise,
    alert_resolve,
    mail_resend,
    mails_claim,
    mails_expire,
    subscription_create,
)
from apps.webhooks.rules.schedule import MOST_TRIES
from tests.browser.site import run_database
from tests.deployments.makers import make_deployment
from tests.monitoring.mailbox import Gate, Mailbox, mail_server
from tests.webhooks.receiver import speaking
from tests.world import World
from workers.post import post_run
from workers.relay import relay_run
from workers.routes import listeners

pytestmark = pytest.mark.django_db
BURNS = Finding(
    "availability", "digits burns", Severity.PAGE, "digits", "availability", "20 % failed.", "model", "Look."
)


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as mailbox:
        _use(settings, mailbox.port)
        yield mailbox


def _use(settings: Any, port: int, timeout: float = 10) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, timeout
    settings.QUARTET_URL = "https://quartet.example.org"


@pytest.fixture(autouse=True)
def subscribed(world: World) -> None:
    make_deployment(world)
    subscription_create(actor=world.ada)


def due() -> None:
    """Let the pauses and leases of all mails pass."""
    AlertMail.objects.update(due_at=now() - timedelta(seconds=1))


def raised(finding: Finding = BURNS) -> Alert:
    """An alert, and its listeners told."""
    alert = alert_raise(finding=finding)
    relay_run()
    assert alert is not None
    return alert


def test_a_mail_says_what_is_wrong_since_when_how_bad_whose_what_to_do_and_where(mailbox: Mailbox) -> None:
    alert = raised()
    assert post_run() == 1
    [mail] = mailbox.mails
    assert mailbox.to == ["ada@example.org"]
    assert mail["Subject"] == "[Quartet page] digits burns"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    for part in ("20 % failed.", "the model", "Look.", f"https://quartet.example.org/alerts/{alert.pk}/"):
        assert part in text
    assert AlertMail.objects.get().state == "sent"


def test_who_heard_that_it_was_raised_hears_that_it_is_over_in_one_thread(mailbox: Mailbox, world: World) -> None:
    raised()
    subscription_create(actor=world.ben)
    alert_resolve(key=BURNS.key, why="It holds again.")
    relay_run()
    post_run()
    first, second = mailbox.mails
    assert second["Subject"] == "[Quartet resolved] digits burns"
    assert "It holds again." in second.get_content()
    assert second["In-Reply-To"] == first["Message-ID"] != second["Message-ID"]
    assert mailbox.to == ["ada@example.org", "ada@example.org"], "Ben never heard of it"


def test_everybody_chooses_what_they_are_sent(mailbox: Mailbox, world: World) -> None:
    subscription_create(actor=world.ben, severity=Severity.PAGE)
    make_deployment(world, "letters")
    subscription_create(actor=world.cy, deployment="letters")
    raised(Finding("drift", "digits: sound has drifted", Severity.TICKET, "digits", "sound"))
    raised(Finding("drift", "letters: text has drifted", Severity.TICKET, "letters", "text"))
    raised(BURNS)
    post_run()
    got = sorted(zip(mailbox.to, (mail["Subject"] for mail in mailbox.mails), strict=True))
    assert [(who, subject.split("] ")[1]) for who, subject in got] == [
        ("ada@example.org", "digits burns"),
        ("ada@example.org", "digits: sound has drifted"),
        ("ada@example.org", "letters: text has drifted"),
        ("ben@example.org", "digits burns"),
        ("cy@example.org", "letters: text has drifted"),
    ]


def test_people_who_have_left_are_sent_nothing(mailbox: Mailbox, world: World) -> None:
    raised()
    type(world.ada).objects.filter(pk=world.ada.pk).update(is_active=False)
    assert post_run() == 0
    assert mailbox.mails == []


def test_without_a_mail_server_nothing_is_written(settings: Any) -> None:
    settings.EMAIL_HOST = ""
    raised()
    assert not AlertMail.objects.exists()


def test_an_event_that_is_told_twice_is_mailed_once(mailbox: Mailbox) -> None:
    raised()
    event = OutboxEvent.objects.get(name="monitoring.alert_told")
    for listener in listeners()[event.name]:
        listener(event_id=event.pk, **event.payload)
    post_run()
    assert len(mailbox.mails) == 1


def test_what_a_killed_process_was_sending_is_sent_again_under_the_same_id(mailbox: Mailbox) -> None:
    raised()
    [dead] = mails_claim(limit=1)  # a process that dies before it has sent, or right after
    assert post_run() == 0
    due()
    assert post_run() == 1
    assert mailbox.ids() == [dead.message_id]


def test_one_that_does_not_want_it_now_gets_it_later_under_the_same_id(mailbox: Mailbox) -> None:
    mailbox.refusals = ["450 Come back later"]
    raised()
    assert post_run() == 1
    assert post_run() == 0, "not before the pause is over"
    due()
    assert post_run() == 1
    first, second = MailTry.objects.all()
    assert first.problem == "The mail server answered 450: Come back later"
    assert second.problem == ""
    assert mailbox.ids() == [AlertMail.objects.get().message_id]


@pytest.mark.parametrize("which", ["refusals", "answers"])
def test_a_refusal_for_good_is_not_asked_again(mailbox: Mailbox, which: str) -> None:
    setattr(mailbox, which, ["550 No such user here"])
    raised()
    assert post_run() == 1
    due()
    assert post_run() == 0
    assert AlertMail.objects.get().state == "failed"
    assert "550: No such user here" in MailTry.objects.get().problem


def test_one_refusal_holds_up_nobody_else(mailbox: Mailbox, world: World) -> None:
    mailbox.refusals = ["550 No such user here"]
    subscription_create(actor=world.ben)
    raised()
    assert post_run() == 2
    assert mailbox.to == ["ben@example.org"]


def test_a_server_that_is_away_is_tried_for_days_and_then_given_up(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    _use(settings, port)
    raised()
    for _ in range(MOST_TRIES):
        due()
        assert post_run() == 1
    due()
    assert post_run() == 0
    assert AlertMail.objects.get().state == "failed"
    assert MailTry.objects.count() == MOST_TRIES
    assert "cannot be used" in MailTry.objects.first().problem  # type: ignore[union-attr]


def test_a_server_that_hangs_costs_a_try_and_no_more_than_the_limit(settings: Any) -> None:
    gate = Gate()
    with speaking(gate) as url:
        _use(settings, int(url.rsplit(":", 1)[1].strip("/")), timeout=0.2)
        raised()
        assert post_run() == 1
        gate.opened.set()
    assert MailTry.objects.get().problem == "The mail server did not answer in time."
    assert AlertMail.objects.get().state == "waiting"


def test_a_mail_is_sent_again_when_asked(mailbox: Mailbox, world: World) -> None:
    raised()
    post_run()
    mail = AlertMail.objects.get()
    mail_resend(actor=world.ada, mail_id=mail.pk)
    post_run()
    assert mailbox.ids() == [mail.message_id] * 2


def test_old_mails_go(mailbox: Mailbox) -> None:
    raised()
    mails_expire()
    assert AlertMail.objects.count() == 1
    AlertMail.objects.update(created_at=now() - timedelta(days=31))
    mails_expire()
    assert not AlertMail.objects.exists()


_CLAIM_AND_DIE = """
import django, os
django.setup()
from apps.monitoring.services import mails_claim
assert len(mails_claim(limit=1)) == 1
os._exit(9)
"""


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_between_its_claim_and_the_sending_loses_nothing(mailbox: Mailbox, environment: Any) -> None:
    raised()
    killed = subprocess.run([sys.executable, "-c", _CLAIM_AND_DIE], env=environment, check=False)
    assert killed.returncode == 9
    assert post_run() == 0, "it is that process's until its lease is over"
    due()
    assert post_run() == 1
    assert mailbox.ids() == [AlertMail.objects.get().message_id]


@pytest.fixture
def environment() -> dict[str, str]:
    """As a process of the product has it, on the test run's database."""
    return os.environ | {"DATABASE_URL": run_database(), "DJANGO_SETTINGS_MODULE": "controlplane.settings"}
