"""A label that is given while its prediction's subject is deleted counts nowhere."""

import threading
from typing import Any

import pytest
from django.db import connection, connections, transaction

from apps.inference.models import Feedback
from apps.inference.services import Given, feedback_give, subject_erase
from apps.monitoring.rules.accuracy import Tally
from tests.embedded.looking import eventually
from tests.monitoring.labels import predicted, summed
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_label_that_meets_a_deletion_counts_nowhere(transactional_db: None) -> None:
    world = World.create()
    prediction = predicted("7", subject="s-1")
    giver = threading.Thread(target=_give, args=(world, Given(prediction, "7")))
    with transaction.atomic():
        subject_erase(actor=world.ada, subject="s-1")
        giver.start()
        eventually(_somebody_waits)
    giver.join()
    assert not Feedback.objects.exclude(bound_at=None).exists()
    assert summed() == Tally()


def _give(world: World, given: Given) -> None:
    try:
        feedback_give(actor=world.ada, allowed=[], rows=[given])
    finally:
        connections.close_all()


def _somebody_waits() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_locks where locktype = 'advisory' and not granted")
        return cursor.fetchone()
