"""What is written of predictions as they are answered: records, by replicas, and of a few the inputs, by gateways."""

import io
import time
from collections.abc import Sequence

import numpy as np
from PIL import Image

from workers.serving import record, recording
from workers.serving.routing import Split
from workers.serving.tensors import BYTES, Tensor

#: Predictions of one entry: what a replica under load answers in one batch.
BATCH = 8
#: Of the default policy, which says whose inputs are kept.
_SPLIT = Split(revision=1, version="1", weight=100, path=())
_INPUT, _MODALITY = "image", "image"
_SIDE = 32  # pixels, of colours by chance: noise, which PNG cannot make smaller


def batch(size: int) -> list[record.Record]:
    """Answers of the digits' model, of now, to a picture each."""
    moment = time.time()
    return [_answer(moment) for _ in range(size)]


def _answer(moment: float) -> record.Record:
    split = _SPLIT
    asked = record.Asked(
        record.new_id(moment), moment, "digits", split.revision, split.version, 1,
        (_INPUT,), (), split.record.below_confidence,
    )  # fmt: skip
    return record.Record(asked, "", 0.004, 0.001, ["7"], [0.97])


def kept(answers: Sequence[record.Record]) -> list[bytes]:
    """An entry for each of them whose input the default policy keeps; no picture is there twice."""
    return [record.encode_kept(_kept(each.asked)) for each in answers if recording.keeps(_SPLIT, each.asked)]


def _kept(asked: record.Asked) -> record.Kept:
    sample = {_INPUT: Tensor(BYTES, (), [_picture(asked.id)])}
    return record.Kept(asked.id, asked.deployment, asked.subject, [sample], {_INPUT: _MODALITY})


def _picture(seed: bytes) -> bytes:
    pixels = np.random.default_rng(list(seed)).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
