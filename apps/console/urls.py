"""Addresses of the pages."""

from django.urls import path

from apps.console import actions, approvals, drift, kept, views

app_name = "console"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("deployments/", views.deployments, name="deployments"),
    path("deployments/<slug:name>/", views.deployment, name="deployment"),
    path("deployments/<slug:name>/rollback", views.rollback, name="rollback"),
    path("deployments/<slug:name>/rollout", actions.rollout_act, name="rollout"),
    path("deployments/<slug:name>/unmute", views.unmute, name="unmute"),
    path("deployments/<slug:name>/retrain", actions.retrain, name="retrain"),
    path("models/", views.models, name="models"),
    path("models/<slug:name>/", views.model, name="model"),
    path("models/<slug:name>/versions/<int:number>/", views.version, name="version"),
    path("deployments/<slug:name>/drift", drift.run_now, name="drift-run-now"),
    path("drift/", drift.runs, name="drift-runs"),
    path("drift/<int:number>/", drift.run, name="drift-run"),
    path("drift/<int:number>/report/", drift.report, name="drift-report"),
    path("drift/<int:number>/report/make", drift.report_make, name="drift-report-make"),
    path("drift/<int:number>/report/content", drift.report_content, name="drift-report-content"),
    path("kept/<uuid:prediction>/<str:name>/<int:sample>", kept.kept_input, name="kept-input"),
    path("training/", views.training, name="training"),
    path("training/<uuid:pk>/", views.job, name="job"),
    path("training/<uuid:pk>/cancel", views.cancel, name="cancel"),
    path("nodes/", views.nodes, name="nodes"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<uuid:pk>/", approvals.approval, name="approval"),
    path("approvals/<uuid:pk>/decide", approvals.decide, name="approval-decide"),
    path("approvals/<uuid:pk>/comment", approvals.comment, name="approval-comment"),
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/<uuid:alert_id>/", views.alert, name="alert"),
    path("alerts/<uuid:alert_id>/acknowledge", views.acknowledge, name="acknowledge"),
    path("audit/", views.audit, name="audit"),
]
