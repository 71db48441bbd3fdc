"""Writes of this app, a file a noun; other apps and the workers import them from here."""

from apps.monitoring.services.accuracy import accuracy_expire, accuracy_fold
from apps.monitoring.services.rollup import windows_expire, windows_roll
from apps.monitoring.services.windows import windows_add

__all__ = ["accuracy_expire", "accuracy_fold", "windows_add", "windows_expire", "windows_roll"]
