"""Requests that wait for reviewers, and people who may decide them."""

from datetime import timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import Group

from apps.approvals.models import ApprovalRequest
from apps.approvals.services import request_open
from apps.core.clock import now
from apps.core.ids import new_id
from apps.core.models import User
from apps.deployments.models import Deployment, Revision
from apps.deployments.services import revision_request
from apps.registry.models import ModelVersion
from tests.deployments.makers import make_version
from tests.world import World

_numbers = count(1)


def ask(by: User, event_id: object = None, revision: Revision | None = None, **asked: Any) -> ApprovalRequest:
    """A request of `by` about a revision that waits; a new one where none is given."""
    revision = revision or waiting_revision(by)
    request_open(
        event_id=event_id or new_id(),  # type: ignore[arg-type]
        revision_id=revision.pk,
        requested_by=by.pk,
        **({"digest": revision.digest, "summary": "Deploy", "evidence": {"a": 1}} | asked),
    )
    return ApprovalRequest.objects.latest("opened_at")


def waiting_revision(by: User, version: ModelVersion | None = None) -> Revision:
    """A revision that `by` requested, in a deployment of its own."""
    number = next(_numbers)
    version = version or make_version(World(by, by, by), number)
    deployment = Deployment.objects.create(name=f"digits-{number}", created_by=by)
    return revision_request(actor=make_operator(by), deployment=deployment, version=version)


def asked_before(hours: float, by: User, **asked: Any) -> ApprovalRequest:
    """A request as if it had been opened so many hours ago."""
    then = now() - timedelta(hours=hours)
    with patch("apps.approvals.services.requests.now", lambda: then):
        return ask(by, **asked)


def make_reviewer(user: User) -> User:
    """The same person, who may decide from now on."""
    return _joined(user, "reviewer")


def make_operator(user: User) -> User:
    """The same person, who may request revisions from now on."""
    return _joined(user, "operator")


def _joined(user: User, group: str) -> User:
    user.groups.add(Group.objects.get_or_create(name=group)[0])
    return User.objects.get(pk=user.pk)


def bot_of(owner: User, *groups: str) -> User:
    """A service account of `owner`."""
    bot = User.objects.create_user(f"{owner.username}-bot-{next(_numbers)}", owner=owner)
    bot.groups.set(Group.objects.filter(name__in=groups))
    return User.objects.get(pk=bot.pk)
