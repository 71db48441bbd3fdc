"""Reference profiles: as the version brings one, as somebody uploads one, or built of what was recorded.

The rules load numpy, so they are imported where they are needed: most processes never read a profile.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from apps.core import audit
from apps.core.clock import now
from apps.core.errors import QuartetError
from apps.core.models import User
from apps.deployments.models import Deployment, Revision
from apps.drift.errors import ProfileTooLarge, TooFewPredictions
from apps.drift.models import ReferenceProfile
from apps.drift.rules.policy import LIMITS
from apps.registry.access import publisher
from apps.registry.models import ModelVersion

if TYPE_CHECKING:
    from apps.drift.rules.profile import ReferenceProfile as Profile

#: The file of an artifact that is read as its profile, and the bytes that it may have.
FILE = "reference.json"
BYTES_MOST = 16 * 1024**2
#: Predictions that a profile is built of at least.
PREDICTIONS_LEAST = LIMITS["window"][0]
#: How far back they are looked for.
_HOURS = 30 * 24


@dataclass(frozen=True, slots=True)
class _Found:
    """What a row is made of."""

    digest: str
    content: str = ""
    problem: str = ""
    about: dict[str, Any] = field(default_factory=dict)


def reference_read(*, event_id: UUID, version_id: int, **_: object) -> None:
    """Listener of registry.version_registered: read what the version brings along. A profile that cannot be used keeps
    no version from being registered: what is wrong is kept in its stead, and told wherever it is shown."""
    version = ModelVersion.objects.get(pk=version_id)
    path = version.directory / FILE
    if not path.is_file():
        return
    found = _read(path)
    with transaction.atomic():
        ModelVersion.objects.select_for_update(no_key=True).get(pk=version_id)  # the event may come twice at once
        if not ReferenceProfile.objects.filter(version=version, source=ReferenceProfile.Source.ARTIFACT).exists():
            _insert(version, ReferenceProfile.Source.ARTIFACT, found, None)


def reference_put(*, actor: User, version: ModelVersion, raw: bytes) -> ReferenceProfile:
    """Make these bytes the version's profile. Raises Forbidden, ProfileTooLarge, ProfileUnknownSchema or
    ProfileMalformed; the same bytes again change nothing."""
    publisher(actor)
    return _set(actor, version, ReferenceProfile.Source.UPLOAD, _checked(raw))


def reference_build(
    *, actor: User, version: ModelVersion, deployment: Deployment, predictions: int
) -> ReferenceProfile:
    """Say that the newest so many kept predictions of this version are how it should look. Raises Forbidden or
    TooFewPredictions."""
    publisher(actor)
    revision = deployment.revisions.filter(version=version).order_by("-live_at", "-pk").first()
    if revision is None:
        raise TooFewPredictions(f"'{deployment.name}' never had a revision with {version}.")
    return _set(actor, version, ReferenceProfile.Source.PREDICTIONS, _built(revision, predictions))


def _read(path: Path) -> _Found:
    size = path.stat().st_size
    if size > BYTES_MOST:  # not read at all
        return _Found("", problem=f"{FILE} has {size:,} bytes; a profile has at most {BYTES_MOST:,}.")
    raw = path.read_bytes()
    try:
        return _checked(raw)
    except QuartetError as error:
        return _Found(hashlib.sha256(raw).hexdigest(), problem=f"{error.message} {error.remedy}")


def _checked(raw: bytes) -> _Found:
    from apps.drift.rules.profile import ReferenceProfile as Profile

    if len(raw) > BYTES_MOST:
        raise ProfileTooLarge(f"The reference profile has {len(raw):,} bytes; it may have {BYTES_MOST:,}.")
    profile = Profile.from_json(raw)
    # Kept as it was understood, not as it was written: what else may stand in it is nobody's business.
    return _Found(hashlib.sha256(raw).hexdigest(), profile.to_json(), about=_about(profile))


def _built(revision: Revision, predictions: int) -> _Found:
    from apps.drift.rules.profile import build
    from apps.drift.selectors.window import Wanted, window_read

    modalities = media_inputs(revision.version)
    until = now()
    seen = window_read(Wanted(revision, until, predictions, _HOURS), modalities)
    if seen.kept < PREDICTIONS_LEAST and seen.looked_at < PREDICTIONS_LEAST:
        told = f"Only {seen.looked_at} predictions of {revision} are recorded; {PREDICTIONS_LEAST} are needed."
        raise TooFewPredictions(told)
    profile = build(seen.window.samples, modalities)
    content = profile.to_json()
    built_from = {
        "deployment": revision.deployment.name,
        "revision": revision.number,
        "predictions": seen.looked_at,
        "kept": seen.kept,
        "after": seen.after.isoformat(),
        "before": until.isoformat(),
    }
    return _Found(hashlib.sha256(content.encode()).hexdigest(), content, about=_about(profile, built_from))


def media_inputs(version: ModelVersion) -> dict[str, str]:
    """Name -> modality of the version's inputs."""
    return {each["name"]: each.get("modality", "tensor") for each in version.manifest["inputs"]}


def _about(profile: "Profile", built_from: dict[str, Any] | None = None) -> dict[str, Any]:
    from apps.drift.rules.profile import SCHEMA

    told = {"schema": SCHEMA, "samples": profile.samples, "signals": sorted(profile.signals)}
    return told | {"built_from": built_from or {}}


def _set(actor: User, version: ModelVersion, source: ReferenceProfile.Source, found: _Found) -> ReferenceProfile:
    with transaction.atomic():
        ModelVersion.objects.select_for_update(no_key=True).get(pk=version.pk)
        newest = ReferenceProfile.objects.filter(version=version).order_by("-pk").first()
        if newest is not None and newest.digest == found.digest and not newest.problem:
            return newest
        row = _insert(version, source, found, actor)
        told = {"source": row.get_source_display(), "samples": row.samples, "digest": row.digest}
        audit.record(actor=actor, action="reference.set", target=f"version:{version}", **told)
    return row


def _insert(
    version: ModelVersion, source: ReferenceProfile.Source, found: _Found, actor: User | None
) -> ReferenceProfile:
    return ReferenceProfile.objects.create(
        version=version,
        source=source,
        content=found.content,
        problem=found.problem,
        digest=found.digest,
        created_by=actor,
        **found.about,
    )
