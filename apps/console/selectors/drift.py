"""Drift on the pages: the list of runs, and what a deployment's page says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Prefetch

from apps.console.states import State, drift_run_state, drift_state
from apps.core.clock import now
from apps.deployments.models import Deployment, Revision
from apps.drift.models import DriftGroup, DriftPolicy, DriftResult, DriftRun
from apps.drift.rules import states
from apps.drift.selectors import policy_of, profile_newest

PAGE = 30
#: Runs that the strips show.
STRIP = 30
_SIGNALS = 6
_CELL, _GAP, _TALL = 10, 2, 16
#: The model's own groups come after the modalities.
_OWN = ("prediction", "confidence", "agreement")


@dataclass(frozen=True, slots=True)
class RunRow:
    """One line of a list of runs."""

    run: DriftRun
    state: State
    groups: list[tuple[str, State]]

    @property
    def drifted(self) -> list[str]:
        """The groups that were found drifted."""
        return [each.name for each in self.run.groups.all() if each.state == states.State.DRIFTED]


@dataclass(frozen=True, slots=True)
class Cell:
    """One run in a strip; `x`, `y` and `height` in pixels: its height says the state, too."""

    state: str
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Strip:
    """One group or signal over the last runs, oldest first; `said` is the same in words."""

    name: str
    of_signal: bool
    state: State
    cells: list[Cell]
    said: str


def runs_page(deployment: Deployment | None, before: int | None) -> tuple[list[RunRow], int | None]:
    """Runs older than `before`, newest first, of one deployment or of all; and where the next page begins."""
    runs = DriftRun.objects.select_related("deployment", "requested_by").prefetch_related(_groups())
    if deployment is not None:
        runs = runs.filter(deployment=deployment)
    if before is not None:
        runs = runs.filter(pk__lt=before)
    found = list(runs.order_by("-pk")[: PAGE + 1])
    return [run_row(each) for each in found[:PAGE]], found[PAGE - 1].pk if len(found) > PAGE else None


def _groups() -> "Prefetch[str, Any, Any]":
    """Without the samples, which no list shows."""
    return Prefetch("groups", DriftGroup.objects.defer("driving"))


def run_row(run: DriftRun) -> RunRow:
    """The run with its states in words."""
    groups = sorted(run.groups.all(), key=lambda each: group_order(each.name))
    return RunRow(run, drift_run_state(run), [(each.name, drift_state(each.state)) for each in groups])


def verdicts(live: Sequence[Revision]) -> dict[int, RunRow]:
    """Deployment id -> the newest run that is done, of its live revision."""
    runs = DriftRun.objects.filter(state=DriftRun.State.DONE, deployment__live_revision__in=live)
    runs = runs.filter(revision=F("deployment__live_revision__number")).order_by("deployment_id", "-pk")
    found = runs.distinct("deployment_id").prefetch_related(_groups())
    return {run.deployment_id: run_row(run) for run in found}


def group_order(name: str) -> tuple[int, str]:
    """Modalities by name, then what is the model's own."""
    return (_OWN.index(name) + 1 if name in _OWN else 0), name


@dataclass(frozen=True, slots=True)
class DriftPanel:
    """What a deployment's page says of drift; `refusal` is why a run cannot be asked for now."""

    revision: int
    policy: DriftPolicy
    last: RunRow | None
    open: RunRow | None
    strips: list[Strip]
    runs: int
    next: str
    refusal: str


def drift_panel(deployment: Deployment, live: Revision) -> DriftPanel:
    """Of the live revision."""
    runs = DriftRun.objects.filter(deployment=deployment, revision=live.number)
    done = list(runs.filter(state=DriftRun.State.DONE).prefetch_related(_groups()).order_by("-pk")[:STRIP])
    waiting = runs.filter(state__in=DriftRun.OPEN_STATES).first()
    newest, policy = runs.order_by("-pk").first(), policy_of(deployment)
    return DriftPanel(
        revision=live.number,
        policy=policy,
        last=run_row(newest) if newest and newest != waiting else run_row(done[0]) if done else None,
        open=run_row(waiting) if waiting else None,
        strips=_strips(done[::-1]),
        runs=len(done),
        next=_next(policy, newest.requested_at if newest else None),
        refusal=_refusal(live, waiting),
    )


def _refusal(live: Revision, waiting: DriftRun | None) -> str:
    profile = profile_newest(live.version)
    if profile is None:
        return f"{live.version} has no reference profile to compare with."
    return profile.problem or ("A run is under way." if waiting else "")


