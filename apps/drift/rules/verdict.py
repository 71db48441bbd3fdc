"""The verdict on a window: signal by signal, then each modality, then the whole.

A verdict is `steady` only where a test could have found something. What was not tested says why in its `reason`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from apps.drift.rules.columns import Column, column, lacking
from apps.drift.rules.correction import holm
from apps.drift.rules.driving import Driving, driving
from apps.drift.rules.kinds import Sample, group_of, is_missing
from apps.drift.rules.measures import LEAST, UNITS, Measure, constant, measure
from apps.drift.rules.power import FINDABLE, needed
from apps.drift.rules.profile import ReferenceProfile
from apps.drift.rules.reference import Numbers, Reference, Vectors
from apps.drift.rules.states import State

#: Share of a signal's values that may be unusable before the rest is no fair picture of the window.
_MOST_WRONG = 0.1
#: Signals that a drifted group's reason names.
_TOLD = 3


@dataclass(frozen=True, slots=True)
class Strictness:
    """`level` is the chance of a false alarm in a whole run, as long as `correct` is Holm's way of correcting.

    With Benjamini and Hochberg's it is the share of false alarms among the signals that alarm. `least` multiplies the
    effects of measures.LEAST.
    """

    level: float = 0.05
    least: float = 1.0
    findable: float = FINDABLE
    correct: Callable[[Sequence[float]], list[float]] = holm


@dataclass(frozen=True, slots=True)
class SignalVerdict:
    """`window` and `reference` are numbers of values, `wrong` those of the window that could not be used."""

    name: str
    group: str
    state: State
    reason: str
    window: int
    reference: int
    wrong: int = 0
    measure: Measure | None = None
    corrected: float | None = None  # p after the correction over the run
    unit: str = ""  # of the effect


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """A modality, or the model's prediction, confidence or agreement; `driving` is empty unless it drifted."""

    state: State
    reason: str
    driving: tuple[Driving, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """`signals` by name, `groups` by name."""

    state: State
    samples: int
    signals: Mapping[str, SignalVerdict]
    groups: Mapping[str, GroupVerdict]


def judge(
    profile: ReferenceProfile,
    samples: Sequence[Sample],
    strictness: Strictness = Strictness(),
    ids: Sequence[str] | None = None,
    columns: Mapping[str, Column] | None = None,
) -> Report:
    """Hold a window's samples against the profile. `ids` name the samples; without them they are told by place.
    `columns` are those of columns_of(), where they were made already."""
    columns = columns_of(profile, samples) if columns is None else columns
    untested = _untested(profile, columns, strictness)
    measures = {name: measure(profile.signals[name], columns[name]) for name in columns if name not in untested}
    corrected = dict(zip(measures, strictness.correct([each.p for each in measures.values()]), strict=True))
    signals = {
        name: untested.get(name) or _tested(profile, name, columns[name], measures[name], corrected[name], strictness)
        for name in sorted(columns)
    }
    signals |= _unknown(profile, samples)
    drifted = {name: columns[name] for name, each in signals.items() if each.state is State.DRIFTED}
    groups = _groups(profile, signals, drifted, ids)
    return Report(_overall(groups), len(samples), signals, groups)


def columns_of(profile: ReferenceProfile, samples: Sequence[Sample]) -> dict[str, Column]:
    """Of each signal that the profile knows, the values that the window has."""
    return {name: _column(samples, name, each) for name, each in profile.signals.items()}


def _column(samples: Sequence[Sample], name: str, reference: Reference) -> Column:
    if is_missing(name):
        return lacking(samples, name.partition(".")[0])
    return column(samples, name, reference.kind, reference.space.dimension if isinstance(reference, Vectors) else None)


def _untested(
    profile: ReferenceProfile, columns: Mapping[str, Column], strictness: Strictness
) -> dict[str, SignalVerdict]:
    """The signals of which nothing can be tested, each with the reason."""
    share = strictness.level / max(1, len(columns))
    found = {}
    for name, each in columns.items():
        reference = profile.signals[name]
        told = _unfit(reference, each, needed(_size(reference), share, strictness.findable))
        if told:
            found[name] = _verdict(profile, name, each, *told)
    return found


def _unfit(reference: Reference, window: Column, least: int | None) -> tuple[State, str] | None:
    there = len(window) + window.wrong
    if window.wrong > _MOST_WRONG * there:
        what = f"a {reference.kind}"
        if isinstance(reference, Vectors):
            what = f"an {reference.kind} of {reference.space.dimension} numbers"
        return State.UNUSABLE, f"{window.wrong} of {there} values are not {what} that is finite"
    if least is None:
        return State.NOT_ENOUGH_DATA, f"the reference has only {reference.count} values"
    if len(window) < least:
        return State.NOT_ENOUGH_DATA, f"{len(window)} values in the window; at least {least} are needed"
    if constant(reference, window):
        return State.CONSTANT, "one and the same value in the reference and in the window"
    return None


def _size(reference: Reference) -> int:
    """How many values the tests compare with."""
    if isinstance(reference, Numbers):
        return len(reference.values)
    return len(reference.placed) if isinstance(reference, Vectors) else reference.count


def _tested(
    profile: ReferenceProfile, name: str, window: Column, found: Measure, corrected: float, strictness: Strictness
) -> SignalVerdict:
    kind = profile.signals[name].kind
    told = f"{found.effect:.2f} {UNITS[kind]} from the reference"
    if corrected > strictness.level:
        state, reason = State.STEADY, "no difference beyond chance"
    elif found.effect < LEAST[kind] * strictness.least:
        state, reason = State.STEADY, f"{told}: beyond chance, but too little to matter"
    else:
        state, reason = State.DRIFTED, told
    return _verdict(profile, name, window, state, reason, found, corrected)


def _verdict(
    profile: ReferenceProfile,
    name: str,
    window: Column,
    state: State,
    reason: str,
    found: Measure | None = None,
    corrected: float | None = None,
) -> SignalVerdict:
    reference = profile.signals[name]
    group = group_of(name, profile.modalities)
    counts = len(window), reference.count, window.wrong
    return SignalVerdict(name, group, state, reason, *counts, found, corrected, UNITS[reference.kind])


def _unknown(profile: ReferenceProfile, samples: Sequence[Sample]) -> dict[str, SignalVerdict]:
    """Signals that the window has and the profile does not."""
    names = {name for sample in samples for name in sample} - profile.signals.keys()
    return {
        name: SignalVerdict(
            name,
            group_of(name, profile.modalities),
            State.UNUSABLE,
            "the reference profile does not have this signal",
            sum(sample.get(name) is not None for sample in samples),
            0,
        )
        for name in sorted(names)
    }


def _groups(
    profile: ReferenceProfile,
    signals: Mapping[str, SignalVerdict],
    drifted: Mapping[str, Column],
    ids: Sequence[str] | None,
) -> dict[str, GroupVerdict]:
    members: dict[str, list[SignalVerdict]] = {}
    for each in signals.values():
        members.setdefault(each.group, []).append(each)
    return {group: _group(profile, members[group], drifted, ids) for group in sorted(members)}


def _group(
    profile: ReferenceProfile,
    members: Sequence[SignalVerdict],
    drifted: Mapping[str, Column],
    ids: Sequence[str] | None,
) -> GroupVerdict:
    """Drifted where a signal is; not steady because of one that is unusable.

    Not enough data only where no signal of content was tested: a rare one may lack values while others tell enough, and
    that inputs keep coming says nothing of what is in them.
    """
    told = {each.state for each in members}
    content = {each.state for each in members if not is_missing(each.name)} or told
    if State.DRIFTED in told:
        mine = {each.name: drifted[each.name] for each in members if each.state is State.DRIFTED}
        worst = driving({name: (profile.signals[name], each) for name, each in mine.items()}, ids)
        return GroupVerdict(State.DRIFTED, _furthest(profile, members), worst)
    if State.UNUSABLE in told:
        return GroupVerdict(State.UNUSABLE, _listed(members, State.UNUSABLE))
    if content <= {State.NOT_ENOUGH_DATA, State.CONSTANT} and State.NOT_ENOUGH_DATA in content:
        return GroupVerdict(State.NOT_ENOUGH_DATA, _listed(members, State.NOT_ENOUGH_DATA))
    if State.STEADY in content:
        return GroupVerdict(State.STEADY, _listed(members, State.NOT_ENOUGH_DATA))
    return GroupVerdict(State.CONSTANT, "one and the same value in the reference and in the window")


def _furthest(profile: ReferenceProfile, members: Sequence[SignalVerdict]) -> str:
    """The signals that drifted furthest, measured by what would just matter, and how many more there are."""

    def distance(each: SignalVerdict) -> float:
        return each.measure.effect / LEAST[profile.signals[each.name].kind] if each.measure else 0.0

    drifted = sorted((each for each in members if each.state is State.DRIFTED), key=distance, reverse=True)
    told = [f"{each.name}: {each.reason}" for each in drifted[:_TOLD]]
    return "; ".join(told + [f"{len(drifted) - _TOLD} more"] * (len(drifted) > _TOLD))


def _listed(members: Sequence[SignalVerdict], state: State) -> str:
    """The reasons of those that are so, each told once with the signals it is true of."""
    names: dict[str, list[str]] = {}
    for each in members:
        if each.state is state:
            names.setdefault(each.reason, []).append(each.name)
    return "; ".join(f"{', '.join(names[reason])}: {reason}" for reason in names)


def _overall(groups: Mapping[str, GroupVerdict]) -> State:
    """The gravest of the groups; nothing at all to look at is not enough data."""
    told = {each.state for each in groups.values()}
    return next((state for state in State if state in told), State.NOT_ENOUGH_DATA)
