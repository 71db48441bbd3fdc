"""What a request for a rollout says of its version's evaluations, and whether those still are the ones.

The newest says how the version did; the earlier ones say whether it was measured until it passed.
"""

from collections.abc import Iterable
from typing import Any

from apps.registry.models import ModelVersion
from apps.training.models import Evaluation
from apps.training.rules.evaluation import digest_of
from apps.training.selectors import evaluation_digest_now, evaluations_of

#: The entries of the evidence that bind a request to evaluations.
DIGEST, EARLIER_DIGEST = "Evaluation digest", "Earlier evaluations digest"
EARLIER = "Earlier evaluations"
NONE = "none"


def evaluation_evidence(version: ModelVersion) -> dict[str, Any]:
    """The newest evaluation of the version as a reviewer needs it: what it says, each gate and each slice.

    And of the earlier ones how many there are, how many a gate refused, and why it did the last time.
    """
    newest, earlier = _newest_first(version)
    if newest is None:
        return {"Evaluation": f"none: {version} was measured beside no other version", DIGEST: NONE}
    refused = [each for each in earlier if not each.passed]
    return {
        "Evaluation": _told(newest, len(refused)),
        DIGEST: newest.digest,
        EARLIER: _earlier_text(newest, earlier, refused),
        EARLIER_DIGEST: digest_of([each.digest for each in earlier]),
        "Gates": [
            {"slice": each["slice"], "passed": each["passed"], "reason": each["reason"]} for each in newest.verdicts
        ],
        "Slices": [_slice(each) for each in newest.figures],
    }


def evaluation_flaw(evidence: dict[str, Any], version: ModelVersion) -> str:
    """Why the evaluations in the evidence are not what a reviewer would see now, or an empty text."""
    if (asked := evidence.get(DIGEST)) is None:  # asked before evaluations were part of the evidence
        return ""
    newest, earlier = _newest_first(version)
    if newest is None:
        return "" if asked == NONE else "The evaluation in the evidence is gone."
    if newest.digest != asked:
        return f"{version} has been measured anew since this was asked: evaluation {newest.pk}."
    if evaluation_digest_now(newest) != asked:
        return f"Evaluation {newest.pk} is not what it was when it was written."
    return _earlier_flaw(evidence.get(EARLIER_DIGEST), earlier)


def _newest_first(version: ModelVersion) -> tuple[Evaluation | None, list[Evaluation]]:
    """The newest evaluation of the version, if there is any, and the earlier ones."""
    found = list(evaluations_of(version))
    return (found[0], found[1:]) if found else (None, [])


def _earlier_flaw(asked: str | None, earlier: Iterable[Evaluation]) -> str:
    if asked is None or digest_of([evaluation_digest_now(each) for each in earlier]) == asked:
        return ""  # also where it was asked before the earlier ones were part of the evidence
    return "The earlier evaluations are not what they were when this was asked."


def _told(evaluation: Evaluation, refusals: int) -> str:
    number = f"Evaluation {evaluation.pk}: {evaluation}"
    if not evaluation.passed:
        return f"the gate refused this version: {evaluation.refusal} {number}"
    return f"passed{f', after it was refused {_times(refusals)}' if refusals else ''}. {number}"


def _earlier_text(newest: Evaluation, earlier: list[Evaluation], refused: list[Evaluation]) -> str:
    """Such as `2 evaluations, 1 refused; the last refusal, evaluation 3 on tests/1, because: ...`."""
    if not earlier:
        return NONE
    count = f"{len(earlier)} evaluation{'s' if len(earlier) != 1 else ''}, {len(refused) or 'none'} refused"
    if not refused:
        return count
    last = refused[0]
    told = f"the last refusal, evaluation {last.pk} beside {last.champion} on {last.dataset}, because: {last.refusal}"
    return f"{count}; {told} {_changed(newest, last)}".strip()


def _changed(newest: Evaluation, refused: Evaluation) -> str:
    """What the newest evaluation was measured otherwise with."""
    changes = [
        (newest.dataset_id != refused.dataset_id, f"on another dataset: {newest.dataset}"),
        (newest.champion_id != refused.champion_id, f"beside another version: {newest.champion}"),
        (newest.clauses != refused.clauses, "with other gates"),
    ]
    told = [words for changed, words in changes if changed]
    return f"The newest was measured {', and '.join(told)}." if told else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


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
