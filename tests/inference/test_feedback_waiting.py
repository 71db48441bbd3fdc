"""What is said before the record comes: nobody's word is lost to somebody who has no say."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, transaction

from apps.core.ids import new_id
from apps.core.models import User
from apps.inference.models import Feedback, RecordTally
from apps.inference.rules.records import Recorded
from apps.inference.services import Given, Taken, feedback_bind, feedback_give, partitions_ahead, predictions_add
from tests.embedded.looking import eventually
from tests.inference.conftest import serve
from tests.inference.records import record
from tests.world import World

LETTERS = ("letters",)


def say(who: User, coming: Recorded, truth: str, allowed: tuple[str, ...] = ()) -> Taken:
    [taken] = feedback_give(actor=who, allowed=allowed, rows=[Given(coming.id, truth)])
    return taken


def come(coming: Recorded) -> Feedback:
    """What there is of it once it is recorded."""
    predictions_add(records=[coming])
    feedback_bind()
    return Feedback.objects.select_related("given_by").get(prediction=coming.id)


@pytest.mark.django_db
@pytest.mark.parametrize(("truth", "allowed"), [("3", LETTERS), ("x", ())])
def test_a_truth_that_waits_outlives_one_that_does_not_fit(
    world: World, digits: None, truth: str, allowed: tuple[str, ...]
) -> None:
    coming = record()
    first = say(world.ada, coming, "7").row
    assert first is not None
    say(world.ben, coming, truth, allowed)
    row = come(coming)
    assert (row.truth, row.given_by, row.given_at, row.history) == ("7", world.ada, first.given_at, [])
    assert RecordTally.objects.get().feedback_refused == 1


@pytest.mark.django_db
def test_of_truths_that_fit_the_newest_counts_and_history_keeps_the_others(world: World, digits: None) -> None:
    coming = record()
    say(world.ada, coming, "7")
    say(world.cy, coming, "1", LETTERS)
    say(world.ben, coming, "3")
    row = come(coming)
    assert (row.truth, row.given_by) == ("3", world.ben)
    assert [(each["truth"], each["given_by"]) for each in row.history] == [("7", "ada")]
    assert set(row.history[0]) == {"truth", "given_by", "given_at", "source"}


@pytest.mark.django_db
@pytest.mark.parametrize("allowed", [(), ("digits",)])
def test_the_same_truth_from_a_key_with_a_say_counts(world: World, digits: None, allowed: tuple[str, ...]) -> None:
    coming = record()
    say(world.ben, coming, "7", LETTERS)
    assert say(world.ada, coming, "7", allowed).status == "unchanged"
    assert come(coming).truth == "7"


@pytest.mark.django_db
def test_of_which_deployments_a_key_may_speak_is_not_told(world: World) -> None:
    coming = new_id()
    for truth in ("7", "3"):
        feedback_give(actor=world.ada, allowed=LETTERS, rows=[Given(coming, truth)])
    answer = world.client(world.ben).post(f"/api/v1/predictions/{coming}/feedback", {"truth": "3"}).json()
    assert [set(each) for each in answer["history"]] == [{"truth", "given_by", "given_at", "source"}]


@pytest.mark.django_db(transaction=True)
def test_a_key_that_waited_while_the_truth_was_bound_is_judged_like_any_other(transactional_db: None) -> None:
    world = World.create()
    serve(world, "digits")
    partitions_ahead()  # making one would have the reader of predictions wait as well
    coming = record()
    say(world.ada, coming, "7")
    with meanwhile(lambda: say(world.ben, coming, "3", LETTERS)) as answers:
        come(coming)
    [taken] = answers
    assert (taken.status, taken.error and taken.error.code) == ("refused", "other_deployment")
    assert Feedback.objects.get().truth == "7"


@pytest.mark.django_db(transaction=True)
def test_a_truth_that_is_deleted_while_it_is_given_again_is_taken_anew(transactional_db: None) -> None:
    world = World.create()
    coming = record()
    say(world.ada, coming, "7")
    with meanwhile(lambda: say(world.ben, coming, "7")) as answers:
        Feedback.objects.all().delete()
    [taken] = answers
    assert (taken.status, Feedback.objects.get().given_by) == ("waiting", world.ben)


@contextmanager
def meanwhile(giving: Callable[[], Taken]) -> Iterator[list[Taken]]:
    """What is done within is committed when `giving` waits for it; yields what will have been taken."""
    answers: list[Taken] = []

    def give() -> None:
        try:
            answers.append(giving())
        finally:
            connections.close_all()

    giver = threading.Thread(target=give)
    with transaction.atomic():
        yield answers
        giver.start()
        eventually(somebody_waits)
    giver.join()


def somebody_waits() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_locks where locktype = 'transactionid' and not granted")
        return cursor.fetchone()
