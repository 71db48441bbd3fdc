"""The shorter limit counts, and whoever set it is told so."""

import time

import pytest

from workers.serving.time_limit import TimeLimit


@pytest.mark.parametrize(
    ("own", "seconds", "fault"),
    [(None, 20, "platform"), (30.0, 20, "platform"), (20.0, 20, "platform"), (5, 5, "caller")],
)
def test_the_shorter_limit_counts(own, seconds, fault):
    limit = TimeLimit(1000.0, 20.0, own)
    assert (limit.deadline, limit.passed().fault) == (1000.0 + seconds, fault)
    assert f" {seconds} seconds " in str(limit.passed())


@pytest.mark.parametrize(("own", "fault"), [(1.0, "caller"), (None, "platform")])
def test_what_a_replica_says_of_it_is_kept(own, fault):
    error = TimeLimit(time.time(), 20.0, own).passed("No replica was free.")
    assert (str(error), error.fault, error.status) == ("No replica was free.", fault, 504)
