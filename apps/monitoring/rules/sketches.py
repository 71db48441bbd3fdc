"""Distributions as DDSketches: counts by bucket, which add up, and whose quantiles are within ACCURACY of the true
ones.

Masson, Rim and Lee 2019, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", PVLDB
12. Gateways count into the buckets of the package ddsketch's mapping (workers/serving/sketch.py), whatever the value's
unit; quantiles are read here as that package reads them, which tests/monitoring/test_sketches.py compares. A dict of
counts is kept instead of its dense store, which is filled anew for each row read and takes five times the bytes
(decision 0017).
"""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from math import log2
from typing import TypeVar

import msgspec
from ddsketch import LogarithmicMapping

#: How far from the true value a quantile may be, as a share of it. The gateways' is the same.
ACCURACY = 0.01

#: The values of bucket k lie in (gamma^(k-1), gamma^k].
Buckets = Mapping[int, int]
#: By what they are of: "latency", "confidence", "stage/<step>", "queue/<stage>", "batch/<stage>".
Sketches = Mapping[str, Buckets]

K = TypeVar("K", str, int)

_MAPPING = LogarithmicMapping(ACCURACY)
_PER_OCTAVE = 1 / log2(_MAPPING.gamma)


def merged(counts: Iterable[Mapping[K, int]]) -> dict[K, int]:
    """The sum of several counts by key."""
    total: dict[K, int] = {}
    for each in counts:
        for key, count in each.items():
            total[key] = total.get(key, 0) + count
    return total


def sketches_merged(sketches: Iterable[Sketches]) -> dict[str, Buckets]:
    """The sum of several by name."""
    parts: dict[str, list[Buckets]] = {}
    for each in sketches:
        for name, buckets in each.items():
            parts.setdefault(name, []).append(buckets)
    return {name: each[0] if len(each) == 1 else merged(each) for name, each in parts.items()}


def quantile(buckets: Buckets, share: float) -> float | None:
    """The value at rank 1 + floor(share * (n - 1)) of all n in order, as in the paper; None where there are none."""
    total = sum(buckets.values())
    if not total:
        return None
    rank, seen = share * (total - 1), 0
    for key in sorted(buckets):
        seen += buckets[key]
        if seen > rank:
            return float(_MAPPING.value(key))
    raise AssertionError("the ranks add up to the total")


def mean(buckets: Buckets) -> float | None:
    """The values' mean, within ACCURACY too; None where there are none."""
    total = sum(buckets.values())
    return sum(_MAPPING.value(key) * count for key, count in buckets.items()) / total if total else None


def within(buckets: Buckets, most: float) -> int:
    """How many values are at most `most`; those within ACCURACY of it may be taken for either."""
    last = round(log2(most) * _PER_OCTAVE) if most > 0 else None
    return 0 if last is None else sum(count for key, count in buckets.items() if key <= last)


def upper(key: int) -> float:
    """The greatest value of a bucket."""
    return float(_MAPPING.gamma**key)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, tuple[list[int], list[int]]])
_raw_decoder = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])
_one_decoder = msgspec.msgpack.Decoder(tuple[list[int], list[int]])


def encode(sketches: Sketches) -> bytes:
    """As a row keeps them: msgpack of each name with its buckets, the first and then the gaps, and their counts.
    Buckets lie close, so most numbers take a byte."""
    return _encoder.encode({name: _packed(buckets) for name, buckets in sorted(sketches.items()) if buckets})


def decode(raw: bytes) -> dict[str, Buckets]:
    """What `encode` was given."""
    return {name: _unpacked(*packed) for name, packed in _decoder.decode(raw).items()} if raw else {}


def decode_one(raw: bytes, name: str) -> Buckets:
    """One of them, for a tenth of the time."""
    found = _raw_decoder.decode(raw).get(name) if raw else None
    return _unpacked(*_one_decoder.decode(found)) if found is not None else {}


def _packed(buckets: Buckets) -> tuple[list[int], list[int]]:
    keys = sorted(buckets)
    return [key - before for key, before in zip(keys, [0, *keys], strict=False)], [buckets[key] for key in keys]


def _unpacked(gaps: list[int], counts: list[int]) -> dict[int, int]:
    return dict(zip(accumulate(gaps), counts, strict=True))
