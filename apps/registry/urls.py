"""REST addresses of the registry."""

from django.urls import path

from apps.registry.api.aliases import AliasDetail, AliasMoves, AliasRequests
from apps.registry.api.catalogue import ModelDetail, ModelList, VersionDetail, VersionList
from apps.registry.api.uploads import UploadDetail, UploadFile, UploadStart

urlpatterns = [
    path("models", ModelList.as_view(), name="model-list"),
    path("models/<slug:name>", ModelDetail.as_view(), name="model-detail"),
    path("models/<slug:name>/uploads", UploadStart.as_view(), name="upload-start"),
    path("models/<slug:name>/versions", VersionList.as_view(), name="version-list"),
    path("models/<slug:name>/versions/<str:ref>", VersionDetail.as_view(), name="version-detail"),
    path("models/<slug:name>/aliases/<slug:alias>", AliasDetail.as_view(), name="alias-detail"),
    path("models/<slug:name>/aliases/<slug:alias>/moves", AliasMoves.as_view(), name="alias-moves"),
    path("models/<slug:name>/aliases/<slug:alias>/requests", AliasRequests.as_view(), name="alias-requests"),
    path("uploads/<uuid:pk>", UploadDetail.as_view(), name="upload-detail"),
    path("uploads/<uuid:pk>/files/<path:path>", UploadFile.as_view(), name="upload-file"),
]
