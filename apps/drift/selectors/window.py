"""Reading a window: from recorded predictions and kept inputs to the samples that the rules judge. Loads numpy."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from apps.deployments.models import Revision
from apps.deployments.rules.spec import setting
from apps.drift.extra import EXTRA_SIGNALS
from apps.drift.rules import window as rules
from apps.drift.rules.window import Answered, Place, Window
from apps.inference.selectors.drawn import ALL, Stretch, counted, drawn, drawn_inputs, drawn_signals, newest_since

#: As describers write signals: read faster than what may be anything.
_DESCRIBED = msgspec.json.Decoder(dict[str, float | str | bool | list[float]])


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
    window = rules.assembled(
        answered,
        _signals(stretch, rules.bound(content), assets),
        modalities,
        _extra(stretch, [each.id for each in answered]),
    )
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


def _signals(stretch: Stretch, bound: int, assets: Mapping[Place, Mapping[str, str]]) -> dict[Place, dict[str, Any]]:
    """The signals of every kept input by their whole names; none of what could not be read or is no medium."""
    names = {name: _Whole(name) for inputs in assets.values() for name in inputs}
    kept_as = {(digest, name) for inputs in assets.values() for name, digest in inputs.items()}
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for digest, text in drawn_signals(stretch, bound) if bound else ():
        for name, whole in names.items():
            if (digest, name) in kept_as:
                known[digest, name] = _decoded(text, whole)
    return {place: _together(inputs, known) for place, inputs in assets.items()}


def _decoded(text: bytes, whole: "_Whole") -> dict[str, Any]:
    """Values as the rules read them fastest."""
    try:
        signals = _DESCRIBED.decode(text)
    except msgspec.ValidationError:
        signals = msgspec.json.decode(text)
    return {whole[name]: each if type(each) is float else _value(each) for name, each in signals.items()}


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return np.array(value, np.float32)
    return float(value) if type(value) is int else value


def _together(inputs: Mapping[str, str], known: Mapping[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, digest in inputs.items():
        found.update(known.get((digest, name), ()))
    return found


class _Whole(dict[str, str]):
    """signal -> `<input>.<signal>`, each put together once: a window holds the same few names over and over."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __missing__(self, signal: str) -> str:
        self[signal] = whole = f"{self._name}.{signal}"
        return whole


def _extra(stretch: Stretch, predictions: Sequence[UUID]) -> dict[Place, dict[str, Any]]:
    found: dict[Place, dict[str, Any]] = {}
    for extra in EXTRA_SIGNALS:
        for place, signals in extra(stretch.deployment, stretch.revision, predictions).items():
            found.setdefault(place, {}).update(signals)
    return found
