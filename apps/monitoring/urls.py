"""The address Prometheus scrapes; metrics, accuracy, objectives and alerts over REST."""

from django.urls import path

from apps.monitoring.api.accuracy import DeploymentAccuracy
from apps.monitoring.api.alerts import AlertAcknowledge, AlertList, AlertOne
from apps.monitoring.api.metrics import Metrics
from apps.monitoring.api.objectives import ObjectiveList, ObjectiveOne
from apps.monitoring.api.series import DeploymentMetrics
from apps.monitoring.api.subscriptions import MailList, MailResend, SubscriptionList, SubscriptionOne

_DEPLOYMENT = "api/v1/deployments/<slug:name>"

urlpatterns = [
    path("metrics", Metrics.as_view(), name="metrics"),
    path(f"{_DEPLOYMENT}/accuracy", DeploymentAccuracy.as_view(), name="deployment-accuracy"),
    path(f"{_DEPLOYMENT}/metrics", DeploymentMetrics.as_view(), name="deployment-metrics"),
    path(f"{_DEPLOYMENT}/objectives", ObjectiveList.as_view(), name="objective-list"),
    path(f"{_DEPLOYMENT}/objectives/<int:objective_id>", ObjectiveOne.as_view(), name="objective-detail"),
    path("api/v1/alerts", AlertList.as_view(), name="alert-list"),
    path("api/v1/alerts/<uuid:alert_id>", AlertOne.as_view(), name="alert-detail"),
    path("api/v1/alerts/<uuid:alert_id>/acknowledge", AlertAcknowledge.as_view(), name="alert-acknowledge"),
    path("api/v1/alert-subscriptions", SubscriptionList.as_view(), name="subscription-list"),
    path("api/v1/alert-subscriptions/<int:subscription_id>", SubscriptionOne.as_view(), name="subscription-detail"),
    path("api/v1/alert-mails", MailList.as_view(), name="mail-list"),
    path("api/v1/alert-mails/<uuid:mail_id>/resend", MailResend.as_view(), name="mail-resend"),
]
