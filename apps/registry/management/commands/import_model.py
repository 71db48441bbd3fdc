"""Registers a directory of this machine as a model version, by the same door as REST."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import NotFound, QuartetError
from apps.core.models import User
from apps.registry import access, services
from apps.registry.models import AliasRequest, ModelVersion, RegisteredModel, Upload


class Command(BaseCommand):
    """`manage.py import_model DIR --name digits --actor ada`."""

    help = "Register a directory as the next version of a model, which is made if it is not there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument("--name", required=True, help="the registered model")
        parser.add_argument("--actor", required=True, help="the user in whose name it is done")
        parser.add_argument("--alias", help="point this alias at it")
        parser.add_argument("--dataset", default="", help="lineage: what it was trained on")
        parser.add_argument("--code", default="", help="lineage: what trained it")
        parser.add_argument("--notes", default="", help="lineage: anything else")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version, created = self._register(options)
        except QuartetError as error:
            raise CommandError(f"{error.message} {error.remedy}") from error
        self.stdout.write(f"{version} {'registered' if created else 'was registered before'} {version.digest}")
        if version.alias_requests.filter(alias=options["alias"], state=AliasRequest.State.REQUESTED).exists():
            self.stdout.write(f"@{options['alias']} is protected: pointing it at {version} waits for approval.")

    def _register(self, options: dict[str, Any]) -> tuple[ModelVersion, bool]:
        files = self._files(options["directory"])
        actor = User.objects.filter(username=options["actor"]).first()
        if actor is None:
            raise CommandError(f"There is no user '{options['actor']}'.")
        model = _model(actor, options["name"])
        upload = services.upload_start(actor=actor, model=model)
        try:
            for path, location in files.items():
                _send(actor, upload, path, location)
            lineage = {key: options[key] for key in ("dataset", "code", "notes")}
            return services.version_register(
                actor=actor, model=model, upload=upload, lineage=lineage, alias=options["alias"]
            )
        except Exception:
            services.upload_discard(actor=actor, upload=upload)
            raise

    def _files(self, directory: Path) -> dict[str, Path]:
        """Locations by path; hidden files and Python's caches, which working copies are full of, are left out."""
        if not directory.is_dir():
            raise CommandError(f"{directory} is not a directory.")
        files = {}
        for location in sorted(path for path in directory.rglob("*") if path.is_file()):
            names = location.relative_to(directory).parts
            if any(name.startswith(".") or name == "__pycache__" for name in names):
                self.stderr.write(f"Left out: {'/'.join(names)}")
            else:
                files["/".join(names)] = location
        return files


def _model(actor: User, name: str) -> RegisteredModel:
    try:
        return access.model_to_publish(actor, name)
    except NotFound:
        return services.model_create(actor=actor, name=name)


def _send(actor: User, upload: Upload, path: str, location: Path) -> None:
    with location.open("rb") as stream:
        length = location.stat().st_size
        services.upload_write(actor=actor, upload=upload, path=path, stream=stream, length=length)
