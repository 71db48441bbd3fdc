"""The roles of an installation: made once with their rights, and afterwards as administrators have them."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from apps.core.models import User
from apps.core.roles import ROLES
from tests.emptying import emptying_allow

GATES = {f"training.{verb}_gatepolicy" for verb in ("view", "add", "change")}


def rights(role: str) -> set[str]:
    found = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in found}


@pytest.mark.django_db
def test_a_new_installation_has_every_role_with_its_rights() -> None:
    call_command("setup", verbosity=0)
    assert {name: rights(name) for name in ROLES} == {name: set(given) for name, given in ROLES.items()}


@pytest.mark.django_db
def test_a_right_that_an_administrator_took_away_stays_away_at_the_next_start() -> None:
    call_command("setup", verbosity=0)
    Group.objects.get(name="reviewer").permissions.remove(Permission.objects.get(codename="add_gatepolicy"))
    call_command("setup", verbosity=0)
    assert rights("reviewer") == set(ROLES["reviewer"]) - {"training.add_gatepolicy"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [True, False], ids=["with training", "before training"])
def test_reviewers_of_an_installation_set_up_earlier_may_set_gates(known: bool) -> None:
    """Also where the update brings training itself, so that its rights are not there yet."""
    MigrationExecutor(connection).migrate([("training", "0002_retraining")])
    before = {name: set(given) - GATES for name, given in ROLES.items()}
    _set_up(before)
    ben = User.objects.create_user("ben")
    ben.groups.add(Group.objects.get(name="reviewer"))
    if not known:
        Permission.objects.filter(codename__in=[each.partition(".")[2] for each in GATES]).delete()
    call_command("setup", verbosity=0)
    emptying_allow()
    assert User.objects.get(pk=ben.pk).has_perms(GATES)
    assert {name: rights(name) for name in ROLES} == {**before, "reviewer": before["reviewer"] | GATES}


def _set_up(roles: dict[str, set[str]]) -> None:
    for name, given in roles.items():
        group = Group.objects.create(name=name)
        for each in given:
            app, _, codename = each.partition(".")
            group.permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
