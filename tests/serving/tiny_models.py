"""Transformers directories of every task a built-in handler serves: real architectures, tiny, with random weights."""

import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    ASTForAudioClassification,
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    BertTokenizerFast,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
    ViTConfig,
    ViTForImageClassification,
    ViTModel,
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2ForSequenceClassification,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from tests.serving import worlds
from workers.serving.handlers import make
from workers.serving.hooks import Context
from workers.serving.pipeline import Pipeline
from workers.serving.steps import STEPS
from workers.serving.tensors import BYTES, Tensor, from_array

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
LABELS = {"id2label": {0: "cat", 1: "dog", 2: "owl"}, "label2id": {"cat": 0, "dog": 1, "owl": 2}}
TAGS = {"id2label": {0: "O", 1: "B-PER", 2: "I-PER", 3: "LOC"}, "label2id": {"O": 0, "B-PER": 1, "I-PER": 2, "LOC": 3}}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "day"]
#: Marks of the byte tokenizer, behind its 256 bytes.
MARKS = ["<end>", "<start>", "<|en|>", "<|fr|>", "<|transcribe|>", "<|notimestamps|>"]
END, START, ENGLISH, FRENCH, TRANSCRIBE, NO_TIMES = range(256, 256 + len(MARKS))
LETTERS = {letter: place for place, letter in enumerate(["<pad>", "<unk>", "|", *"ABCDEFGH"])}


def word_tokenizer(directory: Path) -> None:
    vocabulary = {word: place for place, word in enumerate(WORDS)}
    BertTokenizerFast(vocab=vocabulary, model_max_length=32).save_pretrained(directory)