def _next(policy: DriftPolicy, last: datetime | None) -> str:
    """When the next run is due, as a sentence."""
    whens = []
    if policy.every_minutes:
        due = (last or now()) + timedelta(minutes=policy.every_minutes)
        left = (due - now()).total_seconds() / 60
        whens.append("with the next predictions" if last is None or left <= 0 else f"in {_minutes(left)}")
    if policy.every_predictions:
        whens.append(f"after {policy.every_predictions:,} predictions")
    return f"The next is due {', or '.join(whens)}." if whens else "None is due: the policy asks for none."


def _minutes(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def _strips(runs: Sequence[DriftRun]) -> list[Strip]:
    """Each group, and below it the signals that drifted in one of the runs, those of the newest first."""
    if not runs:
        return []
    groups = _by_run([(each.name, run.pk, each.state) for run in runs for each in run.groups.all()])
    told = DriftResult.objects.filter(run__in=[run.pk for run in runs])
    drifted = told.filter(state=states.State.DRIFTED).order_by("-run_id").values_list("group", "name")
    names: dict[str, dict[str, None]] = {}
    for group, name in drifted:
        if name != group:
            names.setdefault(group, {})[name] = None
    shown = {name for found in names.values() for name in list(found)[:_SIGNALS]}
    signals = _by_run(list(told.filter(name__in=shown).values_list("name", "run_id", "state")))
    found = []
    for group in sorted(groups, key=group_order):
        found.append(_strip(group, False, groups[group], runs))
        found += [_strip(name, True, signals[name], runs) for name in list(names.get(group, {}))[:_SIGNALS]]
    return found


def _by_run(rows: Sequence[tuple[Any, ...]]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for name, run, state in rows:
        found.setdefault(name, {})[run] = state
    return found


#: How tall a cell is, of _TALL: what is worse is taller, so that colour is not all that tells them apart.
_HEIGHTS = {"drifted": 16, "unusable": 12, "steady": 8, "constant": 8, "not_enough_data": 4}


def _strip(name: str, of_signal: bool, told: dict[int, str], runs: Sequence[DriftRun]) -> Strip:
    cells = []
    for place, run in enumerate(runs):
        if state := told.get(run.pk):
            height = _HEIGHTS[state]
            cells.append(Cell(state, place * (_CELL + _GAP), _TALL - height, height))
    line = [told[run.pk] for run in runs if run.pk in told]
    return Strip(name, of_signal, drift_state(line[-1]), cells, _said(line))


def _said(line: Sequence[str]) -> str:
    """`steady 12 times, then drifted twice`: runs of the same state, the last three."""
    stretches: list[tuple[str, int]] = []
    for state in line:
        if stretches and stretches[-1][0] == state:
            stretches[-1] = (state, stretches[-1][1] + 1)
        else:
            stretches.append((state, 1))
    words = [f"{drift_state(state).word} {_times(count)}" for state, count in stretches[-3:]]
    return f"{'at last ' if len(stretches) > 3 else ''}{', then '.join(words)}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


@dataclass(frozen=True, slots=True)
class Drifted:
    """A live revision whose groups are drifted: in which run that was first said, and in which it was said last."""

    deployment: str
    groups: list[str]
    reasons: list[str]
    first: DriftRun
    last: DriftRun


def drifted_now() -> list[Drifted]:
    """By the last run of each deployment's live revision that had something to say of the group."""
    live = dict(Deployment.objects.exclude(live_revision=None).values_list("pk", "live_revision__number"))
    told = DriftGroup.objects.filter(run__state=DriftRun.State.DONE, state__in=states.DECIDED)
    spoken_of = ("run__deployment_id", "run__revision", "name")
    newest = told.order_by(*spoken_of, "-run_id").distinct(*spoken_of)
    found: dict[int, list[DriftGroup]] = {}
    for group in newest.defer("driving").select_related("run__deployment"):
        if group.state == states.State.DRIFTED and live.get(group.run.deployment_id) == group.run.revision:
            found.setdefault(group.run.deployment_id, []).append(group)
    return [_drifted(groups) for groups in found.values()]


def _drifted(groups: list[DriftGroup]) -> Drifted:
    groups = sorted(groups, key=lambda each: group_order(each.name))
    last = max((each.run for each in groups), key=lambda run: run.pk)
    first = min((_first(each) for each in groups), key=lambda run: run.pk)
    reasons = [each.reason for each in groups]
    return Drifted(last.deployment.name, [each.name for each in groups], reasons, first, last)


def _first(group: DriftGroup) -> DriftRun:
    """The run with which the present spell of drift began."""
    told = DriftGroup.objects.filter(
        run__deployment=group.run.deployment_id,
        run__revision=group.run.revision,
        run__state=DriftRun.State.DONE,
        name=group.name,
        state__in=states.DECIDED,
    )
    before = told.exclude(state=states.State.DRIFTED).order_by("-run_id").values_list("run_id", flat=True).first()
    spell = told.filter(run_id__gt=before or 0).select_related("run__deployment").order_by("run_id").first()
    return spell.run if spell else group.run
