"""A page's version changes when what it shows does, and only then."""

from datetime import timedelta

import pytest

from apps.console.selectors.versions import page_versions
from apps.core.clock import now
from apps.deployments.models import Node, Replica
from apps.inference.models import Feedback
from tests.console.scene import Scene
from tests.deployments.makers import make_revision
from tests.monitoring.labels import predicted, true

pytestmark = pytest.mark.django_db


def test_nothing_happening_changes_no_version(scene: Scene) -> None:
    before = page_versions()
    scene.fleet.beat(memory_free=Node.objects.get(name="cpu-1").memory_free)
    assert page_versions() == before


def test_a_requested_revision_is_news_to_its_deployment_and_the_fleet_and_to_no_other(scene: Scene) -> None:
    before = page_versions()
    make_revision(scene.world, scene.captions, scene.captions.live_revision.version)
    after = page_versions()
    assert {topic for topic in after if after[topic] != before[topic]} == {"fleet", "deployment.captions"}


def test_a_label_is_news_to_its_deployment_alone_five_seconds_later_at_most(scene: Scene) -> None:
    before = page_versions()
    true(scene.world, predicted("7", revision=2), "7")
    Feedback.objects.update(given_at=now() - timedelta(seconds=5))
    after = page_versions()
    assert {topic for topic in after if after[topic] != before[topic]} == {"deployment.digits"}


def test_a_replica_that_is_gone_is_news(scene: Scene) -> None:
    before = page_versions()
    Replica.objects.filter(stage__revision=scene.digits.live_revision).update(state="lost")
    after = page_versions()
    assert after["deployment.digits"] != before["deployment.digits"]
    assert after["deployment.captions"] == before["deployment.captions"]


def test_a_node_that_leaves_is_news_to_the_fleet(scene: Scene) -> None:
    before = page_versions()
    Node.objects.filter(name="cpu-1").update(state="away")
    assert page_versions()["fleet"] != before["fleet"]


def test_memory_is_news_only_when_a_bar_would_move(scene: Scene) -> None:
    before = page_versions()["fleet"]
    node = Node.objects.get(name="cpu-1")
    Node.objects.filter(pk=node.pk).update(memory_free=node.memory_free + 1000)
    assert page_versions()["fleet"] == before
    Node.objects.filter(pk=node.pk).update(memory_free=node.memory_total // 10)
    assert page_versions()["fleet"] != before
