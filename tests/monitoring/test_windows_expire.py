"""Old windows go, young ones and those that are not rolled up stay."""

from datetime import timedelta

import pytest

from apps.core.clock import now
from apps.monitoring.models import GatewayReport, MetricWindow
from apps.monitoring.rules import KEEP
from apps.monitoring.services import windows_add, windows_expire, windows_roll
from apps.monitoring.services.rollup import KEEP_GATEWAYS
from tests.monitoring.entries import entry, row

pytestmark = pytest.mark.django_db


def _ago(keep: timedelta, margin: timedelta) -> float:
    return (now() - keep + margin).timestamp()


@pytest.mark.parametrize("step", [1, 10, 60])
def test_what_is_older_than_its_keep_is_deleted_and_the_rest_stays(step: int) -> None:
    margin = timedelta(minutes=2)
    old, young = _ago(KEEP[step], -margin), _ago(KEEP[step], margin)
    windows_add(entries=[entry(1, row("old"), to=old), entry(2, row("young"), to=young)])
    windows_roll()
    windows_expire()
    left = MetricWindow.objects.filter(step=step).exclude(deployment="").values_list("deployment", flat=True)
    assert list(left) == ["young"]


def test_what_is_not_rolled_up_is_kept_until_it_is() -> None:
    windows_add(entries=[entry(1, row(), to=_ago(KEEP[1], -timedelta(minutes=2)))])
    assert windows_expire() == 0
    windows_roll()
    assert windows_expire() > 0
    assert MetricWindow.objects.get(step=60, deployment="digits").requests == 1


def test_a_gateway_that_was_not_heard_for_long_is_forgotten() -> None:
    margin = timedelta(minutes=2)
    for gateway, sign in (("old", -1), ("young", 1)):
        windows_add(entries=[entry(1, to=_ago(KEEP_GATEWAYS, sign * margin), gateway=gateway)])
    windows_expire()
    assert [report.gateway for report in GatewayReport.objects.all()] == ["young"]
