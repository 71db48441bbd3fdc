"""How the values of one signal lie in the reference and in the window, as shares to be drawn side by side."""

from collections import Counter
from typing import Any

import numpy as np

from apps.drift.rules.columns import Column
from apps.drift.rules.embeddings import outlying
from apps.drift.rules.reference import OTHER, Categories, Numbers, Reference

BINS = 20
MOST_CATEGORIES = 20
#: Share at each end that the first and the last bin take up together, however far it reaches.
_END = 0.01


def distribution(reference: Reference, window: Column) -> dict[str, Any]:
    """{"kind", "edges" or "categories", "reference", "window"}, the latter two shares that sum to 1; empty where the
    window has no usable value.

    A number has k shares between k + 1 `edges`; the first and the last bin may be far wider. An embedding is told by
    how far each vector lies from the reference's middle. `categories` are the commonest of either, and at the end null
    for all others, where there are any.
    """
    if not len(window):
        return {}
    if isinstance(reference, Categories):
        return _categories(reference, window)
    if isinstance(reference, Numbers):
        return {"kind": "number", **_binned(reference.values, window.values)}
    known = np.sqrt(outlying(reference.placed, reference.placed))
    seen = np.sqrt(outlying(reference.placed, window.placed(reference.space)))
    return {"kind": "embedding", **_binned(known, seen)}


def _binned(known: np.ndarray, seen: np.ndarray) -> dict[str, Any]:
    edges = _edges(known, seen)
    shares = [np.histogram(values, edges)[0] / len(values) for values in (known, seen)]
    named = zip(("reference", "window"), shares, strict=True)
    return {"edges": [float(f"{edge:.6g}") for edge in edges]} | {name: _rounded(each) for name, each in named}


def _edges(known: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Rising; even between what lies within both samples' ends, and two more at the extremes."""
    ends = [np.quantile(values, (_END, 1 - _END)) for values in (known, seen)]
    low, high = min(ends[0][0], ends[1][0]), max(ends[0][1], ends[1][1])
    least, most = min(known.min(), seen.min()), max(known.max(), seen.max())
    edges = np.unique(np.concatenate([[least], np.linspace(low, high, BINS - 1), [most]]))
    # One value alone: a bin around it.
    return edges if len(edges) > 1 else edges[0] + max(1.0, abs(edges[0])) * np.array([-0.5, 0.5])


def _categories(reference: Categories, window: Column) -> dict[str, Any]:
    known = {name: count / reference.count for name, count in reference.counts.items()}
    seen = {name: count / len(window) for name, count in Counter(window.values.tolist()).items()}
    named = sorted((known.keys() | seen.keys()) - {OTHER}, key=lambda name: (-_largest(name, known, seen), name))
    shown = sorted(named[:MOST_CATEGORIES])
    told: dict[str, Any] = {"kind": "category", "categories": [name.replace("\0", "") for name in shown]}
    for side, shares in (("reference", known), ("window", seen)):
        told[side] = [shares.get(name, 0.0) for name in shown]
    rest = [max(0.0, 1 - sum(told[side])) for side in ("reference", "window")]
    if max(rest) > 1e-9:
        told["categories"].append(None)
        for side, share in zip(("reference", "window"), rest, strict=True):
            told[side].append(share)
    return told | {side: _rounded(told[side]) for side in ("reference", "window")}


def _largest(name: str, *sides: dict[str, float]) -> float:
    return max(side.get(name, 0.0) for side in sides)


def _rounded(shares: Any) -> list[float]:
    return [round(float(share), 6) for share in shares]
