"""Old windows go, young ones stay."""

from datetime import timedelta

import pytest

from apps.core.clock import now
from apps.monitoring.models import GatewayReport, MetricWindow
from apps.monitoring.services import KEEP, windows_add, windows_expire
from tests.monitoring.entries import entry, row


@pytest.mark.django_db
def test_what_is_older_than_its_keep_is_deleted_and_the_rest_stays() -> None:
    old = (now() - KEEP - timedelta(minutes=1)).timestamp()
    young = (now() - KEEP + timedelta(minutes=1)).timestamp()
    windows_add(entries=[entry(1, row(), to=old, gateway="old"), entry(1, row(), to=young, gateway="young")])
    assert windows_expire() == 2
    assert {window.deployment for window in MetricWindow.objects.all()} == {"", "digits"}
    assert [report.gateway for report in GatewayReport.objects.all()] == ["young"]
