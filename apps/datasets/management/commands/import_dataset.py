"""Freezes a directory of this machine as a dataset version, by the same service as everything else."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import QuartetError
from apps.core.models import User
from apps.datasets.access import version_named
from apps.datasets.services import directory_freeze


class Command(BaseCommand):
    """`manage.py import_dataset DIR --name digits --actor ada`."""

    help = (
        "Freeze the samples of DIR/samples.jsonl, a line each: "
        '{"inputs": {"image": "7.png", "caption": {"text": "seven"}}, "label": "7", "slices": ["clean"]}.'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument("--name", required=True, help="the dataset, which is made if it is not there")
        parser.add_argument("--actor", required=True, help="the user in whose name it is done")
        parser.add_argument(
            "--without",
            action="append",
            default=[],
            metavar="NAME/NUMBER",
            help="leave out what is in this version",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        actor = User.objects.filter(username=options["actor"]).first()
        if actor is None:
            raise CommandError(f"There is no user '{options['actor']}'.")
        try:
            version, is_new = directory_freeze(
                actor=actor,
                name=options["name"],
                directory=options["directory"],
                without=[version_named(actor, each) for each in options["without"]],
            )
        except QuartetError as error:
            raise CommandError(f"{error.message} {error.remedy}") from error
        told = "frozen" if is_new else "was frozen before"
        self.stdout.write(f"{version} {told}: {version.samples_count} samples, {version.digest}")
