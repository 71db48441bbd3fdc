"""A node says that it is there until it says goodbye."""

import threading
from uuid import UUID

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from apps.deployments.models import Node
from tests.workers.hosting import NODE, Outage, until
from workers.node import NodeLife, node_name

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def life() -> NodeLife:
    life = NodeLife(NODE, beat_seconds=0.05)
    life.start(slots=3)
    until(Node.objects.exists, "the first heartbeat")
    yield life
    life.finish(10)


def test_it_is_known_with_its_slots_and_figures(life: NodeLife) -> None:
    node = Node.objects.get()
    assert (node.name, node.slots, node.state) == (NODE, 3, "up")
    assert node.memory_total > node.memory_free > 0


def test_it_is_heard_again_and_again(life: NodeLife) -> None:
    before = Node.objects.get().last_seen
    until(lambda: Node.objects.get().last_seen > before, "a heartbeat")


def test_it_says_goodbye(life: NodeLife) -> None:
    life.finish(10)
    assert Node.objects.get().state == "away"


def test_it_is_heard_again_after_an_outage_of_the_database(life: NodeLife) -> None:
    with Outage():
        threading.Event().wait(0.5)
    before = Node.objects.get().last_seen
    until(lambda: Node.objects.get().last_seen > before, "a heartbeat after the outage")


def test_it_is_heard_again_after_an_error_that_nobody_foresaw(life: NodeLife, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def broken(slots: int) -> None:
        asked.set()
        raise ValueError("[N/A]")

    with monkeypatch.context() as patched:
        patched.setattr("workers.node.machine.facts", broken)
        assert asked.wait(10)
    before = Node.objects.get().last_seen
    until(lambda: Node.objects.get().last_seen > before, "a heartbeat after the error")


def test_a_life_that_was_followed_by_another_does_not_take_the_name_back(life: NodeLife) -> None:
    earlier = NodeLife(NODE, incarnation=UUID(int=life.incarnation.int - 1), beat_seconds=0.05)
    earlier.start(slots=99)
    before = Node.objects.get().last_seen
    until(lambda: Node.objects.get().last_seen > before, "the later life to be heard")
    earlier.finish(10)
    node = Node.objects.get()
    assert (node.slots, node.state, node.incarnation) == (3, "up", life.incarnation)
    connections.close_all()


def test_the_name_is_the_operators_or_the_hosts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.QUARTET_NODE = "gpu-7"
    assert node_name() == "gpu-7"
    settings.QUARTET_NODE = ""
    monkeypatch.setattr("socket.gethostname", lambda: "-my host_1.example.")
    assert node_name() == "my-host-1.example"
