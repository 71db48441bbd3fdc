"""News of training."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class JobRequested(Event):
    """A training job waits for a node."""

    name: ClassVar[str] = "training.job_requested"
    job_id: str


@dataclass(frozen=True, slots=True)
class JobOffered(Event):
    """A node is asked to run a training job; it claims it, or another is asked."""

    name: ClassVar[str] = "training.job_offered"
    job_id: str
    node: str


@dataclass(frozen=True, slots=True)
class JobEnded(Event):
    """A training job is done, failed or cancelled."""

    name: ClassVar[str] = "training.job_ended"
    job_id: str
    state: str
    code: str
    version_id: int | None


@dataclass(frozen=True, slots=True)
class CandidatePassed(Event):
    """A candidate was measured beside the champion, and its gates let it through."""

    name: ClassVar[str] = "training.candidate_passed"
    evaluation_id: int
    version_id: int
    champion_id: int
    digest: str


@dataclass(frozen=True, slots=True)
class CandidateRefused(Event):
    """A candidate was measured beside the champion, and a gate refused it."""

    name: ClassVar[str] = "training.candidate_refused"
    evaluation_id: int
    version_id: int
    champion_id: int
    digest: str
    reason: str


@dataclass(frozen=True, slots=True)
class RetrainingEnded(Event):
    """What called for retraining came to an end: asked to be rolled out, refused, failed, or given up."""

    name: ClassVar[str] = "training.retraining_ended"
    trigger: int
    deployment: str
    state: str
    code: str
    reason: str
    why: str
    actor: str


@dataclass(frozen=True, slots=True)
class RetrainPolicyRemoved(Event):
    """A deployment is retrained no more."""

    name: ClassVar[str] = "training.retrain_policy_removed"
    deployment: str
    reason: str
