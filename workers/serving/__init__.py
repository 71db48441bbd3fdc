"""The hot path: gateway, streams and replicas. No Django, no Celery and no app is imported in here (see README.md)."""
