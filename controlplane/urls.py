"""Every address of the web process; the gateway has its own."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from controlplane import health

urlpatterns = [
    path("", include("apps.console.urls")),
    path("admin/", admin.site.urls),
    path("login/", LoginView.as_view(template_name="login.html", redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("api/v1/", include("apps.registry.urls")),
    path("api/v1/", include("apps.datasets.urls")),
    path("api/v1/", include("apps.deployments.urls")),
    path("api/v1/", include("apps.inference.urls")),
    path("", include("apps.monitoring.urls")),
    path("api/v1/", include("apps.drift.urls")),
    path("api/v1/", include("apps.training.urls")),
    path("api/v1/", include("apps.approvals.urls")),
    path("api/v1/", include("apps.webhooks.urls")),
    path("api/v1/", include("apps.core.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="api-docs"),
]

handler404 = "controlplane.refusals.not_found"
handler500 = "controlplane.refusals.server_error"
