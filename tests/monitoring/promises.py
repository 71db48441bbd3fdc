"""Objectives and the minutes they are judged by, and what came of them, for tests."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from apps.core.clock import now
from apps.core.models import OutboxEvent
from apps.deployments.models import Deployment
from apps.monitoring.models import FLEET, Alert, GatewayReport, MetricWindow, Objective
from apps.monitoring.rules.sketches import encode
from apps.monitoring.services import objective_create
from tests.world import World
from workers.serving import sketch


def sketched(times: Mapping[float, int]) -> dict[int, int]:
    """Milliseconds -> how many took so long, as a sketch."""
    return sketch.noted((float(each), count) for each, count in times.items())


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
    latency, usual = of.pop("latency", None), {"requests": requests}
    if latency is not None:
        of["sketches"] = encode({"latency": sketched(latency)})
    rows = [
        MetricWindow(step=60, start=end - timedelta(minutes=back), deployment=deployment, revision=1, **(usual | of))
        for back in range(minutes)
    ]
    fields = ["requests", "errors", "sketches"]
    same = {"unique_fields": ["deployment", "step", "start", "revision"], "update_fields": fields}
    MetricWindow.objects.bulk_create(rows, update_conflicts=True, **same)
    heard(minutes=minutes, ago=ago, at=at)


def heard(*, minutes: int, ago: int = 0, at: datetime | None = None) -> None:
    """A gateway was, in each of these minutes."""
    end = (at or now()).replace(second=0, microsecond=0) - timedelta(minutes=ago)
    starts = [end - timedelta(minutes=back) for back in range(minutes)]
    rows = [MetricWindow(step=60, start=start, deployment=FLEET, revision=0, heard=60) for start in starts]
    MetricWindow.objects.bulk_create(rows, ignore_conflicts=True)
    reported = (at or now()) - timedelta(minutes=ago)
    GatewayReport.objects.update_or_create(gateway="gw-1", defaults={"reported_at": reported})


def open_alerts() -> list[Alert]:
    """Those that were raised and not resolved."""
    return list(Alert.objects.filter(resolved_at=None).exclude(raised_at=None).order_by("pk"))


def told() -> list[tuple[str, str]]:
    """(kind, message) of what people were told, in order."""
    events = OutboxEvent.objects.filter(name="monitoring.alert_told").order_by("pk")
    return [(event.payload["kind"], event.payload["message"]) for event in events]


def together(act: Any, times: int = 4) -> None:
    """At the same moment, each on a connection of its own."""
    start, failed = threading.Barrier(times), []

    def one() -> None:
        try:
            start.wait()
            act()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
