"""Models that learn anew: training jobs, and candidates measured beside what they would replace."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "apps.training"
    label = "training"
