"""A finished run has the deployment answer from its healthy modalities, where its policy says so, and undoes it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.clock import now
from apps.core.models import AuditEntry
from apps.deployments.models import Deployment, MutedInput
from apps.deployments.selectors import mutings, mutings_open
from apps.deployments.services import input_mute, input_unmute
from apps.drift.models import DriftGroup, DriftPolicy, DriftRun, ReferenceProfile
from apps.drift.rules.muting import decide
from apps.drift.rules.states import State
from apps.drift.services.muting import inputs_follow_drift, mutings_release_orphaned
from tests.deployments.makers import Fleet
from tests.deployments.senses import SOUND, go_live_sensing, sense
from tests.drift.finished import bare_profile
from tests.world import World

DRIFTED, STEADY, UNKNOWN = State.DRIFTED.value, State.STEADY.value, State.NOT_ENOUGH_DATA.value
NOISY = {"audio": DRIFTED, "image": STEADY, "prediction": DRIFTED}
HEALED = {"audio": STEADY, "image": STEADY, "prediction": STEADY}


@pytest.fixture
def deployment(world: World) -> Deployment:
    """Of a model with two senses, whose policy asks for it."""
    deployment = go_live_sensing(world, Fleet())
    DriftPolicy.objects.create(deployment=deployment, answer_without_drifted=True)
    return deployment


def finish(
    deployment: Deployment, groups: dict[str, str], revision: int = 1, until: timedelta = timedelta()
) -> dict[str, Any]:
    """A run that found this; what is told of it."""
    assert deployment.live_revision is not None
    version = deployment.live_revision.version
    profile = version.reference_profiles.first() or bare_profile(version)
    common = {"window": 1000, "window_hours": 24, "level": 0.01, "before": now() + until}
    run = DriftRun.objects.create(
        deployment=deployment,
        revision=revision,
        profile=profile,
        trigger="demand",
        state="done",
        verdict=max(groups.values()),
        finished_at=now(),
        **common,
    )
    reasons = {"audio": "sound.snr: 3.1 deviations from the reference"}
    DriftGroup.objects.bulk_create(
        DriftGroup(run=run, name=name, state=state, reason=reasons.get(name, "")) for name, state in groups.items()
    )
    told = {"run_id": run.pk, "deployment": deployment.name, "revision": revision, "verdict": run.verdict}
    return {"event_id": uuid.uuid4(), "groups": groups, **told}


def run(deployment: Deployment, groups: dict[str, str], **more: Any) -> None:
    inputs_follow_drift(**finish(deployment, groups, **more))


def muted() -> list[str]:
    return [each.input for each in mutings_open()]


def test_a_drifted_modality_is_muted_with_the_reason_and_given_again_when_steady(deployment: Deployment) -> None:
    run(deployment, NOISY)
    [row] = mutings_open()
    assert (row.input, row.muted_by) == ("sound", None)
    assert row.reason == "audio drifted: sound.snr: 3.1 deviations from the reference"
    run(deployment, HEALED)
    row.refresh_from_db()
    assert (muted(), row.release_reason) == ([], "audio is steady again.")
    actions = AuditEntry.objects.filter(action__startswith="input.").order_by("sequence")
    assert [(each.action, each.actor) for each in actions] == [("input.muted", None), ("input.unmuted", None)]


@pytest.mark.parametrize("policy", [None, False])
def test_where_the_policy_does_not_ask_for_it_nothing_is_muted(deployment: Deployment, policy: bool | None) -> None:
    DriftPolicy.objects.all().delete() if policy is None else DriftPolicy.objects.update(answer_without_drifted=policy)
    run(deployment, NOISY)
    assert muted() == []


def test_switching_the_policy_off_undoes_with_the_next_run_what_runs_muted(
    world: World, deployment: Deployment
) -> None:
    run(deployment, NOISY)
    DriftPolicy.objects.update(answer_without_drifted=False)
    run(deployment, NOISY)
    assert muted() == []


def test_switching_the_policy_off_undoes_it_where_no_run_comes_any_more(deployment: Deployment) -> None:
    run(deployment, NOISY)
    assert (mutings_release_orphaned(), muted()) == (0, ["sound"])
    DriftPolicy.objects.update(answer_without_drifted=False, every_minutes=None)
    assert (mutings_release_orphaned(), muted()) == (1, [])


def test_what_a_run_muted_is_given_again_where_the_live_version_cannot_be_looked_at(deployment: Deployment) -> None:
    run(deployment, NOISY)
    ReferenceProfile.objects.update(content="", problem="It is of another schema.")
    assert (mutings_release_orphaned(), muted()) == (1, [])
    assert "no usable reference profile" in mutings(deployment).get().release_reason


def test_what_a_person_muted_stays_muted_whatever_the_policy_says(world: World, deployment: Deployment) -> None:
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    DriftPolicy.objects.all().delete()
    assert (mutings_release_orphaned(), muted()) == (0, ["sound"])


def test_what_a_person_muted_no_run_undoes(world: World, deployment: Deployment) -> None:
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    run(deployment, HEALED)
    assert muted() == ["sound"]


def test_what_a_person_undid_is_left_alone_until_it_drifts_anew(world: World, deployment: Deployment) -> None:
    run(deployment, NOISY)
    input_unmute(actor=world.ada, deployment=deployment, name="sound")
    run(deployment, NOISY)
    assert muted() == []
    run(deployment, HEALED)
    run(deployment, NOISY)
    assert muted() == ["sound"]


def test_without_enough_data_nothing_changes(deployment: Deployment) -> None:
    run(deployment, {"audio": UNKNOWN, "image": UNKNOWN})
    assert muted() == []
    run(deployment, NOISY)
    run(deployment, {"audio": UNKNOWN, "image": STEADY})
    assert muted() == ["sound"]


def test_a_drifted_modality_is_not_muted_where_nobody_knows_of_the_others(deployment: Deployment) -> None:
    run(deployment, {"audio": DRIFTED, "image": UNKNOWN})
    assert muted() == []


def test_when_the_other_modality_drifts_too_neither_is_better_and_both_are_given(deployment: Deployment) -> None:
    run(deployment, NOISY)
    run(deployment, {"audio": DRIFTED, "image": DRIFTED})
    assert (muted(), MutedInput.objects.get().release_reason) == ([], "No modality is steady any more.")


def test_drift_that_moves_to_the_other_modality_is_followed_in_one_run(deployment: Deployment) -> None:
    run(deployment, NOISY)
    run(deployment, {"audio": STEADY, "image": DRIFTED})
    assert muted() == ["image"]


def test_told_twice_it_is_done_once(deployment: Deployment) -> None:
    told = finish(deployment, NOISY)
    inputs_follow_drift(**told)
    inputs_follow_drift(**told)
    assert MutedInput.objects.count() == 1


def test_a_run_that_a_later_one_has_overtaken_changes_nothing(deployment: Deployment) -> None:
    late = finish(deployment, NOISY)
    run(deployment, HEALED)
    inputs_follow_drift(**late)
    assert muted() == []


def test_a_run_over_a_window_of_the_past_changes_nothing(deployment: Deployment) -> None:
    run(deployment, NOISY, until=-timedelta(days=1))
    assert muted() == []
    run(deployment, NOISY)
    run(deployment, HEALED, until=-timedelta(days=1))
    assert muted() == ["sound"]


def test_a_run_of_a_revision_that_is_not_live_changes_nothing(deployment: Deployment) -> None:
    run(deployment, NOISY, revision=7)
    assert muted() == []


def test_a_failed_run_changes_nothing(deployment: Deployment) -> None:
    run(deployment, NOISY)
    run(deployment, {"prediction": STEADY})
    assert muted() == ["sound"]


def test_an_input_that_the_model_needs_stays_and_the_run_goes_on(world: World) -> None:
    deployment = go_live_sensing(world, Fleet(), inputs=[sense("image", "image", required=True), SOUND])
    DriftPolicy.objects.create(deployment=deployment, answer_without_drifted=True)
    run(deployment, {"audio": STEADY, "image": DRIFTED})
    assert muted() == []


STATES = st.sampled_from([None, *(state.value for state in State)])


@given(states=st.fixed_dictionaries({"image": STATES, "audio": STATES, "text": STATES}))
def test_something_healthy_is_left_wherever_anything_is_muted(states: dict[str, str | None]) -> None:
    modalities = {"left": "image", "right": "image", "sound": "audio", "text": "text", "hour": "tensor"}
    decision = decide(modalities, {name: state for name, state in states.items() if state})
    assert not {*decision.mute} & {*decision.heal}
    assert all(states[modalities[name]] == State.DRIFTED for name in decision.mute)
    if decision.mute:
        assert any(states.get(modalities[name]) == State.STEADY for name in modalities.keys() - {*decision.mute})
