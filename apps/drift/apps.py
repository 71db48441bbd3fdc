"""Whether what a deployment is asked still looks like what its version was measured on."""

from django.apps import AppConfig


class DriftConfig(AppConfig):
    name = "apps.drift"
    label = "drift"
