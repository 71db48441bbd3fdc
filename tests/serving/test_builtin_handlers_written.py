"""What is written token by token is what transformers itself would write, whole or as a stream."""

import threading
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoModelForSpeechSeq2Seq, GenerationMixin

from tests.serving import tiny_models as tiny
from tests.serving import worlds
from workers.serving.builtin.text_generation import TextGeneration

LIMIT = {"name": "max_new_tokens", "modality": "tensor", "datatype": "INT64", "shape": [-1], "required": False}
TONE = np.sin(np.arange(8000) * 0.3).astype(np.float32)

WRITERS = [
    pytest.param(tiny.gpt2, "text-generation", worlds.TEXT, {"text": "a good day"}, id="gpt2"),
    pytest.param(tiny.llama, "text-generation", worlds.TEXT, {"text": "a good day"}, id="llama"),
    pytest.param(tiny.bart, "text2text-generation", worlds.TEXT, {"text": "a good day"}, id="bart"),
    pytest.param(tiny.whisper, "automatic-speech-recognition", tiny.SOUND, {"sound": TONE}, id="whisper"),
]
EVERY_WRITER = pytest.mark.parametrize(("write", "task", "spec", "sample"), WRITERS)


@pytest.fixture(autouse=True)
def same_weights_each_time():
    torch.manual_seed(3)
    torch.set_num_threads(1)


def written(directory, task: str, spec: dict, sample: dict) -> list[int]:
    handler = tiny.handler_of(directory, task, spec)
    return handler.predict([handler.preprocess(sample)])[0]["tokens"].tolist()


def by_transformers(directory, task: str, spec: dict, sample: dict) -> list[int]:
    """The new tokens of transformers' own generate, prompt and end mark left out."""
    features = tiny.handler_of(directory, task, spec).preprocess(sample)
    greedily = {"do_sample": False, "max_new_tokens": 12}
    if task == "automatic-speech-recognition":
        model = AutoModelForSpeechSeq2Seq.from_pretrained(directory)
        prompt = torch.tensor([[tiny.START, tiny.NO_TIMES]])
        features = torch.tensor(features["features"])[None]
        tokens = GenerationMixin.generate(model, features, decoder_input_ids=prompt, **greedily)[0, 2:]
    else:
        auto = AutoModelForCausalLM if task == "text-generation" else AutoModelForSeq2SeqLM
        ids = torch.tensor(features["input_ids"])[None]
        tokens = auto.from_pretrained(directory).generate(ids, **greedily)[0]
        tokens = tokens[ids.shape[1] if task == "text-generation" else 1 :]
    return [token for token in tokens.tolist() if token != tiny.END]


@EVERY_WRITER
def test_it_writes_what_transformers_itself_would(tmp_path, write, task, spec, sample):
    write(tmp_path)
    tokens = written(tmp_path, task, spec, sample)
    assert tokens and tokens == by_transformers(tmp_path, task, spec, sample)


@EVERY_WRITER
def test_it_stops_where_the_model_ends_its_text(tmp_path, write, task, spec, sample):
    write(tmp_path)
    tokens = written(tmp_path, task, spec, sample)
    last = next(place for place, token in enumerate(tokens) if token != tokens[0])
    torch.manual_seed(3)
    write(tmp_path, eos_token_id=[tiny.END, tokens[last]])

    handler = tiny.handler_of(tmp_path, task, spec)
    prediction = handler.predict([handler.preprocess(sample)])[0]

    assert prediction["tokens"].tolist() == tokens[:last]
    assert handler.postprocess(prediction)["finish_reason"] == "stop"


@EVERY_WRITER
def test_a_stream_tells_after_each_token_what_is_written_and_ends_with_the_answer(tmp_path, write, task, spec, sample):
    write(tmp_path)
    handler = tiny.handler_of(tmp_path, task, spec)
    features = handler.preprocess(sample)

    events = [handler.postprocess(each) for each in handler.stream(features)]

    assert [event["token_count"] for event in events] == list(range(1, 13))
    assert [event["finish_reason"] for event in events] == [""] * 11 + ["length"]
    assert events[-1] == handler.postprocess(handler.predict([features])[0])
    assert all(later["text"].startswith(event["text"]) for event, later in pairwise(events))


@EVERY_WRITER
def test_other_requests_between_the_steps_of_a_stream_change_neither(tmp_path, write, task, spec, sample):
    write(tmp_path)
    handler = tiny.handler_of(tmp_path, task, spec)
    features = handler.preprocess(sample)
    alone = handler.predict([features])[0]["tokens"].tolist()

    first, second = handler.stream(features), handler.stream(features)
    steps = [(one, other, handler.predict([features])[0]) for one, other in zip(first, second, strict=True)]

    assert [each["tokens"].tolist() for each in steps[-1]] == [alone] * 3


@EVERY_WRITER
def test_a_stream_closed_in_the_middle_leaves_no_thread_and_a_handler_of_use(tmp_path, write, task, spec, sample):
    write(tmp_path)
    handler = tiny.handler_of(tmp_path, task, spec)
    features = handler.preprocess(sample)
    whole = handler.predict([features])[0]["tokens"].tolist()
    threads = threading.active_count()

    stream = handler.stream(features)
    next(stream), next(stream)
    stream.close()

    assert next(stream, None) is None and threading.active_count() == threads
    assert not torch.is_inference_mode_enabled()
    assert handler.predict([features])[0]["tokens"].tolist() == whole


