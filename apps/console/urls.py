"""Addresses of the pages."""

from django.urls import path

from apps.console import approvals, views

app_name = "console"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("deployments/", views.deployments, name="deployments"),
    path("deployments/<slug:name>/", views.deployment, name="deployment"),
    path("deployments/<slug:name>/rollback", views.rollback, name="rollback"),
    path("models/", views.models, name="models"),
    path("models/<slug:name>/", views.model, name="model"),
    path("models/<slug:name>/versions/<int:number>/", views.version, name="version"),
    path("nodes/", views.nodes, name="nodes"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<uuid:pk>/", approvals.approval, name="approval"),
    path("approvals/<uuid:pk>/decide", approvals.decide, name="approval-decide"),
    path("approvals/<uuid:pk>/comment", approvals.comment, name="approval-comment"),
    path("audit/", views.audit, name="audit"),
]
