"""The address Prometheus scrapes; included at `metrics`."""

from django.urls import path

from apps.monitoring.api import Metrics

urlpatterns = [path("", Metrics.as_view(), name="metrics")]
