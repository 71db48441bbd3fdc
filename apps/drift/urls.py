"""REST addresses of policies, runs and reference profiles."""

from django.urls import path

from apps.drift.api.reference import VersionReference
from apps.drift.api.runs import DeploymentPolicy, DeploymentRuns, RunDetail

urlpatterns = [
    path("deployments/<slug:name>/drift/policy", DeploymentPolicy.as_view(), name="drift-policy"),
    path("deployments/<slug:name>/drift/runs", DeploymentRuns.as_view(), name="drift-runs"),
    path("drift/runs/<int:pk>", RunDetail.as_view(), name="drift-run"),
    path("models/<slug:name>/versions/<str:ref>/reference", VersionReference.as_view(), name="version-reference"),
]
