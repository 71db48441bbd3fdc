"""One rollout step at a time; that they follow each other safely is shown in test_rollout_machine.py."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.rules.advance import AT_A_STEP, Evidence, Facts, advance
from apps.deployments.rules.canary import Progress

#: Where each state may lead, besides staying.
NEXT = {
    "starting": {"rolling", "shadow", "canary", "shifting", "failed"},
    "canary": {"shifting", "reverting"},
    "shadow": {"canary", "shifting", "reverting"},
    "rolling": {"shifting", "reverting"},
    "shifting": {"keeping", "draining"},
    "keeping": {"draining"},
    "draining": {"done"},
    "reverting": {"failed"},
}
IDLE = Facts("shifting", since_moved=5.0, old_waiting=0, old_timeout=30.0)
FACTS = st.builds(
    Facts,
    state=st.sampled_from(sorted(NEXT)),
    all_ready=st.booleans(),
    started=st.booleans(),
    rolling=st.booleans(),
    newer=st.booleans(),
    keep=st.sampled_from([0.0, 60.0]),
    since_kept=st.floats(0, 100),
    failures=st.integers(0, 5),
    last_failure=st.just("boom"),
    corrupt=st.sampled_from(["", "corrupt"]),
    since_moved=st.none() | st.floats(0, 100),
    old_waiting=st.none() | st.integers(0, 3),
    old_timeout=st.floats(0.1, 60),
    old_active=st.integers(0, 2),
    progress=st.none()
    | st.builds(
        Progress,
        steps=st.just(3),
        at=st.integers(0, 2),
        since=st.floats(0, 100),
        interval=st.just(10.0),
        patience=st.just(50.0),
        verdict=st.sampled_from(["", "pass", "fail", "inconclusive"]),
        reason=st.just("so measured"),
        paused=st.booleans(),
        automatic=st.booleans(),
        shadow=st.booleans(),
    ),
).filter(lambda facts: facts.progress or facts.state not in AT_A_STEP)

#: At a step that passed, which FACTS seldom are.
PASSED = st.builds(
    Facts,
    state=st.sampled_from(AT_A_STEP),
    all_ready=st.booleans(),
    started=st.booleans(),
    corrupt=st.sampled_from(["", "corrupt"]),
    progress=st.builds(Progress, steps=st.just(3), at=st.integers(0, 2), verdict=st.just("pass")),
)


@given(FACTS)
def test_a_rollout_goes_one_step_on_and_fails_only_before_all_traffic_has_moved(facts: Facts) -> None:
    assert advance(facts).state in {facts.state, *NEXT[facts.state]}


@given(FACTS)
def test_whoever_turns_back_says_why(facts: Facts) -> None:
    step = advance(facts)
    assert (
        step.state in (facts.state, "rolling", "shadow", "canary", "shifting", "keeping", "draining", "done", "failed")
        or step.reason
    )


@given(FACTS)
def test_only_what_may_roll_rolls_and_only_with_a_replica(facts: Facts) -> None:
    if facts.state == "starting" and advance(facts).state == "rolling":
        assert facts.rolling
        assert facts.started


@given(FACTS)
def test_what_serves_ends_only_when_no_request_can_reach_it(facts: Facts) -> None:
    leaves = {"shifting": {"keeping", "draining"}, "reverting": {"failed"}}
    if advance(facts).state in leaves.get(facts.state, set()):
        assert facts.since_moved is not None
        assert facts.old_waiting == 0 or facts.since_moved > facts.old_timeout


def test_the_old_revision_is_kept_for_its_time() -> None:
    kept = Facts("keeping", keep=60.0, since_kept=59.0)
    assert advance(kept).state == "keeping"
    assert advance(replace(kept, since_kept=60.0)).state == "draining"


def test_a_newer_revision_ends_the_keeping_and_the_rolling() -> None:
    assert advance(Facts("keeping", keep=60.0, newer=True)).state == "draining"
    assert advance(Facts("rolling", newer=True)).state == "reverting"


def test_what_failed_on_the_way_fails_with_the_reason_that_it_had_then() -> None:
    step = advance(replace(IDLE, state="reverting", reason="boom"))
    assert (step.state, step.reason) == ("failed", "boom")


@given(FACTS | PASSED)
def test_traffic_moves_only_to_a_revision_that_is_ready_and_whole(facts: Facts) -> None:
    if facts.state in ("starting", "rolling", "canary", "shadow") and advance(facts).state == "shifting":
        assert facts.all_ready
        assert not facts.corrupt


@given(FACTS | PASSED)
def test_a_larger_share_goes_only_to_a_revision_with_a_replica_of_each_stage(facts: Facts) -> None:
    if advance(facts).to is not None:
        assert facts.started
        assert not facts.corrupt


EARNED = Facts("canary", progress=Progress(steps=3, since=60.0, patience=900.0, verdict="pass"))


@pytest.mark.parametrize("state", ["canary", "shadow"])
def test_an_earned_step_waits_for_a_replica_and_not_for_all_of_them(state: str) -> None:
    dead = replace(EARNED, state=state)
    assert (advance(dead).state, advance(dead).to) == (state, None)
    growing = advance(replace(dead, started=True))
    assert (growing.state, growing.to) == ("canary", 1)


@pytest.mark.parametrize("state", ["canary", "shadow"])
def test_all_traffic_waits_for_all_replicas(state: str) -> None:
    last = replace(EARNED, state=state, started=True, progress=replace(EARNED.progress, at=2))
    assert advance(last).state == state
    assert advance(replace(last, all_ready=True)).state == "shifting"


def test_an_earned_step_that_finds_no_replica_waits_for_a_person_in_the_end() -> None:
    patient = replace(EARNED, progress=replace(EARNED.progress, patience=300.0))
    assert not advance(patient).pause
    late = advance(replace(patient, progress=replace(patient.progress, since=300.0)))
    assert (late.state, late.pause, late.reason) == ("canary", True, "It passed, but not all its replicas are ready.")


def test_what_fails_or_is_unclear_does_not_wait_for_replicas() -> None:
    over = replace(EARNED.progress, patience=60.0)
    failed, unclear = (replace(EARNED, progress=replace(over, verdict=each)) for each in ("fail", ""))
    assert advance(failed).state == "reverting"
    assert advance(unclear).pause


def test_three_failures_end_a_rollout_with_the_last_reason() -> None:
    step = advance(Facts("starting", failures=3, last_failure="boom"))
    assert (step.state, step.reason) == ("failed", "Its replicas failed 3 times. The last time: boom")


def test_two_failures_do_not() -> None:
    assert advance(Facts("starting", failures=2)).state == "starting"


def test_what_is_live_never_fails() -> None:
    assert advance(Facts("shifting", failures=99, corrupt="corrupt")).state == "shifting"


@pytest.mark.parametrize(
    "change",
    [
        {"since_moved": None},
        {"since_moved": 0.5},
        {"old_waiting": 1},
        {"old_waiting": None},
    ],
)
def test_the_old_revision_stays_while(change: dict) -> None:
    assert advance(IDLE).state == "draining"
    assert advance(replace(IDLE, **change)).state == "shifting"


def test_requests_that_nobody_waits_for_any_more_do_not_hold_it() -> None:
    assert advance(replace(IDLE, old_waiting=7, since_moved=31.5)).state == "draining"


@pytest.mark.parametrize(
    ("evidence", "moved"),
    [
        (Evidence(5, {"d": frozenset({2})}, {"g": 5, "h": 5}), True),
        (Evidence(5, {"d": frozenset({2})}, {"g": 5, "h": 6}), False),
        (Evidence(5, {"d": frozenset({2})}, {}), True),
        (Evidence(5, {"d": frozenset({2})}, {"g": 5, "h": 4}), False),
        (Evidence(5, {"d": frozenset({1})}, {"g": 5}), False),
        (Evidence(5, {"d": frozenset({1, 2})}, {"g": 5}), False),
        (Evidence(5, {}, {"g": 5}), False),
        (Evidence(None, {}, {}), False),
    ],
)
def test_gateways_have_moved_when_all_follow_a_routing_to_the_new_revision_alone(
    evidence: Evidence, moved: bool
) -> None:
    assert evidence.moved("d", 2) is moved
