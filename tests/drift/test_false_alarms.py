"""On windows of the world that the reference is from, a run alarms no more often than its level says.

The numbers of alarms are held against what a run at exactly the level would exceed once in a thousand times.
"""

import numpy as np
import pytest
from scipy.stats import binom

from apps.drift.rules.profile import build
from apps.drift.rules.verdict import State, Strictness, judge
from tests.drift.streams import Random

WINDOWS = 300
LEVELS = (0.05, 0.01)
MODALITIES = {"a": "image", "b": "audio"}
_MIXED = np.random.default_rng(0).normal(size=(4, 12))


def samples(random: Random, count: int) -> list[dict[str, object]]:
    """Signals of every shape: normal, heavy-tailed, with many equal values, sparse, categories, vectors, dependent."""
    normal = random.normal(size=(count, 6))
    vectors = (random.normal(size=(count, 4)) @ _MIXED + 0.1 * random.standard_t(3, (count, 12))).astype(np.float32)
    classes = random.choice(list("abcdefghij"), count, p=np.array([40, 20, 12, 9, 7, 5, 3, 2, 1, 1]) / 100)
    found: list[dict[str, object]] = []
    for place in range(count):
        one, two, three, four, five, six = normal[place].tolist()
        sample: dict[str, object] = {"prediction": str(classes[place]), "confidence": 1 / (1 + np.exp(-3 - two))}
        sample |= {"a.normal": one, "a.dependent": one + 0.1 * two, "a.heavy": float(np.exp(2 * three))}
        sample |= {"a.rounded": round(four), "a.embedding": vectors[place]}
        if five > 0:
            sample |= {"b.sparse": six, "b.two": float(six > 1)}
        found.append(sample)
    return found


@pytest.fixture(scope="module")
def alarms() -> dict[float, int]:
    """Alarms over all windows by level, each window with a reference of its own. No effect is too small here."""
    random, found = np.random.default_rng(20), dict.fromkeys(LEVELS, 0)
    for _ in range(WINDOWS):
        report = judge(build(samples(random, 300), MODALITIES), samples(random, 100), Strictness(least=0))
        least = min(each.corrected for each in report.signals.values() if each.corrected is not None)
        assert (report.state is State.DRIFTED) == (least <= Strictness().level)
        for level in LEVELS:
            found[level] += least <= level
    return found


@pytest.mark.parametrize("level", LEVELS)
def test_false_alarms_are_at_or_below_the_level(alarms: dict[float, int], level: float) -> None:
    assert alarms[level] <= binom.ppf(0.999, WINDOWS, level)


def test_the_experiment_would_notice_a_run_that_alarms_too_often(alarms: dict[float, int]) -> None:
    assert alarms[0.05] > 0
    assert binom.ppf(0.999, WINDOWS, 0.05) < 0.11 * WINDOWS
