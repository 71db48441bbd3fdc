"""What the end of a retraining means for its deployment's alert."""

from apps.monitoring.rules.findings import Finding

RULE = "retraining"
#: States of a trigger. Giving up for want of labels, and cancelling, say nothing of the model: no alert begins or ends.
PASSED, FAILED, REFUSED = "requested", "failed", "refused"
_CANCELLED = "cancelled"
#: By the code that it ended with.
_OF_THE_MODEL = ("gate_refused", "diverged", "recipe_failed", "nothing_learned")
_OF_THE_OPERATOR = (
    *("forbidden", "out_of_memory", "disk_full", "storage_unwritable", "device_missing"),
    *("time_limit", "memory_limit", "disk_limit", "artifact_corrupt", "asset_missing", "asset_corrupt"),
)
_REMEDIES = {
    "gate_refused": "Look at the slices that got worse: more labels of them, or another recipe, may help.",
    "champion_changed": "Retrain anew: a candidate is to be measured beside what it would replace.",
    "nothing_live": "Let a version go live first: a retraining begins with it.",
}


def not_retrained(
    *, deployment: str, trigger: int, state: str, code: str, reason: str, why: str, actor: str
) -> Finding | None:
    """The finding where a retraining failed or was refused, `actor` being in whose name it ran; else None."""
    if state not in (FAILED, REFUSED) or code == _CANCELLED:
        return None
    return Finding(
        rule=RULE,
        deployment=deployment,
        title=f"{deployment}: a retraining {'failed' if state == FAILED else 'was refused'}",
        text=f"{reason} Trigger {trigger}: {why}",
        fault=_fault(code),
        remedy=_remedy(code, actor),
    )


def _fault(code: str) -> str:
    if code in _OF_THE_MODEL:
        return "model"
    return "operator" if code in _OF_THE_OPERATOR else ""


def _remedy(code: str, actor: str) -> str:
    if code == "forbidden":
        return f"Give {actor} the right that is missing, or have somebody who holds it set the policy."
    return _REMEDIES.get(code, "Mend what the reason names, then retrain by hand; the job's page has its log.")
