"""Records into the table: each once, whatever comes twice; what cannot be true or written holds nothing up."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from apps.core.clock import now
from apps.core.ids import new_id
from apps.inference.models import Prediction, RecordTally
from apps.inference.rules.ids import Standing, moment, standing
from apps.inference.rules.subjects import subject_digest
from apps.inference.selectors import predictions_by_id
from apps.inference.services import drops_note, predictions_add, subject_erase
from apps.inference.services.erasure import erased_before
from apps.inference.services.partitions import partitions_days
from tests.inference.records import ago, made_at, record
from tests.world import World

pytestmark = pytest.mark.django_db


def tally() -> RecordTally:
    return RecordTally.objects.get()


def test_a_record_is_there_as_it_was_given() -> None:
    given = record(labels=["7", "3"], confidences=[0.5, None], samples=2, subject="s-1")
    assert predictions_add(records=[given]) == 1
    found = Prediction.objects.get()
    assert tuple(getattr(found, name) for name in given._fields) == given


def test_what_comes_twice_counts_once() -> None:
    given = [record() for _ in range(5)]
    assert (predictions_add(records=given), predictions_add(records=[*given, record()])) == (5, 1)
    assert (Prediction.objects.count(), tally().recorded) == (6, 6)


def test_what_comes_twice_in_one_batch_counts_once() -> None:
    given = record()
    assert predictions_add(records=[given, given]) == 1


def test_of_deleted_subjects_only_those_of_the_batch_are_read(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for subject in ("s-1", "s-2"):
        subject_erase(actor=world.ada, subject=subject)
    with django_assert_num_queries(1) as asked:
        assert set(erased_before({"s-1", "s-3", ""})) == {"s-1"}
    assert subject_digest("s-1") in asked.captured_queries[0]["sql"]
    with django_assert_num_queries(0):
        assert erased_before({""}) == {}


def test_a_record_of_another_day_gets_that_days_partition() -> None:
    predictions_add(records=[record(ago(days=3)), record()])
    assert {now().date(), (now() - timedelta(days=3)).date()} <= set(partitions_days())


@pytest.mark.parametrize("prediction", [ago(days=40), ago(days=-2), UUID(int=(1 << 127) | (7 << 76) | (2 << 62))])
def test_a_clock_that_cannot_be_right_is_counted_and_holds_nothing_up(prediction: UUID) -> None:
    if moment(prediction) is None:
        prediction = made_at(now() + timedelta(days=900))
    assert predictions_add(records=[record(prediction), record()]) == 1
    assert tally().refused == 1


@pytest.mark.parametrize("spoilt", [{"labels": ["\0"]}, {"subject": "x" * 201}, {"revision": -1}, {"samples": 40_000}])
def test_what_no_row_can_hold_is_counted_and_holds_nothing_up(spoilt: dict[str, object]) -> None:
    given = [record() for _ in range(7)]
    assert predictions_add(records=[*given, record(**spoilt), *[record() for _ in range(6)]]) == 13
    assert (tally().recorded, tally().refused) == (13, 1)


def test_an_id_leads_to_its_row() -> None:
    given = [record() for _ in range(3)]
    predictions_add(records=given)
    assert set(predictions_by_id([given[1].id, new_id()])) == {given[1].id}


def test_what_writers_dropped_is_carried_over_once() -> None:
    drops_note(predictions=5, kept=1)
    drops_note(predictions=5, kept=1)
    drops_note(predictions=8, kept=1)
    assert (tally().dropped, tally().kept_dropped) == (8, 1)


def test_a_counter_that_began_anew_is_added_whole() -> None:
    drops_note(predictions=5, kept=0)
    drops_note(predictions=2, kept=0)
    assert tally().dropped == 7


@given(st.datetimes(timezones=st.just(now().tzinfo)).filter(lambda at: 1971 < at.year < 4000))
def test_an_id_tells_its_time_to_the_millisecond(at: object) -> None:
    told = moment(made_at(at))  # type: ignore[arg-type]
    assert told is not None
    assert abs(told - at) < timedelta(milliseconds=1)


@given(st.uuids())
def test_whatever_the_id_something_is_said_of_it(prediction: UUID) -> None:
    assert isinstance(standing(prediction, now()), Standing)
    assert (moment(prediction) is None) == (standing(prediction, now()) is Standing.NONE)
