"""Runs over REST, and what Prometheus and the admin show of them."""

from datetime import timedelta

import pytest
from django.test import Client

from apps.core.clock import now
from apps.drift.models import DriftRun, ReferenceProfile
from apps.drift.rules.states import State
from apps.drift.services import runs_expire
from apps.inference.services import key_create
from tests.drift.finished import finished_run
from tests.drift.recorded import Watched
from tests.drift.test_runs import darker, looked_at

RUNS = "/api/v1/deployments/digits/drift/runs"


def test_a_run_is_asked_for_once_and_told_when_it_is_done(watched: Watched) -> None:
    watched.record(400, darker)
    client = watched.world.client(watched.world.ada)
    first, again = client.post(RUNS), client.post(RUNS)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["state"] == "waiting"
    watched.run()
    [row] = client.get(RUNS).json()["results"]
    assert row["verdict"] == "drifted"
    assert {group["name"]: group["state"] for group in row["groups"]}["image"] == "drifted"
    told = client.get(f"/api/v1/drift/runs/{row['id']}").json()
    assert (told["model"], told["version"]) == ("model-digits", 1)
    results = {each["name"]: each for each in told["results"]}
    assert results["image.brightness"]["distribution"]["kind"] == "number"
    assert next(each for each in told["groups"] if each["name"] == "image")["driving"]


def test_a_run_over_a_stretch_of_time(watched: Watched) -> None:
    watched.record(300, darker, at=now() - timedelta(hours=3))
    watched.record(300)
    client = watched.world.client(watched.world.ada)
    stretch = {"after": now() - timedelta(hours=4), "before": now() - timedelta(hours=2)}
    assert client.post(RUNS, {name: at.isoformat() for name, at in stretch.items()}).status_code == 201
    run = watched.run()
    assert (run.verdict, run.predictions) == ("drifted", 300)


@pytest.mark.parametrize(
    "wrong", [{"before": "2026-01-01T00:00Z"}, {"after": "2026-01-02T00:00Z", "before": "2026-01-01T00:00Z"}]
)
def test_a_stretch_that_is_none_is_refused(watched: Watched, wrong: dict[str, str]) -> None:
    assert watched.world.client(watched.world.ada).post(RUNS, wrong).status_code == 400


def test_a_stretch_that_begins_in_the_future_is_refused_in_words(watched: Watched) -> None:
    answer = watched.world.client(watched.world.ada).post(RUNS, {"after": (now() + timedelta(hours=1)).isoformat()})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "after must be earlier than now."


def test_who_may_not_operate_asks_for_no_run_and_reads_all(watched: Watched) -> None:
    run = looked_at(watched)
    client = watched.world.client(watched.world.cy)
    assert client.post(RUNS).status_code == 403
    assert client.get(f"/api/v1/drift/runs/{run.pk}").status_code == 200


def test_a_key_for_other_deployments_sees_nothing_of_this_one(watched: Watched) -> None:
    run = looked_at(watched)
    _, key = key_create(actor=watched.world.ada, name="theirs", scopes=["read"], deployments=["captions"])
    client = watched.world.client(watched.world.ada)
    client.force_authenticate(None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    for address in (RUNS, f"/api/v1/drift/runs/{run.pk}", "/api/v1/deployments/digits/drift/policy"):
        assert client.get(address).status_code == 403


def test_a_run_that_is_not_there_is_not_found(watched: Watched) -> None:
    assert watched.world.client(watched.world.cy).get("/api/v1/drift/runs/12345").status_code == 404


def test_prometheus_is_told_the_state_of_each_group_by_the_last_run_of_what_is_live(watched: Watched) -> None:
    watched.record(400, at=now() - timedelta(minutes=10))
    looked_at(watched)
    watched.record(1000, darker)
    looked_at(watched)
    text = Client().get("/metrics", SERVER_NAME="localhost").content.decode()
    for state in State:
        one = 1.0 if state == State.DRIFTED else 0.0
        assert f'quartet_drift_state{{deployment="digits",group="image",state="{state}"}} {one}' in text
    assert 'quartet_drift_runs{state="done"} 2.0' in text


def test_the_admin_shows_runs_policies_and_profiles_and_changes_none(watched: Watched) -> None:
    run = looked_at(watched)
    watched.world.ada.is_superuser = True
    watched.world.ada.save(update_fields=["is_superuser"])
    client = Client()
    client.force_login(watched.world.ada)
    for page in (f"driftrun/{run.pk}/change/", "driftrun/", "driftpolicy/", "referenceprofile/"):
        assert client.get(f"/admin/drift/{page}").status_code == 200
    assert client.get("/admin/drift/driftrun/add/").status_code == 403


@pytest.mark.usefixtures("home")
def test_runs_go_after_thirty_days_but_the_last_of_each_revision(watched: Watched) -> None:
    old = now() - timedelta(days=40)
    first, last = (finished_run(watched.deployment, watched.revision, at=old) for _ in range(2))
    assert runs_expire() == 1
    assert list(DriftRun.objects.values_list("pk", flat=True)) == [last.pk]
    assert first.pk != last.pk


def test_profiles_go_that_no_longer_count_and_that_no_run_was_held_against(watched: Watched) -> None:
    looked_at(watched)
    for count in (60, 70):
        watched.profile(count)
    ReferenceProfile.objects.update(created_at=now() - timedelta(days=40))
    runs_expire()
    assert list(ReferenceProfile.objects.order_by("pk").values_list("samples", flat=True)) == [500, 70]
