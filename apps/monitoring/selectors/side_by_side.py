"""What two revisions of a deployment did at the same time, out of the recorded predictions."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from apps.inference.models import Feedback, Prediction
from apps.monitoring.rules.counts import REFUSALS
from apps.monitoring.rules.side_by_side import Arm

#: Of each revision the newest predictions that are looked at.
_MOST = 4_000


def arm(deployment: str, revision: int, since: datetime) -> Arm:
    """What one revision was asked and answered since then, without what failed by its caller's fault."""
    rows = Prediction.objects.filter(deployment=deployment, revision=revision, at__gte=since)
    rows = rows.exclude(error__in=REFUSALS)
    found = list(rows.order_by("-at").values_list("id", "error", "latency_ms", "labels", "confidences")[:_MOST])
    answered = [row for row in found if not row[1]]
    labels = {pk: given for pk, _, _, given, _ in answered if given}
    labelled, right = _known(list(labels), labels, since)
    return Arm(
        requests=len(found),
        failed=len(found) - len(answered),
        latencies=[row[2] for row in answered],
        labels=Counter(label for given in labels.values() for label in given),
        confidences=[each for row in answered for each in row[4] if each is not None],
        labelled=labelled,
        right=right,
    )


def _known(ids: Sequence[UUID], labels: dict[UUID, list[str]], since: datetime) -> tuple[int, int]:
    """How many samples have a known truth, and how many of these were right."""
    truths = Feedback.objects.filter(at__gte=since, prediction__in=ids, bound_at__isnull=False)
    told = [
        labels[prediction][sample] == truth
        for prediction, sample, truth in truths.values_list("prediction", "sample", "truth")
        if sample < len(labels[prediction])
    ]
    return len(told), sum(told)
