"""What pages read: the present, a chart's time, how far behind."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.core.clock import now
from apps.monitoring.models import FLEET
from apps.monitoring.rules.figures import Figures
from apps.monitoring.selectors import (
    Traffic,
    deployment_series,
    present_numbers,
    seconds_behind,
    sparklines,
    traffic_between,
)
from apps.monitoring.services import windows_add, windows_expire, windows_roll
from tests.monitoring.entries import entry, row

pytestmark = pytest.mark.django_db
SECOND = 1_000_000_005
NOW = datetime.fromtimestamp(SECOND, UTC)


def test_nothing_is_known_before_a_gateway_was_heard() -> None:
    assert present_numbers(["digits"], NOW) == {"digits": Figures()}
    assert seconds_behind(NOW) is None


def test_a_deployment_nobody_asks_has_a_rate_of_zero() -> None:
    windows_add(entries=[entry(1, row("captions"), to=SECOND - 1)])
    assert present_numbers(["digits"], NOW)["digits"].rate == 0.0


def test_the_numbers_are_unknown_again_once_every_gateway_fell_silent() -> None:
    windows_add(entries=[entry(1, row(), to=SECOND - 31)])
    assert present_numbers(["digits"], NOW)["digits"].rate is None


def test_the_present_is_the_last_ten_seconds_as_far_as_they_were_reported() -> None:
    numbered = enumerate([SECOND - 10, SECOND - 9, SECOND - 1], 1)
    windows_add(entries=[entry(seq, row(requests=10**seq), to=at) for seq, at in numbered])
    numbers = present_numbers(["digits", FLEET], NOW)
    assert numbers["digits"].requests == 1100
    assert numbers["digits"].rate == pytest.approx(1100 / 8)
    assert numbers["digits"].p95 == pytest.approx(10, rel=0.01)
    assert numbers[FLEET].rate == numbers["digits"].rate


def test_a_chart_ends_with_the_present_numbers() -> None:
    windows_add(entries=[entry(1, row(requests=20), to=SECOND - 20.5), entry(2, row(requests=10), to=SECOND - 1)])
    found = deployment_series("digits", NOW)
    assert (len(found.at), found.step) == (360, 10)
    assert found.groups["rates"]["1"][-3:] == [20.0, None, pytest.approx(10 / 8)]
    assert [value and round(value) for value in found.lines["p95"][-3:]] == [10, None, 10]


def test_a_day_is_shown_in_steps_of_minutes_wherever_the_windows_are_kept() -> None:
    start = SECOND // 300 * 300
    moments = (start - 7000, start - 299, start - 1)
    windows_add(entries=[entry(seq, row(requests=60), to=at + 0.5) for seq, at in enumerate(moments, 1)])
    before = deployment_series("digits", NOW, "24h")
    windows_roll()
    after = deployment_series("digits", NOW, "24h")
    assert before == after
    assert [place for place, rate in enumerate(after.groups["rates"]["1"]) if rate] == [263, 286]
    assert (len(after.at), after.step, after.groups["rates"]["1"][286]) == (288, 300, 120 / 2)


def test_a_sparkline_has_a_point_a_minute_over_the_part_in_which_somebody_was_heard() -> None:
    minute = 999_999_960  # starts a minute; NOW lies in it
    windows_add(entries=[entry(1, row(requests=120), to=minute - 30.3), entry(2, to=minute - 90)])
    assert sparklines(NOW)["digits"][-3:] == [None, 0.0, 120.0]


def test_seconds_behind_is_the_age_of_the_newest_report() -> None:
    windows_add(entries=[entry(1, to=SECOND - 2), entry(2, to=SECOND - 1)])
    assert seconds_behind(NOW) == 1.0


@pytest.mark.parametrize("age", [timedelta(minutes=5), timedelta(hours=3), timedelta(days=3)])
def test_traffic_of_any_age_is_summed_and_told_by_how_quick_it_was(age: timedelta) -> None:
    at = (now() - age).timestamp() // 60 * 60
    many = row(requests=10, latency={"10": 5, "80": 3}, errors={"model_failed": 1, "bad_input": 1})
    windows_add(entries=[entry(1, many, row(revision=2, requests=2), to=at + 0.5)])
    windows_roll()
    windows_expire()
    since, until = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(at + 60, UTC)
    assert traffic_between("digits", since, until, within_ms=50) == Traffic(12, failed=1, refused=1, within=7)
    assert traffic_between("digits", since, until, revisions=[2]) == Traffic(2, within=None)
    assert traffic_between("captions", since, until) == Traffic()
