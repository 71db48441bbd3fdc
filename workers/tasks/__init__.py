"""Celery tasks, a file an app: each takes ids, calls one service and returns."""

from workers.tasks import core, deployments, drift, monitoring, webhooks

__all__ = ["core", "deployments", "drift", "monitoring", "webhooks"]
