"""Counting entries into windows, against a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connections, transaction

from apps.monitoring.models import FLEET, GatewayReport, MetricTotal, MetricWindow
from apps.monitoring.selectors import counts_of
from apps.monitoring.services import windows_add
from tests.monitoring.entries import entry, row
from workers.serving.sketch import noted


def _requests(deployment: str = "digits") -> dict[int, int]:
    """Start of a second in unix seconds -> requests."""
    windows = MetricWindow.objects.filter(deployment=deployment, step=1)
    return {int(window.start.timestamp()): window.requests for window in windows}


@pytest.mark.django_db
def test_entries_of_one_window_add_up() -> None:
    windows_add(entries=[entry(1, row(requests=3), to=1_000_000_001), entry(2, row(requests=4), to=1_000_000_001.9)])
    windows_add(entries=[entry(3, row(requests=5), to=1_000_000_002)])
    assert _requests() == {1_000_000_001: 7, 1_000_000_002: 5}


@pytest.mark.django_db
def test_sketches_errors_and_inputs_add_up_by_key() -> None:
    one = row(requests=2, latency={"5": 1, "9": 1}, errors={"bad_input": 1}, inputs={"image": 2})
    two = row(requests=2, latency={"9": 2}, errors={"bad_input": 1, "too_busy": 1}, inputs={"image": 1, "sound": 1})
    windows_add(entries=[entry(1, one)])
    windows_add(entries=[entry(2, two)])
    window = MetricWindow.objects.get(deployment="digits")
    assert counts_of(window).latency == noted([(5.0, 1), (9.0, 3)])
    assert window.errors == {"bad_input": 2, "too_busy": 1}
    assert window.inputs == {"image": 3, "sound": 1}


@pytest.mark.django_db
def test_the_same_entry_twice_counts_once() -> None:
    again = entry(1, row(requests=3))
    assert [windows_add(entries=[again]), windows_add(entries=[again])] == [1, 0]
    assert windows_add(entries=[entry(2, row(requests=1)), entry(2, row(requests=1))]) == 1
    assert _requests() == {1_000_000_005: 4}


@pytest.mark.django_db
def test_an_older_entry_that_comes_late_still_counts() -> None:
    windows_add(entries=[entry(2, row(requests=3))])
    windows_add(entries=[entry(1, row(requests=4))])
    assert _requests() == {1_000_000_005: 7}


@pytest.mark.django_db
def test_gateways_number_their_entries_independently() -> None:
    windows_add(entries=[entry(1, row(), gateway="a"), entry(1, row(), gateway="b")])
    assert _requests() == {1_000_000_005: 2}


@pytest.mark.django_db
def test_the_fleet_sums_every_deployment_and_is_written_even_when_nothing_was_asked() -> None:
    windows_add(entries=[entry(1, row("digits"), row("captions", requests=2)), entry(2, to=1_000_000_015)])
    seconds = {1_000_000_004: 0, 1_000_000_005: 3, 1_000_000_014: 0, 1_000_000_015: 0}
    assert _requests(FLEET) == seconds, "of a second in which an entry begins something is known too"


@pytest.mark.django_db
def test_what_a_gateway_last_said_is_kept_whatever_the_order() -> None:
    late = entry(1, to=1_000_000_001, in_flight=9, dropped=0)
    windows_add(entries=[entry(2, to=1_000_000_004, in_flight=3, dropped=2), late])
    report = GatewayReport.objects.get()
    assert (report.in_flight, report.dropped) == (3, 2)
    assert report.reported_at == datetime.fromtimestamp(1_000_000_004, UTC)


@pytest.mark.django_db(transaction=True)
def test_a_batch_locks_the_totals_of_its_own_revisions_alone() -> None:
    windows_add(entries=[entry(1, row(revision=1), row("captions", revision=2))])

    def others() -> list[int]:
        try:
            with transaction.atomic():
                free = MetricTotal.objects.exclude(deployment=FLEET).order_by("revision")
                return [each.revision for each in free.select_for_update(skip_locked=True)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        windows_add(entries=[entry(2, row(revision=2), row("captions", revision=1))])
        assert pool.submit(others).result() == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_count_everything_once() -> None:
    batches = [[entry(seq, row(), row("captions")) for seq in range(start, 40, 2)] for start in (1, 2, 1, 2)]

    def write(batch: list) -> int:
        try:
            return sum(windows_add(entries=[each]) for each in batch)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        counted = sum(pool.map(write, batches))
    assert counted == 39
    assert _requests() == {1_000_000_005: 39}
    assert _requests(FLEET) == {1_000_000_004: 0, 1_000_000_005: 78}
    assert MetricTotal.objects.get(deployment="digits").counts["requests"] == 39
