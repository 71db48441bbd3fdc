"""A plan in plain words: every field of it, and what is not as usual."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.rules.canary import FIELDS as CANARY_FIELDS
from apps.deployments.rules.shadow import THEN
from apps.deployments.rules.spec import STRATEGIES, normalised, one_stage, usual
from apps.deployments.rules.told import Line, plan_lines, unusual_text
from apps.registry.rules.stages import spelt

STAGES: Any = spelt([{"name": name, "handler": "h:H", "device": "auto"} for name in ("preprocess", "infer")])
#: What the request says in entries of their own: its stages' names and replicas, its strategy and its note.
ELSEWHERE = {"strategy", "note", "stages"}


def spec(**given: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"version": 3, "timeout_ms": 30_000, "max_in_flight": 256, "note": ""}
    stage = given.pop("stage", {})
    return normalised(one_stage(STAGES, **stage), stages=STAGES, **(known | given))


def lines(**given: Any) -> list[Line]:
    asked = spec(**given)
    return plan_lines(asked, usual(asked, version=3, known={3: STAGES}))


def told(**given: Any) -> str:
    return unusual_text(lines(**given))


def paths(known: dict[str, Any]) -> Iterator[str]:
    for name, value in known.items():
        if name not in ELSEWHERE:
            yield from (f"{name}.{inner}" for inner in value) if isinstance(value, dict) else (name,)


PLANS = [{"strategy": each} for each in STRATEGIES] + [
    {"strategy": "shadow", "shadow": {"then": each}} for each in THEN
]


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_every_field_of_a_plan_is_told_and_none_of_it_is_unusual_where_nothing_was_said(plan: dict[str, Any]) -> None:
    shown = [line.what for line in lines(**plan)]
    for path in paths(spec(**plan)):
        assert sum(f"({path})" in what for what in shown) == 1, path
    unusual = [line.what for line in lines(**plan) if line.differs]
    expected = plan.get("shadow", {}).get("then", "wait") != "wait"
    assert [what.endswith("(shadow.then)") for what in unusual] == [True] * expected


def test_a_widened_margin_is_told_with_what_is_usual() -> None:
    words = "More answers may be wrong, where the truth is known, by (canary.wrong)"
    assert told(strategy="canary", canary={"wrong": 1}) == (
        f"{words}: 100 points: no difference is too much (usually 5 points)"
    )
    assert [line.differs for line in lines(strategy="canary", canary={"wrong": 1}) if line.what == words] == [
        "wider than usual"
    ]


def test_a_margin_of_the_shadow_is_told_as_its_own() -> None:
    assert "(shadow.failed): 50 points (usually 2 points)" in told(strategy="shadow", shadow={"failed": 0.5})


@given(st.sampled_from([each for each in CANARY_FIELDS if each != "steps"]))
def test_whichever_number_of_the_canary_is_another_it_is_the_one_that_is_told(name: str) -> None:
    value = 1000 if name in ("interval_s", "patience_s", "samples") else 0.5
    given = {"patience_s": 1000, "interval_s": 1000} if name == "interval_s" else {name: value}
    changed = {line.what.rpartition("(canary.")[2].rstrip(")") for line in _unusual(canary=given)}
    assert changed == set(given)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"timeout_ms": 500}, "(timeout_ms): 500 ms (usually 30,000 ms)"),
        ({"record": {"rate": 0.0}}, "(record.rate): 0 % (usually 1 %)"),
        ({"record": {"on_error": False}}, "(record.on_error): no (usually yes)"),
        ({"missing_inputs": "reject"}, "(missing_inputs): refused (usually answered without them)"),
        ({"stage": {"batch_max": 1}}, "(batch_max): 1 samples (usually 32 samples)"),
        ({"strategy": "canary", "canary": {"steps": [99]}}, "(canary.steps): 99 % (usually 5, 25, 50 %)"),
    ],
)
def test_what_is_not_as_usual_is_told(change: dict[str, Any], words: str) -> None:
    assert words in told(**change)


def test_a_plan_from_before_there_were_such_fields_can_be_told() -> None:
    old = {"stages": [{"name": "all", "steps": ["infer"]}], "timeout_ms": 30_000, "max_in_flight": 256, "note": ""}
    assert unusual_text(plan_lines(old, usual(old, version=1, known={}))).startswith("nothing: ")


def _unusual(**given: Any) -> list[Line]:
    return [line for line in lines(strategy="canary", **given) if line.differs]
