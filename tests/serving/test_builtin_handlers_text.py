"""What the text handlers make of sentence-transformers' files, and of tags."""

import json

import numpy as np
import pytest
import torch

from tests.serving import tiny_models as tiny
from tests.serving import worlds
from workers.serving.builtin.pooling import NotPoolable

SENTENCE = "a good bad day"


@pytest.fixture(autouse=True)
def same_weights_each_time():
    torch.manual_seed(0)
    torch.set_num_threads(1)


def embedding(directory, text: str = SENTENCE) -> np.ndarray:
    handler = tiny.handler_of(directory, "feature-extraction", worlds.TEXT)
    longer = handler.preprocess({"text": text + " day" * 5})  # so that there is padding to leave out
    return handler.predict([handler.preprocess({"text": text}), longer])[0]["embedding"]


def states(directory, text: str = SENTENCE) -> np.ndarray:
    """The encoder's token states by itself, [tokens, hidden]."""
    handler = tiny.handler_of(directory, "feature-extraction", worlds.TEXT)
    with torch.inference_mode():
        return handler._model(**handler._tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy()


@pytest.mark.parametrize(
    ("mode", "pool"),
    [
        ("mean_tokens", lambda states: states.mean(0)),
        ("mean_sqrt_len_tokens", lambda states: states.sum(0) / np.sqrt(len(states))),
        ("max_tokens", lambda states: states.max(0)),
        ("cls_token", lambda states: states[0]),
        ("lasttoken", lambda states: states[-1]),
    ],
)
def test_a_sentence_is_pooled_as_its_directory_says(tmp_path, mode, pool):
    tiny.sentence_encoder(tmp_path, "Transformer", "Pooling", **{f"pooling_mode_{mode}": True})
    np.testing.assert_allclose(embedding(tmp_path), pool(states(tmp_path)), atol=1e-5)


def test_a_normalise_step_gives_the_length_one(tmp_path):
    tiny.sentence_encoder(tmp_path)
    mean = states(tmp_path).mean(0)
    np.testing.assert_allclose(embedding(tmp_path), mean / np.linalg.norm(mean), atol=1e-5)


def test_several_poolings_stand_one_after_the_other(tmp_path):
    tiny.sentence_encoder(tmp_path, "Transformer", "Pooling", pooling_mode=["cls", "mean"])
    found = states(tmp_path)
    np.testing.assert_allclose(embedding(tmp_path), np.concatenate([found[0], found.mean(0)]), atol=1e-5)


def test_a_directory_of_transformers_alone_gives_the_mean(tmp_path):
    tiny.encoder(tmp_path)
    np.testing.assert_allclose(embedding(tmp_path), states(tmp_path).mean(0), atol=1e-5)


def test_a_text_is_cut_where_sentence_transformers_cuts_it(tmp_path):
    tiny.sentence_encoder(tmp_path)
    (tmp_path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 4}))
    np.testing.assert_allclose(embedding(tmp_path, "a good bad"), embedding(tmp_path, "a good day"), atol=1e-5)


@pytest.mark.parametrize(
    ("steps", "pooling", "named"),
    [
        (("Transformer", "Pooling", "Dense"), {}, "Dense"),
        (("Transformer", "Pooling"), {"pooling_mode_weightedmean_tokens": True}, "weightedmean_tokens"),
    ],
)
def test_a_step_that_is_not_known_is_refused_and_not_left_out(tmp_path, steps, pooling, named):
    tiny.sentence_encoder(tmp_path, *steps, **pooling)
    with pytest.raises(NotPoolable, match=named):
        embedding(tmp_path)


def entities(handler, tags: list[str], offsets: list[tuple[int, int]]) -> list[dict]:
    ids = {tag: number for number, tag in handler._labels.items()}
    logits = np.full((len(tags), len(ids)), -10.0, np.float32)
    logits[np.arange(len(tags)), [ids[tag] for tag in tags]] = 10
    told = handler.postprocess({"logits": logits, "offsets": np.array(offsets)})
    return [(each["label"], each["start"], each["end"]) for each in json.loads(told["entities"])]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["O", "B-PER", "I-PER", "O"], [("PER", 2, 5)]),
        (["B-PER", "B-PER", "I-PER", "O"], [("PER", 0, 1), ("PER", 2, 5)]),
        (["I-PER", "O", "I-PER", "O"], [("PER", 0, 1), ("PER", 4, 5)]),
        (["LOC", "LOC", "I-PER", "O"], [("LOC", 0, 3), ("PER", 4, 5)]),
        (["O", "O", "O", "O"], []),
    ],
)
def test_neighbouring_tokens_of_one_label_are_one_entity(tmp_path, tags, expected):
    tiny.token_classifier(tmp_path)
    handler = tiny.handler_of(tmp_path, "token-classification", worlds.TEXT)
    assert entities(handler, tags, [(0, 1), (2, 3), (4, 5), (6, 7)]) == expected


def test_the_tokenizers_own_marks_are_no_entities(tmp_path):
    tiny.token_classifier(tmp_path)
    handler = tiny.handler_of(tmp_path, "token-classification", worlds.TEXT)
    assert entities(handler, ["LOC", "LOC", "LOC"], [(0, 0), (0, 4), (0, 0)]) == [("LOC", 0, 4)]


def test_an_entity_is_told_by_its_characters(tmp_path):
    tiny.token_classifier(tmp_path)
    handler = tiny.handler_of(tmp_path, "token-classification", worlds.TEXT)
    offsets = handler.preprocess({"text": "é a day"})["offsets"].tolist()
    assert offsets == [[0, 0], [0, 1], [2, 3], [4, 7], [0, 0]]


def test_an_image_model_without_a_pooling_of_its_own_gives_its_first_tokens_state(tmp_path):
    tiny.image_encoder(tmp_path, pools=False)
    handler = tiny.handler_of(tmp_path, "image-feature-extraction", tiny.IMAGE)
    features = handler.preprocess({"image": np.zeros((8, 8, 3), np.uint8)})
    with torch.inference_mode():
        first = handler._model(torch.tensor(features["pixel_values"])[None]).last_hidden_state[0, 0]
    np.testing.assert_allclose(handler.predict([features])[0]["embedding"], first.numpy(), atol=1e-6)
