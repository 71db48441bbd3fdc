"""How many replicas stages have: what a new revision shares and begins with, and how counts follow the load."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from apps.core import audit
from apps.core.clock import now
from apps.deployments import selectors
from apps.deployments.models import Revision, Stage, StageScale
from apps.deployments.rules.advance import Evidence
from apps.deployments.rules.scale import Bounds, Load, Scale, scale, start_count
from apps.deployments.rules.unload import Offer
from apps.deployments.selectors import Carrier

#: Seconds by which the last use must have moved on to be written again: every pass would otherwise write every row.
_COARSE = 5.0


def stages_share(revision: Revision, live: Revision | None) -> None:
    """As a rollout begins: let the live revision's replicas serve those of its stages that are the same, and note how
    many replicas the others begin with."""
    present = {_sameness(stage): stage for stage in _stages(live)} if live else {}
    counts = {stage.name: _desired(stage) for stage in present.values()}
    for stage in _stages(revision):
        if same := present.get(_sameness(stage)):
            Stage.objects.filter(pk=stage.pk).update(carrier=same.carrying)
            continue
        count = start_count(stage.min_replicas, stage.max_replicas, counts.get(stage.name, 0))
        StageScale.objects.create(stage=stage, desired=count, reason="The revision began with as many.")


def _stages(revision: Revision) -> Iterable[Stage]:
    return revision.stages.select_related("version")


def _sameness(stage: Stage) -> tuple[Any, ...]:
    """What must be equal for one process to serve both. Equal digests mean equal handlers, too."""
    return (stage.version.digest, tuple(stage.steps), stage.device, stage.batch_max, stage.batch_bytes)


def _desired(stage: Stage) -> int:
    standing = StageScale.objects.filter(pk=stage.carrying).first()
    return standing.desired if standing else stage.min_replicas


def stages_scale(running: Mapping[int, Carrier], *, evidence: Evidence | None) -> bool:
    """Let every live stage's count follow its load, within the caller's transaction; whether a carrier's row is new
    or another now."""
    moment = now()
    changed = [_scale(each, _load(each, evidence), moment) for each in running.values() if not each.held]
    return any(changed)


def _load(carrier: Carrier, evidence: Evidence | None) -> Load | None:
    load = evidence.loads.get(carrier.stream) if evidence else None
    return replace(load, ready=carrier.ready) if load else None


def _scale(carrier: Carrier, load: Load | None, moment: datetime) -> bool:
    row = carrier.standing or StageScale(stage=carrier.stage, desired=carrier.desired, last_used_at=moment)
    bounds = Bounds.of(carrier.bounds.min_replicas, carrier.bounds.max_replicas, carrier.bounds.scale)
    before = _state(row)
    after = scale(before, load, bounds, moment.timestamp())
    if carrier.standing and replace(after, used_at=0) == replace(before, used_at=0):
        if after.used_at - before.used_at >= _COARSE:
            StageScale.objects.filter(pk=row.pk).update(last_used_at=_time(after.used_at))
            return True
        return False
    _write(row, after, moment)
    if after.desired != before.desired:
        _tell(carrier, before.desired, after)
    return True


def _state(row: StageScale) -> Scale:
    return Scale(
        desired=row.desired,
        reason=row.reason,
        pressed_since=row.pressed_since.timestamp() if row.pressed_since else None,
        slack_since=row.slack_since.timestamp() if row.slack_since else None,
        used_at=row.last_used_at.timestamp(),
    )


def _write(row: StageScale, state: Scale, moment: datetime) -> None:
    written = ["desired", "reason", "last_used_at", "pressed_since", "slack_since"]
    if state.desired != row.desired:
        row.changed_at = moment
        written.append("changed_at")
    row.desired, row.reason, row.last_used_at = state.desired, state.reason, _time(state.used_at)
    row.pressed_since = _time(state.pressed_since) if state.pressed_since is not None else None
    row.slack_since = _time(state.slack_since) if state.slack_since is not None else None
    if row._state.adding:
        row.save(force_insert=True)
    else:
        row.save(update_fields=written)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _tell(carrier: Carrier, was: int, state: Scale) -> None:
    revision = carrier.bounds.revision
    target = f"deployment:{carrier.stage.revision.deployment.name}"
    about = {"revision": revision.number, "stage": carrier.bounds.name, "was": was, "replicas": state.desired}
    audit.record(actor=None, action="stage.scaled", target=target, **about, reason=state.reason)


def stages_unload(offers: Sequence[Offer]) -> None:
    """Let stages have fewer replicas because others need their room; the next pass drains them."""
    running = selectors.carriers() if offers else {}
    for pk, taken in groupby(sorted(offers, key=lambda offer: offer.stage), key=lambda offer: offer.stage):
        going = list(taken)
        carrier = running[pk]
        assert carrier.standing is not None
        before = _state(carrier.standing)
        reason = f"Unused for {going[0].idle:.0f} s, it made room for another stage."
        after = replace(before, desired=carrier.desired - len(going), reason=reason, slack_since=None)
        _write(carrier.standing, after, now())
        _tell(carrier, before.desired, after)
