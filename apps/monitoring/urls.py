"""The address Prometheus scrapes, and what is told of a deployment over REST."""

from django.urls import path

from apps.monitoring.api.accuracy import DeploymentAccuracy
from apps.monitoring.api.metrics import Metrics
from apps.monitoring.api.series import DeploymentMetrics

urlpatterns = [
    path("metrics", Metrics.as_view(), name="metrics"),
    path("api/v1/deployments/<slug:name>/accuracy", DeploymentAccuracy.as_view(), name="deployment-accuracy"),
    path("api/v1/deployments/<slug:name>/metrics", DeploymentMetrics.as_view(), name="deployment-metrics"),
]
