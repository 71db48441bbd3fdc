"""Is what was asked about still what is stored? Each kind of request says so in its own way."""

from collections.abc import Callable

from apps.approvals.models import ApprovalRequest
from apps.approvals.rules import evidence_digest
from apps.approvals.selectors.evaluated import evaluation_flaw
from apps.deployments.models import Revision
from apps.deployments.selectors import revision_digest
from apps.registry.models import AliasRequest, ModelVersion, RegisteredModel
from apps.registry.selectors import alias_request_flaw


def request_flaw(request: ApprovalRequest) -> str:
    """Why an answer to the request would be void, in a sentence, or an empty text.

    Locks what is asked about until the transaction ends, so that it stays as it was found.
    """
    if evidence_digest(request.evidence) != request.evidence_digest:
        return "The evidence is not what it was when this was asked."
    return _FLAWS[request.kind](request)


def _of_revision(request: ApprovalRequest) -> str:
    revisions = Revision.objects.select_related("version__model").select_for_update(of=("self",), no_key=True)
    revision = revisions.filter(pk=request.subject_id).first()
    if revision is None:
        return "The revision is gone."
    if revision.state != Revision.State.REQUESTED:
        return (
            f"The revision is {revision.state}: {revision.state_reason}"
            if revision.state_reason
            else (f"The revision is {revision.state}.")
        )
    stored = revision_digest(revision)
    if not request.digest == stored == revision.digest:
        return f"What was asked about has the digest {request.digest}; what is stored has {stored}."
    corrupt = ModelVersion.objects.filter(stages__revision=revision, state=ModelVersion.State.CORRUPT)
    broken = "; ".join(f"{version} is corrupt: {version.state_reason}" for version in corrupt.select_related("model"))
    return broken or evaluation_flaw(request.evidence, revision.version)


def _of_alias(request: ApprovalRequest) -> str:
    asked = AliasRequest.objects.select_related("model", "from_version__model", "to_version__model")
    move = asked.filter(pk=request.subject_id).first()
    if move is None:
        return "The request to move the alias is gone."
    RegisteredModel.objects.select_for_update(no_key=True).get(pk=move.model_id)
    move.refresh_from_db(fields=["state", "state_reason"])
    if move.state != AliasRequest.State.REQUESTED:
        return f"The move is {move.state}. {move.state_reason}".strip()
    flaw = alias_request_flaw(move, request.digest)
    return flaw or (evaluation_flaw(request.evidence, move.to_version) if move.to_version else "")


_FLAWS: dict[str, Callable[[ApprovalRequest], str]] = {"rollout": _of_revision, "alias": _of_alias}
