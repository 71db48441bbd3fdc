"""Deployments, their rollouts, and the replicas and nodes that serve them."""

from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    name = "apps.deployments"
    label = "deployments"
    verbose_name = "Deployments"

    def ready(self) -> None:
        from apps.deployments import checks  # noqa: F401  registers the system checks
