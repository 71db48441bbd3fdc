"""Drift: false alarms, how soon each drift is found beside the naive alarm, and what a run costs."""

import functools
import itertools
import statistics
from collections.abc import Callable, Mapping, Sequence

from bench.artifacts import digits_artifact
from bench.drift import experiment, speed, through_app, worlds
from bench.drift.model import Model
from bench.drift.worlds import World
from bench.part import Column, Figures, Part, Slice, Target
from bench.peers import CONFIDENCE, QUARTET
from bench.place import ARTIFACTS
from workers.training.digits_av.cache import Cache

_WINDOWS, _TRIALS = 200, 15
_SMALL_WINDOWS = 300  # of each world
_PICTURES = ("blurred pictures", "noisy pictures", "flat pictures", "dark pictures")
_SOUNDS = ("noise in the sound", "a third of the sounds is silence", "other voices")
_DRIFTS = {
    "pictures and sounds": (*_PICTURES, *_SOUNDS, "sounds of other pictures"),
    "videos": ("dropped frames", "blurred clips", "dark clips"),
    "texts": ("another language", "longer texts"),
}
_SMALL = "small references"
_RUN = f"a run over {speed.PREDICTIONS:,} predictions"
_WHOLE = f"{_RUN}, through the product"


def _slices(seconds: float) -> dict[str, Slice]:
    model = functools.cache(lambda: Model(digits_artifact().directory))  # trained when the first slice needs it
    store = Cache(ARTIFACTS / "speech")
    made: dict[str, Callable[[], World]] = {
        "pictures and sounds": functools.cache(lambda: worlds.digits(model(), store)),
        "videos": functools.cache(lambda: worlds.clips(model(), store)),
        "texts": functools.cache(worlds.texts),
    }
    seeds = itertools.count(1)  # another one each time a slice is measured
    slices: dict[str, Slice] = {name: lambda make=make: _world(make(), next(seeds)) for name, make in made.items()}  # type: ignore[misc]
    return slices | {
        _SMALL: lambda: _small([*(make() for make in made.values()), worlds.rarities()], next(seeds)),
        _RUN: lambda: {f"{_RUN}/{QUARTET}": {"seconds": speed.seconds(next(seeds))}},
        _WHOLE: lambda: {f"{_WHOLE}/{QUARTET}": through_app.measure(next(seeds))},
    }


def _world(world: World, seed: int) -> Mapping[str, Figures]:
    still = experiment.undrifted(world, _WINDOWS, seed)
    alarms = {"alarms_5": 100 * still.alarms[0], "alarms_1": 100 * still.alarms[1]}
    accuracy = {"accuracy": 100 * world.before.accuracy}
    rows: dict[str, Figures] = {f"nothing, {world.name}/{QUARTET}": alarms | accuracy}
    for drift in _DRIFTS[world.name]:
        rows |= _drift(world, drift, still.limit, seed)
    return rows


def _small(all_worlds: Sequence[World], seed: int) -> Mapping[str, Figures]:
    still = [experiment.undrifted(each, _SMALL_WINDOWS, seed, experiment.SMALL).alarms for each in all_worlds]
    alarms_5, alarms_1 = (100 * statistics.fmean(alarms) for alarms in zip(*still, strict=True))
    return {f"nothing, {_SMALL}/{QUARTET}": {"alarms_5": alarms_5, "alarms_1": alarms_1}}


def _drift(world: World, drift: str, limit: float, seed: int) -> Mapping[str, Figures]:
    made = experiment.trials(world, drift, limit, _TRIALS, seed)
    ours = {
        "found_after": _median([trial.found for trial in made]),
        "told_after": _median([trial.told for trial in made]),
        "misled": 100 * _mean([trial.misled for trial in made]),
        "accuracy": 100 * world.drifts[drift][1].accuracy,
    }
    group, drifted = world.drifts[drift]
    if group in drifted.without:
        ours["muted"] = 100 * drifted.without[group]
    return {
        f"{drift}/{QUARTET}": ours,
        f"{drift}/{CONFIDENCE}": {"found_after": _median([trial.naive for trial in made])},
    }


def _median(values: Sequence[int]) -> float:
    return float(statistics.median(values))


def _mean(values: Sequence[int]) -> float:
    return float(statistics.fmean(values))


PART = Part(
    name="drift",
    title="Drift: false alarms, and how soon it is found",
    prose=(
        "Streams of held-out samples of the demo (handwritten digits, synthetic voices, videos of both) and of real "
        "sentences. In the rows called nothing, every run holds a window against a reference, both drawn anew from one "
        "world: the share of runs that alarm is to stay at or below the level. The references are of a thousand "
        "samples; the small ones of fifty, a hundred and two hundred, of every world and one made up of rare classes "
        "and rare values. In the other rows the stream changes at once; a run over the last predictions is made again "
        "and again until it alarms, and told is the median number of predictions since the change. The naive alarm "
        "watches the mean confidence alone, with a limit that lets it "
        "alarm falsely as often as the level allows. A stream that is not found counts with the number of predictions "
        "after which a trial ends. The accuracy is the model's, which no alarm knows; with the drifted input muted, it "
        "is that of the answers from the other one. The time of a run is that of the "
        "verdict alone; through the product it is from the request over REST until the verdict is written, with every "
        "process running, over rows in PostgreSQL with as many signals each."
    ),
    columns=(
        Column("alarms_5", "false alarms at level 0.05", "% of runs", 2),
        Column("alarms_1", "false alarms at level 0.01", "% of runs", 2),
        Column("found_after", "found after", "predictions"),
        Column("told_after", "modality told after", "predictions"),
        Column("misled", "another modality blamed", "% of trials"),
        Column("accuracy", "accuracy of the model", "%", 1),
        Column("muted", "accuracy with that input muted", "%", 1),
        Column("seconds", "time", "s", 2),
        Column("read_s", "of it reading", "s", 2),
        Column("judge_s", "of it judging", "s", 2),
    ),
    targets=(
        *(Target(f"nothing, {world}/{QUARTET}", "alarms_5", 5, False) for world in (*_DRIFTS, _SMALL)),
        *(Target(f"nothing, {world}/{QUARTET}", "alarms_1", 1, False) for world in (*_DRIFTS, _SMALL)),
        *(
            Target(f"{drift}/{QUARTET}", "found_after", 1, False, f"{drift}/{CONFIDENCE}")
            for drifts in _DRIFTS.values()
            for drift in drifts
        ),
        Target(f"{_RUN}/{QUARTET}", "seconds", 10, False),
        Target(f"{_WHOLE}/{QUARTET}", "seconds", 10, False),
    ),
    slices=_slices,
    chart="found_after",
    compared="found_after",
    most_rounds=3,
    served=False,
)
