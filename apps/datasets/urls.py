"""REST addresses of datasets."""

from django.urls import path

from apps.datasets.api import VersionCreate, VersionDetail, VersionList

urlpatterns = [
    path("datasets", VersionList.as_view(), name="dataset-version-list"),
    path("datasets/<slug:name>/versions", VersionCreate.as_view(), name="dataset-version-create"),
    path("datasets/<slug:name>/versions/<int:number>", VersionDetail.as_view(), name="dataset-version"),
]
