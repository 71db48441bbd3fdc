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
    "latency": {"2.5": 1},
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
    assert parse(json.dumps(GOOD)).rows[0].latency == {"2.5": 1}


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
        _with(latency={"fast": 1}),
        _with(latency={"nan": 1}),
        _with(errors={"\u0000": 1}),
        _with(inputs={"image": -1}),
    ],
)
def test_anything_else_is_refused_with_a_reason(raw: str) -> None:
    with pytest.raises(MalformedEntry, match="cannot be read"):
        parse(raw)
