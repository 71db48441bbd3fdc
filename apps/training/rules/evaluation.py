"""Two versions on the same samples: what each has right, slice by slice, and what the gates say."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from apps.core.rules import canonical
from apps.core.text import as_kept, can_be_kept
from apps.training.rules.mcnemar import exact_p

ALL = "all"
NOT_WORSE, BETTER = "not_be_worse", "be_better"
#: Used where a model has no policy of its own.
DEFAULT_CLAUSES: list[dict[str, Any]] = [{"slice": ALL, "must": NOT_WORSE, "by": 0.01}]
#: Fields of an evaluation that its digest covers.
FACTS = (
    *("candidate_digest", "champion_digest", "dataset_digest", "answers_digest"),
    *("clauses", "figures", "verdicts", "passed"),
)
_LEAST, _LEVEL = 30, 0.05
_CLAUSES_MOST, _SLICE_LONGEST = 100, 200


@dataclass(frozen=True, slots=True)
class Judged:
    """One sample: what is true, where it belongs, and what each version answered."""

    label: str
    slices: tuple[str, ...]
    inputs: tuple[str, ...]
    candidate: str
    champion: str


@dataclass(frozen=True, slots=True)
class Figures:
    """One slice. `won` and `lost` count the samples that only the candidate, or only the champion, has right."""

    slice: str
    samples: int
    candidate: float
    champion: float
    won: int
    lost: int
    p: float

    @property
    def gain(self) -> float:
        """By how much the candidate is better; below zero where it is worse."""
        return (self.won - self.lost) / self.samples


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a clause says of a slice, with its numbers in words."""

    clause: dict[str, Any]
    slice: str
    passed: bool
    reason: str


def figures(samples: Iterable[Judged]) -> list[Figures]:
    """Those of every slice: all, the declared, each class (`class:7`) and each set of inputs (`inputs:image+sound`)."""
    pairs: defaultdict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for sample in samples:
        right = sample.candidate == sample.label, sample.champion == sample.label
        implied = f"class:{sample.label}", f"inputs:{'+'.join(sorted(sample.inputs))}"
        for name in dict.fromkeys((ALL, *sample.slices, *implied)):
            pairs[name].append(right)
    return [_figures(name, pairs[name]) for name in sorted(pairs, key=lambda name: (name != ALL, name))]


def _figures(name: str, pairs: Sequence[tuple[bool, bool]]) -> Figures:
    count = len(pairs)
    won = sum(mine and not other for mine, other in pairs)
    lost = sum(other and not mine for mine, other in pairs)
    right = sum(mine for mine, _ in pairs), sum(other for _, other in pairs)
    return Figures(name, count, right[0] / count, right[1] / count, won, lost, exact_p(won, lost))


def judge(found: Sequence[Figures], clauses: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    """A verdict for each clause and each slice that it names. One that is not there, or too small, passes nothing."""
    verdicts = []
    for clause in (clause_spelt(each) for each in clauses):
        named = [each for each in found if _names(clause["slice"], each.slice)]
        verdicts += [_verdict(clause, each) for each in named]
        if not named:
            reason = f"No sample of the evaluation belongs to the slice '{clause['slice']}'."
            verdicts.append(Verdict(clause, clause["slice"], False, reason))
    return verdicts


def clause_spelt(clause: Mapping[str, Any]) -> dict[str, Any]:
    """With its defaults."""
    return {"by": 0.0, "least": _LEAST, "level": _LEVEL, **clause}


def clause_told(clause: Mapping[str, Any]) -> str:
    """One clause in words: `On 'all' a candidate may be worse by 1.00 points at most. At least 30 …`"""
    spelt = clause_spelt(clause)
    return f"On '{spelt['slice']}' {_bound(spelt).replace('It', 'a candidate', 1)} {_needed(spelt)}"


def clauses_fault(clauses: Any) -> str:
    """The first thing that is wrong with a policy's clauses, or an empty text."""
    if not isinstance(clauses, list) or not 1 <= len(clauses) <= _CLAUSES_MOST:
        return f"A policy is a list of 1 to {_CLAUSES_MOST} clauses."
    for place, clause in enumerate(clauses):
        if not isinstance(clause, dict) or (fault := _clause_fault(clause)):
            return f"Clause {place}: {fault if isinstance(clause, dict) else 'it is no object'}."
    return ""


def _clause_fault(clause: dict[str, Any]) -> str:
    spelt = clause_spelt(clause)
    if unknown := sorted(set(spelt) - {"slice", "must", "by", "least", "level"}):
        return f"there is no '{as_kept(unknown[0][:80])}'"
    if not isinstance(spelt.get("slice"), str) or not spelt["slice"]:
        return "'slice' must name one, such as 'all', 'class:*' or 'clean'"
    if len(spelt["slice"]) > _SLICE_LONGEST or not can_be_kept(spelt["slice"]):
        return f"'slice' has at most {_SLICE_LONGEST} characters, none of them NUL or half a surrogate pair"
    if spelt.get("must") not in (NOT_WORSE, BETTER):
        return f"'must' must be '{NOT_WORSE}' or '{BETTER}'"
    if not _number(spelt["by"], 0, 1) or not _number(spelt["level"], 1e-9, 1):
        return "'by' must be a share from 0 to 1, and 'level' one above 0"
    if not (_number(spelt["least"], 1, 10**9) and isinstance(spelt["least"], int)):
        return "'least' must be a whole number of samples, from 1"
    return ""


def _number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most


def _names(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _verdict(clause: dict[str, Any], found: Figures) -> Verdict:
    told = _told(found)
    if found.samples < clause["least"]:
        return Verdict(clause, found.slice, False, f"{told} {_needed(clause)}")
    # Counted in samples: what a share of them is allowed must not hang on the last bit of a float.
    allowed = clause["by"] * found.samples + 1e-9
    if clause["must"] == NOT_WORSE:
        passed = found.lost - found.won <= allowed
    else:
        far = found.won - found.lost > 0 and found.won - found.lost + 2e-9 >= allowed
        passed = far and found.p <= clause["level"]
    return Verdict(clause, found.slice, passed, f"{told} {_bound(clause)}")


def _needed(clause: Mapping[str, Any]) -> str:
    return f"At least {clause['least']:,} samples are needed to judge."


def _bound(clause: Mapping[str, Any]) -> str:
    if clause["must"] == NOT_WORSE:
        return f"It may be worse by {_points(clause['by'])} at most."
    return f"It must be better by at least {_points(clause['by'])}, with p at most {clause['level']:g}."


def _told(found: Figures) -> str:
    return (
        f"On '{found.slice}' ({found.samples:,} samples) the candidate is right on {found.candidate:.1%} and the "
        f"champion on {found.champion:.1%}: {_points(abs(found.gain))} {'better' if found.gain >= 0 else 'worse'} "
        f"({found.won:,} won, {found.lost:,} lost, McNemar p = {found.p:.2g})."
    )


def _points(share: float) -> str:
    return f"{share * 100:.2f} points"


def digest_of(value: Any) -> str:
    """SHA-256, as 64 hex digits, over plain JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def evaluation_digest(candidate: int, champion: int, dataset: int, facts: Mapping[str, Any]) -> str:
    """That of an evaluation: over which rows it is of, and everything in FACTS."""
    return digest_of([candidate, champion, dataset, {name: facts[name] for name in FACTS}])


def as_rows(found: Iterable[Figures]) -> list[dict[str, Any]]:
    """Plain JSON."""
    return [asdict(each) for each in found]
