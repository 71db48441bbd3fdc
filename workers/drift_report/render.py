"""Evidently's data drift, descriptors and embeddings over two tables, as one page of HTML and as data.

What it thinks of a column is told in its own words: its method is chosen by the column's kind and size, and its
threshold is for that column alone, corrected for nothing.
"""

import os
import warnings
from dataclasses import dataclass
from typing import Any

# Before the first import: Evidently counts its users where it is not told not to.
os.environ["DO_NOT_TRACK"] = "1"

from evidently import DataDefinition, Dataset, Report
from evidently.core.metric_types import MetricResult, render_widgets
from evidently.core.report import Snapshot
from evidently.metrics.embeddings import EmbeddingsDrift
from evidently.presets import DataDriftPreset
from threadpoolctl import threadpool_limits

from apps.drift.rules.kinds import AGREEMENT, CONFIDENCE, PREDICTION, Kind
from workers.drift_report.frames import Frames, Pair

#: The model's own signals; all others describe an input.
_OWN = {PREDICTION, CONFIDENCE, AGREEMENT}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What Evidently says of one signal: a `score` by its `method`, which is a p value where the name says so."""

    drifted: bool
    method: str
    score: float


@dataclass(frozen=True, slots=True)
class Rendered:
    """`html` stands alone, its scripts within it; `opinions` by signal."""

    html: str
    opinions: dict[str, Opinion]


def render(frames: Frames) -> Rendered:
    """Seconds to minutes of one core. There must be a column or an embedding."""
    # One thread: on busy cores those of OpenMP wait for each other at three times the cost.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its libraries, to its authors
        snapshots = [_columns(frames)] if frames.kinds else []
        snapshots += [_embedding(name, pair) for name, pair in frames.embeddings.items()]
        # Not the snapshot's own HTML, which holds one table's results: there is one page for all of them.
        html = render_widgets([widget for snapshot in snapshots for widget in snapshot._widgets])
    told = [opinion for snapshot in snapshots for opinion in _opinions(snapshot)]
    return Rendered(html, {frames.signals[name]: opinion for name, opinion in told})


def _columns(frames: Frames) -> Snapshot:
    names: dict[tuple[Kind, bool], list[str]] = {}
    for name, kind in frames.kinds.items():
        names.setdefault((kind, frames.signals[name] in _OWN), []).append(name)
    definition = DataDefinition(
        numerical_columns=names.get((Kind.NUMBER, True), []),
        categorical_columns=names.get((Kind.CATEGORY, True), []),
        numerical_descriptors=names.get((Kind.NUMBER, False), []),
        categorical_descriptors=names.get((Kind.CATEGORY, False), []),
    )
    return _run(Report([DataDriftPreset(columns=[*frames.kinds])]), frames.columns, definition)


def _embedding(name: str, pair: Pair) -> Snapshot:
    definition = DataDefinition(embeddings={name: [*pair.reference.columns]})
    return _run(Report([EmbeddingsDrift(embeddings_name=name)]), pair, definition)


def _run(report: Report, pair: Pair, definition: DataDefinition) -> Snapshot:
    window, reference = (Dataset.from_pandas(each, definition) for each in (pair.window, pair.reference))
    return report.run(window, reference)


def _opinions(snapshot: Snapshot) -> list[tuple[str, Opinion]]:
    found = []
    for result in snapshot.metric_results.values():
        config: dict[str, Any] = result.metric_value_location.metric.params if result.metric_value_location else {}
        name = config.get("column") or config.get("embeddings_name")
        if name:
            found.append((str(name), _opinion(result)))
    return found


def _opinion(result: MetricResult) -> Opinion:
    """By the sentence of its first counter: only there is said whether the score is beyond the threshold."""
    sentence = str(result.get_widgets()[0].params["counters"][0]["label"])
    said = dict(part.split(": ", 1) for part in sentence.rstrip(".").split(". ")[1:])
    return Opinion(sentence.startswith("Data drift detected"), said["Drift detection method"], float(result.value))
