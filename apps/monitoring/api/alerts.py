"""Alerts over REST: to list, to look at, and to say that somebody sees to one."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.permissions import actor_of, allowed_deployments
from apps.monitoring.access import alert_for, alert_to_acknowledge, alerts_for
from apps.monitoring.models import Alert
from apps.monitoring.rules.findings import RULES, Severity
from apps.monitoring.selectors import alerts_list
from apps.monitoring.services import alert_acknowledge

_STATES = ["open", "resolved"]


class AlertSerializer(serializers.ModelSerializer[Alert]):
    state = serializers.SerializerMethodField()
    acknowledged_by = serializers.CharField(source="acknowledged_by.username", read_only=True, default=None)

    class Meta:
        model = Alert
        fields = [
            "id",
            "state",
            "severity",
            "rule",
            "deployment",
            "group",
            "title",
            "text",
            "fault",
            "remedy",
            "since",
            "raised_at",
            "updated_at",
            "resolved_at",
            "resolution",
            "acknowledged_by",
            "acknowledged_at",
            "comment",
        ]

    def get_state(self, alert: Alert) -> str:
        """`open` or `resolved`."""
        return "open" if alert.open else "resolved"


class AlertsQuestion(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=_STATES, required=False)
    deployment = serializers.SlugField(max_length=63, required=False, default="")
    severity = serializers.ChoiceField(choices=[each.value for each in Severity], required=False, default="")
    rule = serializers.ChoiceField(choices=list(RULES), required=False, default="")


class AcknowledgeQuestion(serializers.Serializer[Any]):
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class AlertList(generics.ListAPIView[Alert]):
    """Alerts, newest first; `state`, `deployment`, `severity` and `rule` narrow them."""

    serializer_class = AlertSerializer
    queryset = Alert.objects.none()

    def get_queryset(self) -> Any:
        asked = AlertsQuestion(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        state = asked.validated_data.pop("state", None)
        found = alerts_list(**asked.validated_data, open=None if state is None else state == "open")
        return alerts_for(allowed_deployments(self.request), found)

    @extend_schema(parameters=[AlertsQuestion])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List alerts."""
        return super().get(request, *args, **kwargs)


class AlertOne(APIView):
    """One alert."""

    @extend_schema(responses=AlertSerializer)
    def get(self, request: Request, alert_id: UUID) -> Response:
        """Show it."""
        return Response(AlertSerializer(alert_for(allowed_deployments(request), alert_id)).data)


class AlertAcknowledge(APIView):
    """Somebody sees to it."""

    write_scope = "alerts:write"

    @extend_schema(request=AcknowledgeQuestion, responses=AlertSerializer)
    def post(self, request: Request, alert_id: UUID) -> Response:
        """Say that you see to it, and what you know."""
        asked = AcknowledgeQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        alert = alert_to_acknowledge(actor_of(request), allowed_deployments(request), alert_id)
        acknowledged = alert_acknowledge(actor=actor_of(request), alert=alert, **asked.validated_data)
        return Response(AlertSerializer(acknowledged).data)
