"""Writes of this app, a file a noun; other apps and the workers import them from here."""

from apps.monitoring.services.accuracy import accuracy_expire, accuracy_fold
from apps.monitoring.services.windows import KEEP, windows_add, windows_expire

__all__ = ["KEEP", "accuracy_expire", "accuracy_fold", "windows_add", "windows_expire"]
