"""Predictions over REST: who sees which, by what they are found, and deleting a subject."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.core.clock import now
from apps.core.models import AuditEntry
from apps.datasets import store
from apps.datasets.models import Asset
from apps.datasets.services import Content
from apps.inference.models import Feedback, KeptInput, Prediction
from apps.inference.rules.records import Recorded
from apps.inference.services import Kept, kept_add, key_create, predictions_add
from tests.inference.records import ago, record
from tests.world import World

pytestmark = pytest.mark.django_db

ALL = "/api/v1/predictions"


def listed(world: World, **asked: Any) -> list[str]:
    answer = world.client(world.cy).get(ALL, asked)
    assert answer.status_code == 200, answer.json()
    return [row["id"] for row in answer.json()["results"]]


def keep(given: Recorded, raw: bytes, name: str = "image") -> None:
    """Keep one input of a record's only sample."""
    content = Content(raw, "image/png")
    kept = Kept(given.id, given.at, given.deployment, given.subject, name, 0, content)
    kept_add(kept=[kept])


def test_they_come_newest_first_and_are_paged(world: World) -> None:
    given = [record(ago(seconds=each)) for each in range(5)]
    predictions_add(records=given)
    client = world.client(world.cy)
    page = client.get(ALL, {"page_size": 2}).json()
    found = page["results"]
    while page["next"]:
        page = client.get(page["next"]).json()
        found += page["results"]
    assert [row["id"] for row in found] == [str(each.id) for each in given]


def test_a_cursor_that_no_list_gave_is_refused(world: World) -> None:
    assert world.client(world.cy).get(ALL, {"cursor": "cD14"}).json()["error"]["code"] == "invalid_cursor"


def test_they_are_found_by_deployment_time_failure_error_and_label(world: World) -> None:
    old, failed, other = record(ago(hours=2)), record(error="model_failed", labels=[]), record(deployment="letters")
    two = record(labels=["1", "2"], samples=2)
    predictions_add(records=[old, failed, other, two])
    hour_ago = (now() - timedelta(hours=1)).isoformat()
    assert listed(world, deployment="letters") == [str(other.id)]
    assert listed(world, before=hour_ago) == [str(old.id)]
    assert str(old.id) not in listed(world, after=hour_ago)
    assert listed(world, failed=True) == listed(world, error="model_failed") == [str(failed.id)]
    assert len(listed(world, failed=False)) == 3
    assert listed(world, label="2") == [str(two.id)]


def test_a_key_sees_its_deployments_only(world: World) -> None:
    mine, other = record(), record(deployment="letters")
    predictions_add(records=[mine, other])
    _, text = key_create(actor=world.cy, name="k", scopes=["read"], deployments=["digits"])
    client = world.client(world.cy)
    client.force_authenticate(None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert [row["id"] for row in client.get(ALL).json()["results"]] == [str(mine.id)]
    assert client.get(f"{ALL}/{mine.id}").status_code == 200
    assert client.get(f"{ALL}/{other.id}").json()["error"]["code"] == "other_deployment"


def test_one_is_shown_with_its_kept_inputs_and_its_feedback(world: World, home: Path) -> None:
    given = record()
    predictions_add(records=[given])
    keep(given, b"seven")
    client = world.client(world.ada)
    client.post(f"{ALL}/{given.id}/feedback", {"truth": "7"})
    shown = client.get(f"{ALL}/{given.id}").json()
    assert shown["kept"] == {"image": [store.digest(b"seven")]}
    assert [each["truth"] for each in shown["feedback"]] == ["7"]
    assert store.read(store.digest(b"seven")) == b"seven"


def test_one_tells_which_of_its_inputs_were_muted_and_whether_they_were_used(world: World) -> None:
    left_out, used = record(muted=["sound"]), record(muted=["sound"], muted_used=True)
    predictions_add(records=[left_out, used])
    client = world.client(world.cy)
    told = [client.get(f"{ALL}/{each.id}").json() for each in (left_out, used)]
    assert [(each["muted"], each["muted_used"]) for each in told] == [(["sound"], False), (["sound"], True)]


def test_one_that_is_not_there_is_not_found(world: World) -> None:
    assert world.client(world.cy).get(f"{ALL}/{ago(seconds=1)}").status_code == 404


def test_an_input_kept_twice_is_one_row_and_one_asset(home: Path) -> None:
    given, other = record(), record()
    for each in (given, given, other):
        keep(each, b"seven")
    assert (KeptInput.objects.count(), Asset.objects.count()) == (2, 1)


def test_deleting_a_subject_deletes_what_only_it_has(world: World, home: Path) -> None:
    hers, anothers = record(subject="s/1"), record(subject="s/2")
    predictions_add(records=[hers, anothers])
    keep(hers, b"shared", "image")
    keep(hers, b"her own", "sound")
    keep(anothers, b"shared", "image")
    client = world.client(world.ada)
    for each in (hers, anothers):
        client.post(f"{ALL}/{each.id}/feedback", {"truth": "7"})
    assert client.delete("/api/v1/subjects/s/1").json() == {"predictions": 1, "feedback": 1, "assets": 1}
    assert Prediction.objects.get().subject == "s/2"
    assert Feedback.objects.get().prediction == anothers.id
    assert [asset.pk for asset in Asset.objects.all()] == [store.digest(b"shared")]
    assert not any(path.read_bytes() == b"her own" for path in home.rglob("*") if path.is_file())


def test_the_audit_trail_tells_of_it_without_the_subject(world: World) -> None:
    predictions_add(records=[record(subject="jane@example.org")])
    world.client(world.ada).delete("/api/v1/subjects/jane@example.org")
    [entry] = AuditEntry.objects.filter(action="subject.deleted")
    assert entry.detail == {"predictions": 1, "feedback": 0, "assets": 0, "samples": 0}
    assert "jane" not in str(AuditEntry.objects.values())


def test_what_was_on_its_way_is_not_recorded_any_more(world: World, home: Path) -> None:
    late = record(subject="s-1")
    world.client(world.ada).delete("/api/v1/subjects/s-1")
    assert predictions_add(records=[late, record(subject="s-2")]) == 1
    keep(late, b"late")
    assert (Asset.objects.count(), KeptInput.objects.count()) == (0, 0)


def test_what_comes_afterwards_is_recorded(world: World) -> None:
    world.client(world.ada).delete("/api/v1/subjects/s-1")
    assert predictions_add(records=[record(ago(seconds=-5), subject="s-1")]) == 1


def test_who_may_not_delete_is_refused(world: World) -> None:
    predictions_add(records=[record(subject="s-1")])
    assert world.client(world.cy).delete("/api/v1/subjects/s-1").status_code == 403
    assert Prediction.objects.exists()
