"""What a retraining learns from and is measured with: old samples and what was met, frozen apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from apps.core.models import User
from apps.datasets.models import DatasetVersion
from apps.datasets.rules import Described
from apps.datasets.selectors import version_samples
from apps.datasets.services import version_freeze
from apps.inference.selectors import labelled_samples
from apps.inference.services import erasures_held_off
from apps.training.models import RetrainPolicy
from apps.training.rules.triggers import held_out

#: Characters of a deployment's name that stand in the names of its datasets, which are 63 long at most.
_NAME_MOST = 50


@dataclass(frozen=True, slots=True)
class Sets:
    """Two frozen dataset versions that share no sample."""

    learned: DatasetVersion
    measured: DatasetVersion


def sets_freeze(*, actor: User, policy: RetrainPolicy, before: datetime) -> Sets | None:
    """Freeze `<deployment>-learned` and `<deployment>-held-out` of the policy's samples and of what was met.

    What was met is shared out by its content (rules/triggers.py), so that nothing that is measured with is ever trained
    on. None where all of it fell on one side. Raises what `version_freeze` does.
    """
    name = policy.deployment.name[:_NAME_MOST].rstrip("-")
    after = before - timedelta(days=policy.days)
    with transaction.atomic():
        erasures_held_off()
        met = labelled_samples(deployment=policy.deployment.name, after=after, before=before, most=policy.newest)
        apart = [each for each in met if held_out(each.key, policy.held_out)]
        rest = [each for each in met if not held_out(each.key, policy.held_out)]
        if not apart or not rest:
            return None
        source = {"deployment": policy.deployment.name, "after": after.isoformat(), "before": before.isoformat()}
        tests, base = list(policy.measured_on.select_related("dataset")), list(policy.base.select_related("dataset"))
        measured, _ = version_freeze(
            actor=actor,
            name=f"{name}-held-out",
            samples=[*_samples(tests), *apart],
            source=source | _told(tests, apart),
        )
        learned, _ = version_freeze(
            actor=actor,
            name=f"{name}-learned",
            samples=[*_samples(base), *rest],
            without=[measured],
            source=source | _told(base, rest) | {"without": [str(measured)]},
        )
    return Sets(learned, measured)


def _samples(versions: Sequence[DatasetVersion]) -> list[Described]:
    return [sample for version in versions for sample in version_samples(version)]


def _told(old: Sequence[DatasetVersion], met: Sequence[Described]) -> dict[str, object]:
    return {"old": [str(version) for version in old], "met": len(met)}