def byte_tokenizer(directory: Path, **options: object) -> PreTrainedTokenizerFast:
    """One token a byte, so that a character may be several tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: place for place, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(MARKS)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", **options)
    wrapped.save_pretrained(directory)
    return wrapped


def text_classifier(directory: Path) -> None:
    word_tokenizer(directory)
    BertForSequenceClassification(BertConfig(vocab_size=len(WORDS), **SMALL, **LABELS)).save_pretrained(directory)


def token_classifier(directory: Path) -> None:
    word_tokenizer(directory)
    BertForTokenClassification(BertConfig(vocab_size=len(WORDS), **SMALL, **TAGS)).save_pretrained(directory)


def encoder(directory: Path) -> None:
    word_tokenizer(directory)
    BertModel(BertConfig(vocab_size=len(WORDS), **SMALL)).save_pretrained(directory)


def sentence_encoder(directory: Path, *kinds: str, **pooling: object) -> None:
    """With the files of sentence-transformers beside it; by default a mean, normalised."""
    encoder(directory)
    steps = kinds or ("Transformer", "Pooling", "Normalize")
    paths = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize", "Dense": "3_Dense"}
    modules = [{"path": paths[kind], "type": f"sentence_transformers.models.{kind}"} for kind in steps]
    (directory / "modules.json").write_text(json.dumps(modules))
    (directory / "1_Pooling").mkdir()
    (directory / "1_Pooling/config.json").write_text(json.dumps(pooling or {"pooling_mode_mean_tokens": True}))


def gpt2(directory: Path, **generation: object) -> None:
    """A window of 48 tokens with learnt positions."""
    byte_tokenizer(directory)
    config = GPT2Config(
        vocab_size=262, n_embd=16, n_layer=2, n_head=2, n_positions=48, bos_token_id=END, eos_token_id=END
    )
    _save_writer(GPT2LMHeadModel(config), directory, **{"max_new_tokens": 12, **generation})


def llama(directory: Path, **generation: object) -> None:
    byte_tokenizer(directory)
    config = LlamaConfig(vocab_size=262, max_position_embeddings=64, bos_token_id=START, eos_token_id=END, **SMALL)
    _save_writer(LlamaForCausalLM(config), directory, **{"max_new_tokens": 12, **generation})


def t5(directory: Path, **generation: object) -> None:
    byte_tokenizer(directory, pad_token="<start>")
    config = T5Config(
        **{"vocab_size": 262, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2},
        **{"pad_token_id": START, "eos_token_id": END, "decoder_start_token_id": START},
    )
    _save_writer(T5ForConditionalGeneration(config), directory, **{"max_new_tokens": 12, **generation})


def bart(directory: Path, **generation: object) -> None:
    byte_tokenizer(directory, pad_token="<start>")
    config = BartConfig(
        **{"vocab_size": 262, "d_model": 16, "max_position_embeddings": 64, "init_std": 0.5},
        **{f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in _SIDE.items()},
        **{"pad_token_id": START, "bos_token_id": END, "eos_token_id": END, "decoder_start_token_id": START},
        **{"forced_eos_token_id": None, "forced_bos_token_id": None},
    )
    _save_writer(BartForConditionalGeneration(config), directory, **{"max_new_tokens": 12, **generation})


def whisper(directory: Path, **generation: object) -> None:
    """Hears two seconds at 8 kHz; English alone unless the generation options say otherwise."""
    byte_tokenizer(directory)
    WhisperFeatureExtractor(feature_size=16, sampling_rate=8000, chunk_length=2).save_pretrained(directory)
    config = WhisperConfig(
        **{
            "vocab_size": 262,
            "d_model": 16,
            "num_mel_bins": 16,
            "max_source_positions": 50,
            "max_target_positions": 32,
        },
        **{f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in _SIDE.items()},
        **{"pad_token_id": END, "bos_token_id": END, "eos_token_id": END, "decoder_start_token_id": START},
        **{"suppress_tokens": None, "begin_suppress_tokens": None, "init_std": 0.5},
    )
    options = {"is_multilingual": False, "no_timestamps_token_id": NO_TIMES, "max_new_tokens": 12, **generation}
    _save_writer(WhisperForConditionalGeneration(config), directory, **options)


_SIDE = {"layers": 1, "attention_heads": 2, "ffn_dim": 32}


def _save_writer(model: torch.nn.Module, directory: Path, **generation: object) -> None:
    model.generation_config._from_model_config = False  # else it is not read again
    for name, value in generation.items():
        setattr(model.generation_config, name, value)
    model.save_pretrained(directory)


def image_classifier(directory: Path) -> None:
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(directory)
    ViTForImageClassification(ViTConfig(image_size=16, patch_size=8, **SMALL, **LABELS)).save_pretrained(directory)


def image_encoder(directory: Path, pools: bool = True) -> None:
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(directory)
    ViTModel(ViTConfig(image_size=16, patch_size=8, **SMALL), add_pooling_layer=pools).save_pretrained(directory)


def spectrogram_classifier(directory: Path) -> None:
    ASTFeatureExtractor(sampling_rate=8000, num_mel_bins=16, max_length=64).save_pretrained(directory)
    config = ASTConfig(num_mel_bins=16, max_length=64, patch_size=8, **SMALL, **LABELS)
    ASTForAudioClassification(config).save_pretrained(directory)


_WAVES = {
    "conv_dim": (16, 16),
    "conv_stride": (5, 4),
    "conv_kernel": (10, 8),
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}


def waveform_classifier(directory: Path) -> None:
    Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(directory)
    config = Wav2Vec2Config(**SMALL, **LABELS, **_WAVES, classifier_proj_size=8)
    Wav2Vec2ForSequenceClassification(config).save_pretrained(directory)


def masked_waveform_classifier(directory: Path) -> None:
    """Normalised frame by frame: a mask hides padding."""
    Wav2Vec2FeatureExtractor(sampling_rate=8000, return_attention_mask=True).save_pretrained(directory)
    config = Wav2Vec2Config(**SMALL, **LABELS, **_WAVES, **_FRAME_BY_FRAME, classifier_proj_size=8)
    Wav2Vec2ForSequenceClassification(config).save_pretrained(directory)


def ctc(directory: Path, **options: object) -> None:
    vocabulary = directory / "vocab.json"
    vocabulary.write_text(json.dumps(LETTERS))
    marks = {"bos_token": None, "eos_token": None, "unk_token": "<unk>", "pad_token": "<pad>"}
    Wav2Vec2CTCTokenizer(str(vocabulary), word_delimiter_token="|", **marks).save_pretrained(directory)
    Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(directory)
    config = Wav2Vec2Config(vocab_size=len(LETTERS), pad_token_id=0, **SMALL, **_WAVES, **options)
    Wav2Vec2ForCTC(config).save_pretrained(directory)


def masked_ctc(directory: Path) -> None:
    ctc(directory, **_FRAME_BY_FRAME)


_FRAME_BY_FRAME = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}


def pipeline(directory: Path, task: str, inputs: list, outputs: list, steps=STEPS) -> Pipeline:
    """The steps as a replica hosts them, the handler found by its task."""
    stages = [{"name": step, "handler": f"builtin:{task}"} for step in STEPS]
    manifest = {"inputs": inputs, "outputs": outputs, "stages": stages}
    handlers = make(directory, manifest, steps)
    for handler in {id(each): each for each in handlers.values()}.values():
        handler.load(Context(directory, "cpu", manifest, tuple(steps)))
    return Pipeline(manifest, handlers, 8)


def handler_of(directory: Path, task: str, *inputs: dict):
    """One handler for all steps, loaded."""
    stages = [{"name": step, "handler": f"builtin:{task}"} for step in STEPS]
    manifest = {"inputs": list(inputs), "outputs": [], "stages": stages}
    handler = make(directory, manifest, STEPS)["infer"]
    handler.load(Context(directory, "cpu", manifest, STEPS))
    return handler


def samples(name: str, *raw: bytes) -> list[dict[str, Tensor]]:
    return [{name: Tensor(BYTES, (), [each])} for each in raw]


def with_limit(sample: dict[str, Tensor], tokens: int) -> dict[str, Tensor]:
    return sample | {"max_new_tokens": from_array(np.array(tokens, np.int64))}


SOUND = worlds.SOUND | {"required": True}
IMAGE = worlds.IMAGE | {"required": True}
CLASSES = [
    {"name": "label", "datatype": "BYTES", "shape": [-1]},
    {"name": "score", "datatype": "FP32", "shape": [-1]},
    {"name": "scores", "datatype": "FP32", "shape": [-1, 3]},
]
EMBEDDING = [{"name": "embedding", "datatype": "FP32", "shape": [-1, 16]}]
ENTITIES = [{"name": "entities", "datatype": "BYTES", "shape": [-1]}]
TEXT = [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
WRITTEN = [
    {"name": "token_count", "datatype": "INT64", "shape": [-1]},
    {"name": "finish_reason", "datatype": "BYTES", "shape": [-1]},
    *TEXT,
]
