"""A retraining that failed or was refused is an alert with its figures, until a later one is let through."""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from apps.core.models import OutboxEvent
from apps.monitoring.models import Alert, AlertMail
from apps.monitoring.services import subscription_create
from apps.training.models import RetrainPolicy, RetrainTrigger, TrainingJob
from apps.training.services import job_cancel, job_fail, retrain_now, retrain_policy_remove
from apps.webhooks.models import Delivery, WebhookEndpoint
from tests.console.conftest import signed_in
from tests.monitoring.promises import open_alerts, told
from tests.retraining.loop import LEAST, Loop
from tests.training_jobs.makers import running
from workers.routes import listeners

pytestmark = pytest.mark.django_db


def begun(loop: Loop) -> TrainingJob:
    """The job of a retraining by hand."""
    loop.label(2 * LEAST)
    retrain_now(actor=loop.world.ada, deployment=loop.deployment, despite_cooldown=True)
    loop.begin()
    return TrainingJob.objects.latest("requested_at")


def refused(loop: Loop) -> None:
    loop.end(begun(loop), wrong=10)
    loop.tell()


def failed(loop: Loop, code: str = "diverged", reason: str = "The loss was nan at step 3.") -> None:
    job = begun(loop)
    job_fail(job_id=job.pk, lease=running(job), code=code, reason=reason)
    loop.tell()


def passed(loop: Loop) -> None:
    loop.end(begun(loop), weights=(8.0, 9.0))
    loop.tell()


@pytest.fixture(autouse=True)
def policy(loop: Loop) -> RetrainPolicy:
    return loop.policy()


def test_a_candidate_that_the_gate_refused_is_told_with_the_numbers(loop: Loop) -> None:
    refused(loop)
    [alert] = open_alerts()
    assert (alert.rule, alert.deployment, alert.severity) == ("retraining", "echoes", "ticket")
    assert (alert.title, alert.fault) == ("echoes: a retraining was refused", "model")
    assert "and the champion on 100.0%" in alert.text and "(0 won, 10 lost, McNemar p" in alert.text
    assert alert.text.endswith(f"Trigger {RetrainTrigger.objects.get().pk}: ada asked for it.")
    assert "slices that got worse" in alert.remedy


@pytest.mark.parametrize(
    ("code", "fault"), [("diverged", "model"), ("memory_limit", "operator"), ("attempts_spent", "")]
)
def test_one_that_failed_is_told_with_its_reason_and_whose_fault_it_is(loop: Loop, code: str, fault: str) -> None:
    failed(loop, code, "It went wrong at step 3.")
    [alert] = open_alerts()
    assert (alert.title, alert.fault) == ("echoes: a retraining failed", fault)
    assert alert.text.startswith("The training job is failed: It went wrong at step 3.")


def test_a_right_that_is_missing_is_the_operators_to_give(loop: Loop) -> None:
    loop.label()
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    loop.world.ada.groups.remove(Group.objects.get(name="publisher"))
    loop.begin()
    loop.tell()
    [alert] = open_alerts()
    assert alert.fault == "operator" and alert.remedy.startswith("Give ada the right that is missing")


def test_it_is_over_when_a_later_one_is_let_through(loop: Loop) -> None:
    refused(loop)
    passed(loop)
    assert open_alerts() == []
    assert Alert.objects.get().resolution.startswith("The gates let echo/3 through; revision 2 waits")
    assert [kind for kind, _ in told()] == ["alert.raised", "alert.resolved"]


def test_a_second_failure_is_the_same_alert_with_the_newer_words(loop: Loop) -> None:
    refused(loop)
    failed(loop)
    [alert] = open_alerts()
    assert "The loss was nan at step 3." in alert.text
    assert [kind for kind, _ in told()] == ["alert.raised"]


def test_it_is_over_when_the_policy_is_taken_away(loop: Loop, policy: RetrainPolicy) -> None:
    refused(loop)
    retrain_policy_remove(actor=loop.world.ada, policy=policy)
    loop.tell()
    assert open_alerts() == []
    assert Alert.objects.get().resolution == "ada took the policy away."


def test_what_a_person_cancelled_and_what_waited_in_vain_are_none(loop: Loop) -> None:
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    RetrainTrigger.objects.update(fired_at="2020-01-01T00:00Z")
    assert loop.begin().state == "gave_up"
    job_cancel(actor=loop.world.ada, job=begun(loop))
    loop.tell()
    assert OutboxEvent.objects.filter(name="training.retraining_ended").count() == 2
    assert not Alert.objects.exists()


def test_neither_ends_one_that_is_open(loop: Loop) -> None:
    refused(loop)
    job_cancel(actor=loop.world.ada, job=begun(loop))
    loop.tell()
    assert len(open_alerts()) == 1


def test_the_end_told_twice_or_late_is_no_news(loop: Loop) -> None:
    refused(loop)
    passed(loop)
    for event in OutboxEvent.objects.filter(name="training.retraining_ended").order_by("pk"):
        for listener in listeners()[event.name]:
            listener(event_id=event.pk, **event.payload)
    assert open_alerts() == []
    assert len(told()) == 2


def test_it_reaches_the_pages_the_mail_and_the_webhooks_as_every_alert(loop: Loop, settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    subscription_create(actor=loop.world.ada)
    WebhookEndpoint.objects.create(
        owner=loop.world.ada, name="ci", url="https://a.example.org/", events=["alert.raised"], secret="whsec_"
    )
    refused(loop)
    page = signed_in(loop.world.cy).get("/alerts/").content.decode()
    assert "echoes: a retraining was refused" in page and "/deployments/echoes/#retraining" in page
    assert "echoes: a retraining was refused" in signed_in(loop.world.cy).get("/").content.decode()
    listed = loop.world.client(loop.world.cy).get("/api/v1/alerts", {"rule": "retraining"}).json()["results"]
    assert [each["deployment"] for each in listed] == ["echoes"]
    mail, delivery = AlertMail.objects.get(), Delivery.objects.get()
    assert (mail.address, mail.subject) == ("ada@example.org", "[Quartet ticket] echoes: a retraining was refused")
    assert "McNemar p" in mail.body and "McNemar p" in delivery.body
