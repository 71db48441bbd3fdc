"""Ground truth over REST: before its record, after it, or twice."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from apps.core.clock import now
from apps.core.ids import new_id
from apps.inference.models import Feedback, RecordTally
from apps.inference.services import feedback_bind, feedback_expire, key_create, predictions_add
from tests.inference.conftest import serve
from tests.inference.records import ago, record
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]

BULK = "/api/v1/feedback"


@pytest.fixture
def client(world: World) -> APIClient:
    return world.client(world.ada)


def recorded(**fields: Any) -> UUID:
    given = record(**fields)
    predictions_add(records=[given])
    return given.id


def give(client: APIClient, prediction: UUID, truth: Any = 7, **more: Any) -> Any:
    return client.post(f"/api/v1/predictions/{prediction}/feedback", {"truth": truth, **more})


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def key_client(world: World, scopes: list[str], deployments: list[str]) -> APIClient:
    _, text = key_create(actor=world.ada, name=f"k{len(deployments)}", scopes=scopes, deployments=deployments)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def test_feedback_after_the_record_is_bound_at_once(client: APIClient) -> None:
    answer = give(client, recorded(), source="a person")
    assert answer.status_code == 201
    assert (answer.json()["deployment"], answer.json()["truth"]) == ("digits", "7")


def test_the_same_again_changes_nothing(client: APIClient) -> None:
    prediction = recorded()
    first = give(client, prediction)
    again = give(client, prediction)
    assert again.status_code == 200
    assert again.json() == first.json()


def test_another_truth_corrects_and_keeps_the_former(client: APIClient, world: World) -> None:
    prediction = recorded()
    give(client, prediction, 7)
    answer = give(world.client(world.ben), prediction, 3).json()
    assert (answer["truth"], answer["given_by"]) == ("3", "ben")
    assert [(each["truth"], each["given_by"]) for each in answer["history"]] == [("7", "ada")]


def test_feedback_before_the_record_waits_and_is_bound_when_it_comes(client: APIClient) -> None:
    coming = record()
    assert give(client, coming.id).status_code == 202
    assert (feedback_bind(), Feedback.objects.get().bound_at) == (0, None)
    predictions_add(records=[coming])
    assert feedback_bind() == 1
    assert Feedback.objects.get().deployment == "digits"


def test_feedback_that_waited_and_does_not_fit_is_counted_and_goes(client: APIClient) -> None:
    coming = record()
    give(client, coming.id, 12)
    predictions_add(records=[coming])
    assert feedback_bind() == 0
    assert (Feedback.objects.count(), RecordTally.objects.get().feedback_refused) == (0, 1)


def test_feedback_whose_record_never_comes_is_given_up_and_counted(client: APIClient) -> None:
    give(client, new_id())
    assert feedback_expire() == 0
    waiting = Feedback.objects.get()
    Feedback.objects.update(given_at=waiting.given_at - timedelta(hours=1, seconds=1))
    assert feedback_expire() == 1
    assert RecordTally.objects.get().feedback_expired == 1


def test_what_waits_in_vain_keeps_nothing_behind_it_from_being_bound(client: APIClient, world: World) -> None:
    at = now()
    vain = [Feedback(prediction=new_id(), at=at, truth="7", given_by=world.ada) for _ in range(1000)]
    Feedback.objects.bulk_create(vain)
    coming = record()
    give(client, coming.id)
    predictions_add(records=[coming])
    assert feedback_bind() == 1
    assert Feedback.objects.get(prediction=coming.id).deployment == "digits"


def test_feedback_whose_record_came_is_never_given_up(client: APIClient) -> None:
    coming = record()
    give(client, coming.id)
    predictions_add(records=[coming])
    Feedback.objects.update(given_at=now() - timedelta(hours=2))
    assert feedback_expire() == 0
    assert feedback_bind() == 1


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        (ago(days=2), (404, "prediction_gone")),
        (ago(hours=-10), (422, "unknown_prediction")),
        (uuid4(), (422, "unknown_prediction")),
    ],
)
def test_an_id_that_can_have_no_record_is_refused(
    client: APIClient, prediction: UUID, expected: tuple[int, str]
) -> None:
    assert code(give(client, prediction)) == expected
    assert not Feedback.objects.exists()


def test_a_truth_outside_the_classes_is_refused_with_their_names(client: APIClient) -> None:
    answer = give(client, recorded(), 10)
    assert code(answer) == (422, "truth_refused")
    assert "0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in answer.json()["error"]["message"]


def test_a_sample_that_the_request_did_not_have_is_refused(client: APIClient) -> None:
    prediction = recorded(samples=2)
    assert give(client, prediction, sample=1).status_code == 201
    assert code(give(client, prediction, sample=2)) == (422, "no_such_sample")


@pytest.mark.parametrize("truth", [None, [7], {"digit": 7}, "\0", "x" * 1001])
def test_what_is_no_label_is_refused(client: APIClient, truth: Any) -> None:
    assert give(client, recorded(), truth).status_code in (400, 422)
    assert not Feedback.objects.exists()


def test_half_a_surrogate_pair_is_refused(client: APIClient) -> None:
    body = b'{"truth": "\\ud800"}'
    address = f"/api/v1/predictions/{recorded()}/feedback"
    assert client.post(address, body, content_type="application/json").status_code == 400


def test_a_key_speaks_of_its_deployments_only(world: World) -> None:
    serve(world, "letters")
    client = key_client(world, ["feedback"], ["letters"])
    assert code(give(client, recorded())) == (403, "other_deployment")
    assert give(client, recorded(deployment="letters")).status_code == 201


def test_what_a_key_says_too_early_of_anothers_deployment_is_not_bound(world: World) -> None:
    coming = record()
    assert give(key_client(world, ["feedback"], ["letters"]), coming.id).status_code == 202
    predictions_add(records=[coming])
    assert (feedback_bind(), Feedback.objects.count()) == (0, 0)


def test_a_key_needs_the_scope(world: World) -> None:
    assert code(give(key_client(world, ["infer", "read"], []), recorded())) == (403, "forbidden")


def test_in_bulk_each_row_is_answered_and_one_refused_keeps_no_other(client: APIClient) -> None:
    known, coming, gone = recorded(), new_id(), ago(days=3)
    rows = [(known, 7), (coming, 1), (gone, 1), (known, 7), (known, 2), (recorded(), 77)]
    answer = client.post(BULK, {"rows": [{"prediction": str(each), "truth": truth} for each, truth in rows]})
    assert answer.status_code == 200
    statuses = [row["status"] for row in answer.json()["rows"]]
    assert statuses == ["recorded", "waiting", "refused", "unchanged", "corrected", "refused"]
    assert [row["error"] and row["error"]["code"] for row in answer.json()["rows"]] == [
        *(None, None, "prediction_gone", None, None, "truth_refused")
    ]
    assert sorted(Feedback.objects.values_list("truth", flat=True)) == ["1", "2"]


def test_too_many_rows_are_refused_whole(client: APIClient) -> None:
    rows = [{"prediction": str(new_id()), "truth": 1}] * 1001
    assert client.post(BULK, {"rows": rows}).status_code == 400
    assert client.post(BULK, {"rows": []}).status_code == 400
