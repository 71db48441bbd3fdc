"""What Prometheus reads at /metrics, worked out of the database at each scrape: every copy of the web process gives the
same answer, which sums over all gateways and does not go down when one of them starts anew."""

import re
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from apps.monitoring.exposition import fleet, others, totals
from apps.monitoring.exposition.counted import counted

#: Triton's counters have no `_total`, so the library does not know them for counters.
_TRITONS = re.compile(rb"^# TYPE (nv_inference_\w+(?<!pending_request_count)) untyped$", re.MULTILINE)

#: What later apps tell besides: each adds its own when it is set up (AppConfig.ready).
SOURCES: list[Callable[[], Iterable[Metric]]] = []


class _Everything(Collector):
    def collect(self) -> Iterator[Metric]:
        for source in SOURCES:
            yield from source()
        yield from fleet.families()
        revisions = counted()
        yield from totals.families(revisions)
        yield from others.families(revisions)


def page() -> bytes:
    """The page as it is now, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Everything())
    return _TRITONS.sub(rb"# TYPE \1 counter", generate_latest(registry))
