"""What calls for retraining is written down each time, and leads to one job."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from apps.core.clock import now
from apps.core.errors import Forbidden
from apps.core.models import AuditEntry
from apps.deployments.models import Revision
from apps.drift.models import DriftRun
from apps.inference.models import Feedback
from apps.training.errors import NoRetrainPolicy
from apps.training.models import RetrainTrigger, TrainingJob
from apps.training.rules.triggers import Kind
from apps.training.services import (
    drift_heard,
    drift_over,
    job_cancel,
    retrain_now,
    retrain_policy_remove,
    retraining_begin,
    retraining_watch,
    trigger_begin,
    trigger_fire,
)
from apps.training.services.beginning import pending_worth_a_look
from tests.retraining.loop import LEAST, Loop, event

pytestmark = pytest.mark.django_db


def now_by(loop: Loop, **more: bool) -> RetrainTrigger:
    return retrain_now(actor=loop.world.ada, deployment=loop.deployment, **more)


def finished(loop: Loop) -> RetrainTrigger:
    """A retraining whose candidate was let through."""
    loop.label()
    now_by(loop)
    loop.begin()
    loop.end(TrainingJob.objects.get())
    loop.tell()
    return RetrainTrigger.objects.get()


def test_a_second_trigger_is_written_with_that_which_is_open(loop: Loop) -> None:
    loop.policy()
    first, second = now_by(loop), now_by(loop)
    assert (first.state, second.state, second.joined) == ("pending", "deduplicated", first)
    assert second.reason.startswith(f"Trigger {first.pk} (hand, ") and second.reason.endswith("waits for labels.")
    assert AuditEntry.objects.filter(action="retraining.triggered").count() == 2


def test_a_trigger_in_the_cooldown_says_until_when_and_does_nothing(loop: Loop) -> None:
    loop.policy(cooldown_s=3600)
    finished(loop)
    loop.label()
    second = now_by(loop)
    assert second.state == "cooling_down"
    assert "the next may begin at" in second.reason
    assert retraining_begin() == 0
    assert TrainingJob.objects.count() == 1


def test_a_person_may_ask_despite_the_cooldown(loop: Loop) -> None:
    loop.policy(cooldown_s=3600)
    finished(loop)
    assert now_by(loop, despite_cooldown=True).state == "pending"


def test_after_the_cooldown_the_next_begins_with_labels_that_are_new(loop: Loop) -> None:
    loop.policy(cooldown_s=0)
    finished(loop)
    now_by(loop)
    assert loop.begin().reason == f"Not enough labels: 0 of the {LEAST} newly labelled samples that it needs."
    loop.label()
    assert loop.begin().state == "training"


def test_labels_whose_inputs_were_not_kept_are_not_enough(loop: Loop) -> None:
    loop.policy()
    loop.label(LEAST - 1)
    loop.label(5, kept=False)
    now_by(loop)
    assert loop.begin().reason.startswith(f"Not enough labels: {LEAST - 1} of the {LEAST} ")


def test_inputs_that_are_recorded_after_their_labels_are_found_by_the_next_look(loop: Loop) -> None:
    """Labels are bound to predictions; what these were asked with may come a moment later."""
    loop.policy()
    predictions = loop.label(kept=False)
    now_by(loop)
    assert loop.begin().reason.startswith("Not enough labels: 0 of the ")
    for prediction in predictions:
        loop.keep(prediction)
    assert loop.begin().state == "training"


def looked_a_while_ago(loop: Loop) -> None:
    """One sample was lacking when a trigger was looked at, and labels without inputs were there, which bring none."""
    loop.label(LEAST - 1)
    loop.label(50, kept=False)
    past = now() - timedelta(minutes=5)
    Feedback.objects.update(given_at=past, bound_at=past)
    now_by(loop)
    loop.begin()


def test_a_look_is_spared_that_could_not_find_enough(loop: Loop) -> None:
    loop.policy()
    looked_a_while_ago(loop)
    assert pending_worth_a_look() == []
    loop.label(1)
    assert len(pending_worth_a_look()) == 1


def test_new_labels_count_though_as_many_old_ones_leave_what_is_looked_at(loop: Loop) -> None:
    loop.policy()
    looked_a_while_ago(loop)
    gone = Feedback.objects.order_by("-pk").values_list("pk", flat=True)[:50]
    Feedback.objects.filter(pk__in=list(gone)).delete()  # as retention does
    loop.label(1)
    assert len(pending_worth_a_look()) == 1


def test_labels_of_what_was_met_before_the_drift_do_not_count_for_it(loop: Loop) -> None:
    loop.policy()
    loop.label(ago=2 * 3600)  # the run's window is an hour
    loop.drift("text")
    loop.tell()
    assert loop.begin().code == "not_enough_labels"


def test_a_trigger_that_waited_too_long_gives_up(loop: Loop) -> None:
    loop.policy(wait_s=60)
    trigger = now_by(loop)
    loop.begin()
    RetrainTrigger.objects.update(fired_at=now() - timedelta(seconds=61))
    given_up = loop.begin()
    assert (given_up.state, given_up.code) == ("gave_up", "not_enough_labels")
    assert given_up.reason.endswith("It waited for 0.0167 h.")
    assert given_up.pk == trigger.pk


def test_drift_that_is_over_before_labels_came_gives_up_and_an_older_word_of_it_does_not(loop: Loop) -> None:
    loop.policy()
    earlier = event()
    loop.drift("text")
    loop.tell()
    told = {"run_id": 1, "deployment": "echoes", "revision": 1, "groups": ["text"], "summary": ""}
    drift_over(event_id=earlier, **told)
    assert RetrainTrigger.objects.get().state == "pending"
    drift_over(event_id=event(), **told)
    assert RetrainTrigger.objects.get().code == "drift_healed"


def test_what_a_person_asked_for_goes_on_when_the_drift_that_it_joined_is_over(loop: Loop) -> None:
    loop.policy()
    loop.drift("text")
    loop.tell()
    assert now_by(loop).state == "deduplicated"
    told = {"run_id": 1, "deployment": "echoes", "revision": 1, "groups": ["text"], "summary": ""}
    drift_over(event_id=event(), **told)
    by_drift, by_hand = RetrainTrigger.objects.order_by("pk")
    assert (by_drift.code, by_hand.state, by_hand.joined) == ("drift_healed", "pending", None)
    loop.label()
    assert retraining_begin() == 1
    by_hand.refresh_from_db()
    assert by_hand.state == "training"


def test_drift_of_a_group_that_the_policy_does_not_name_fires_nothing(loop: Loop) -> None:
    loop.policy(drift_groups=["sound"])
    loop.drift("text")
    loop.tell()
    assert not RetrainTrigger.objects.exists()


@pytest.mark.parametrize("off", [{"enabled": False}, {"on_drift": False}])
def test_drift_fires_nothing_where_the_policy_is_off(loop: Loop, off: dict[str, bool]) -> None:
    loop.policy(**off)
    loop.drift("text")
    loop.tell()
    assert not RetrainTrigger.objects.exists()


def test_a_policy_that_is_taken_away_gives_up_what_waits(loop: Loop) -> None:
    policy = loop.policy()
    now_by(loop)
    retrain_policy_remove(actor=loop.world.ada, policy=policy)
    assert RetrainTrigger.objects.get().reason == "ada took the policy away."
    with pytest.raises(NoRetrainPolicy):
        now_by(loop)


def test_who_may_not_retrain_cannot_ask(loop: Loop) -> None:
    loop.policy()
    with pytest.raises(Forbidden):
        retrain_now(actor=loop.world.ben, deployment=loop.deployment)


def test_a_cancelled_job_ends_its_trigger_in_words(loop: Loop) -> None:
    loop.policy()
    loop.label()
    now_by(loop)
    loop.begin()
    job_cancel(actor=loop.world.ada, job=TrainingJob.objects.get())
    loop.tell()
    assert RetrainTrigger.objects.get().reason == "The training job is cancelled: ada cancelled it."


class TestLookedFor:
    """What the control worker looks for every some seconds."""

    def test_nothing_is_due_without_a_policy_that_asks_for_it(self, loop: Loop) -> None:
        loop.policy()
        loop.label()
        assert retraining_watch() == 0

    def test_enough_labels_fire_once(self, loop: Loop) -> None:
        loop.policy(every_labels=LEAST)
        loop.label(LEAST - 1)
        assert retraining_watch() == 0
        loop.label(1)
        assert (retraining_watch(), retraining_watch()) == (1, 0)
        assert RetrainTrigger.objects.get().why == f"{LEAST} labels came since the last retraining."

    def test_the_clock_fires(self, loop: Loop) -> None:
        policy = loop.policy(every_hours=2)
        assert retraining_watch() == 0
        type(policy).objects.update(changed_at=now() - timedelta(hours=2))
        assert retraining_watch() == 1
        assert RetrainTrigger.objects.get().kind == "schedule"

    def test_an_accuracy_below_the_floor_fires_once_enough_is_labelled(self, loop: Loop) -> None:
        loop.policy(accuracy_floor=0.9, accuracy_least=20)
        loop.label(19, right=False)
        assert retraining_watch() == 0
        loop.label(1)
        assert retraining_watch() == 1
        assert "It was right on 5.0% of 20 labelled samples" in RetrainTrigger.objects.get().why

    def test_drift_that_was_found_before_a_policy_asked_for_it_calls_too(self, loop: Loop) -> None:
        run, _ = loop.drift("text")
        loop.tell()
        loop.policy()
        assert retraining_watch() == 0, "found a moment ago: a policy that was there would have heard of it"
        DriftRun.objects.filter(pk=run.pk).update(finished_at=now() - timedelta(minutes=11))
        assert (retraining_watch(), retraining_watch()) == (1, 0)
        assert RetrainTrigger.objects.get().why == "image is drifted still."

    def test_drift_that_lasts_calls_again_after_the_cooldown_once_nothing_is_on_its_way(self, loop: Loop) -> None:
        policy = loop.policy(cooldown_s=3600, drift_groups=["image", "text"])
        run, _ = loop.drift("image")
        assert retraining_watch() == 0, "found a moment ago, and heard as an event"
        loop.tell()
        loop.label()
        assert loop.begin().state == "training"
        loop.end(TrainingJob.objects.get())
        loop.tell()
        assert (RetrainTrigger.objects.get().state, retraining_watch()) == ("requested", 0)
        RetrainTrigger.objects.update(
            fired_at=now() - timedelta(seconds=policy.cooldown_s), ended_at=now() - timedelta(seconds=policy.cooldown_s)
        )
        made = Revision.objects.filter(pk=RetrainTrigger.objects.get().revision_id)
        approval = {"approved_by": loop.world.ben, "approved_at": now()}
        for change in ({"state": "requested"}, {"state": "approved"} | approval, {"state": "starting"}):
            made.update(**change)
            assert retraining_watch() == 0, "what it made may yet come in"
        made.update(state="failed")
        assert retraining_watch() == 1
        again = RetrainTrigger.objects.latest("pk")
        assert (again.kind, again.state, again.groups, again.met_since) == ("drift", "pending", ["image"], run.after)
        assert again.why == "image is drifted still."

    def test_a_condition_that_lasts_is_not_told_at_each_look(self, loop: Loop) -> None:
        loop.policy(every_labels=1, cooldown_s=3600)
        loop.label(1)
        retraining_watch()
        loop.world.ada.groups.clear()  # so that it is refused, and nothing is open any more
        assert loop.begin().state == "refused"
        assert retraining_watch() == 0

    def test_a_job_whose_end_nobody_heard_of_is_settled(self, loop: Loop) -> None:
        loop.policy()
        loop.label()
        now_by(loop)
        loop.begin()
        loop.end(TrainingJob.objects.get())
        retraining_watch()  # and the outbox was told to nobody
        assert RetrainTrigger.objects.get().state == "requested"


def at_once(*calls: Callable[[], object]) -> list[object]:
    def alone(call: Callable[[], object]) -> object:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(alone, calls))


@pytest.mark.django_db(transaction=True)
def test_triggers_at_once_are_one_open_and_the_others_say_so(loop: Loop) -> None:
    loop.policy()
    asked = {"deployment": loop.deployment, "why": "It is time.", "actor": loop.world.ada}
    at_once(*[lambda kind=kind: trigger_fire(kind=kind, **asked) for kind in [*Kind, *Kind]])  # type: ignore[misc]
    states = sorted(RetrainTrigger.objects.values_list("state", flat=True))
    assert states == ["deduplicated"] * 9 + ["pending"]


@pytest.mark.django_db(transaction=True)
def test_the_same_event_told_twice_at_once_is_one_trigger(loop: Loop) -> None:
    loop.policy()
    run, told = loop.drift("text")
    found = {"run_id": run.pk, "deployment": "echoes", "revision": 1, "groups": ["text"], "reasons": {"text": "long"}}
    at_once(*[lambda: drift_heard(event_id=told, **found)] * 4)
    assert RetrainTrigger.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_trigger_that_two_workers_begin_at_once_is_one_job(loop: Loop) -> None:
    loop.policy()
    loop.label()
    trigger = now_by(loop)
    begun = at_once(*[lambda: trigger_begin(trigger_id=trigger.pk)] * 4)
    assert sorted(map(bool, begun)) == [False, False, False, True]
    assert TrainingJob.objects.count() == 1


def test_a_worker_killed_while_it_looked_is_followed_by_another(loop: Loop) -> None:
    loop.policy()
    loop.label()
    trigger = now_by(loop)
    RetrainTrigger.objects.update(looking_until=now() + timedelta(minutes=5))
    assert not trigger_begin(trigger_id=trigger.pk)
    RetrainTrigger.objects.update(looking_until=now() - timedelta(seconds=1))
    assert retraining_begin() == 1
