"""Reading the audit trail over REST."""

from typing import Any

from rest_framework import generics, serializers

from apps.core.models import AuditEntry


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    actor = serializers.CharField(source="actor_name")

    class Meta:
        model = AuditEntry
        fields = ["sequence", "at", "actor", "action", "target", "detail", "hash"]


class AuditList(generics.ListAPIView[AuditEntry]):
    """The audit trail, newest first; `?target=` narrows it to one object, as `<kind>:<name>`."""

    serializer_class = AuditEntrySerializer

    def get_queryset(self) -> Any:
        target = self.request.query_params.get("target")
        entries = AuditEntry.objects.order_by("-sequence")
        return entries.filter(target=target) if target else entries
