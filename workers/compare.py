"""How the two revisions of each rollout by degrees compare, for the reconciler to decide on."""

import time
from dataclasses import replace

import structlog

from apps.core.clock import now
from apps.deployments.models import Rollout
from apps.deployments.rules import shadow
from apps.deployments.rules.canary import Compared
from apps.deployments.selectors import rollouts_to_compare
from apps.monitoring.rules.mirrored import PairMargins, compare_pairs, figures
from apps.monitoring.rules.side_by_side import Margins, compare
from apps.monitoring.selectors import arms, pairs
from workers.observe import mirror_counts

log = structlog.get_logger(__name__)

#: Seconds between two looks at the predictions; the reconciler passes each second.
PERIOD = 2.0
_due: dict[int, float] = {}


def comparisons() -> dict[int, Compared]:
    """Rollout -> how its revisions compare at its present step; of those alone whose look is due."""
    moment = time.monotonic()
    rollouts = [each for each in rollouts_to_compare() if _due.get(each.pk, 0.0) <= moment]
    _due.update(dict.fromkeys([rollout.pk for rollout in rollouts], moment + PERIOD))
    return {rollout.pk: _dated(rollout) for rollout in rollouts if rollout.stepped_at}


def _dated(rollout: Rollout) -> Compared:
    """With when it was looked at, so that the rollout's record tells how long a verdict took to be acted on."""
    moment = now()
    found = _compared(rollout)
    return replace(found, figures={"at": moment.isoformat(), **found.figures})


def _compared(rollout: Rollout) -> Compared:
    return _mirrored(rollout) if rollout.state == Rollout.State.SHADOW else _side_by_side(rollout)


def _side_by_side(rollout: Rollout) -> Compared:
    plan, live, new = rollout.to_revision.spec["canary"], rollout.from_revision, rollout.to_revision
    assert live is not None
    assert rollout.stepped_at is not None
    margins = Margins(**{name: plan[name] for name in ("samples", "failed", "slower", "unsure", "labels", "wrong")})
    name, since = rollout.deployment.name, rollout.stepped_at
    baseline, candidate = arms(name, (live.number, new.number), since)
    found = compare(baseline, candidate, margins)
    return Compared(rollout.step, found.verdict.value, found.as_dict())


def _mirrored(rollout: Rollout) -> Compared:
    """What both made of the same; gateways tell how much of it they had to drop."""
    assert rollout.stepped_at is not None
    plan, name, number = rollout.to_revision.spec["shadow"], rollout.deployment.name, rollout.to_revision.number
    margins = PairMargins(**{name: plan[name] for name in ("samples", *shadow.MARGINS)})
    found = pairs(name, number, rollout.stepped_at)
    said = compare_pairs(found, margins)
    mirrors = figures(found) | mirror_counts(name, number)
    return Compared(rollout.step, said.verdict.value, said.as_dict() | {"mirrors": mirrors})
