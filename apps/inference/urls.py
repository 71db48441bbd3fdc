"""REST addresses of API keys."""

from django.urls import path

from apps.inference.api import KeyDetail, KeyList

urlpatterns = [
    path("keys", KeyList.as_view(), name="key-list"),
    path("keys/<int:key_id>", KeyDetail.as_view(), name="key-detail"),
]
