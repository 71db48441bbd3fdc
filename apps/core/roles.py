"""The groups a new installation starts with; an administrator may change them afterwards.

A right that a role is given later reaches existing groups by a migration, once: see 0003 of training.
"""

from django.contrib.auth.models import Group, Permission
from django.core.management.base import CommandError

#: Role -> permissions, `app.codename`.
ROLES = {
    "publisher": (
        "registry.publish_model",
        "registry.publish_code",
        "datasets.freeze_datasetversion",
        "training.run_trainingjob",
    ),
    "operator": ("deployments.operate_deployment", "deployments.view_deployment", "inference.delete_prediction"),
    "reviewer": (
        "approvals.decide_approvalrequest",
        "approvals.view_approvalrequest",
        "approvals.view_decision",
        "training.view_gatepolicy",
        "training.add_gatepolicy",
        "training.change_gatepolicy",
    ),
}


def roles_create() -> list[str]:
    """Create the groups that are missing and return their names; existing ones are left as somebody made them."""
    created = []
    for name, permissions in ROLES.items():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            group.permissions.set(_permission(full_name) for full_name in permissions)
            created.append(name)
    return created


def _permission(full_name: str) -> Permission:
    app, codename = full_name.split(".")
    try:
        return Permission.objects.get(content_type__app_label=app, codename=codename)
    except Permission.DoesNotExist as error:
        raise CommandError(f"Role permission {full_name} does not exist; run 'manage.py migrate' first.") from error
