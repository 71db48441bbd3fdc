"""What a revision's specification says, for people."""

from apps.deployments.models import Revision
from apps.deployments.rules.spec import usual
from apps.deployments.rules.told import Line, plan_lines
from apps.registry.rules.stages import spelt


def revision_plan(revision: Revision) -> list[Line]:
    """Its whole plan, each field beside what it would be if nobody had said it."""
    versions = [revision.version, *(stage.version for stage in revision.stages.select_related("version"))]
    known = {each.number: spelt(each.manifest["stages"]) for each in versions}
    return plan_lines(revision.spec, usual(revision.spec, version=revision.version.number, known=known))
