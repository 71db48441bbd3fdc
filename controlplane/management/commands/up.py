"""`manage.py up`: everything Quartet needs, on this machine, until Ctrl-C."""

import shlex
import sys
import threading

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from controlplane.embedded.errors import OperatorError
from controlplane.embedded.stack import ROOT, Listen, Stack, running


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
            self._say(f"\nQuartet runs.\n  dashboard  {stack.web_url}\n  gateway    {stack.gateway_url}")
            if nobody_yet(stack):
                self._say(f"Nobody can sign in yet. The first user is made in another terminal:\n{user_command(stack)}")
            self._say("Ctrl-C stops it.\n")
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


def nobody_yet(stack: Stack) -> bool:
    """Whether there is no user at all."""
    with psycopg.connect(stack.environ["DATABASE_URL"], connect_timeout=5) as connection:
        return connection.execute("select 1 from core_user limit 1").fetchone() is None


def user_command(stack: Stack) -> str:
    """Two lines for a shell that make an administrator, who makes the others in the admin."""
    environment, manage = stack.home.run / "environment", ROOT / "manage.py"
    return f"  . {shlex.quote(str(environment))}\n  {shlex.join([sys.executable, str(manage), 'createsuperuser'])}"
