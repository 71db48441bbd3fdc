"""The REST edge: dataset versions, and declaring one."""

from apps.datasets.api.views import VersionCreate, VersionDetail, VersionList

__all__ = ["VersionCreate", "VersionDetail", "VersionList"]
