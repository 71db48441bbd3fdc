"""The plan of a revision that comes in by the shadow: it is asked what the live one answered, and answers nobody.

Gateways mirror a share of what the live revision has answered; the answers are compared, input by input. A pass goes
on by `then`, a fail ends the rollout, and what stays inconclusive for too long waits for a person: rules/canary.py.
"""

from collections.abc import Mapping
from typing import Any

from apps.deployments.errors import BadSpec
from apps.deployments.rules import plan_fields

#: What follows a pass: a person's word, all traffic, or the steps of the plan `canary`, as the strategies of those
#: names move it.
THEN = (WAIT, BLUE_GREEN, CANARY) = ("wait", "blue_green", "canary")
#: Margins: by how much the candidate's share may be larger; see apps/monitoring/rules/mirrored.py.
MARGINS = {"failed": 0.02, "slower": 0.1, "unsure": 0.15, "differs": 0.15, "wrong": 0.05}
FIELDS = ("share", "then", *plan_fields.NUMBERS, *MARGINS)


def mirrored(given: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with every default filled in, or BadSpec saying which field is wrong."""
    plan_fields.check_known("shadow", given, FIELDS)
    then = given.get("then", WAIT)
    if then not in THEN:
        raise BadSpec(f"shadow.then is {str(then)[:80]!r}; use one of {', '.join(THEN)}.")
    share = plan_fields.number("shadow.share", given.get("share", 100), 1, 100)
    figures = plan_fields.numbers("shadow", given), plan_fields.margins("shadow", given, MARGINS)
    return {"share": share, "then": then, **figures[0], **figures[1]}
