"""What a request for a rollout says of its version's evaluation, and whether that still is the one."""

from typing import Any

from apps.registry.models import ModelVersion
from apps.training.models import Evaluation
from apps.training.selectors import evaluation_digest_now, evaluation_newest

#: The entry of the evidence that binds a request to an evaluation.
DIGEST = "Evaluation digest"
NONE = "none"


def evaluation_evidence(version: ModelVersion) -> dict[str, Any]:
    """The newest evaluation of the version as a reviewer needs it: what it says, each gate and each slice."""
    evaluation = evaluation_newest(version.pk)
    if evaluation is None:
        return {"Evaluation": f"none: {version} was measured beside no other version", DIGEST: NONE}
    return {
        "Evaluation": _told(evaluation),
        DIGEST: evaluation.digest,
        "Gates": [
            {"slice": each["slice"], "passed": each["passed"], "reason": each["reason"]} for each in evaluation.verdicts
        ],
        "Slices": [_slice(each) for each in evaluation.figures],
    }


def evaluation_flaw(evidence: dict[str, Any], version: ModelVersion) -> str:
    """Why the evaluation in the evidence is not what a reviewer would see now, or an empty text."""
    if (asked := evidence.get(DIGEST)) is None:  # asked before evaluations were part of the evidence
        return ""
    evaluation = evaluation_newest(version.pk)
    if evaluation is None:
        return "" if asked == NONE else "The evaluation in the evidence is gone."
    if evaluation.digest != asked:
        return f"{version} has been measured anew since this was asked: evaluation {evaluation.pk}."
    if evaluation_digest_now(evaluation) != asked:
        return f"Evaluation {evaluation.pk} is not what it was when it was written."
    return ""


def _told(evaluation: Evaluation) -> str:
    number = f"Evaluation {evaluation.pk}: {evaluation}"
    if evaluation.passed:
        return f"passed. {number}"
    return f"the gate refused this version: {evaluation.refusal} {number}"


def _slice(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "slice": row["slice"],
        "samples": row["samples"],
        "candidate": row["candidate"],
        "champion": row["champion"],
        "difference": (row["won"] - row["lost"]) / row["samples"],
        "won": row["won"],
        "lost": row["lost"],
        "p": row["p"],
    }
