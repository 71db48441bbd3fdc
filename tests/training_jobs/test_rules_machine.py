"""A training job ends once, is held by one at a time, and never tries for ever."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from apps.training.rules import machine
from apps.training.rules.machine import ENDED, FRUITLESS_MOST, HELD, NotPossible, Standing, State

ACTS = (machine.claim, machine.start, machine.let_go, machine.finish, machine.fail, machine.cancel)


class Life(RuleBasedStateMachine):
    """Everything that may happen to a job, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.job = Standing()
        self.since_progress = 0

    @rule(act=st.sampled_from(ACTS))
    def act(self, act) -> None:
        before = self.job
        try:
            self.job = act(before)
        except NotPossible:
            assert self.job == before
            return
        assert before.state not in ENDED
        assert self.job.attempts == before.attempts + (act is machine.claim)
        if before.cancelling:
            assert self.job.state in {*HELD, State.CANCELLED}

    @precondition(lambda self: self.job.state in HELD)
    @rule(began=st.none() | st.integers(0, 1000), more=st.integers(0, 1000))
    def keep(self, began: int | None, more: int) -> None:
        before = self.job
        self.job = machine.keep(before, began, (began or 0) + more)
        if began is None:
            assert self.job == before
        else:
            assert (self.job.claim_step, self.job.kept_step) == (began, began + more)

    @invariant()
    def never_tries_in_vain_for_ever(self) -> None:
        assert self.job.fruitless <= FRUITLESS_MOST
        assert self.job.fruitless < FRUITLESS_MOST or self.job.state in ENDED

    @invariant()
    def a_cancelled_job_waits_for_nobody(self) -> None:
        assert not (self.job.cancelling and self.job.state == State.WAITING)


TestLife = Life.TestCase


def attempt(job: Standing, began: int | None = 0, kept: int = 0, **how: bool) -> Standing:
    """A node takes it, finds a checkpoint of the step `began`, and leaves one of the step `kept`."""
    return machine.let_go(machine.keep(machine.start(machine.claim(job)), began, kept), **how)


def test_attempts_that_bring_it_no_further_end_it() -> None:
    job = Standing()
    for _ in range(FRUITLESS_MOST):
        assert job.state == State.WAITING
        job = attempt(job)
    assert job.state == State.FAILED


def test_a_new_checkpoint_wins_it_more_attempts() -> None:
    job = Standing()
    for number in range(10 * FRUITLESS_MOST):
        job = attempt(job, began=number // 2, kept=(number + 1) // 2)
    assert job.state == State.WAITING


def test_a_node_that_begins_anew_brings_it_further_although_another_had_come_further_still() -> None:
    job = attempt(Standing(), 0, 9000)
    for began, kept in ((0, 3000), (3000, 6000), (6000, 8000)):
        job = attempt(job, began, kept)
        assert (job.state, job.fruitless, job.kept_step) == (State.WAITING, 0, kept)


def test_an_attempt_that_ends_before_it_has_begun_brings_it_no_further() -> None:
    assert attempt(attempt(Standing(), 0, 50), None).fruitless == 1


def test_a_worker_that_was_told_to_stop_costs_no_attempt() -> None:
    job = Standing()
    for _ in range(10 * FRUITLESS_MOST):
        job = attempt(job, blameless=True)
    assert job.state == State.WAITING


def test_a_job_that_was_to_be_cancelled_is_cancelled_even_where_it_finished() -> None:
    held = machine.cancel(machine.start(machine.claim(Standing())))
    for act in (machine.finish, machine.fail, machine.let_go):
        assert act(held).state == State.CANCELLED


@pytest.mark.parametrize("state", sorted(ENDED))
def test_nothing_happens_to_what_has_ended(state: State) -> None:
    for act in ACTS:
        with pytest.raises(NotPossible, match=f"It is {state}"):
            act(Standing(state=state))
