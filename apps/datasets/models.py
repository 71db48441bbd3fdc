"""Kept files by what is in them, and the sets of labelled samples that are frozen out of them.

Whoever uses an asset refers to it by a foreign key that protects it.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from apps.core.clock import now
from apps.registry.models import Frozen


class Asset(models.Model):
    """One file, of which the storage (store.py) has the bytes; the same bytes are the same asset, however often."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()  # bytes
    #: As told from its content.
    media_type = models.CharField(max_length=100)
    #: What was found out about it off the hot path, its signals above all (workers/file_signals.py).
    descriptors = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=now)
    last_kept_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="asset_sha256_form")]
        indexes = [models.Index(fields=["last_kept_at"], name="asset_last_kept")]

    def __str__(self) -> str:
        return self.sha256


class Dataset(models.Model):
    """A name under which dataset versions are kept."""

    name = models.CharField(max_length=63, unique=True)
    created_at = models.DateTimeField(default=now)
    #: Taken under a row lock, so that two freezings at once get two numbers.
    next_number = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DatasetVersion(Frozen):
    """An immutable list of labelled samples. A database trigger says the same to whoever goes past this class."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    #: SHA-256 over its samples' files, labels and slices (rules.py).
    digest = models.CharField(max_length=64)
    samples_count = models.PositiveIntegerField()
    #: {"labels": {label: samples}, "slices": {slice: samples}}
    counts = models.JSONField()
    #: Names of the inputs that any of its samples has.
    inputs = ArrayField(models.CharField(max_length=63))
    #: Where its samples are from: what was frozen, and which versions and window it was made of.
    source = models.JSONField(default=dict)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        permissions = [("freeze_datasetversion", "Can freeze dataset versions")]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="dataset_number_once"),
            models.UniqueConstraint(fields=["dataset", "digest"], name="dataset_digest_once"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset.name}/{self.number}"


class Sample(Frozen):
    """Files that belong together with what is true of them, at its place in one version.

    Only deleting a subject may change it: its files and its label go, its place stays, empty.
    """

    MUTABLE = frozenset({"predictions", "subjects", "erased", "label"})

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="samples")
    position = models.PositiveIntegerField()
    label = models.TextField()
    slices = ArrayField(models.CharField(max_length=200), default=list)
    #: Those that it was met in, and the SHA-256 of each one's subject (empty for nobody), in the same order: what is to
    #: be deleted with a subject is found when its predictions are long gone.
    predictions = ArrayField(models.UUIDField(), default=list)
    subjects = ArrayField(models.CharField(max_length=64), default=list)
    #: Somebody brought it, whatever predictions it was met in.
    declared = models.BooleanField(default=False)
    erased = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "position"], name="sample_position_once")]
        indexes = [GinIndex(fields=["subjects"], name="sample_subjects", fastupdate=False)]

    def __str__(self) -> str:
        return f"sample {self.position} of {self.version_id}"


class SampleFile(models.Model):
    """One input of a sample."""

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="files")
    input = models.CharField(max_length=63)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "input"], name="sample_input_once")]

    def __str__(self) -> str:
        return f"{self.input} of sample {self.sample_id}"
