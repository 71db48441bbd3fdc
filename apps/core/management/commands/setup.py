"""`manage.py setup`: bring the database to the present shape; safe to run again at every start."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from apps.core.roles import roles_create


class Command(BaseCommand):
    help = "Migrate the database and create the roles that are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        for name in roles_create():
            self.stdout.write(f"Created the role '{name}'.")
