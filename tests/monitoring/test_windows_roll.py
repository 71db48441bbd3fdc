"""Seconds become tens, and tens minutes: once each, whatever comes late, whoever works beside it, whatever is
undone."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.clock import now
from apps.monitoring.models import FLEET, MetricWindow
from apps.monitoring.rules.counts import Counts, total
from apps.monitoring.rules.entries import Entry, rolled, window_totals
from apps.monitoring.selectors import heard_between, windows_between
from apps.monitoring.services import windows_add, windows_roll
from tests.monitoring.entries import entry, row

START = 1_000_000_020  # a whole minute, long ago: what is in it is over
SPAN = (START, START + 120)

seconds = st.integers(START, START + 119)
latencies = st.dictionaries(st.sampled_from(["3", "10", "250"]), st.integers(1, 50), min_size=1)
rows = st.builds(
    lambda name, latency: row(name, requests=sum(latency.values()), latency=latency),
    st.sampled_from(["digits", "captions"]),
    latencies,
)
moments = st.lists(st.tuples(seconds, rows), max_size=12)


def _entries(found: Iterable[tuple[int, dict[str, Any]]], first: int = 1) -> list[Entry]:
    return [entry(seq, each, to=at + 0.5) for seq, (at, each) in enumerate(found, first)]


def _known(step: int) -> dict[str, dict[int, Counts]]:
    """What a step knows of each deployment, by the start of its windows; of all revisions."""
    found = windows_between(["digits", "captions", FLEET], step, *SPAN)
    return {
        name: {start: total(each.values()) for start, each in sorted(windows.items())}
        for name, windows in found.items()
        if windows
    }


def _direct(entries: list[Entry], step: int) -> dict[str, dict[int, Counts]]:
    """The same, from the entries themselves, in one go."""
    found: dict[str, dict[int, Counts]] = {}
    for (start, name, _), counts in sorted(rolled(window_totals(entries), step).items()):
        if SPAN[0] <= start < SPAN[1]:  # an entry of the first second began in the one before
            found.setdefault(name, {})[start] = counts
    return found


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments, moments, st.booleans())
def test_rolling_up_step_by_step_is_as_counting_directly(early: list, late: list, between: bool) -> None:
    with transaction.atomic():
        entries = _entries(early) + _entries(late, first=len(early) + 1)
        windows_add(entries=entries[: len(early)])
        if between:  # what comes late meets windows that are rolled up already
            windows_roll()
        windows_add(entries=entries[len(early) :])
        windows_roll()
        for step in (1, 10, 60):
            assert _known(step) == _direct(entries, step), step
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_step_knows_of_what_is_not_rolled_up_yet() -> None:
    windows_add(entries=_entries([(START, row(requests=3)), (START + 11, row(requests=4))]))
    assert {start: each.requests for start, each in _known(60)["digits"].items()} == {START: 7}
    assert {start: each.requests for start, each in _known(10)["digits"].items()} == {START: 3, START + 10: 4}


@pytest.mark.django_db
def test_what_is_over_is_rolled_up_once_and_the_present_not_at_all() -> None:
    windows_add(entries=[*_entries([(START, row())]), entry(2, row(), to=now().timestamp())])
    windows_roll()
    assert windows_roll() == 0
    assert MetricWindow.objects.filter(deployment="digits", step=60).count() == 1
    assert MetricWindow.objects.filter(deployment="digits", step=1, rolled=False).count() == 1


@pytest.mark.django_db
def test_a_rolling_up_that_is_undone_half_way_is_done_whole_the_next_time() -> None:
    windows_add(entries=_entries([(START, row(requests=3))]))
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        assert windows_roll() > 0
        raise KeyboardInterrupt
    assert _known(60)["digits"][START].requests == 3
    assert windows_roll() > 0
    assert _known(60)["digits"][START].requests == 3


@pytest.mark.django_db
def test_seconds_in_which_several_gateways_were_heard_are_seconds_once() -> None:
    for gateway in ("a", "b"):
        windows_add(entries=[entry(1, to=START + 4.5, gateway=gateway), entry(2, to=START + 5.5, gateway=gateway)])
        windows_roll()
    assert heard_between(10, *SPAN) == heard_between(60, *SPAN) == {START: 2}


@pytest.mark.django_db(transaction=True)
def test_rolling_up_beside_writers_and_others_that_roll_up_counts_everything_once() -> None:
    batches = [_entries([(START + seq % 40, row(requests=1))], first=seq) for seq in range(1, 61)]

    def work(place: int) -> None:
        try:
            for batch in batches[place::3]:
                windows_add(entries=batch)
                windows_roll()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    windows_roll()
    for step in (1, 10, 60):
        assert sum(each.requests for each in _known(step)["digits"].values()) == 60, step
    assert not MetricWindow.objects.filter(step__lt=60, rolled=False).exists()
