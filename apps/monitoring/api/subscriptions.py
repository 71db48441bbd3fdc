"""Which alerts you are sent by mail, over REST, and what came of each mail."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.permissions import actor_of
from apps.monitoring import access, services
from apps.monitoring.models import AlertMail, MailTry, Subscription
from apps.monitoring.rules.findings import Severity

_SEVERITIES = [each.value for each in Severity]
_FROM = "`page` for pages alone, `ticket` for all."


class SubscriptionSerializer(serializers.ModelSerializer[Subscription]):
    class Meta:
        model = Subscription
        fields = ["id", "deployment", "severity", "created_at"]


class SubscriptionChange(serializers.Serializer[Any]):
    severity = serializers.ChoiceField(choices=_SEVERITIES, help_text=_FROM)


class SubscriptionQuestion(serializers.Serializer[Any]):
    deployment = serializers.SlugField(
        max_length=63, required=False, allow_blank=True, default="", help_text="Empty for every deployment."
    )
    severity = serializers.ChoiceField(
        choices=_SEVERITIES, required=False, default=Severity.TICKET.value, help_text=_FROM
    )


class MailTrySerializer(serializers.ModelSerializer[MailTry]):
    class Meta:
        model = MailTry
        fields = ["at", "seconds", "problem"]


class MailSerializer(serializers.ModelSerializer[AlertMail]):
    user = serializers.CharField(source="user.username", read_only=True)
    attempts = MailTrySerializer(source="log", many=True, read_only=True)

    class Meta:
        model = AlertMail
        fields = ["id", "alert", "user", "address", "message_id", "subject", "body", "state", "created_at"]
        fields += ["finished_at", "attempts"]


class AlertsView(APIView):
    """What the views share: a key may write here with the scope `alerts:write`."""

    write_scope = "alerts:write"


class SubscriptionList(generics.ListAPIView[Subscription], AlertsView):
    """Your subscriptions, newest first."""

    serializer_class = SubscriptionSerializer
    queryset = Subscription.objects.none()

    def get_queryset(self) -> Any:
        return access.subscriptions_of(actor_of(self.request))

    @extend_schema(request=SubscriptionQuestion, responses={201: SubscriptionSerializer})
    def post(self, request: Request) -> Response:
        """Be sent alerts, at the address of your account."""
        asked = SubscriptionQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        made = services.subscription_create(actor=actor_of(request), **asked.validated_data)
        return Response(SubscriptionSerializer(made).data, status=201)


class SubscriptionOne(AlertsView):
    """One subscription of yours."""

    @extend_schema(request=SubscriptionChange, responses=SubscriptionSerializer)
    def patch(self, request: Request, subscription_id: int) -> Response:
        """Be sent them from another severity on."""
        subscription = access.subscription_for(actor_of(request), subscription_id)
        asked = SubscriptionChange(data=request.data)
        asked.is_valid(raise_exception=True)
        changed = services.subscription_update(
            actor=actor_of(request), subscription=subscription, **asked.validated_data
        )
        return Response(SubscriptionSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, subscription_id: int) -> Response:
        """Be sent no more of them."""
        subscription = access.subscription_for(actor_of(request), subscription_id)
        services.subscription_delete(actor=actor_of(request), subscription=subscription)
        return Response(status=204)


class MailList(generics.ListAPIView[AlertMail], AlertsView):
    """The mails to you, newest first, with every try; kept for 30 days. A superuser sees everybody's."""

    serializer_class = MailSerializer
    queryset = AlertMail.objects.none()

    def get_queryset(self) -> Any:
        return access.mails_for(actor_of(self.request))


class MailResend(AlertsView):
    """Once more."""

    @extend_schema(request=None, responses={202: MailSerializer})
    def post(self, request: Request, mail_id: UUID) -> Response:
        """Send it again, under the same Message-ID."""
        again = services.mail_resend(actor=actor_of(request), mail_id=mail_id)
        return Response(MailSerializer(again).data, status=202)
