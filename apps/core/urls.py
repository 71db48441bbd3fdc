"""REST addresses of the audit trail."""

from django.urls import path

from apps.core.views import AuditList

urlpatterns = [path("audit", AuditList.as_view(), name="audit-list")]
