"""What pages read: the present, the last hour, how far behind."""

from datetime import UTC, datetime

import pytest

from apps.monitoring.models import FLEET
from apps.monitoring.rules.present import Present
from apps.monitoring.selectors import deployment_series, present_numbers, seconds_behind, sparklines
from apps.monitoring.services import windows_add
from tests.monitoring.entries import entry, row

pytestmark = pytest.mark.django_db
NOW = datetime.fromtimestamp(1_000_000_005, UTC)


def test_nothing_is_known_before_a_gateway_was_heard() -> None:
    assert present_numbers(["digits"], NOW) == {"digits": Present()}
    assert seconds_behind(NOW) is None


def test_a_deployment_nobody_asks_has_a_rate_of_zero() -> None:
    windows_add(entries=[entry(1, row("captions"), to=1_000_000_004)])
    assert present_numbers(["digits"], NOW)["digits"].rate == 0.0


def test_the_numbers_are_unknown_again_once_every_gateway_fell_silent() -> None:
    windows_add(entries=[entry(1, row(), to=1_000_000_004 - 30)])
    assert present_numbers(["digits"], NOW)["digits"].rate is None


def test_the_present_covers_the_last_ten_seconds() -> None:
    windows_add(entries=[entry(1, row(requests=100), to=999_999_995), entry(2, row(requests=30), to=1_000_000_004)])
    numbers = present_numbers(["digits", FLEET], NOW)
    assert numbers["digits"].rate == pytest.approx((30 + 100 / 2) / 10)
    assert numbers["digits"].p95 == 10.0
    assert numbers[FLEET].rate == numbers["digits"].rate


def test_the_hour_ends_with_the_present_numbers() -> None:
    windows_add(entries=[entry(1, row(requests=20), to=999_999_985), entry(2, row(requests=10), to=1_000_000_004)])
    lines = deployment_series("digits", NOW)
    assert len(lines.at) == 360
    assert lines.rates[1][-3:] == [2.0, None, 1.0]
    assert (lines.p95[-3:], len(lines.p95)) == ([10.0, None, 10.0], 360)


def test_a_sparkline_has_a_point_a_minute_over_the_part_in_which_somebody_was_heard() -> None:
    minute = 999_999_960  # starts a minute; NOW lies in it
    windows_add(entries=[entry(1, row(requests=120), to=minute - 30), entry(2, to=minute - 90)])
    assert sparklines(NOW)["digits"][-3:] == [None, 0.0, 12.0]


def test_seconds_behind_is_the_age_of_the_newest_report() -> None:
    windows_add(entries=[entry(1, to=1_000_000_003), entry(2, to=1_000_000_004)])
    assert seconds_behind(NOW) == 1.0
