"""A hundred thousand recorded predictions with described inputs, as rows: what a run through the product looks at."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import psycopg

from apps.drift.rules.profile import build

#: Inputs of the digits model: their modality, and how many numbers its embedding has here (docs/drift.md).
_INPUTS = {"image": ("image", 72), "sound": ("audio", 32)}
_NUMBERS = 5  # of each input, beside an embedding and a category; with prediction and confidence that is 16
SIGNALS = len(_INPUTS) * (_NUMBERS + 2) + 2
_CLASSES = [str(number) for number in range(10)]
_REFERENCE = 2000
_AT_ONCE = 5000

_PREDICTIONS = (
    "copy inference_prediction (at, id, deployment, revision, version, error, latency_ms, queue_ms, samples, inputs, "
    "missing, labels, confidences, subject, muted, muted_used) from stdin"
)
_ASSETS = "copy datasets_asset (sha256, size, media_type, descriptors, created_at, last_kept_at) from stdin"
_KEPT = "copy inference_keptinput (prediction, at, deployment, input, sample, asset_id) from stdin"


def profile(seed: int) -> str:
    """A reference of the same made-up world."""
    random = np.random.default_rng(seed)
    samples = [
        {f"{name}.{signal}": value for name, told in inputs.items() for signal, value in told.items()}
        | {"prediction": label, "confidence": confidence}
        for inputs, label, confidence in _made(random, _REFERENCE)
    ]
    return build(samples, {name: modality for name, (modality, _) in _INPUTS.items()}).to_json()


def write(database_url: str, deployment: str, count: int, seed: int, latest: datetime) -> None:
    """So many predictions of its first revision, a millisecond apart and the last of them then, with all inputs."""
    random = np.random.default_rng(seed)
    with psycopg.connect(database_url) as database, database.cursor() as cursor:
        for begin in range(0, count, _AT_ONCE):
            some = min(_AT_ONCE, count - begin)
            moments = [latest - timedelta(milliseconds=count - begin - number) for number in range(some)]
            _copy(cursor, deployment, list(_made(random, some)), moments, random)
        database.commit()
        database.autocommit = True
        cursor.execute("analyze inference_prediction, inference_keptinput, datasets_asset")  # as autovacuum does


def _made(random: np.random.Generator, count: int) -> Iterator[tuple[dict[str, dict[str, Any]], str, float]]:
    """(signals by input, label, confidence), rounded as describers write them."""
    numbers = random.normal(size=(count, len(_INPUTS), _NUMBERS)).round(6).tolist()
    embeddings = {name: random.normal(size=(count, length)).round(5).tolist() for name, (_, length) in _INPUTS.items()}
    classes = random.integers(0, len(_CLASSES), (count, len(_INPUTS) + 1)).tolist()
    confidences = random.uniform(0.6, 1, count).round(6).tolist()
    for at in range(count):
        inputs = {
            name: {f"n{each}": value for each, value in enumerate(numbers[at][place])}
            | {"kind": _CLASSES[classes[at][place]], "embedding": embeddings[name][at]}
            for place, name in enumerate(_INPUTS)
        }
        yield inputs, _CLASSES[classes[at][-1]], confidences[at]


def _copy(cursor: Any, deployment: str, made: list[Any], moments: list[datetime], random: np.random.Generator) -> None:
    ids = [_id(moment, random) for moment in moments]
    with cursor.copy(_PREDICTIONS) as rows:
        for id_, moment, (inputs, label, confidence) in zip(ids, moments, made, strict=True):
            told: tuple[Any, ...] = (4.0, 1.0, 1, [*inputs], [], [label], [confidence], "", [], False)
            rows.write_row((moment, id_, deployment, 1, 1, "", *told))
    with cursor.copy(_ASSETS) as rows:
        for id_, moment, (inputs, _, _) in zip(ids, moments, made, strict=True):
            for name, signals in inputs.items():
                described = json.dumps({"modality": _INPUTS[name][0], "signals": signals})
                rows.write_row((_digest(id_, name), 1000, "application/octet-stream", described, moment, moment))
    with cursor.copy(_KEPT) as rows:
        for id_, moment in zip(ids, moments, strict=True):
            for name in _INPUTS:
                rows.write_row((id_, moment, deployment, name, 0, _digest(id_, name)))


def _id(moment: datetime, random: np.random.Generator) -> UUID:
    """A version 7 UUID of that millisecond."""
    tail = int.from_bytes(random.bytes(8), "big") & ((1 << 62) - 1)
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | tail)


def _digest(prediction: UUID, name: str) -> str:
    return hashlib.sha256(f"{prediction}{name}".encode()).hexdigest()
