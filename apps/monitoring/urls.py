"""The address Prometheus scrapes, and accuracy over REST."""

from django.urls import path

from apps.monitoring.api.accuracy import DeploymentAccuracy
from apps.monitoring.api.metrics import Metrics

urlpatterns = [
    path("metrics", Metrics.as_view(), name="metrics"),
    path("api/v1/deployments/<slug:name>/accuracy", DeploymentAccuracy.as_view(), name="deployment-accuracy"),
]
