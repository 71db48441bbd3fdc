"""What both revisions of a canary were recorded to do decides its next step."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from apps.core.clock import now
from apps.core.models import AuditEntry
from apps.deployments.models import Deployment, Rollout
from apps.deployments.rules.advance import Evidence
from apps.deployments.selectors import routing_deployments
from apps.inference.models import Prediction
from apps.inference.services import predictions_add
from apps.monitoring.selectors import side_by_side
from tests.deployments.makers import Fleet, make_deployment, make_revision, make_version
from tests.inference.records import ago, record
from tests.monitoring.labels import predicted, tally, true
from tests.workers.canaries import COUNT, answered, mirrored
from tests.world import World
from workers import compare
from workers.relay import relay_run
from workers.serving import names

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


def test_what_callers_did_wrong_is_in_both_and_passes(canary: Rollout) -> None:
    for revision in (1, 2):
        answered(revision)
        answered(revision, error="bad_input")
    assert found(canary)[0] == "pass"


@pytest.mark.parametrize("error", ["bad_input", "own_deadline_passed"])
def test_a_candidate_that_alone_refuses_is_found(canary: Rollout, error: str) -> None:
    answered(1)
    answered(2)
    answered(2, error=error, count=4 * COUNT)
    compared = compare.comparisons()[canary.pk]
    verdicts = {each["name"]: each["verdict"] for each in compared.figures["measures"]}
    assert (compared.verdict, verdicts["refused"], verdicts["failed"]) == ("fail", "fail", "pass")
    assert "It refuses in 80.0%" in compared.figures["reason"]


def test_another_label_or_a_longer_time_counts(canary: Rollout) -> None:
    answered(1)
    answered(2, label="3", latency_ms=50.0)
    compared = compare.comparisons()[canary.pk]
    verdicts = {each["name"]: each["verdict"] for each in compared.figures["measures"]}
    assert (verdicts["labels"], verdicts["slower"], verdicts["failed"]) == ("fail", "fail", "pass")


def verdicts(rollout: Rollout) -> dict[str, str]:
    return {each["name"]: each["verdict"] for each in compare.comparisons()[rollout.pk].figures["measures"]}


def test_a_candidate_without_labels_or_confidences_where_the_live_one_has_them_fails(canary: Rollout) -> None:
    answered(1)
    predictions_add(records=[record(revision=2, labels=[], confidences=[]) for _ in range(COUNT)])
    found = verdicts(canary)
    assert (found["labels"], found["unsure"]) == ("fail", "fail")


def test_two_models_that_give_no_labels_are_measured_by_what_they_give(canary: Rollout) -> None:
    for revision in (1, 2):
        predictions_add(records=[record(revision=revision, labels=[], confidences=[]) for _ in range(COUNT)])
    assert set(verdicts(canary)) == {"failed", "refused", "slower"}


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


def test_the_first_failing_verdict_routes_the_traffic_back_in_its_own_pass_and_the_record_tells_when(
    canary: Rollout, valkey: Redis
) -> None:
    answered(1)
    answered(2, error="model_failed")
    relay_run()  # what came before is published
    assert routed(valkey) == {1, 2}
    Fleet().reconcile(Evidence(comparisons=compare.comparisons()))  # long before its interval is over
    canary.refresh_from_db()
    assert (canary.state, canary.comparison["verdict"], canary.reason) == (
        "reverting",
        "fail",
        canary.comparison["reason"],
    )
    back = AuditEntry.objects.get(action="rollout.reverting")
    assert canary.stepped_at is not None
    assert canary.stepped_at <= datetime.fromisoformat(canary.comparison["at"]) <= back.at
    relay_run()
    assert routed(valkey) == {1}


def routed(valkey: Redis) -> set[int]:
    """The revisions that gateways are told to send requests to."""
    published = json.loads(valkey.get("quartet:routing") or "{}")  # type: ignore[arg-type]
    return {split["revision"] for split in published["deployments"]["digits"]["splits"]}


def test_deployments_that_share_nothing_are_not_looked_at(world: World) -> None:
    deployment: Deployment = make_deployment(world)
    Fleet().go_live(world, deployment, make_revision(world, deployment, make_version(world)))
    assert compare.comparisons() == {}


def test_a_shadow_that_says_the_same_passes(shadow: Rollout) -> None:
    mirrored()
    assert found(shadow)[0] == "pass"


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("unsure", {"sure": None}),
        ("differs", {"label": "3"}),
        ("slower", {"busy_ms": 30.0}),
        ("failed", {"error": "model_failed"}),
    ],
)
def test_a_shadow_that_is_worse_fails_by_name(shadow: Rollout, measure: str, said: dict[str, Any]) -> None:
    mirrored(**said)
    compared = compare.comparisons()[shadow.pk]
    verdicts = {each["name"]: each["verdict"] for each in compared.figures["measures"]}
    assert (compared.verdict, verdicts[measure]) == ("fail", "fail")


def test_truths_of_the_live_answers_judge_the_shadow_too(world: World, shadow: Rollout) -> None:
    for identifier in mirrored(label="3"):
        true(world, identifier, "7")
    figures = compare.comparisons()[shadow.pk].figures
    assert {each["name"]: each["verdict"] for each in figures["measures"]}["wrong"] == "fail"


def test_agreement_shift_and_drops_are_told(shadow: Rollout, valkey: Redis) -> None:
    valkey.hset(names.mirrors_key("digits", 2), mapping={"sent": 2 * COUNT, "dropped": 5})
    mirrored(sure=0.8)
    mirrored(sure=0.8, label="3")
    told = compare.comparisons()[shadow.pk].figures["mirrors"]
    assert (told["compared"], told["failed"], told["agreement"]) == (2 * COUNT, 0, 0.5)
    assert told["confidence_shift"] == pytest.approx(-0.1)
    assert (told["sent"], told["dropped"]) == (2 * COUNT, 5)


def test_a_shadow_of_a_deployment_that_nobody_asks_is_unclear(shadow: Rollout) -> None:
    verdict, reason = found(shadow)
    assert verdict == "inconclusive"
    assert f"0 mirrored requests were compared of the {COUNT}" in reason


def test_mirrors_are_in_no_figure_of_the_deployment(world: World, shadow: Rollout) -> None:
    mirrored(count=3)
    told = tally()
    assert (
        told.predictions,
        Prediction.objects.count(),
        side_by_side.arms("digits", (1, 2), shadow.started_at)[1].requests,
    ) == (3, 3, 0)


def spread(revision: int, count: int, seconds: float, slow: range = range(0)) -> None:
    """So many requests, evenly over the last `seconds`; those of so many seconds ago in `slow` took long."""
    ages = [seconds * (number + 1) / count for number in range(count)]
    times = [50.0 if int(age) in slow else 5.0 for age in ages]
    asked = zip(ages, times, strict=True)
    predictions_add(records=[record(ago(seconds=age), revision=revision, latency_ms=took) for age, took in asked])


@pytest.fixture
def busy(canary: Rollout, monkeypatch: pytest.MonkeyPatch) -> Rollout:
    """At its step for long, with more requests than are looked at in an arm."""
    Rollout.objects.filter(pk=canary.pk).update(stepped_at=now() - timedelta(seconds=300))
    monkeypatch.setattr(side_by_side, "_MOST", COUNT)
    canary.refresh_from_db()
    return canary


def test_a_slow_spell_that_both_had_is_not_the_candidates_at_any_volume(busy: Rollout) -> None:
    slow = range(16, 76)
    spread(1, 19 * COUNT, 80, slow)
    spread(2, COUNT, 80, slow)
    measures = {each["name"]: each for each in compare.comparisons()[busy.pk].figures["measures"]}
    assert (measures["slower"]["baseline"], measures["slower"]["candidate"]) == (0, 0)
    assert measures["slower"]["verdict"] == "pass"


def test_both_arms_are_full_and_cover_the_same_time(busy: Rollout) -> None:
    slow = range(40)
    spread(1, 19 * COUNT, 160, slow)
    spread(2, 2 * COUNT, 160, slow)  # the newest of these that are looked at go back 80 s
    assert busy.stepped_at is not None
    for arm in side_by_side.arms("digits", (1, 2), busy.stepped_at):
        assert arm.requests == COUNT
        assert abs(sum(took > 5 for took in arm.latencies) - COUNT / 2) <= 1


def test_of_a_deployment_without_end_only_the_newest_are_read(busy: Rollout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "_READ", COUNT)
    spread(1, COUNT - 10, 50)
    spread(2, 20, 100)
    assert busy.stepped_at is not None
    assert [arm.requests for arm in side_by_side.arms("digits", (1, 2), busy.stepped_at)] == [COUNT - 10, 10]


def test_what_fails_only_now_is_found_in_a_step_that_lasts_long(busy: Rollout) -> None:
    spread(1, 19 * COUNT, 250)
    spread(2, 5 * COUNT, 250)
    answered(2, error="model_failed")
    assert found(busy)[0] == "fail"
