"""Makes the commands of the house known to Django, and its Celery application the default one."""

from django.apps import AppConfig


class ControlplaneConfig(AppConfig):
    name = "controlplane"

    def ready(self) -> None:
        from controlplane.celery import app

        # The outbox pokes the relay through Celery's current app: in every process, that is this one.
        app.set_default()
