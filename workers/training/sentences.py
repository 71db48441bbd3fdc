"""Sentences with their mood as a directory that `manage.py import_dataset` takes: films, tweets, products, news.

    pip download --no-deps --no-binary :all: vaderSentiment==3.3.2
    python -m workers.training.sentences --sdist vaderSentiment-3.3.2.tar.gz --domain films --part train --to DIR

Hutto and Gilbert, VADER, ICWSM 2014 (https://doi.org/10.1609/icwsm.v8i1.14550); MIT. People rated each from -4 to 4;
those nearer to 0 than 0.5 are left out. A model that learned films meets another language in tweets: a natural drift.
"""

import argparse
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from workers.artifact_directory import DirectoryUnusable, written_whole

_INSIDE = "additional_resources/hutto_ICWSM_2014.tar.gz"
DOMAINS = {
    "films": "movieReviewSnippets_GroundTruth.txt",
    "tweets": "tweets_GroundTruth.txt",
    "products": "amazonReviewSnippets_GroundTruth.txt",
    "news": "nytEditorialSnippets_GroundTruth.txt",
}
_NEUTRAL = 0.5
#: One of so many sentences is measured with, the others are learned from; which, its own bytes say.
_MEASURED = 5


def sentences(sdist: Path, domain: str, part: str) -> Iterator[tuple[str, str]]:
    """(sentence, `positive` or `negative`) of the part `train` or `measure`. Raises KeyError for another file."""
    for line in _text(sdist, DOMAINS[domain]).splitlines():
        _, rating, sentence = line.split("\t", 2)
        if abs(float(rating)) >= _NEUTRAL and _part(sentence) == part:
            yield sentence, "positive" if float(rating) > 0 else "negative"


def _part(sentence: str) -> str:
    return "measure" if hashlib.sha256(sentence.encode()).digest()[0] % _MEASURED == 0 else "train"


def _text(sdist: Path, name: str) -> str:
    with tarfile.open(sdist) as outer:
        inner = _member(outer, _INSIDE)
    with tarfile.open(fileobj=io.BytesIO(inner)) as archive:
        return _member(archive, name).decode("latin-1")


def _member(archive: tarfile.TarFile, ending: str) -> bytes:
    for member in archive:
        if member.name.endswith(ending) and "/._" not in member.name and (file := archive.extractfile(member)):
            return file.read()
    raise KeyError(f"there is no {ending} in it")


def write(directory: Path, found: Iterator[tuple[str, str]], domain: str) -> None:
    """Write samples.jsonl."""
    rows = ({"inputs": {"text": {"text": text}}, "label": label, "slices": [domain]} for text, label in found)
    with (directory / "samples.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 written, 1 the file is another or the disk failed us, 2 wrong arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sdist", type=Path, required=True, help="vaderSentiment's source distribution")
    parser.add_argument("--domain", choices=sorted(DOMAINS), required=True)
    parser.add_argument("--part", choices=("train", "measure"), required=True)
    parser.add_argument("--to", type=Path, required=True, help="the directory; must not exist or be empty")
    options = parser.parse_args(arguments)
    try:
        with written_whole(options.to) as unfinished:
            write(unfinished, sentences(options.sdist, options.domain, options.part), options.domain)
    except (KeyError, OSError, tarfile.TarError, DirectoryUnusable) as error:
        print(f"Nothing was written: {error}", file=sys.stderr)
        return 1
    print(f"{options.to} is ready for manage.py import_dataset.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
