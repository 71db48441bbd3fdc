"""What a dataset version is made of and how it is named by its content: values in, values out."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from apps.core.text import can_be_kept

#: Samples of one version, slices of one sample, and characters of a label or a slice.
SAMPLES_MOST, SLICES_MOST, TEXT_MOST = 200_000, 20, 200
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NAME_LONGEST = 63

#: A sample's files, (input, SHA-256) each.
Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Described:
    """One sample: its files (input -> SHA-256), what is true of it, and the slices that it belongs to.

    `origins` are the predictions that it was met in, each with the SHA-256 of its subject or an empty text; there are
    none for a sample that somebody declared.
    """

    inputs: dict[str, str]
    label: str
    slices: tuple[str, ...] = ()
    origins: tuple[tuple[UUID, str], ...] = field(default=(), compare=False)
    declared: bool = field(default=False, compare=False)

    @property
    def key(self) -> Key:
        """Its files: two samples with the same are the same sample."""
        return tuple(sorted(self.inputs.items()))


def name_fault(name: str) -> str:
    """Why a dataset cannot be called so, or an empty text."""
    if len(name) <= _NAME_LONGEST and _NAME.fullmatch(name):
        return ""
    return f"'{name[:80]}' is no name of a dataset: lower-case letters, digits and single hyphens, at most 63."


def samples_fault(samples: Sequence[Described]) -> str:
    """The first thing that is wrong with what is to be frozen, or an empty text."""
    if len(samples) > SAMPLES_MOST:
        return f"{len(samples):,} samples are more than {SAMPLES_MOST:,}."
    for place, sample in enumerate(samples):
        texts = (sample.label, *sample.slices, *sample.inputs)
        if not sample.inputs:
            return f"Sample {place} has no file."
        if len(sample.slices) > SLICES_MOST or any(len(text) > TEXT_MOST for text in texts):
            return f"Sample {place} has more than {SLICES_MOST} slices, or a text of more than {TEXT_MOST} characters."
        if not all(map(can_be_kept, texts)):
            return f"Sample {place} has a label, a slice or an input's name with NUL or half a surrogate pair."
    return ""


def unlabelled(samples: Iterable[Described]) -> int:
    """How many have no label."""
    return sum(not sample.label.strip() for sample in samples)


def merged(samples: Iterable[Described], without: Iterable[Key] = ()) -> list[Described]:
    """Each sample once, in the one order that a digest needs; those whose files are in `without` are left out.

    The same files again add their slices. Where two disagree about the label, the later one is right: whoever corrects
    comes after whoever is corrected.
    """
    left_out = set(without)
    found: dict[Key, Described] = {}
    for sample in samples:
        if sample.key in left_out:
            continue
        known = found.get(sample.key)
        found[sample.key] = _joined(known, sample) if known else replace(sample, slices=_ordered(sample.slices))
    return [found[key] for key in sorted(found)]


def _joined(before: Described, after: Described) -> Described:
    return replace(
        after,
        slices=_ordered((*before.slices, *after.slices)),
        origins=tuple(dict.fromkeys((*before.origins, *after.origins))),
        declared=before.declared or after.declared,
    )


def _ordered(slices: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(slices)))


def digest(samples: Iterable[Described]) -> str:
    """SHA-256, as 64 hex digits, over the samples' files, labels and slices, as `merged` ordered them."""
    hasher = hashlib.sha256()
    for sample in samples:
        line = [sample.key, sample.label, sample.slices]
        hasher.update(json.dumps(line, separators=(",", ":"), ensure_ascii=True).encode() + b"\n")
    return hasher.hexdigest()


def counts(samples: Sequence[Described]) -> dict[str, dict[str, int]]:
    """How many samples have each label, and each slice."""
    return {
        "labels": dict(sorted(Counter(sample.label for sample in samples).items())),
        "slices": dict(sorted(Counter(name for sample in samples for name in sample.slices).items())),
    }
