"""Recorded predictions whose inputs are described: made-up numbers of two inputs, changed where a test says so.

The files themselves are left out: runs look at their descriptors alone.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from apps.core.clock import now
from apps.datasets.models import Asset
from apps.deployments.models import Deployment, Revision
from apps.drift.models import DriftRun, ReferenceProfile
from apps.drift.rules.profile import build
from apps.drift.services import reference_put, runs_perform
from apps.inference.models import KeptInput
from apps.inference.rules.ids import moment
from apps.inference.rules.records import Recorded
from apps.inference.services import predictions_add
from apps.registry.models import ModelVersion
from tests.deployments.makers import MANIFEST, make_deployment, make_revision, make_version
from tests.world import World

MODALITIES = {"image": "image", "sound": "audio"}
INPUTS = [
    {"name": name, "modality": modality, "datatype": "BYTES", "shape": [-1], "required": False}
    for name, modality in MODALITIES.items()
]
Signals = dict[str, dict[str, Any]]  # input -> signals
Change = Callable[[Signals], Any]


class Watched:
    """A deployment that is live, with predictions of its first revision."""

    def __init__(self, world: World, rate: float = 1.0, name: str = "digits", **spec: Any) -> None:
        self.world = world
        self.random = np.random.default_rng(7)
        manifest = MANIFEST | {"inputs": INPUTS}
        self.version: ModelVersion = make_version(world, 1, name=f"model-{name}", manifest=manifest)
        self.deployment: Deployment = make_deployment(world, name)
        self.revision: Revision = make_revision(world, self.deployment, self.version, record={"rate": rate}, **spec)
        self.live()

    def live(self) -> None:
        """As if it had been approved and started an hour ago."""
        fields = {"state": "live", "approved_by": self.world.ben, "approved_at": now()}
        Revision.objects.filter(pk=self.revision.pk).update(live_at=now() - timedelta(hours=1), **fields)
        Deployment.objects.filter(pk=self.deployment.pk).update(live_revision=self.revision)
        self.deployment.refresh_from_db()
        self.revision.refresh_from_db()

    def profile(self, count: int = 500) -> ReferenceProfile:
        """The version's, of samples as record() makes them."""
        content = self.profile_text(count)
        return reference_put(actor=self.world.ada, version=self.version, raw=content.encode())

    def profile_text(self, count: int = 500) -> str:
        samples = []
        for _ in range(count):
            plain = {f"{name}.{key}": each for name, told in self.signals().items() for key, each in told.items()}
            samples.append({**plain, "prediction": self.label(), "confidence": self.confidence()})
        return build(samples, MODALITIES).to_json()

    def signals(self) -> Signals:
        """Of one sample: a number and an embedding of each input."""
        return {
            "image": {"brightness": self._normal(), "embedding": [self._normal() for _ in range(8)]},
            "sound": {"loudness": self._normal(), "rate": 8000},
        }

    def label(self) -> str:
        return str(self.random.integers(10))

    def confidence(self) -> float:
        return round(float(self.random.uniform(0.6, 1)), 6)

    def record(
        self,
        count: int,
        change: Change | None = None,
        at: datetime | None = None,
        kept: Callable[[UUID], bool] = lambda _: True,
        **fields: Any,
    ) -> list[UUID]:
        """So many predictions that ended at `at`, a millisecond apart; `change` is done to the signals of each."""
        latest = at or now() - timedelta(seconds=1)
        records, assets, inputs = [], [], []
        for number in range(count):
            each = self._recorded(latest - timedelta(milliseconds=count - number), fields)
            signals = {name: told for name, told in self.signals().items() if name in each.inputs}
            if change:
                change(signals)
            records.append(each)
            if kept(each.id):
                for name, told in signals.items():
                    asset = self._asset(each.id, name, told)
                    assets.append(asset)
                    inputs.append(self._kept(each, name, asset))
        predictions_add(records=records)
        Asset.objects.bulk_create(assets)
        KeptInput.objects.bulk_create(inputs)
        return [each.id for each in records]

    def run(self) -> DriftRun:
        """Have what waits done, and the newest run."""
        runs_perform()
        return DriftRun.objects.filter(deployment=self.deployment).order_by("-pk")[0]

    def _normal(self) -> float:
        return round(float(self.random.normal()), 6)

    def _recorded(self, at: datetime, fields: dict[str, Any]) -> Recorded:
        tail = int.from_bytes(self.random.bytes(9), "big") >> 10
        identifier = UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | (tail & ((1 << 62) - 1)))
        told = {"deployment": self.deployment.name, "revision": self.revision.number, "version": 1, "error": ""}
        usual = {
            "latency_ms": 4.0,
            "queue_ms": 1.0,
            "samples": 1,
            "inputs": [*MODALITIES],
            "missing": [],
            "subject": "",
        }
        answer = {"labels": [self.label()], "confidences": [self.confidence()]}
        at_told = moment(identifier)
        assert at_told is not None
        return Recorded(**{"at": at_told, "id": identifier, **told, **usual, **answer, **fields})  # type: ignore[arg-type]

    def _asset(self, prediction: UUID, name: str, told: dict[str, Any]) -> Asset:
        digest = hashlib.sha256(f"{prediction}{name}".encode()).hexdigest()
        descriptors = {"modality": MODALITIES[name], "signals": told}
        return Asset(sha256=digest, size=10, media_type="image/png", descriptors=descriptors)

    def _kept(self, each: Recorded, name: str, asset: Asset) -> KeptInput:
        about = {"prediction": each.id, "at": each.at, "deployment": each.deployment}
        return KeptInput(input=name, sample=0, asset=asset, **about)
