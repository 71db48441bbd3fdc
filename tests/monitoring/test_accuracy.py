"""Accuracy is right at the next read, whatever happened to predictions and labels, and in whatever order."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.inference.models import Feedback, Prediction
from apps.inference.rules.ids import moment
from apps.inference.services import predictions_add, predictions_expire, subject_erase
from apps.monitoring.models import AccuracyCount
from apps.monitoring.rules.accuracy import Tally, total
from apps.monitoring.selectors import accuracy_by_deployment, deployment_accuracy
from apps.monitoring.services import accuracy_expire, accuracy_fold
from tests.inference.conftest import serve
from tests.inference.records import ago, record
from tests.monitoring.labels import predicted, summed, tally, true
from tests.world import World

pytestmark = pytest.mark.django_db


def test_nothing_is_known_before_the_first_prediction() -> None:
    assert tally() == Tally()
    assert accuracy_by_deployment() == {}


def test_samples_are_counted_not_requests(world: World) -> None:
    true(world, predicted("7", "3", "1", "9"), "7", None, "2")
    assert tally() == Tally(predictions=4, labelled=2, right=1)


def test_a_late_label_counts_where_its_prediction_stands(world: World) -> None:
    early = predicted("7", at=ago(hours=3))
    predicted("7")
    before = deployment_accuracy("digits")
    true(world, early, "7")
    after = deployment_accuracy("digits")
    at = moment(early)
    assert at is not None
    [place] = [index for index, start in enumerate(after.at) if start <= at.timestamp() < start + after.step]
    changed = [index for index, each in enumerate(after.together()) if each != before.together()[index]]
    assert changed == [place]
    assert after.of(1)[place] == Tally(1, 1, 1)
    assert tally(window="1h") == Tally(predictions=1)


def test_a_corrected_label_counts_as_corrected(world: World) -> None:
    prediction = predicted("7")
    true(world, prediction, "7")
    true(world, prediction, "3")
    assert tally() == Tally(1, 1, 0)
    true(world, prediction, "7")
    assert tally() == Tally(1, 1, 1)


def test_the_same_label_again_changes_nothing(world: World) -> None:
    prediction = predicted("7")
    true(world, prediction, "7")
    true(world, prediction, "7")
    assert tally() == Tally(1, 1, 1)


def test_a_prediction_that_is_recorded_twice_counts_once() -> None:
    given = record()
    predictions_add(records=[given])
    predictions_add(records=[given, record()])
    assert tally() == Tally(predictions=2)


def test_a_label_that_waits_counts_once_its_prediction_is_there(world: World) -> None:
    coming = record(labels=["7"])
    true(world, coming.id, "7")
    assert tally() == Tally()
    predictions_add(records=[coming])
    assert tally() == Tally(predictions=1)
    true(world, coming.id)
    assert tally() == Tally(1, 1, 1)


def test_a_label_that_is_corrected_while_it_waits_counts_once(world: World) -> None:
    coming = record(labels=["7"])
    true(world, coming.id, "3")
    true(world, coming.id, "7")
    predictions_add(records=[coming])
    true(world, coming.id)
    assert tally() == Tally(1, 1, 1)


def test_what_failed_or_names_no_class_has_nothing_to_be_right_about(world: World) -> None:
    for fields in ({"error": "model_failed"}, {}):
        given = record(labels=[], confidences=[], **fields)
        predictions_add(records=[given])
        true(world, given.id, "7")
    assert tally() == Tally()


def test_deleting_a_subject_takes_its_predictions_and_labels_out(world: World) -> None:
    true(world, predicted("7", "3", subject="s-1"), "7", "3")
    true(world, predicted("7", subject="s-2"), "3")
    subject_erase(actor=world.ada, subject="s-1")
    assert tally() == Tally(1, 1, 0)


@pytest.mark.parametrize("order", [(Feedback, Prediction), (Prediction, Feedback)])
def test_in_which_order_they_are_deleted_is_all_the_same(world: World, order: tuple[Any, Any]) -> None:
    true(world, predicted("7", "3"), "7", "2")
    for model in order:
        model.objects.all().delete()
    assert summed() == Tally()


def test_other_deployments_count_for_themselves(world: World) -> None:
    true(world, predicted("7", deployment="letters"), "3")
    true(world, predicted("7"), "7")
    assert (tally(), tally("letters")) == (Tally(1, 1, 1), Tally(1, 1, 0))
    assert accuracy_by_deployment() == {"digits": Tally(1, 1, 1), "letters": Tally(1, 1, 0)}


def test_revisions_are_told_apart_and_together(world: World) -> None:
    true(world, predicted("7", revision=1), "7")
    true(world, predicted("7", revision=2), "3")
    course = deployment_accuracy("digits", "1h")
    assert {number: total(line) for number, line in course.revisions.items()} == {1: Tally(1, 1, 1), 2: Tally(1, 1, 0)}
    assert total(course.together()) == Tally(2, 2, 1)


@pytest.mark.parametrize(("window", "hours"), [("1h", 2), ("24h", 25), ("7d", 7 * 24 + 3)])
def test_what_is_older_than_the_window_is_outside(window: str, hours: int) -> None:
    predicted("7", at=ago(hours=hours))
    assert (tally(window=window), summed()) == (Tally(), Tally(predictions=1))


def test_folding_changes_no_sum_and_leaves_a_row_a_minute(world: World) -> None:
    prediction = predicted("7", "3", at=ago(minutes=5))
    true(world, prediction, "7", "2")
    before = deployment_accuracy("digits")
    accuracy_fold()
    assert (deployment_accuracy("digits"), AccuracyCount.objects.count()) == (before, 1)
    true(world, prediction, "3")
    accuracy_fold()
    assert (tally(), AccuracyCount.objects.count()) == (Tally(2, 2, 0), 1)


def test_what_retention_deletes_is_taken_out(world: World) -> None:
    serve(world, "digits", record={"keep_days": 1})
    serve(world, "letters")
    true(world, predicted("7", at=ago(hours=25)), "7")
    true(world, predicted("7", at=ago(hours=25), deployment="letters"), "3")
    predictions_expire()
    assert (tally(window="7d"), tally("letters", "7d")) == (Tally(), Tally(1, 1, 0))


def test_what_no_window_reaches_is_forgotten_and_the_rest_stays() -> None:
    predicted("7", at=ago(days=8, minutes=2))
    predicted("3", at=ago(days=6))
    accuracy_expire()
    assert summed() == Tally(predictions=1)


def test_the_counts_are_asked_for_with_one_query(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(1):
        deployment_accuracy("digits", "7d")


DIGIT = st.sampled_from("123")
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("predict"), st.lists(DIGIT, max_size=3), st.sampled_from(["s-1", "s-2"])),
        st.tuples(st.just("label"), st.integers(0, 9), st.integers(0, 2), DIGIT),
        st.tuples(st.just("erase"), st.sampled_from(["s-1", "s-2"])),
        st.tuples(st.just("fold")),
    ),
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_whatever_happened_the_sums_are_those_of_the_rows(world: World, acts: list[tuple[Any, ...]]) -> None:
    with transaction.atomic():
        for what, *about in acts:
            _do(world, what, *about)
        assert summed() == _counted()
        transaction.set_rollback(True)


def _do(world: World, what: str, *about: Any) -> None:
    if what == "predict":
        labels, subject = about
        predictions_add(records=[record(labels=labels, samples=3, confidences=[], subject=subject)])
    elif what == "label":
        place, sample, truth = about
        known = list(Prediction.objects.order_by("at", "id").values_list("id", flat=True))
        if known:
            true(world, known[place % len(known)], *[None] * sample, truth)
    elif what == "erase":
        subject_erase(actor=world.ada, subject=about[0])
    else:
        accuracy_fold()


def _counted() -> Tally:
    """The same from the rows themselves."""
    labels = {row.id: row.labels for row in Prediction.objects.all()}
    judged = [
        labels[row.prediction][row.sample] == row.truth
        for row in Feedback.objects.exclude(bound_at=None)
        if row.sample < len(labels.get(row.prediction, []))
    ]
    return Tally(sum(map(len, labels.values())), len(judged), sum(judged))
