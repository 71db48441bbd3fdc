"""Which sentences the classifier learns, meets and is measured with. None is in two sets."""

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from bench.errors import Unavailable
from workers.training.sentences import sentences

#: (sentence, `positive` or `negative`)
Row = tuple[str, str]

LEARNED, CHECKED, USUAL, MET, MEASURED = 2500, 400, 200, 800, 600
FILMS, TWEETS = "films", "tweets"


@dataclass(frozen=True)
class Sets:
    """`films` and `tweets` are what versions are compared on: never learned from, and never asked about."""

    learned: list[Row]  # films that the first version is made from
    checked: list[Row]  # films that it is measured with, and its reference profile made of
    usual: list[Row]  # films that it is asked about while nothing has changed
    met: list[Row]  # tweets that come then, and that people label
    films: list[Row]
    tweets: list[Row]


def drawn(sdist: Path, seed: int) -> Sets:
    """The sets of one round. Raises Unavailable where the file is another."""
    try:
        pools = {
            (domain, part): _shuffled(sentences(sdist, domain, part), seed)
            for domain in (FILMS, TWEETS)
            for part in ("train", "measure")
        }
    except (KeyError, ValueError, OSError, tarfile.TarError) as error:
        raise Unavailable(f"{sdist.name} holds no rated sentences: {error}") from error
    return Sets(
        learned=_taken(pools[FILMS, "train"], LEARNED, "films to learn from"),
        usual=_taken(pools[FILMS, "train"], USUAL, "films to be asked about"),
        met=_taken(pools[TWEETS, "train"], MET, "tweets to be asked about"),
        checked=_taken(pools[FILMS, "measure"], CHECKED, "films to measure with first"),
        films=_taken(pools[FILMS, "measure"], MEASURED, "films to measure with"),
        tweets=_taken(pools[TWEETS, "measure"], MEASURED, "tweets to measure with"),
    )


def _shuffled(found: Iterable[Row], seed: int) -> Iterator[Row]:
    """Each sentence once: the file goes by its films, and those of one are alike."""
    rows = list(dict(found).items())
    return iter([rows[place] for place in np.random.default_rng(seed).permutation(len(rows))])


def _taken(pool: Iterator[Row], count: int, what: str) -> list[Row]:
    """The next so many."""
    rows = list(islice(pool, count))
    if len(rows) < count:
        raise Unavailable(f"there are too few {what}: {len(rows)} and not {count}")
    return rows
