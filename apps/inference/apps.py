"""Who may ask for predictions, and where their requests go."""

from django.apps import AppConfig


class InferenceConfig(AppConfig):
    name = "apps.inference"
    label = "inference"

    def ready(self) -> None:
        from apps.inference import schema  # noqa: F401  registers the key with the OpenAPI schema
