"""Objectives and the minutes they are judged by, for tests."""

from datetime import datetime, timedelta
from typing import Any

from apps.core.clock import now
from apps.deployments.models import Deployment
from apps.monitoring.models import FLEET, Alert, GatewayReport, MetricWindow, Objective
from apps.monitoring.services import objective_create
from tests.world import World


def promised(world: World, deployment: Deployment, kind: str = "availability", **fields: Any) -> Objective:
    """Ada promises 99 % of it."""
    return objective_create(actor=world.ada, deployment=deployment, kind=kind, **({"target": 0.99} | fields))


def traffic(
    deployment: str = "digits",
    *,
    minutes: int,
    ago: int = 0,
    requests: int = 100,
    at: datetime | None = None,
    **of: Any,
) -> None:
    """So many minutes of one window each, the last one `ago` minutes ago; `of` are fields of each window."""
    end = (at or now()).replace(second=0, microsecond=0) - timedelta(minutes=ago)
    rows = [
        MetricWindow(
            start=end - timedelta(minutes=back), deployment=deployment, revision=1, **{"requests": requests, **of}
        )
        for back in range(minutes)
    ]
    same = {"unique_fields": ["deployment", "start", "revision"], "update_fields": ["requests", "errors", "latency"]}
    MetricWindow.objects.bulk_create(rows, update_conflicts=True, **same)
    heard(minutes=minutes, ago=ago, at=at)


def heard(*, minutes: int, ago: int = 0, at: datetime | None = None) -> None:
    """A gateway was, in each of these minutes."""
    end = (at or now()).replace(second=0, microsecond=0) - timedelta(minutes=ago)
    starts = [end - timedelta(minutes=back) for back in range(minutes)]
    rows = [MetricWindow(start=start, deployment=FLEET, revision=0) for start in starts]
    MetricWindow.objects.bulk_create(rows, ignore_conflicts=True)
    reported = (at or now()) - timedelta(minutes=ago)
    GatewayReport.objects.update_or_create(gateway="gw-1", defaults={"reported_at": reported})


def open_alerts() -> list[Alert]:
    """Those that were raised and not resolved."""
    return list(Alert.objects.filter(resolved_at=None).exclude(raised_at=None).order_by("pk"))
