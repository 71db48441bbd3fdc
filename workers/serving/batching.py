"""Which samples are predicted together: those of like shape, no more of them than a batch may hold. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

Arrays = Mapping[str, np.ndarray]

#: Sizes up to this count as alike: padding so little costs less than another call.
_SMALL = 16


def batches(samples: Sequence[Arrays], most: int, most_bytes: int) -> Iterator[list[int]]:
    """Places of the samples that go together, by at most `most` samples and `most_bytes` bytes once they are padded.

    Like shape means that every array has the same type and as many dimensions, and each dimension falls into the same
    bucket (16, 32, 64 ...), so a handler that pads to the longest wastes less than half. Within a bucket the samples
    keep their order; a sample that is too large alone is a batch alone.
    """
    if len(samples) == 1:
        yield [0]
        return
    buckets: dict[object, list[int]] = {}
    for place, sample in enumerate(samples):
        buckets.setdefault(bucket(sample), []).append(place)
    for places in buckets.values():
        sizes = [sum([array.nbytes for array in samples[place].values()]) for place in places]
        yield from _cut(places, sizes, most, most_bytes)


def bucket(sample: Arrays) -> object:
    """What samples that may be predicted together have in common."""
    return tuple([(name, array.dtype, tuple(map(_rounded, array.shape))) for name, array in sorted(sample.items())])


def _rounded(size: int) -> int:
    return _SMALL if size <= _SMALL else 1 << (size - 1).bit_length()


def _cut(places: list[int], sizes: list[int], most: int, most_bytes: int) -> Iterator[list[int]]:
    batch: list[int] = []
    largest = 0
    for place, size in zip(places, sizes, strict=True):
        largest = max(largest, size)
        if batch and (len(batch) == most or largest * (len(batch) + 1) > most_bytes):
            yield batch
            batch, largest = [], size
        batch.append(place)
    if batch:
        yield batch
