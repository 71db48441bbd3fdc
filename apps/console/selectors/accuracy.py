"""How often the live revision was right, as a deployment's page tells it."""

from dataclasses import dataclass
from typing import Any

from apps.console import figures
from apps.console.selectors.marks import rollout_marks
from apps.deployments.models import Deployment, Revision
from apps.monitoring.rules.accuracy import USUAL, WINDOWS, Course, Tally, total
from apps.monitoring.selectors import deployment_accuracy
from apps.registry.rules.roles import label_output

_WORDS = {"1h": "the last hour", "24h": "the last 24 hours", "7d": "the last 7 days"}


@dataclass(frozen=True, slots=True)
class AccuracyPanel:
    """What the panel shows; `outputs_label` is false where the model's answers hold no label to be right or wrong."""

    revision: int
    window: str
    outputs_label: bool
    tally: Tally
    chart: dict[str, Any]

    @property
    def windows(self) -> list[str]:
        """What may be chosen."""
        return list(WINDOWS)

    @property
    def over(self) -> str:
        """The window in words."""
        return _WORDS[self.window]

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


def accuracy_panel(deployment: Deployment, revision: Revision, window: str) -> AccuracyPanel:
    """Of the revision, over one of WINDOWS by name, or else the usual one."""
    window = window if window in WINDOWS else USUAL
    course = deployment_accuracy(deployment.name, window)
    line = course.of(revision.number)
    return AccuracyPanel(
        revision=revision.number,
        window=window,
        outputs_label=label_output(revision.version.manifest["outputs"]) is not None,
        tally=total(line),
        chart=_chart(course, line) | {"over": _WORDS[window], "marks": rollout_marks(deployment, course.at[0])},
    )


def _chart(course: Course, line: list[Tally]) -> dict[str, Any]:
    """Columns for static/js/charts.js, an element a step; null where nothing is known."""
    ends = [each.interval or (None, None) for each in line]
    return {
        "at": course.at,
        "accuracy": [each.accuracy for each in line],
        "low": [low for low, _ in ends],
        "high": [high for _, high in ends],
        "coverage": [each.coverage for each in line],
        "labelled": [each.labelled for each in line],
    }
