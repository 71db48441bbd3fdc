"""Reading a window: from recorded predictions and kept inputs to the samples that the rules judge. Loads numpy."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from django.db.models.fields.json import KeyTextTransform

from apps.datasets.models import Asset
from apps.deployments.models import Revision
from apps.deployments.rules.spec import setting
from apps.drift.extra import EXTRA_SIGNALS
from apps.drift.rules import window as rules
from apps.drift.rules.window import Answered, Place, Window
from apps.inference.selectors.drawn import ALL, Stretch, counted, drawn, drawn_inputs, newest_since

#: Assets whose descriptors are read at once.
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Wanted:
    """The newest `most` predictions whose inputs the rate keeps, before a moment and at most `hours` back; or, with
    `after`, that stretch of time, of which as many are drawn."""

    revision: Revision
    before: datetime
    most: int
    hours: int
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A window as it was read. `predictions` lie within it, `kept` of those looked at have inputs that were looked at.

    `assets` holds the digest of each kept input of each sample.
    """

    window: Window
    after: datetime
    predictions: int
    looked_at: int
    kept: int
    assets: Mapping[Place, Mapping[str, str]]


def window_read(wanted: Wanted, modalities: Collection[str]) -> Seen:
    """The samples; `modalities` names the inputs of which it matters whether they are missing."""
    rate = float(setting(wanted.revision.spec, "record")["rate"])
    stretch = _stretch(wanted, rules.bound(rate))
    predictions, kept = counted(stretch, rules.bound(rate))
    looked_at, content = rules.shares(rate, wanted.most, predictions, kept)
    answered = [Answered(*row) for row in drawn(stretch, rules.bound(looked_at))]
    assets = _assets(stretch, rules.bound(content), {each.id for each in answered})
    window = rules.assembled(answered, _signals(assets), modalities, _extra(stretch, [each.id for each in answered]))
    with_inputs = len({prediction for prediction, _ in assets})
    return Seen(window, stretch.after, predictions, len(answered), with_inputs, assets)


def _stretch(wanted: Wanted, bound: int) -> Stretch:
    revision = wanted.revision
    earliest = wanted.after or wanted.before - timedelta(hours=wanted.hours)
    stretch = Stretch(revision.deployment.name, revision.number, earliest, wanted.before)
    # Where the rate keeps nothing, the answers are all there is to look at.
    after = None if wanted.after else newest_since(stretch, wanted.most, bound or ALL)
    return Stretch(stretch.deployment, stretch.revision, after, stretch.before) if after else stretch


def _assets(stretch: Stretch, bound: int, among: Collection[UUID]) -> dict[Place, dict[str, str]]:
    found: dict[Place, dict[str, str]] = {}
    for prediction, sample, name, digest in drawn_inputs(stretch, bound) if bound else ():
        if prediction in among:
            found.setdefault((prediction, sample), {})[name] = digest
    return found


def _signals(assets: Mapping[Place, Mapping[str, str]]) -> dict[Place, dict[str, Any]]:
    """The signals of every kept input by their whole names."""
    known = _described({digest for inputs in assets.values() for digest in inputs.values()})
    names = _Names()
    return {
        place: {names.whole(name, signal): value for name, digest in inputs.items() for signal, value in known[digest]}
        for place, inputs in assets.items()
    }


def _described(digests: Iterable[str]) -> dict[str, list[tuple[str, Any]]]:
    """Each asset's signals; none where it could not be read or is no medium."""
    ordered = sorted(digests)
    found: dict[str, list[tuple[str, Any]]] = {digest: [] for digest in ordered}
    for start in range(0, len(ordered), _AT_ONCE):
        rows = Asset.objects.filter(pk__in=ordered[start : start + _AT_ONCE])
        for digest, text in rows.values_list("pk", KeyTextTransform("signals", "descriptors")):
            found[digest] = [(name, _value(each)) for name, each in msgspec.json.decode(text).items()] if text else []
    return found


def _value(value: Any) -> Any:
    """As the rules read it fastest."""
    if isinstance(value, list):
        return np.array(value, np.float32)
    return float(value) if type(value) is int else value


class _Names:
    """`<input>.<signal>`, each put together once: a window holds the same few names over and over."""

    def __init__(self) -> None:
        self._whole: dict[tuple[str, str], str] = {}

    def whole(self, name: str, signal: str) -> str:
        key = (name, signal)
        if key not in self._whole:
            self._whole[key] = f"{name}.{signal}"
        return self._whole[key]


def _extra(stretch: Stretch, predictions: Sequence[UUID]) -> dict[Place, dict[str, Any]]:
    found: dict[Place, dict[str, Any]] = {}
    for extra in EXTRA_SIGNALS:
        for place, signals in extra(stretch.deployment, stretch.revision, predictions).items():
            found.setdefault(place, {}).update(signals)
    return found
