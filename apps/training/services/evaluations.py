"""Writing down how a candidate did beside the champion."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from apps.core import audit, outbox
from apps.datasets.models import DatasetVersion
from apps.datasets.selectors import version_samples
from apps.registry.models import ModelVersion
from apps.training.errors import DatasetUnfit
from apps.training.events import CandidatePassed, CandidateRefused
from apps.training.models import Evaluation, TrainingJob
from apps.training.rules.evaluation import (
    Judged,
    as_rows,
    digest_of,
    evaluation_digest,
    figures,
    judge,
)
from apps.training.selectors import model_clauses


@dataclass(frozen=True, slots=True)
class Answers:
    """The label that each version gave to each sample, in the order of the dataset version."""

    candidate: Sequence[str]
    champion: Sequence[str]


def evaluation_record(*, job: TrainingJob, candidate: ModelVersion, answers: Answers) -> Evaluation | None:
    """Compare, let the gates judge, and keep it all for good; the same evaluation again is the one that it is.

    None where candidate and champion are the same version. Part of the caller's transaction. Raises DatasetUnfit when
    the answers are not those of the dataset version's samples.
    """
    dataset, champion = job.measured_on, job.champion
    if dataset is None or champion is None or champion.pk == candidate.pk:
        return None
    found = figures(_judged(dataset, answers))
    clauses = model_clauses(candidate.model_id)
    verdicts = judge(found, clauses)
    facts: dict[str, Any] = {
        "candidate_digest": candidate.digest,
        "champion_digest": champion.digest,
        "dataset_digest": dataset.digest,
        "answers_digest": digest_of([list(answers.candidate), list(answers.champion)]),
        "clauses": clauses,
        "figures": as_rows(found),
        "verdicts": [asdict(each) for each in verdicts],
        "passed": all(each.passed for each in verdicts),
    }
    about = {"candidate": candidate, "champion": champion, "dataset": dataset, "job": job}
    digest = evaluation_digest(candidate.pk, champion.pk, dataset.pk, facts)
    with transaction.atomic():
        evaluation, is_new = Evaluation.objects.get_or_create(digest=digest, defaults=facts | about)
        if is_new:
            _tell(evaluation)
        TrainingJob.objects.filter(pk=job.pk).update(evaluation=evaluation)
    return evaluation


def _judged(dataset: DatasetVersion, answers: Answers) -> list[Judged]:
    samples = version_samples(dataset)
    if not len(samples) == len(answers.candidate) == len(answers.champion):
        raise DatasetUnfit(f"The answers are not those of the {len(samples):,} samples of {dataset}.")
    rows = zip(samples, answers.candidate, answers.champion, strict=True)
    return [Judged(each.label, each.slices, tuple(each.inputs), mine, other) for each, mine, other in rows]


def _tell(evaluation: Evaluation) -> None:
    reasons = evaluation.refusal
    audit.record(
        actor=None,
        action="evaluation.passed" if evaluation.passed else "evaluation.refused",
        target=f"version:{evaluation.candidate}",
        champion=str(evaluation.champion),
        dataset=str(evaluation.dataset),
        digest=evaluation.digest,
        reason=reasons,
    )
    told = evaluation.pk, evaluation.candidate_id, evaluation.champion_id, evaluation.digest
    outbox.emit(CandidatePassed(*told) if evaluation.passed else CandidateRefused(*told, reasons))
