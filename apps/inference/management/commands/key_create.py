"""`manage.py key_create ada ci --scopes models:write,deployments:write`: a key from the shell."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.clock import now
from apps.core.errors import QuartetError
from apps.core.models import User
from apps.inference.services import BY_SETTING, key_create


class Command(BaseCommand):
    help = "Make an API key that acts for a user, and print it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("name")
        parser.add_argument("--days", type=int, help="until it expires; 0 for never; default: QUARTET_KEY_DAYS")
        parser.add_argument("--scopes", default="infer", help="comma-separated; default: infer")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            actor = User.objects.get(username=options["username"])
            _, text = key_create(
                actor=actor,
                name=options["name"],
                scopes=options["scopes"].split(","),
                expires_at=_expiry(options["days"]),
            )
        except User.DoesNotExist as error:
            raise CommandError(f"There is no user '{options['username']}'.") from error
        except QuartetError as error:
            raise CommandError(f"{error.message} {error.remedy}") from error
        self.stdout.write(text)


def _expiry(days: int | None) -> datetime | str | None:
    if days is None:
        return BY_SETTING
    return now() + timedelta(days=days) if days > 0 else None
