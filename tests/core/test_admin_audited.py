"""Whoever changes in the admin who may do what is in the audit trail, with what changed and never with a password."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from apps.approvals.models import Policy
from apps.core.audit import first_break
from apps.core.models import AuditEntry, User
from tests.world import World

SECRET = "correct horse battery staple"


@pytest.fixture
def root(db: None) -> Client:
    """The admin's session of a superuser called root."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def told() -> list[tuple[str, str, str, str]]:
    """(actor, action, target, changes) of each entry, oldest first; the chain must be whole."""
    assert first_break() is None
    entries = AuditEntry.objects.order_by("sequence")
    return [(e.actor_name, e.action, e.target, e.detail.get("changes", "")) for e in entries]


def save(root: Client, page: str, obj: User | Group, **changed: object) -> None:
    """Send the change form of `obj` back as it came but for `changed`."""
    url = f"/admin/{page}/{obj.pk}/change/"
    form = root.get(url).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields} | changed
    for name in ("last_login", "date_joined"):
        if at := fields.pop(name, None):
            parts = {f"{name}_0": f"{at:%Y-%m-%d}", f"{name}_1": f"{at:%H:%M:%S}"}
            fields |= parts | {f"initial-{part}": value for part, value in parts.items()}
    sent = {name: value for name, value in fields.items() if value not in (None, False)}
    answer = root.post(url, sent)
    assert answer.status_code == 302, answer.context["adminform"].errors


def test_a_policy_made_changed_and_deleted(root: Client) -> None:
    root.post("/admin/approvals/policy/add/", {"kind": "rollout", "approvals_required": 2})
    policy = Policy.objects.get()
    page = f"/admin/approvals/policy/{policy.pk}"
    root.post(f"{page}/change/", {"kind": "rollout", "approvals_required": 1})
    root.post(f"{page}/delete/", {"post": "yes"})
    assert told() == [
        (
            *("root", "policy.created", "policy:rollout"),
            "kind: rollout; scope: none; approvals required: 2; reviewers: none; expires after h: none",
        ),
        ("root", "policy.changed", "policy:rollout", "approvals required: 2 → 1"),
        ("root", "policy.deleted", "policy:rollout", ""),
    ]


def test_saving_without_a_change_is_no_act(root: Client) -> None:
    policy = Policy.objects.create(kind="rollout", approvals_required=2)
    root.post(f"/admin/approvals/policy/{policy.pk}/change/", {"kind": "rollout", "approvals_required": 2})
    assert told() == []


def test_an_account_made_there_without_its_password(root: Client) -> None:
    sent = {"username": "dan", "usable_password": "true", "password1": SECRET, "password2": SECRET}
    root.post("/admin/core/user/add/", sent)
    assert User.objects.get(username="dan").check_password(SECRET)
    assert told() == [("root", "user.created", "user:dan", "username: dan")]


def test_who_joins_and_leaves_a_group(root: Client, world: World) -> None:
    save(root, "core/user", world.cy, groups=[Group.objects.get(name="reviewer").pk])
    assert told() == [("root", "user.changed", "user:cy", "groups: + reviewer")]
    save(root, "core/user", world.cy, groups=[])
    assert told()[-1] == ("root", "user.changed", "user:cy", "groups: - reviewer")


def test_an_account_that_is_switched_off(root: Client, world: World) -> None:
    save(root, "core/user", world.ben, is_active=False)
    assert told() == [("root", "user.changed", "user:ben", "is active: True → False")]


def test_a_password_set_for_somebody_and_not_which(root: Client, world: World) -> None:
    url = f"/admin/core/user/{world.ben.pk}/password/"
    root.post(url, {"usable_password": "true", "password1": "1", "password2": "2"})
    assert told() == [], "refused: nothing happened"
    root.post(url, {"usable_password": "true", "password1": SECRET, "password2": SECRET})
    assert User.objects.get(pk=world.ben.pk).check_password(SECRET)
    assert told() == [("root", "user.password_changed", "user:ben", "")]
    assert SECRET not in str(AuditEntry.objects.get().detail)


def test_what_a_group_may_do(root: Client, world: World) -> None:
    decide = Permission.objects.get(codename="decide_approvalrequest")
    group = Group.objects.create(name="night shift")
    save(root, "auth/group", group, permissions=[decide.pk])
    assert told() == [("root", "group.changed", "group:night shift", f"permissions: + {decide}")]


def test_every_account_of_those_deleted_at_once(root: Client) -> None:
    made = [User.objects.create_user(name) for name in ("eve", "fay")]
    sent = {"action": "delete_selected", "_selected_action": [user.pk for user in made], "post": "yes"}
    root.post("/admin/core/user/", sent)
    assert not User.objects.filter(username__in=["eve", "fay"]).exists()
    assert {entry[1:3] for entry in told()} == {("user.deleted", "user:eve"), ("user.deleted", "user:fay")}


def test_nobody_deletes_themselves_out_of_the_trail(root: Client) -> None:
    myself = User.objects.get(username="root")
    assert root.post(f"/admin/core/user/{myself.pk}/delete/", {"post": "yes"}).status_code == 403
    assert told() == []
