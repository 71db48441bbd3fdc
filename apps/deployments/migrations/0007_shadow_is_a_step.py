"""The shadow counts as the first step of a plan: rollouts that came out of it are one step further by that count."""

from django.db import migrations
from django.db.models import F


def count(state, schema_editor, by):
    rollouts = state.get_model("deployments", "Rollout").objects
    rollouts.filter(state="canary", to_revision__spec__strategy="shadow").update(step=F("step") + by)


def forward(state, schema_editor):
    count(state, schema_editor, 1)


def backward(state, schema_editor):
    count(state, schema_editor, -1)


class Migration(migrations.Migration):
    dependencies = [("deployments", "0006_shadow")]

    operations = [migrations.RunPython(forward, backward)]
