"""The reference profile: what a version's training or evaluation data was like, signal by signal."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.core.text import can_be_kept
from apps.drift.errors import ProfileMalformed, ProfileUnknownSchema
from apps.drift.rules.columns import column, kind_in, lacking
from apps.drift.rules.kinds import Kind, Sample, missing
from apps.drift.rules.reference import KINDS, Categories, Reference

#: Goes up when a profile of before cannot be compared with signals of after: another field here, another definition of
#: a signal, another seed of the embeddings.
SCHEMA = 1
#: What a row of a database can tell of.
_COUNT_MOST = 2**31 - 1


@dataclass(frozen=True, eq=False)
class ReferenceProfile:
    """`samples` is how many it was built from; a signal that none of them had is not in `signals`."""

    samples: int
    modalities: Mapping[str, str]  # of the inputs, by name
    signals: Mapping[str, Reference]

    def to_json(self) -> str:
        """As one object, with its schema."""
        signals = {name: {"kind": each.kind.value, **each.as_dict()} for name, each in self.signals.items()}
        told = {
            "schema": SCHEMA,
            "samples": self.samples,
            "modalities": dict(self.modalities),
            "signals": signals,
        }
        return json.dumps(told, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "ReferenceProfile":
        """Raises ProfileUnknownSchema, or ProfileMalformed saying what is wrong."""
        try:
            told = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ProfileMalformed(f"The reference profile is no JSON: {error}.") from error
        if not isinstance(told, dict):
            raise ProfileMalformed("The reference profile is no JSON object.")
        if told.get("schema") != SCHEMA:
            found = str(told.get("schema", "none"))[:80]
            raise ProfileUnknownSchema(f"The reference profile is of schema {found}; this release reads {SCHEMA}.")
        return _read(told)


def build(samples: Sequence[Sample], modalities: Mapping[str, str]) -> ReferenceProfile:
    """The profile of these samples; `modalities` names the model's inputs, each with its modality.

    Values that are no finite numbers, or of another kind than the signal's first, are left out.
    """
    names = {name for sample in samples for name in sample}
    references = {name: _reference(samples, name) for name in sorted(names)}
    if samples:
        references |= {missing(name): Categories.of(lacking(samples, name)) for name in modalities}
    kept = {name: each for name, each in references.items() if each is not None}
    return ReferenceProfile(len(samples), dict(modalities), kept)


def _reference(samples: Sequence[Sample], name: str) -> Reference | None:
    kind = kind_in(samples, name)
    if kind is None:
        return None
    found = column(samples, name, kind)
    return KINDS[kind].of(found) if len(found) else None


def _read(told: Mapping[str, Any]) -> ReferenceProfile:
    try:
        samples, modalities = int(told["samples"]), {str(name): str(each) for name, each in told["modalities"].items()}
        signals = told["signals"].items()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ProfileMalformed("The reference profile lacks its samples, modalities or signals.") from error
    if not 0 <= samples <= _COUNT_MOST:
        raise ProfileMalformed(f"The reference profile is of {samples} samples, which cannot be.")
    _check_names([*modalities, *modalities.values(), *(name.partition(".")[0] for name in told["signals"])], 63)
    _check_names(told["signals"], 200)
    return ReferenceProfile(samples, modalities, dict(_signals(signals)))


def _check_names(names: Iterable[str], most: int) -> None:
    for name in names:
        if not 0 < len(name) <= most:
            raise ProfileMalformed(f"The name {name[:80]!r} in the reference profile is not 1 to {most} characters.")
        if not can_be_kept(name):
            raise ProfileMalformed(f"The name {name[:80]!r} in the reference profile has NUL or half a surrogate pair.")


def _signals(signals: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Reference]]:
    for name, each in signals:
        try:
            read = KINDS[Kind(each["kind"])].from_dict(each)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ProfileMalformed(f"Signal '{name}' of the reference profile cannot be read: {error}.") from error
        if read.count > _COUNT_MOST:
            raise ProfileMalformed(f"Signal '{name}' of the reference profile counts {read.count} values.")
        yield name, read
