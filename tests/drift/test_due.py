"""When runs are asked for by themselves."""

from datetime import UTC, datetime, timedelta

from django.db.models.functions import Now
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from apps.core.clock import now
from apps.drift.models import DriftRun
from apps.drift.rules.due import Pace, Standing, due
from apps.drift.services import QUEUE, policy_set, run_claim, run_request, runs_request_due
from tests.drift.recorded import Watched
from tests.world import World

THEN = datetime(2026, 1, 1, tzinfo=UTC)
#: Where Celery's messages for the analysis worker lie.
_MESSAGES = f"quartet:celery:{QUEUE}"
counts = st.integers(0, 10**7)


@given(
    st.none() | st.integers(1, 10**6), st.none() | st.integers(1, 10**6), st.booleans(), counts, st.integers(0, 10**7)
)
def test_nothing_is_due_that_no_policy_asks_for(
    minutes: int | None, predictions: int | None, was_empty: bool, came: int, seconds: int
) -> None:
    found = due(Pace(minutes, predictions), Standing(THEN, was_empty, came), THEN + timedelta(seconds=seconds))
    assert found != "schedule" or (minutes is not None and seconds >= 60 * minutes)
    assert found != "count" or (predictions is not None and came >= predictions)
    assert found or not (predictions is not None and came >= predictions)


@given(st.integers(1, 1000), counts)
def test_what_the_clock_asks_for_comes_unless_nobody_asked_twice(minutes: int, came: int) -> None:
    at = THEN + timedelta(minutes=minutes)
    assert due(Pace(minutes, None), Standing(THEN, False, came), at) == "schedule"
    assert due(Pace(minutes, None), Standing(THEN, True, 0), at) == ""


def test_without_a_policy_a_deployment_with_a_profile_is_looked_at_each_hour(watched: Watched) -> None:
    watched.record(100)
    assert runs_request_due() == 1  # it has been live for an hour
    assert watched.run().trigger == "schedule"
    assert runs_request_due() == 0
    DriftRun.objects.update(requested_at=now() - timedelta(hours=1))
    assert runs_request_due() == 1
    assert runs_request_due() == 0  # that one waits


def test_a_deployment_without_a_profile_is_left_alone(world: World) -> None:
    Watched(world).record(100)
    assert runs_request_due() == 0


def test_so_many_predictions_bring_a_run_forward(watched: Watched) -> None:
    policy_set(actor=watched.world.ada, deployment=watched.deployment, every_minutes=None, every_predictions=50)
    watched.record(49)
    assert runs_request_due() == 0
    watched.record(1)
    assert runs_request_due() == 1
    assert watched.run().trigger == "count"
    assert runs_request_due() == 0


def test_where_nobody_asks_it_is_looked_at_once_and_then_no_more(watched: Watched) -> None:
    assert runs_request_due() == 1
    assert watched.run().verdict == "not_enough_data"
    DriftRun.objects.update(requested_at=now() - timedelta(hours=2))
    assert runs_request_due() == 0


def test_a_minute_in_which_nothing_is_due_asks_the_database_little(
    watched: Watched, django_assert_max_num_queries
) -> None:
    assert runs_request_due() == 1
    watched.run()
    watched.record(10)
    with django_assert_max_num_queries(6):
        assert runs_request_due() == 0


def test_a_run_that_its_worker_left_is_seen_and_the_worker_woken(watched: Watched, valkey: Redis) -> None:
    run_request(actor=watched.world.ada, deployment=watched.deployment)
    run_claim()
    runs_request_due()
    assert valkey.llen(_MESSAGES) == 0
    DriftRun.objects.update(leased_until=Now() - timedelta(seconds=1))
    runs_request_due()
    assert valkey.llen(_MESSAGES) == 1
