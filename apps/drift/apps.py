"""Whether what a deployment is asked still looks like what its version was measured on."""

from django.apps import AppConfig


class DriftConfig(AppConfig):
    name = "apps.drift"
    label = "drift"

    def ready(self) -> None:
        """Have Prometheus told of drift, too."""
        from apps.drift.exposition import families
        from apps.monitoring.exposition import SOURCES

        SOURCES.append(families)
