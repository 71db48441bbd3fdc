"""What both revisions of a canary were recorded to do decides its next step."""

import pytest

from apps.deployments.models import Deployment, Rollout
from apps.deployments.rules.advance import Evidence
from apps.deployments.selectors import routing_deployments
from tests.deployments.makers import Fleet, make_deployment, make_revision, make_version
from tests.monitoring.labels import predicted, true
from tests.workers.canaries import COUNT, answered
from tests.world import World
from workers import compare

pytestmark = pytest.mark.django_db


def found(rollout: Rollout) -> tuple[str, str]:
    compared = compare.comparisons()[rollout.pk]
    return compared.verdict, compared.figures["reason"]


def test_two_that_do_the_same_pass(canary: Rollout) -> None:
    answered(1)
    answered(2)
    assert found(canary)[0] == "pass"


def test_failures_of_the_model_count(canary: Rollout) -> None:
    answered(1)
    answered(2, error="model_failed")
    verdict, reason = found(canary)
    assert verdict == "fail"
    assert "fails in 100.0%" in reason


def test_what_callers_did_wrong_does_not(canary: Rollout) -> None:
    answered(1)
    answered(2)
    answered(2, error="bad_input", count=10 * COUNT)
    assert found(canary)[0] == "pass"


def test_another_label_or_a_longer_time_counts(canary: Rollout) -> None:
    answered(1)
    answered(2, label="3", latency_ms=50.0)
    compared = compare.comparisons()[canary.pk]
    verdicts = {each["name"]: each["verdict"] for each in compared.figures["measures"]}
    assert (verdicts["labels"], verdicts["slower"], verdicts["failed"]) == ("fail", "fail", "pass")


def test_truths_that_came_count(world: World, canary: Rollout) -> None:
    for truth, revision in (("7", 1), ("3", 2)):
        for _ in range(COUNT):
            true(world, predicted("7", revision=revision), truth)
    compared = compare.comparisons()[canary.pk]
    assert {each["name"]: each["verdict"] for each in compared.figures["measures"]}["wrong"] == "fail"


def test_what_was_answered_before_the_step_counts_nothing(canary: Rollout) -> None:
    answered(1)
    answered(2, error="model_failed")
    Rollout.objects.filter(pk=canary.pk).update(stepped_at="2100-01-01T00:00:00Z")
    assert found(canary)[0] == "inconclusive"


def test_an_idle_live_revision_is_named(canary: Rollout) -> None:
    answered(2)
    verdict, reason = found(canary)
    assert verdict == "inconclusive"
    assert "The live revision has answered 0" in reason


def test_a_look_is_not_repeated_within_its_period(canary: Rollout) -> None:
    assert canary.pk in compare.comparisons()
    assert canary.pk not in compare.comparisons()


def test_a_fail_sends_all_traffic_back_in_the_next_pass(canary: Rollout) -> None:
    answered(1)
    answered(2, error="model_failed")
    fleet = Fleet()
    fleet.reconcile(Evidence(comparisons=compare.comparisons()))
    canary.refresh_from_db()
    assert canary.state == "reverting"
    splits = routing_deployments()["digits"]["splits"]
    assert [(each["revision"], each["weight"]) for each in splits] == [(1, 100)]


def test_deployments_that_share_nothing_are_not_looked_at(world: World) -> None:
    deployment: Deployment = make_deployment(world)
    Fleet().go_live(world, deployment, make_revision(world, deployment, make_version(world)))
    assert compare.comparisons() == {}
