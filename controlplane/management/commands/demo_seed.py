"""`manage.py demo_seed`: the demo's people, roles and keys, with fresh one-time passwords, as one JSON line."""

import json
import secrets
from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import transaction

from apps.core import audit
from apps.core.models import User
from apps.core.roles import roles_create
from apps.inference.models import ApiKey
from apps.inference.services import key_create, key_revoke

PEOPLE = {
    "ada": ("publisher", "operator"),
    "ben": ("reviewer",),
}
#: Key name -> scopes. All act for Ada.
KEYS = {
    "ci": ["read", "models:write", "deployments:write", "training:write"],
    "app": ["infer"],
    "labels": ["feedback"],
}


class Command(BaseCommand):
    help = "Create the demo's people and keys, or renew their passwords and keys."

    def handle(self, *args: Any, **options: Any) -> None:
        roles_create()
        passwords = {name: self.person(name, roles) for name, roles in PEOPLE.items()}
        ada = User.objects.get(username="ada")
        keys = {name: self.key(ada, name, scopes) for name, scopes in KEYS.items()}
        self.stdout.write(json.dumps({"passwords": passwords, "keys": keys}))

    def person(self, name: str, roles: tuple[str, ...]) -> str:
        """Make or renew a person; returns the new password."""
        password = secrets.token_urlsafe(9)
        with transaction.atomic():
            user, _ = User.objects.get_or_create(username=name, defaults={"is_staff": True, "first_name": name.title()})
            user.set_password(password)
            user.save(update_fields=["password"])
            user.groups.add(*Group.objects.filter(name__in=roles))
            audit.record(actor=None, action="demo.password_renewed", target=f"user:{name}")
        return password

    def key(self, owner: User, name: str, scopes: list[str]) -> str:
        """Only a key's hash is kept, so each start makes a new one and revokes the last."""
        for old in ApiKey.objects.filter(user=owner, name=f"demo {name}", revoked_at=None):
            key_revoke(actor=owner, key_id=old.pk)
        return key_create(actor=owner, name=f"demo {name}", scopes=scopes)[1]
