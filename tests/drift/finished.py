"""A finished run as rows: pictures drifted, sounds did not, and three samples show it. Needs the `home` fixture."""

import hashlib
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from apps.core.clock import now
from apps.datasets.services import Content
from apps.deployments.models import Deployment, Revision
from apps.drift.models import DriftGroup, DriftResult, DriftRun, ReferenceProfile
from apps.inference.services import Kept, kept_add, predictions_add
from apps.registry.models import ModelVersion
from tests.inference.records import made_at, record
from tests.signals.made import RATE, tone

MODALITIES = {"image": "image", "sound": "audio"}


def bare_profile(version: ModelVersion) -> ReferenceProfile:
    """A profile as a row. Its content tells of ten samples and of no signal."""
    content = '{"schema":1,"samples":10,"modalities":{"image":"image","sound":"audio"},"signals":{}}'
    digest = hashlib.sha256(content.encode()).hexdigest()
    return ReferenceProfile.objects.create(
        version=version, source="artifact", content=content, digest=digest, schema=1, samples=10
    )


def finished_run(
    deployment: Deployment,
    revision: Revision,
    at: datetime | None = None,
    more: Mapping[str, Content] | None = None,
    **fields: Any,
) -> DriftRun:
    """A run that ended then and found that the pictures are dark; `fields` are of the run.

    `more` are inputs that its samples have besides a picture and a sound.
    """
    at = at or now()
    usual = {
        "profile": revision.version.reference_profiles.first() or bare_profile(revision.version),
        "trigger": "schedule",
        "state": "done",
        "verdict": "drifted",
        "after": at - timedelta(hours=1),
        "before": at,
        "window": 1000,
        "window_hours": 24,
        "level": 0.01,
        "predictions": 4000,
        "looked_at": 4000,
        "kept": 1000,
        "requested_at": at,
        "started_at": at,
        "finished_at": at + timedelta(seconds=2),
    }
    run = DriftRun.objects.create(deployment=deployment, revision=revision.number, **(usual | fields))
    DriftGroup.objects.bulk_create(_groups(run, at, more or {}))
    DriftResult.objects.bulk_create(_results(run))
    return run


def _contents(shade: int, more: Mapping[str, Content]) -> dict[str, Content]:
    """By input: a picture of one shade, a tone, and what there is besides."""
    return {"image": Content(_picture(shade), "image/png"), "sound": Content(_sound(), "audio/wav"), **more}


def _groups(run: DriftRun, at: datetime, more: Mapping[str, Content]) -> list[DriftGroup]:
    told = {
        "audio": ("steady", ""),
        "confidence": ("not_enough_data", "confidence: 12 values in the window; at least 90 are needed"),
        "image": ("drifted", "image.brightness: 2.31 deviations from the reference"),
        "prediction": ("steady", ""),
    }
    groups = [DriftGroup(run=run, name=name, state=state, reason=reason) for name, (state, reason) in told.items()]
    groups[2].driving = [
        _driving(run, at - timedelta(minutes=1 + place), _contents(10 * place, more)) for place in range(3)
    ]
    return groups


def _driving(run: DriftRun, at: datetime, contents: Mapping[str, Content]) -> dict[str, Any]:
    """One sample: it is recorded, and its inputs are kept."""
    name, inputs = run.deployment.name, list(contents)
    given = record(made_at(at), deployment=name, revision=run.revision, inputs=inputs, missing=[])
    predictions_add(records=[given])
    kept_add(kept=[Kept(given.id, at, name, "", each, 0, contents[each]) for each in inputs])
    assets = {each: hashlib.sha256(contents[each].raw).hexdigest() for each in inputs}
    signals = {"image.brightness": 0.0005}
    return {"prediction": str(given.id), "sample": 0, "score": 7.6, "signals": signals, "assets": assets}


def _results(run: DriftRun) -> list[DriftResult]:
    tested = {"test": "kolmogorov-smirnov", "statistic": 0.6, "p": 1e-9, "corrected": 1e-8, "effect": 2.31, "psi": 1.2}
    steady = {**tested, "statistic": 0.02, "p": 0.6, "corrected": 1.0, "effect": 0.02, "psi": 0.01}
    counted = {"window": 1000, "reference": 2000, "unit": "deviations"}
    bins: dict[str, Any] = {"kind": "number", "edges": [0.0, 0.1, 0.2, 0.3, 0.4], "reference": [0.0, 0.1, 0.5, 0.4]}
    classes = {"kind": "category", "categories": ["3", "7"], "reference": [0.5, 0.5], "window": [0.48, 0.52]}
    dark, like = bins | {"window": [0.7, 0.2, 0.1, 0.0]}, bins | {"window": [0.0, 0.1, 0.52, 0.38]}
    rows: dict[str, dict[str, Any]] = {
        "image.brightness": {"group": "image", "state": "drifted", **tested, **counted, "distribution": dark},
        "sound.loudness": {"group": "audio", "state": "steady", **steady, **counted, "distribution": like},
        "prediction": {"group": "prediction", "state": "steady", **steady, **counted, "distribution": classes},
        "confidence": {"group": "confidence", "state": "not_enough_data", "window": 12, "reference": 2000},
    }
    rows["image.brightness"]["reason"] = "2.31 deviations from the reference"
    rows["confidence"]["reason"] = "12 values in the window; at least 90 are needed"
    return [DriftResult(run=run, name=name, **row) for name, row in rows.items()]


def _picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((28, 28), shade, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _sound() -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(220.0), RATE, format="WAV", subtype="PCM_16")
    return buffer.getvalue()
