"""How often revisions were right, the live one first, as a deployment's page tells it."""

from dataclasses import dataclass
from typing import Any

from apps.console import figures
from apps.console.selectors.marks import marks
from apps.deployments.models import Deployment, Revision
from apps.monitoring.rules.accuracy import Course, Tally, total
from apps.monitoring.selectors import deployment_accuracy
from apps.registry.rules.roles import label_output

#: Ranges in words.
WORDS = {"15m": "the last 15 minutes", "1h": "the last hour", "24h": "the last 24 hours", "7d": "the last 7 days"}
#: Labels come late: what the other charts do not reach back to may be asked for, on an axis of its own.
_WEEK = "7d"
#: Revisions that the chart shows at most.
_LINES = 4


@dataclass(frozen=True, slots=True)
class AccuracyPanel:
    """What the panel shows; `outputs_label` is false where the model's answers hold no label to be right or wrong."""

    revision: int
    window: str
    range: str
    outputs_label: bool
    tally: Tally
    chart: dict[str, Any]

    @property
    def windows(self) -> list[str]:
        """What may be chosen: the range of the other charts, or the week."""
        return [self.range, _WEEK]

    @property
    def charted(self) -> bool:
        """Whether any revision has labels to draw a line of."""
        return bool(self.chart["revisions"])

    @property
    def over(self) -> str:
        """The window in words."""
        return WORDS[self.window]

    @property
    def accuracy(self) -> str:
        return figures.share(self.tally.accuracy)

    @property
    def interval(self) -> str:
        """How surely, and of how many: an accuracy is never shown without."""
        if self.tally.interval is None:
            return f"n {figures.count(self.tally.labelled)}"
        low, high = map(figures.share, self.tally.interval)
        return f"{low} to {high} at 95 %, n {figures.count(self.tally.labelled)}"

    @property
    def coverage(self) -> str:
        return figures.share(self.tally.coverage)


def accuracy_panel(deployment: Deployment, revision: Revision, over: str, window: str) -> AccuracyPanel:
    """Of the revision, over the range of the other charts, or over the week where `window` says so."""
    window = _WEEK if window == _WEEK else over
    course = deployment_accuracy(deployment.name, window)
    return AccuracyPanel(
        revision=revision.number,
        window=window,
        range=over,
        outputs_label=label_output(revision.version.manifest["outputs"]) is not None,
        tally=total(course.of(revision.number)),
        chart=_chart(course, revision.number) | _about(deployment, course, window, over),
    )


def _about(deployment: Deployment, course: Course, window: str, over: str) -> dict[str, Any]:
    """With the axis of the other charts come their marks."""
    told: dict[str, Any] = {"over": WORDS[window], "shared": window == over}
    if window != over:
        span = course.at[0], course.at[-1] + course.step
        told["marks"] = [mark._asdict() for mark in marks(deployment, *span)]
    return told


def _chart(course: Course, live: int) -> dict[str, Any]:
    """Columns for static/js/charts.js, an element a step; null where nothing is known.

    A line for each revision with labels, the live one's first and then the newest: a revision that was let in because
    the one before it failed is seen beside what it took over from.
    """
    judged = [number for number in course.revisions if total(course.of(number)).labelled]
    judged.sort(key=lambda number: (number == live, number), reverse=True)
    return {
        "at": course.at,
        "revisions": [{"number": number, **_line(course.of(number))} for number in judged[:_LINES]],
        "coverage": [each.coverage for each in course.together()],
    }


def _line(tallies: list[Tally]) -> dict[str, Any]:
    ends = [each.interval or (None, None) for each in tallies]
    return {
        "accuracy": [each.accuracy for each in tallies],
        "low": [low for low, _ in ends],
        "high": [high for _, high in ends],
        "labelled": [each.labelled for each in tallies],
    }
