"""Pages across all apps and the one websocket consumer; it reads only and owns no table."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "apps.console"
    label = "console"
