"""Telling other systems what happened, over Standard Webhooks; what is told is the sender's own affair."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "apps.webhooks"
    label = "webhooks"
