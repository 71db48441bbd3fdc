"""What nodes say of themselves."""

from dataclasses import replace

import pytest

from apps.core.ids import new_id
from apps.core.models import AuditEntry
from apps.deployments.models import Deployment, Node, Replica
from apps.deployments.services import node_away, node_beat
from apps.registry.models import ModelVersion
from tests.deployments.makers import FACTS, GIB, Fleet, make_revision
from tests.world import World

pytestmark = pytest.mark.django_db


def test_the_first_heartbeat_makes_the_node_known() -> None:
    assert node_beat(name="n1", incarnation=new_id(), facts=FACTS)
    node = Node.objects.get()
    assert (node.name, node.state, node.cores, node.slots) == ("n1", "up", 4, 8)
    assert AuditEntry.objects.get(action="node.joined").target == "node:n1"


def test_every_heartbeat_brings_new_figures() -> None:
    life = new_id()
    node_beat(name="n1", incarnation=life, facts=FACTS)
    before = Node.objects.get().last_seen
    node_beat(name="n1", incarnation=life, facts=replace(FACTS, memory_free=GIB))
    node = Node.objects.get()
    assert node.memory_free == GIB
    assert node.last_seen > before
    assert AuditEntry.objects.count() == 1


def test_a_node_that_said_goodbye_is_away() -> None:
    life = new_id()
    node_beat(name="n1", incarnation=life, facts=FACTS)
    node_away(name="n1", incarnation=life)
    assert Node.objects.get().state == "away"


def test_a_later_life_brings_it_back() -> None:
    life = new_id()
    node_beat(name="n1", incarnation=life, facts=FACTS)
    node_away(name="n1", incarnation=life)
    node_beat(name="n1", incarnation=new_id(), facts=FACTS)
    assert Node.objects.get().state == "up"


def test_an_earlier_life_is_told_that_it_is_over() -> None:
    earlier, later = new_id(), new_id()
    node_beat(name="n1", incarnation=later, facts=FACTS)
    assert not node_beat(name="n1", incarnation=earlier, facts=replace(FACTS, memory_free=1))
    assert Node.objects.get().memory_free == FACTS.memory_free


def test_the_goodbye_of_an_earlier_life_changes_nothing() -> None:
    earlier, later = new_id(), new_id()
    node_beat(name="n1", incarnation=later, facts=FACTS)
    node_away(name="n1", incarnation=earlier)
    assert Node.objects.get().state == "up"


def test_what_the_earlier_life_hosted_is_lost_at_once(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    fleet.lives["n1"] = new_id()
    fleet.beat()
    assert Replica.objects.get().state == "lost"
    fleet.reconcile()
    assert Replica.objects.filter(state="pending").count() == 1


def test_another_nodes_replicas_are_not(world: World, deployment: Deployment, version: ModelVersion) -> None:
    fleet = Fleet("n1", "n2")
    fleet.go_live(world, deployment, make_revision(world, deployment, version, replicas=2))
    fleet.lives["n1"] = new_id()
    fleet.beat()
    assert dict(Replica.objects.values_list("node__name", "state")) == {"n1": "lost", "n2": "ready"}
