"""Addresses of the pages."""

from django.urls import path

from apps.console import views

app_name = "console"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("deployments/", views.deployments, name="deployments"),
    path("deployments/<slug:name>/", views.deployment, name="deployment"),
    path("deployments/<slug:name>/rollback", views.rollback, name="rollback"),
    path("models/", views.models, name="models"),
    path("models/<slug:name>/", views.model, name="model"),
    path("models/<slug:name>/versions/<int:number>/", views.version, name="version"),
    path("training/", views.training, name="training"),
    path("training/<uuid:pk>/", views.job, name="job"),
    path("training/<uuid:pk>/cancel", views.cancel, name="cancel"),
    path("nodes/", views.nodes, name="nodes"),
    path("audit/", views.audit, name="audit"),
]
