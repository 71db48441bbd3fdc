"""Renewal: a text classifier that learned films meets tweets, and is retrained through the product."""

import itertools

from bench.part import Column, Part, Slice, Target
from bench.renewal.through_app import GAIN, LOSS, RECIPES, measure, row

_SLICE = "films, then tweets"


def _slices(seconds: float) -> dict[str, Slice]:
    seeds = itertools.count(1)  # other sentences each time
    return {_SLICE: lambda: measure(next(seeds))}


PART = Part(
    name="renewal",
    title="Renewal: a text classifier meets another language",
    prose=(
        "A classifier on all-MiniLM-L6-v2 has learned the mood of sentences about films, by a training job. It is "
        "deployed and meets tweets, which people rated as well. A drift run is made again and again until it names the "
        "text; found is the number of tweets since the change. By policy the drift calls for a retraining, which waits "
        "until the tweets are labelled, and learns from the old films and three quarters of them with LoRA; then every "
        "weight, and the head alone, learn from the same samples. Each candidate is measured beside the live version "
        "by the product, on films and tweets that none has learned and nobody asked about. The gates want it to be "
        "better on tweets, by a paired test too, and not much worse on films. The time is that of the whole job, "
        "measuring included, on one thread beside the deployment. The first samples are frozen by "
        "`manage.py import_dataset`, and the gates are written where the admin keeps them; all else goes over REST, "
        "through the processes that `manage.py up` starts."
    ),
    columns=(
        Column("tweets", "right on tweets", "%", 1),
        Column("films", "right on films", "%", 1),
        Column("gained", "gained on tweets", "points", 1),
        Column("lost", "lost on films", "points", 1),
        Column("labelled", "labelled tweets"),
        Column("seconds", "time of the job", "s"),
        Column("passed", "passed the gates", "% of rounds"),
        Column("found_after", "drift found after", "tweets"),
        Column("told_after", "text named after", "tweets"),
    ),
    targets=tuple(
        target
        for recipe in RECIPES
        for target in (
            Target(row(recipe), "gained", 100 * GAIN, True),
            Target(row(recipe), "lost", 100 * LOSS, False),
            Target(row(recipe), "passed", 100, True),
        )
    ),
    slices=_slices,
    chart="tweets",
    most_rounds=2,
    served=False,
)
