"""A tiny text classifier that knows moods, or has them the wrong way round, or guesses."""

import json
from pathlib import Path

import torch
from transformers import BertForSequenceClassification, BertTokenizerFast

from tests.training_jobs.texts import write_classifier

#: Texts of the classifier's words, each twice, and what is true of them.
TEXTS = [
    (f"a {first} {second} {thing}", mood)
    for mood, words in {"positive": ("good", "fine"), "negative": ("bad", "poor")}.items()
    for first in words
    for second in words
    for thing in ("film", "day")
]


def write_moods(directory: Path, scale: float) -> Path:
    """An artifact whose head has learned moods and is then scaled: above 0 it is right, below 0 wrong, and at 0 it
    answers one label always. Another scale is another version."""
    write_classifier(directory)
    model = BertForSequenceClassification.from_pretrained(directory).eval()
    tokenizer = BertTokenizerFast.from_pretrained(directory)
    texts, moods = zip(*TEXTS, strict=True)
    asked = tokenizer(list(texts), return_tensors="pt", padding=True)
    truth = torch.tensor([model.config.label2id[mood] for mood in moods])
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        model(**asked, labels=truth).loss.backward()
        optimiser.step()
    with torch.no_grad():
        model.classifier.weight.mul_(scale)
        model.classifier.bias.mul_(scale)
    model.save_pretrained(directory)
    return directory


def write_exam(directory: Path, count: int = 60) -> Path:
    """A directory of so many samples to measure on, as `import_dataset` takes it."""
    directory.mkdir()
    lines = []
    for number in range(count):
        text, mood = TEXTS[number % len(TEXTS)]
        lines.append({"inputs": {"text": {"text": f"{text} {number}"}}, "label": mood})
    (directory / "samples.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return directory
