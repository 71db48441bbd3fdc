"""What a gateway writes is checked before it is counted."""

import json

import pytest

from apps.monitoring.errors import MalformedEntry
from apps.monitoring.rules.entries import parse

ROW = {
    "deployment": "digits",
    "revision": 1,
    "requests": 1,
    "errors": {"bad_input": 1},
    "sketches": {"latency": {"-42": 1}, "stage/infer": {"7": 1}},
    "inputs": {"image": 1},
}
GOOD = {
    "gateway": "gw-1",
    "seq": 1,
    "from": 1.0,
    "to": 1.5,
    "in_flight": 0,
    "dropped": 0,
    "rows": [ROW],
}


def _with(**changes: object) -> str:
    return json.dumps(GOOD | {"rows": [ROW | changes]})


def test_a_good_entry_is_read() -> None:
    assert parse(json.dumps(GOOD)).rows[0].sketches["latency"] == {-42: 1}


def test_it_counts_in_the_second_that_the_gateway_says_or_else_in_that_of_its_end() -> None:
    assert parse(json.dumps(GOOD | {"to": 9.1})).second == 9
    assert parse(json.dumps(GOOD | {"to": 9.1, "second": 8})).second == 8


def test_it_tells_of_the_seconds_since_the_one_before_but_of_no_more_than_a_silent_gateway_leaves_out() -> None:
    assert list(parse(json.dumps(GOOD | {"from": 95.2, "to": 99.9})).heard) == [95, 96, 97, 98, 99]
    assert len(parse(json.dumps(GOOD | {"from": 1.0, "to": 99.9})).heard) == 10


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "[]",
        json.dumps(GOOD | {"seq": 0}),
        json.dumps(GOOD | {"to": 1e30}),
        json.dumps(GOOD | {"gateway": ""}),
        _with(requests=-1),
        _with(requests=2**60),
        _with(deployment="a b"),
        _with(deployment="x\u0000"),
        _with(sketches={"latency": {"fast": 1}}),
        _with(sketches={"latency": {"2.5": 1}}),
        _with(sketches={"latency": {"99999": 1}}),
        _with(sketches={"speed": {"1": 1}}),
        _with(sketches={"stage/a b": {"1": 1}}),
        _with(stages={"all": {"queued": -1}}),
        _with(errors={"\u0000": 1}),
        _with(inputs={"image": -1}),
    ],
)
def test_anything_else_is_refused_with_a_reason(raw: str) -> None:
    with pytest.raises(MalformedEntry, match="cannot be read"):
        parse(raw)
