"""Reading the audit trail over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.models import AuditEntry


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    actor = serializers.CharField(source="actor_name")

    class Meta:
        model = AuditEntry
        fields = ["sequence", "at", "actor", "action", "target", "detail", "hash"]


class AuditQuestion(serializers.Serializer[Any]):
    target = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="One object, as <kind>:<name>."
    )


class AuditList(generics.ListAPIView[AuditEntry]):
    """The audit trail, newest first; `?target=` narrows it to one object, as `<kind>:<name>`."""

    serializer_class = AuditEntrySerializer
    queryset = AuditEntry.objects.none()

    def get_queryset(self) -> Any:
        asked = AuditQuestion(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        target = asked.validated_data["target"]
        entries = AuditEntry.objects.order_by("-sequence")
        return entries.filter(target=target) if target else entries

    @extend_schema(parameters=[AuditQuestion])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the audit trail."""
        return super().get(request, *args, **kwargs)