def test_a_request_may_ask_for_fewer_tokens_and_its_neighbour_for_more(tmp_path):
    tiny.gpt2(tmp_path)
    asked = tiny.samples("text", b"a good day", b"bad")
    asked[0] = tiny.with_limit(asked[0], 3)
    answers = tiny.pipeline(tmp_path, "text-generation", [worlds.TEXT, LIMIT], tiny.WRITTEN).run(asked)
    assert [int.from_bytes(each["token_count"].numbers, "little") for each in answers] == [3, 12]


@pytest.mark.parametrize("wish", [0, 13])
def test_a_wish_for_no_token_or_for_more_than_allowed_blames_the_request(tmp_path, wish):
    tiny.gpt2(tmp_path)
    handler = tiny.handler_of(tmp_path, "text-generation", worlds.TEXT, LIMIT)
    with pytest.raises(ValueError, match=f"max_new_tokens is {wish}; this model writes from 1 to 12"):
        handler.preprocess({"text": "a", "max_new_tokens": np.array(wish)})


@pytest.mark.parametrize(("prompt", "complaint"), [("", "is empty"), ("b" * 48, "has 48 tokens; .* fewer than 48")])
def test_a_prompt_that_leaves_nothing_to_write_blames_the_request(tmp_path, prompt, complaint):
    tiny.gpt2(tmp_path)
    handler = tiny.handler_of(tmp_path, "text-generation", worlds.TEXT)
    with pytest.raises(ValueError, match=complaint):
        handler.preprocess({"text": prompt})


def test_a_prompt_that_nearly_fills_the_window_ends_there_and_spoils_no_neighbour(tmp_path):
    tiny.gpt2(tmp_path)
    handler = tiny.handler_of(tmp_path, "text-generation", worlds.TEXT)
    features = [handler.preprocess({"text": text}) for text in ("b" * 45, "a good day")]

    together = [each["tokens"].tolist() for each in handler.predict(features)]

    assert [len(tokens) for tokens in together] == [3, 12]
    assert together == [handler.predict([each])[0]["tokens"].tolist() for each in features]


def test_a_sound_longer_than_the_model_hears_at_once_blames_the_request(tmp_path):
    tiny.whisper(tmp_path)
    handler = tiny.handler_of(tmp_path, "automatic-speech-recognition", tiny.SOUND)
    with pytest.raises(ValueError, match=r"lasts 2\.5 seconds; this model hears 2 at once"):
        handler.preprocess({"sound": np.zeros(20_000, np.float32)})


MULTILINGUAL = {
    "is_multilingual": True,
    "lang_to_id": {"<|en|>": tiny.ENGLISH, "<|fr|>": tiny.FRENCH},
    "task_to_id": {"transcribe": tiny.TRANSCRIBE},
}


@pytest.mark.parametrize(("language", "spoken"), [("fr", {tiny.FRENCH}), (None, {tiny.ENGLISH, tiny.FRENCH})])
def test_a_multilingual_model_is_told_the_language_or_hears_it(tmp_path, language, spoken):
    tiny.whisper(tmp_path, language=language, **MULTILINGUAL)
    handler = tiny.handler_of(tmp_path, "automatic-speech-recognition", tiny.SOUND)
    prompts = handler._recogniser._inputs([handler.preprocess({"sound": TONE})] * 2)["decoder_input_ids"].tolist()
    assert prompts[0] == prompts[1] and prompts[0][1] in spoken
    assert [prompts[0][0], *prompts[0][2:]] == [tiny.START, tiny.TRANSCRIBE, tiny.NO_TIMES]


def test_a_model_that_labels_every_moment_has_no_stream(tmp_path):
    tiny.ctc(tmp_path)
    handler = tiny.handler_of(tmp_path, "automatic-speech-recognition", tiny.SOUND)
    assert getattr(handler, "stream", None) is None


@pytest.mark.parametrize(
    ("moments", "heard"), [("AAA", "A"), ("A-A", "AA"), ("--A|BB--B", "A BB"), ("|A|", "A"), ("---", "")]
)
def test_runs_of_one_letter_count_once_unless_a_blank_is_between(tmp_path, moments, heard):
    tiny.ctc(tmp_path)
    handler = tiny.handler_of(tmp_path, "automatic-speech-recognition", tiny.SOUND)
    tokens = [tiny.LETTERS["<pad>" if moment == "-" else moment] for moment in moments]
    assert handler.postprocess({"tokens": np.array(tokens)}) == {"text": heard}


@pytest.fixture(scope="module")
def decoder(tmp_path_factory) -> TextGeneration:
    """A handler of which only the byte tokenizer is used."""
    handler = TextGeneration()
    handler._tokenizer = tiny.byte_tokenizer(tmp_path_factory.mktemp("bytes"))
    return handler


@given(st.binary(max_size=12) | st.text(max_size=6).map(str.encode))
def test_a_streams_text_only_grows_whatever_the_bytes(decoder, raw):
    tokens = decoder._tokenizer.convert_tokens_to_ids([_letter(byte) for byte in raw])
    texts = []
    for count in range(len(tokens) + 1):
        reason = "stop" if count == len(tokens) else ""
        known = {"tokens": np.array(tokens[:count], np.int64), "context": np.array([tiny.LETTERS["A"]])}
        texts.append(decoder.postprocess(known | {"finish_reason": np.array(reason, object)})["text"])
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert texts[-1] == raw.decode(errors="replace")


def _letter(byte: int) -> str:
    """How a byte-level vocabulary writes a byte (https://github.com/openai/gpt-2/blob/master/src/encoder.py)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return chr(byte) if byte in plain else chr(256 + sorted(set(range(256)) - set(plain)).index(byte))
