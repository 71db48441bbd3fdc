"""MiniLM, as it is served, tells which sentences mean the same."""

import json
from pathlib import Path

import numpy as np

from workers.models.minilm import SOURCE
from workers.serving.pipeline import Pipeline
from workers.serving.tensors import BYTES, Tensor, to_array

QUESTION = "How do I reset my password?"
FORGOTTEN = "I forgot my login credentials"
OTHERS = [
    "The weather in Lisbon is mild in spring.",
    "A cat sleeps on the warm windowsill.",
    "Quarterly revenue rose by twelve percent.",
    "The quick brown fox jumps over the lazy dog. " * 20,
]


def embed(served: Pipeline, *texts: str) -> np.ndarray:
    answers = served.run([{"text": Tensor(BYTES, (), [text.encode()])} for text in texts])
    return np.stack([to_array(answer["embedding"]) for answer in answers])


def test_a_sentence_is_near_to_one_of_the_same_meaning_and_far_from_others(minilm_served: Pipeline) -> None:
    forgotten, question, *others = embed(minilm_served, FORGOTTEN, QUESTION, *OTHERS)
    assert round(float(forgotten @ question), 2) == 0.68
    assert max(float(forgotten @ other) for other in others) < 0.2


def test_an_embedding_has_the_length_one(minilm_served: Pipeline) -> None:
    np.testing.assert_allclose(np.linalg.norm(embed(minilm_served, QUESTION, *OTHERS), axis=1), 1, atol=1e-5)


def test_a_batch_of_short_and_long_gives_what_each_gives_alone(minilm_served: Pipeline) -> None:
    texts = [FORGOTTEN, QUESTION, *OTHERS]
    alone = np.concatenate([embed(minilm_served, text) for text in texts])
    np.testing.assert_allclose(embed(minilm_served, *texts), alone, atol=1e-5)


def test_text_beyond_256_tokens_does_not_count(minilm_served: Pipeline) -> None:
    (cut,), (longer,) = (embed(minilm_served, "word " * 254), embed(minilm_served, "word " * 254 + "revenue " * 20))
    (shorter,) = embed(minilm_served, "word " * 250)
    np.testing.assert_allclose(cut, longer, atol=1e-5)
    assert np.abs(cut - shorter).max() > 1e-4


def test_the_artifact_tells_its_licence_and_where_it_is_from(minilm_directory: Path) -> None:
    told = json.loads((minilm_directory / "source.json").read_text())
    assert (told["package"], told["wheel_sha256"]) == (SOURCE.package, SOURCE.wheel_sha256)
    assert told["files"] == SOURCE.files
    assert "Apache License" in (minilm_directory / "LICENSE").read_text()
