"""Reading the registry."""

from typing import TypedDict

from django.db.models import Count, Max, Q, QuerySet

from apps.core.errors import NotFound
from apps.registry import intake, storage
from apps.registry.models import Alias, AliasMove, AliasRequest, ModelVersion, RegisteredModel, Upload, UploadedFile
from apps.registry.rules.digest import alias_digest
from apps.registry.rules.paths import path_check

#: Longer numbers do not fit the column, and no model has so many versions.
_MOST_DIGITS = 9


class FileEntry(TypedDict):
    """One file of a version: path inside its directory, sha256 as 64 hex digits, size in bytes."""

    path: str
    sha256: str
    size: int


def models_list(*, search: str = "") -> QuerySet[RegisteredModel]:
    """Models, newest first, each with `version_count` and `latest_version` (a number or None).

    `search` keeps those with that text in their name or description.
    """
    models = RegisteredModel.objects.select_related("created_by").prefetch_related("aliases__version").order_by("-pk")
    if search:
        models = models.filter(Q(name__icontains=search) | Q(description__icontains=search))
    return models.annotate(version_count=Count("versions"), latest_version=Max("versions__number"))


def versions_list(model: RegisteredModel) -> QuerySet[ModelVersion]:
    """The versions of one model, newest first, with what an answer shows of them."""
    return (
        ModelVersion.objects.filter(model=model)
        .select_related("model", "created_by", "parent")
        .prefetch_related("aliases", "alias_requests")
        .order_by("-pk")
    )


def version_by_ref(model: RegisteredModel, ref: str | int) -> ModelVersion:
    """The version of `model` that `ref` names: a number such as `3`, or an alias such as `@champion`."""
    text = str(ref)
    if text.startswith("@"):
        return alias_get(model, text[1:]).version
    versions = versions_list(model).prefetch_related("artifacts")
    version = versions.filter(number=int(text)).first() if _is_number(text) else None
    if version is None:
        raise NotFound(
            f"The model '{model.name}' has no version '{text}'.",
            remedy="Name a version by its number, as 3, or by an alias, as @champion.",
        )
    return version


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def version_files(version: ModelVersion) -> list[FileEntry]:
    """The version's files by path."""
    return [FileEntry(path=a.path, sha256=a.sha256, size=a.size) for a in version.artifacts.order_by("path")]


def alias_get(model: RegisteredModel, name: str) -> Alias:
    """The alias of `model` called `name`; raises NotFound."""
    alias = Alias.objects.filter(model=model, name=name).select_related("version__model", "model").first()
    if alias is None:
        raise NotFound(f"The model '{model.name}' has no alias '{name}'.")
    return alias


def alias_moves(model: RegisteredModel, name: str) -> QuerySet[AliasMove]:
    """Every move of an alias, newest first; also of one that was taken away."""
    return (
        AliasMove.objects.filter(model=model, alias=name)
        .select_related("from_version", "to_version", "moved_by", "model")
        .order_by("-pk")
    )


def alias_requests(model: RegisteredModel, name: str) -> QuerySet[AliasRequest]:
    """Every move of a protected alias that was asked for, newest first."""
    requests = AliasRequest.objects.filter(model=model, alias=name)
    return requests.select_related("model", "from_version", "to_version", "requested_by", "approved_by").order_by("-pk")


def alias_move_digest(model: RegisteredModel, alias: str, old: ModelVersion | None, new: ModelVersion | None) -> str:
    """What an approval of this move is bound to."""
    return alias_digest(model.name, alias, old.digest if old else None, new.digest if new else None)


def alias_request_flaw(request: AliasRequest, digest: str) -> str:
    """Why the move that `digest` names is not what is asked for any more, in a sentence, or an empty text.

    For who holds the model's lock: otherwise the alias may move at the next moment.
    """
    alias = Alias.objects.filter(model=request.model, name=request.alias).select_related("version").first()
    new = request.to_version
    if (alias.version_id if alias else None) != request.from_version_id:
        return f"{request} points at {alias.version if alias else 'nothing'} now."
    stored = alias_move_digest(request.model, request.alias, request.from_version, new)
    if not digest == stored == request.digest:
        return f"What was asked about has the digest {digest}; what is stored has {stored}."
    return f"{new} is corrupt: {new.state_reason}" if new and new.state == ModelVersion.State.CORRUPT else ""


def upload_offset(file: UploadedFile) -> int:
    """How many bytes of a file are here: where to go on from."""
    if file.sha256:
        return file.size
    return intake.part_size(storage.part_path(file.upload_id, file.path)) or 0


def upload_offset_of(upload: Upload, path: str) -> int:
    """The same by path; 0 for a file that nobody has sent anything of."""
    file = upload.files.filter(path=path_check(path)).first()
    return upload_offset(file) if file else 0
