"""Writes of this app, a file a noun; other apps and the workers import them from here."""

from apps.datasets.services.archive import archive_freeze
from apps.datasets.services.assets import PARTS, TURN, Content, assets_expire, assets_forget, assets_keep
from apps.datasets.services.directory import directory_freeze
from apps.datasets.services.versions import samples_erase, version_freeze

__all__ = [
    "PARTS",
    "TURN",
    "Content",
    "archive_freeze",
    "assets_expire",
    "assets_forget",
    "assets_keep",
    "directory_freeze",
    "samples_erase",
    "version_freeze",
]
