"""What every other app stands on."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"
    verbose_name = "Audit"

    def ready(self) -> None:
        from apps.core import checks  # noqa: F401  registers the system checks
