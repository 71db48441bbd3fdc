"""What was counted of each revision since the beginning, with what the revision is."""

from collections.abc import Mapping
from dataclasses import dataclass

from apps.deployments.models import Revision
from apps.monitoring.rules.totals import Totals, named
from apps.monitoring.selectors import totals_by_revision
from apps.registry.rules.stages import spelt


@dataclass(frozen=True, slots=True)
class Counted:
    """`version` is the model version's number as callers name it, and empty where no revision was chosen; `hooks` are
    those of its steps by name."""

    deployment: str
    revision: int
    totals: Totals
    version: str = ""
    hooks: Mapping[str, str] | None = None

    @property
    def errors(self) -> dict[str, float]:
        """Requests by error code."""
        return named(self.totals, "error")

    @property
    def answered(self) -> float:
        """Requests that were answered with outputs."""
        return self.totals.get("requests", 0) - sum(self.errors.values())

    def steps(self, hook: str) -> list[str]:
        """The steps with this hook."""
        return [step for step, each in (self.hooks or {}).items() if each == hook]


def counted() -> list[Counted]:
    """Of every revision that was ever asked."""
    found = totals_by_revision()
    rows = Revision.objects.filter(deployment__name__in={name for name, _ in found}).select_related(
        "deployment", "version"
    )
    revisions = {(each.deployment.name, each.number): each for each in rows}
    return [_counted(name, number, totals, revisions.get((name, number))) for (name, number), totals in found.items()]


def _counted(name: str, number: int, totals: Totals, revision: Revision | None) -> Counted:
    if revision is None:
        return Counted(name, number, totals)
    hooks = {stage["name"]: stage["hook"] for stage in spelt(revision.version.manifest["stages"])}
    return Counted(name, number, totals, str(revision.version.number), hooks)
