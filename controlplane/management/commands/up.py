"""`manage.py up`: everything Quartet needs, on this machine, until Ctrl-C."""

import threading

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from controlplane.embedded.errors import OperatorError
from controlplane.embedded.stack import Listen, running


class Command(BaseCommand):
    help = "Starts PostgreSQL, Valkey and every Quartet process, watches them, and stops them at Ctrl-C."
    # The checks look at a database that this command is about to start.
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        try:
            self._run()
        except OperatorError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self._say("Everything is stopped.")

    def _run(self) -> None:
        with running(settings.QUARTET_HOME, listen(), self._say) as stack:
            self._say(
                f"\nQuartet runs.\n  dashboard  {stack.web_url}\n  gateway    {stack.gateway_url}\nCtrl-C stops it.\n"
            )
            try:
                threading.Event().wait()
            finally:
                self._say("\nStopping...")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def listen() -> Listen:
    """Where the settings say that web and gateway listen."""
    return Listen(settings.QUARTET_BIND, settings.QUARTET_PORT, settings.QUARTET_GATEWAY_PORT)
