"""Replicas that ended are kept for a week to look back at."""

from datetime import timedelta

from django.db.models.functions import Now

from apps.deployments.models import Deployment, Replica
from apps.deployments.services import replicas_expire
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, make_revision
from tests.world import World


def test_only_what_ended_long_ago_is_forgotten(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version, replicas=3))
    long_ago, lately, running = Replica.objects.order_by("pk")
    Replica.objects.filter(pk=long_ago.pk).update(state="stopped", ended_at=Now() - timedelta(days=8))
    Replica.objects.filter(pk=lately.pk).update(state="stopped", ended_at=Now() - timedelta(days=6))
    assert replicas_expire() == 1
    assert set(Replica.objects.all()) == {lately, running}
