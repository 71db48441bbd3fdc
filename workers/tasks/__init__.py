"""Celery tasks, a file an app: each takes ids, calls one service and returns."""

from workers.tasks import core, deployments, training, webhooks

__all__ = ["core", "deployments", "training", "webhooks"]
