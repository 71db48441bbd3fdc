"""What may become of a training job. Values in, values out; services write what is decided here by compare-and-set.

    waiting --claim--> leased --start--> running --finish--> done
       ^                 |                 |  `---fail-----> failed
       `---- let_go -----+-----------------'  `---cancel---> cancelled

A lease that runs out, a killed child and a stopping worker let a job go: it waits again and resumes from its
checkpoint, or begins anew on another node, which has none. Attempts that end without a checkpoint beyond what they
began from are counted, and after so many in a row the job has failed; its limits end one that begins anew for ever.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

#: Attempts in a row that may bring a job no further.
FRUITLESS_MOST = 3


class State(StrEnum):
    WAITING = "waiting"
    LEASED = "leased"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: Somebody holds its lease.
HELD = frozenset({State.LEASED, State.RUNNING})
ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})


class NotPossible(Exception):
    """The job is not in a state in which this can happen."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All of a job that decides what may become of it.

    `kept_step` is that of its newest checkpoint, `claim_step` of the one that the present attempt began from.
    """

    state: State = State.WAITING
    attempts: int = 0
    fruitless: int = 0
    kept_step: int = 0
    claim_step: int = 0
    cancelling: bool = False


def claim(job: Standing) -> Standing:
    """A node takes it."""
    _require(job, State.WAITING)
    return replace(job, state=State.LEASED, attempts=job.attempts + 1, claim_step=job.kept_step)


def start(job: Standing) -> Standing:
    """Its child process trains."""
    _require(job, State.LEASED)
    return replace(job, state=State.RUNNING)


def keep(job: Standing, began: int | None, step: int) -> Standing:
    """The attempt began from the checkpoint of step `began` (0: from nothing; None: it has not yet), and the newest on
    its node's disk is of `step`. What another node had come to counts no more."""
    _require(job, *HELD)
    return job if began is None else replace(job, claim_step=began, kept_step=max(began, step))


def let_go(job: Standing, *, blameless: bool = False) -> Standing:
    """Nobody works on it any more. `blameless`: its worker was told to stop, which says nothing of the job."""
    _require(job, *HELD)
    if job.cancelling:
        return replace(job, state=State.CANCELLED)
    fruitless = 0 if job.kept_step > job.claim_step else job.fruitless + (not blameless)
    state = State.FAILED if fruitless >= FRUITLESS_MOST else State.WAITING
    return replace(job, state=state, fruitless=fruitless)


def finish(job: Standing) -> Standing:
    """Its result is registered; a job that was to be cancelled is, even so."""
    _require(job, *HELD)
    return replace(job, state=State.CANCELLED if job.cancelling else State.DONE)


def fail(job: Standing) -> Standing:
    """It cannot succeed: trying again would fail again."""
    _require(job, *HELD)
    return replace(job, state=State.CANCELLED if job.cancelling else State.FAILED)


def cancel(job: Standing) -> Standing:
    """Somebody wants no more of it: at once where it waits, else as soon as its host hears of it."""
    _require(job, State.WAITING, *HELD)
    if job.state == State.WAITING:
        return replace(job, state=State.CANCELLED, cancelling=True)
    return replace(job, cancelling=True)


def _require(job: Standing, *states: State) -> None:
    if job.state not in states:
        raise NotPossible(f"It is {job.state}, not {' or '.join(states)}.")
