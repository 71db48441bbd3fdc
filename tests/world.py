"""The cast: Ada owns and operates, Ben reviews, Cy is signed in but holds no role."""

from dataclasses import dataclass

from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from apps.core.models import User
from apps.core.roles import roles_create
from apps.inference.services import key_create


@dataclass
class World:
    ada: User
    ben: User
    cy: User

    @classmethod
    def create(cls) -> "World":
        """The three people with their roles."""
        roles_create()
        return cls(
            ada=_person("ada", "publisher", "operator"),
            ben=_person("ben", "reviewer"),
            cy=_person("cy"),
        )

    def client(self, user: User) -> APIClient:
        """A REST client signed in as `user`."""
        client = APIClient()
        client.force_authenticate(user)
        return client

    def key(self, user: User, *scopes: str) -> str:
        """The text of a new key that acts for `user`."""
        return key_create(actor=user, name=f"key {user.api_keys.count() + 1}", scopes=list(scopes))[1]


def _person(name: str, *roles: str) -> User:
    user = User.objects.create_user(name, f"{name}@example.org", is_staff=bool(roles))
    user.groups.set(Group.objects.filter(name__in=roles))
    return user
