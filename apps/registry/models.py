"""Registered models, immutable versions, movable aliases, and uploads on their way to becoming a version."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.core.clock import now
from apps.core.ids import new_id
from apps.registry import storage
from apps.registry.errors import Immutable
from apps.registry.rules import names


class RegisteredModel(models.Model):
    """A name under which versions of one model are kept."""

    name = models.SlugField(max_length=63, unique=True)
    description = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)
    #: Taken under a row lock, so that two registrations at once get two numbers.
    next_number = models.PositiveIntegerField(default=1)
    #: Aliases that move only after somebody else has approved it.
    protected_aliases = ArrayField(
        models.CharField(max_length=63),
        default=names.protected_default,
        blank=True,
        help_text="Setting, moving and removing these needs the approval of a second person.",
    )

    class Meta:
        ordering = ["name"]
        permissions = [
            ("publish_model", "Can register models and versions and move aliases"),
            ("publish_code", "Can register versions that bring Python code"),
        ]

    def __str__(self) -> str:
        return self.name


class Frozen(models.Model):
    """A row that is written once. A database trigger says the same to whoever goes past this class."""

    #: The columns that may still change.
    MUTABLE: frozenset[str] = frozenset()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        changed = set(kwargs.get("update_fields") or ())
        if not self._state.adding and not (changed and changed <= self.MUTABLE):
            raise Immutable(f"{self._meta.verbose_name} '{self}' never changes once it is written.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise Immutable(f"{self._meta.verbose_name} '{self}' is kept for good.")


class ModelVersion(Frozen):
    """One numbered, immutable set of artifact files with its manifest and lineage."""

    MUTABLE = frozenset({"state", "state_reason", "memory_bytes"})

    class State(models.TextChoices):
        READY = "ready", "ready"
        CORRUPT = "corrupt", "corrupt"

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    state_reason = models.TextField(blank=True)
    #: SHA-256 over the list of files (rules/digest.py), and the name of their directory.
    digest = models.CharField(max_length=64)
    #: model.yaml as rules/manifest.py normalised it: every default is spelt out.
    manifest = models.JSONField()
    #: {"dataset", "code", "notes"}: what it was made from, in the publisher's words.
    lineage = models.JSONField(default=dict)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    size_bytes = models.PositiveBigIntegerField()
    #: The most that a replica of it was seen to take; None until one ran.
    memory_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="version_number_once"),
            models.UniqueConstraint(fields=["model", "digest"], name="version_digest_once"),
        ]
        indexes = [models.Index(fields=["digest"], name="version_digest")]

    def __str__(self) -> str:
        return f"{self.model.name}/{self.number}"

    @property
    def directory(self) -> Path:
        """Where its files lie, read-only."""
        return storage.artifact_directory(self.digest)


class Artifact(Frozen):
    """One file of a version."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="artifacts")
    path = models.CharField(max_length=512)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["version", "path"], name="artifact_path_once")]

    def __str__(self) -> str:
        return self.path


class Alias(models.Model):
    """A name such as `champion` that points at one version of its model."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="aliases")
    name = models.CharField(max_length=63)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="aliases")
    moved_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "aliases"
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="alias_once")]

    def __str__(self) -> str:
        return f"{self.model.name}@{self.name}"


class AliasMove(Frozen):
    """One move of an alias: set (no `from_version`), moved, or taken away (no `to_version`)."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="alias_moves")
    alias = models.CharField(max_length=63)
    from_version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    to_version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    moved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    moved_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["model", "alias", "-id"], name="alias_history")]

    def __str__(self) -> str:
        return f"{self.model.name}@{self.alias}"


class AliasRequest(models.Model):
    """A move of a protected alias that waits for approval. A trigger keeps what was asked from changing.

    requested -> moved, or rejected, or void: the alias or the version is not what it was when this was asked.
    """

    class State(models.TextChoices):
        REQUESTED = "requested"
        MOVED = "moved"
        REJECTED = "rejected"
        VOID = "void"

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="alias_requests")
    alias = models.CharField(max_length=63)
    #: Where it pointed when this was asked; None for nothing.
    from_version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    #: Where it is to point; None to take it away.
    to_version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="alias_requests")
    reason = models.TextField(blank=True)
    #: rules/digest.py over model, alias and both versions' digests: what an approval is bound to.
    digest = models.CharField(max_length=64)
    #: Id of the event that asks the reviewers, and so of their approval request.
    approval = models.UUIDField(unique=True, default=new_id, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    state_reason = models.TextField(blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=now)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["model", "alias"], name="alias_requested", condition=models.Q(state="requested"))
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approved_by=None) | ~models.Q(approved_by=models.F("requested_by")),
                name="alias_request_four_eyes",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="moved") | models.Q(approved_by__isnull=False),
                name="alias_request_approved_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model.name}@{self.alias}"


class Upload(models.Model):
    """Files on their way in: they lie in a staging directory of their own until `version_register` takes them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="uploads")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)
    touched_at = models.DateTimeField(default=now, db_index=True)
    #: What it became; a repeated registration answers with it.
    version = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return str(self.id)


class UploadedFile(models.Model):
    """One file of an upload; `sha256` stays empty until all `size` bytes lie safely on disk."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=512)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["upload", "path"], name="upload_path_once")]

    def __str__(self) -> str:
        return self.path
