"""A revision's specification in plain words, line by line beside what is usual: what a reviewer of it has to see."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from apps.deployments.rules.spec import ANSWER, DEFAULTS, SHADOW


@dataclass(frozen=True, slots=True)
class Line:
    """One field: what it is, what was asked for and what is usual; `differs` says how, or is empty."""

    what: str
    asked: str
    usual: str
    differs: str = ""


class _Field(NamedTuple):
    path: str  # as REST spells it
    words: str
    told: Callable[[Any], str]
    more: str = "more than usual"
    less: str = "less than usual"


def plan_lines(spec: Mapping[str, Any], usual: Mapping[str, Any]) -> list[Line]:
    """Every field of the specification that decides how it comes in and serves, but for its note and replicas."""
    asked, known = {**DEFAULTS, **spec}, {**DEFAULTS, **usual}
    lines = [
        _line(field, _at(asked, field.path), _at(known, field.path))
        for field in _FIELDS
        if _at(asked, field.path) is not None
    ]
    for group, normal in zip(spec["stages"], usual["stages"], strict=True):
        lines += _stage_lines(group, normal)
    return lines


def unusual_text(lines: Iterable[Line]) -> str:
    """What of the plan is not as usual, in one line."""
    found = [f"{each.what}: {each.asked} (usually {each.usual})" for each in lines if each.differs]
    return "; ".join(found) or "nothing: every field of the plan is as usual"


def _stage_lines(group: Mapping[str, Any], usual: Mapping[str, Any]) -> list[Line]:
    what = f"Stage {group['name']}"
    fields = (
        _Field("batch_max", f"{what}: samples of a batch (batch_max)", _count("samples")),
        _Field("batch_bytes", f"{what}: bytes of a batch (batch_bytes)", _count("bytes")),
        _Field("scale", f"{what}: when it grows and shrinks (scale)", _scale),
    )
    steps = Line(f"{what}: what it runs (steps)", ", ".join(group["steps"]), ", ".join(usual["steps"]))
    return [steps, *(_line(each, group[each.path], usual[each.path]) for each in fields if each.path in group)]


def _line(field: _Field, asked: Any, usual: Any) -> Line:
    return Line(field.words, field.told(asked), field.told(usual), _differs(field, asked, usual))


def _differs(field: _Field, asked: Any, usual: Any) -> str:
    if asked == usual:
        return ""
    if isinstance(asked, bool) or not isinstance(asked, (int, float)) or not isinstance(usual, (int, float)):
        return "not as usual"
    return field.more if asked > usual else field.less


def _at(spec: Mapping[str, Any], path: str) -> Any:
    plan, _, name = path.rpartition(".")
    return (spec.get(plan) or {}).get(name) if plan else spec.get(name)


def _count(unit: str) -> Callable[[Any], str]:
    return lambda value: f"{value:,} {unit}"


def _points(value: float) -> str:
    """Of a margin. A share cannot be larger by more than all of it."""
    return f"{value * 100:g} points" + (": no difference is too much" if value >= 1 else "")


def _per_cent(value: float) -> str:
    return f"{value * 100:g} %"


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def _steps(value: Sequence[int]) -> str:
    return f"{', '.join(map(str, value))} %"


def _missing(value: str) -> str:
    return "answered without them" if value == ANSWER else "refused"


def _then(value: str) -> str:
    return {"wait": "waits for a person", "blue_green": "takes all traffic by itself"}.get(value, f"goes on as {value}")


def _scale(value: Mapping[str, int]) -> str:
    words = {"queue_ms": "queue {:,} ms", "in_flight": "{:,} in flight", "up_s": "up after {:,} s"}
    words |= {"down_s": "down after {:,} s", "idle_s": "idle after {:,} s"}
    return ", ".join(text.format(value[name]) for name, text in words.items() if name in value)


def _margin(plan: str, name: str, words: str) -> _Field:
    return _Field(f"{plan}.{name}", f"{words} ({plan}.{name})", _points, "wider than usual", "narrower than usual")


def _plan(plan: str, needed: str, fail: str, own: str, own_words: str) -> list[_Field]:
    """The fields that both plans have: their numbers, then the margins."""
    waits = "Without a verdict for so long it waits for a person"
    return [
        _Field(f"{plan}.interval_s", f"Least time at a step ({plan}.interval_s)", _count("s")),
        _Field(f"{plan}.patience_s", f"{waits} ({plan}.patience_s)", _count("s")),
        _Field(f"{plan}.samples", f"What a verdict needs ({plan}.samples)", _count(needed)),
        _margin(plan, "failed", f"More requests than before may {fail}, by"),
        _margin(plan, "slower", "More may be slow, by"),
        _margin(plan, "unsure", "More answers may be unsure, by"),
        _margin(plan, own, own_words),
        _margin(plan, "wrong", "More answers may be wrong, where the truth is known, by"),
    ]


_FIELDS = (
    _Field(f"{SHADOW}.share", "Requests that are asked of it in the shadow (shadow.share)", lambda value: f"{value} %"),
    _Field(f"{SHADOW}.then", "What follows a pass in the shadow (shadow.then)", _then),
    *_plan(SHADOW, "mirrored requests", "fail", "differs", "More answers may be labelled otherwise, by"),
    _Field("canary.steps", "Its share of the traffic, step by step (canary.steps)", _steps),
    *_plan("canary", "requests of each revision", "fail, or be refused", "labels", "A label's share may move, by"),
    _Field("surge", "Replicas beyond the wanted while it is rolling (surge)", _count("at once")),
    _Field("keep_s", "How long the old revision is kept (keep_s)", _count("s")),
    _Field("timeout_ms", "When an answer is too late (timeout_ms)", _count("ms")),
    _Field("max_in_flight", "Requests under way at most (max_in_flight)", _count("requests")),
    _Field("missing_inputs", "Requests without some inputs are (missing_inputs)", _missing),
    _Field("record.rate", "Predictions whose inputs are kept (record.rate)", _per_cent),
    _Field("record.below_confidence", "Kept, too: less confident than (record.below_confidence)", _per_cent),
    _Field("record.on_error", "Kept, too: what failed (record.on_error)", _yes_or_no),
    _Field("record.on_missing", "Kept, too: what lacked inputs (record.on_missing)", _yes_or_no),
    _Field("record.keep_days", "How long predictions are kept (record.keep_days)", _count("days")),
)
