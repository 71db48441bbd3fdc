"""What a retraining learns from and is measured with: old samples and what was met, frozen apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from apps.core.models import User
from apps.datasets.models import DatasetVersion
from apps.datasets.rules import Described
from apps.datasets.selectors import samples_frozen, version_samples
from apps.datasets.services import version_freeze
from apps.inference.selectors import labelled_samples
from apps.inference.services import erasures_held_off
from apps.training.models import RetrainPolicy
from apps.training.rules.triggers import LEARNED, MEASURED, side_of

#: Characters of a deployment's name that stand in the names of its datasets, which are 63 long at most.
_NAME_MOST = 50


@dataclass(frozen=True, slots=True)
class Sets:
    """Two frozen dataset versions that share no sample."""

    learned: DatasetVersion
    measured: DatasetVersion


def sets_freeze(*, actor: User, policy: RetrainPolicy, before: datetime) -> Sets | None:
    """Freeze `<deployment>-learned` and `<deployment>-held-out` of the policy's samples and of what was met.

    What was met is shared out by what it was before, or else by its content (rules/triggers.py). Nothing that is
    measured with, or ever was, is trained on. None where all that was met fell on one side. Raises what
    `version_freeze` does.
    """
    name = policy.deployment.name[:_NAME_MOST].rstrip("-")
    learned_name, measured_name = f"{name}-learned", f"{name}-held-out"
    after = before - timedelta(days=policy.days)
    with transaction.atomic():
        erasures_held_off()
        met = labelled_samples(deployment=policy.deployment.name, after=after, before=before, most=policy.newest)
        tests, base = list(policy.measured_on.select_related("dataset")), list(policy.base.select_related("dataset"))
        known = _samples(base)
        measured_before = samples_frozen(measured_name, [*met, *known])
        learned_before = {*samples_frozen(learned_name, met), *(each.key for each in known)}
        sides = {each.key: side_of(each.key, policy.held_out, measured_before, learned_before) for each in met}
        apart, rest = ([each for each in met if sides[each.key] == side] for side in (MEASURED, LEARNED))
        if not apart or not rest:
            return None
        source = {"deployment": policy.deployment.name, "after": after.isoformat(), "before": before.isoformat()}
        measured, _ = version_freeze(
            actor=actor, name=measured_name, samples=[*_samples(tests), *apart], source=source | _told(tests, apart)
        )
        old = [each for each in known if each.key not in measured_before]
        learned, _ = version_freeze(
            actor=actor,
            name=learned_name,
            samples=[*old, *rest],
            without=[measured],
            source=source
            | _told(base, rest)
            | {"without": [str(measured)], "measured_with_before": len(known) - len(old)},
        )
    return Sets(learned, measured)


def _samples(versions: Sequence[DatasetVersion]) -> list[Described]:
    return [sample for version in versions for sample in version_samples(version)]


def _told(old: Sequence[DatasetVersion], met: Sequence[Described]) -> dict[str, object]:
    return {"old": [str(version) for version in old], "met": len(met)}
