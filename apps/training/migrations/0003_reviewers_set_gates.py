"""Reviewers of installations that were set up earlier may set gates, as those of new ones do.

Once: `manage.py setup` leaves a group as somebody made it, and so would an administrator who takes them away again find
it. Rights come into being after the migrations of an app, so those of an installation that had no training yet are made
here, as Django would.
"""

from typing import Any

from django.db import migrations

RIGHTS = {"view_gatepolicy": "view", "add_gatepolicy": "add", "change_gatepolicy": "change"}


def rights_give(apps: Any, schema_editor: Any) -> None:
    reviewers = apps.get_model("auth", "Group").objects.filter(name="reviewer").first()
    if reviewers is None:
        return
    permissions = apps.get_model("auth", "Permission").objects
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="training", model="gatepolicy"
    )
    for codename, verb in RIGHTS.items():
        named = {"name": f"Can {verb} gate policy"}
        right, _ = permissions.get_or_create(content_type=kind, codename=codename, defaults=named)
        reviewers.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("training", "0002_retraining"),
    ]

    operations = [migrations.RunPython(rights_give, migrations.RunPython.noop, elidable=True)]
