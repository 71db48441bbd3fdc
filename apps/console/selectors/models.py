"""Registered models and their versions."""

from typing import Any

from django.db.models import Count, QuerySet, Sum

from apps.console.selectors.training import gates
from apps.console.states import version_state
from apps.deployments.models import Revision
from apps.registry.models import AliasMove, AliasRequest, ModelVersion, RegisteredModel
from apps.registry.selectors import models_list, versions_list
from apps.training.rules.evaluation import clause_told
from apps.training.selectors import clauses_in_force, evaluations_of, own_clauses

#: Alias moves, evaluations and versions that a page lists.
_MOVES = 10
_EVALUATIONS = 10
_VERSIONS = 100


def model_rows() -> list[dict[str, Any]]:
    """Every model by name with its newest version, what that takes in, and its aliases."""
    newest = ModelVersion.objects.order_by("model_id", "-number").distinct("model_id")
    by_model = {version.model_id: version for version in newest}
    return [
        {
            "model": model,
            "newest": by_model.get(model.pk),
            "modalities": version_modalities(by_model.get(model.pk)),
            "aliases": list(model.aliases.all()),
        }
        for model in models_list().order_by("name")
    ]


def version_modalities(version: ModelVersion | None) -> list[str]:
    """What kinds of input it takes, each once."""
    return list(dict.fromkeys(each["modality"] for each in version.manifest["inputs"])) if version else []


def model_context(model: RegisteredModel) -> dict[str, Any]:
    """The page of one model, with its newest versions."""
    own = own_clauses(model.pk)
    versions = list(versions_list(model)[:_VERSIONS])
    kept = ModelVersion.objects.filter(model=model).aggregate(number=Count("pk"), size=Sum("size_bytes"))
    return {
        "model": model,
        "versions": [{"version": each, "state": version_state(each)} for each in versions],
        "modalities": version_modalities(versions[0] if versions else None),
        "moves": _moves(model),
        "moves_asked": list(_moves_asked(model)),
        "size": kept["size"],
        "kept": kept["number"],
        "gates": [clause_told(each) for each in clauses_in_force(own)],
        "own_gates": own is not None,
    }


def version_context(version: ModelVersion) -> dict[str, Any]:
    """The page of one version."""
    return {
        "version": version,
        "manifest": version.manifest,
        "state": version_state(version),
        "modalities": version_modalities(version),
        "inputs": [{**each, "limits": _limits(each)} for each in version.manifest["inputs"]],
        "files": list(version.artifacts.order_by("path")),
        "aliases": list(version.aliases.all()),
        "children": list(version.children.select_related("model").order_by("number")),
        "revisions": list(
            Revision.objects.filter(version=version)
            .select_related("deployment")
            .order_by("deployment__name", "-number")
        ),
        "evaluations": [{"evaluation": each, "state": gates(each)} for each in evaluations_of(version)[:_EVALUATIONS]],
        "evaluations_all": evaluations_of(version).count(),
    }


def _moves_asked(model: RegisteredModel) -> QuerySet[AliasRequest]:
    """Moves of protected aliases that wait for approval."""
    waiting = AliasRequest.objects.filter(model=model, state=AliasRequest.State.REQUESTED)
    return waiting.select_related("to_version", "requested_by").order_by("-pk")


def _moves(model: RegisteredModel) -> list[AliasMove]:
    moves = AliasMove.objects.filter(model=model).select_related("from_version", "to_version", "moved_by")
    return list(moves.order_by("-pk")[:_MOVES])


#: What a manifest may bound in an input, in words; other keys are shown as they are.
_LIMIT_WORDS = {
    "media_types": "{}",
    "max_pixels": "up to {} pixels",
    "sample_rate": "{} Hz",
    "max_seconds": "up to {} s",
    "max_bytes": "up to {} bytes",
    "max_characters": "up to {} characters",
}


def _limits(declared: dict[str, Any]) -> str:
    """The declared limits of one input as one line: `image/png, up to 1,000,000 pixels`."""
    parts = [words.format(_plain(declared[key])) for key, words in _LIMIT_WORDS.items() if declared.get(key)]
    return ", ".join(parts)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
