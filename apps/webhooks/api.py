"""Webhook endpoints and their deliveries over REST."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.permissions import actor_of
from apps.webhooks import access, selectors, services
from apps.webhooks.models import Attempt, Delivery, WebhookEndpoint
from apps.webhooks.rules.types import SUBSCRIBABLE

#: Longest that two secrets are signed with side by side, in seconds.
_LONGEST_KEEP = 7 * 86400


class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    name = serializers.SlugField(max_length=63, help_text="Letters, digits, hyphens and underscores; once an owner.")
    url = serializers.CharField(max_length=2000, help_text="Where POSTs go: https, unless the operator allows else.")
    owner = serializers.CharField(source="owner.username", read_only=True)
    events = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        max_length=50,
        help_text=f"Types of events that it is told of, whoever they are about: {', '.join(SUBSCRIBABLE)}.",
    )

    class Meta:
        model = WebhookEndpoint
        fields = [
            "id",
            "name",
            "url",
            "events",
            "active",
            "owner",
            "disabled_reason",
            "failing_since",
            "previous_until",
            "created_at",
        ]
        read_only_fields = ["id", "disabled_reason", "failing_since", "previous_until", "created_at"]
        #: A name once an owner is the service's rule; it alone knows the owner.
        validators: list[Any] = []


class NewEndpointQuestion(EndpointSerializer):
    class Meta(EndpointSerializer.Meta):
        fields = ["name", "url", "events"]


class EndpointWithSecret(EndpointSerializer):
    secret = serializers.CharField(read_only=True, help_text="To verify signatures with: shown this once.")

    class Meta(EndpointSerializer.Meta):
        fields = [*EndpointSerializer.Meta.fields, "secret"]


class RotateQuestion(serializers.Serializer[Any]):
    keep_s = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=_LONGEST_KEEP,
        default=int(services.KEEP_PREVIOUS.total_seconds()),
        help_text="Seconds for which is signed with the present secret as well; a day.",
    )


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    class Meta:
        model = Attempt
        fields = ["at", "seconds", "status", "problem", "answer"]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    attempts = AttemptSerializer(source="log", many=True, read_only=True)
    next_attempt_at = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id",
            "message_id",
            "event_type",
            "body",
            "state",
            "next_attempt_at",
            "created_at",
            "finished_at",
            "attempts",
        ]

    def get_next_attempt_at(self, delivery: Delivery) -> str | None:
        """When it is tried next; null where it is being sent, or will not be."""
        waits = delivery.state == Delivery.State.WAITING and delivery.claim is None
        return delivery.due_at.isoformat() if waits else None


class WebhooksView(APIView):
    """What the views share: a key may write here with the scope `webhooks:write`."""

    write_scope = "webhooks:write"


class EndpointList(generics.ListAPIView[WebhookEndpoint], WebhooksView):
    """Your webhook endpoints, newest first."""

    serializer_class = EndpointSerializer
    queryset = WebhookEndpoint.objects.none()

    def get_queryset(self) -> Any:
        return access.endpoints_of(actor_of(self.request))

    @extend_schema(request=NewEndpointQuestion, responses={201: EndpointWithSecret})
    def post(self, request: Request) -> Response:
        """Make an endpoint; its secret is shown this once."""
        asked = NewEndpointQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        made, secret = services.endpoint_create(actor=actor_of(request), **asked.validated_data)
        return Response(_with_secret(made, secret), status=201)


class EndpointDetail(WebhooksView):
    """One webhook endpoint of yours."""

    @extend_schema(responses=EndpointSerializer)
    def get(self, request: Request, endpoint_id: int) -> Response:
        """Show an endpoint; its secret is not shown again."""
        return Response(EndpointSerializer(access.endpoint_for(actor_of(request), endpoint_id)).data)

    @extend_schema(request=EndpointSerializer, responses=EndpointSerializer)
    def patch(self, request: Request, endpoint_id: int) -> Response:
        """Change its name or URL, switch it off, or on again."""
        asked = EndpointSerializer(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        changed = services.endpoint_update(actor=actor_of(request), endpoint_id=endpoint_id, **asked.validated_data)
        return Response(EndpointSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, endpoint_id: int) -> Response:
        """Delete it, with its deliveries."""
        services.endpoint_delete(actor=actor_of(request), endpoint_id=endpoint_id)
        return Response(status=204)


class SecretRotate(WebhooksView):
    """A new secret."""

    @extend_schema(request=RotateQuestion, responses=EndpointWithSecret)
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Sign with a new secret, shown this once; for a while with the present one as well."""
        asked = RotateQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        keep = timedelta(seconds=asked.validated_data["keep_s"])
        return Response(
            _with_secret(*services.secret_rotate(actor=actor_of(request), endpoint_id=endpoint_id, keep=keep))
        )


class EndpointPing(WebhooksView):
    """A trial."""

    @extend_schema(request=None, responses={202: DeliverySerializer})
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Send a `webhooks.ping`; the delivery tells what came of it."""
        sent = services.endpoint_ping(actor=actor_of(request), endpoint_id=endpoint_id)
        return Response(DeliverySerializer(sent).data, status=202)


class DeliveryList(generics.ListAPIView[Delivery], WebhooksView):
    """What an endpoint was told or is to be told, newest first, with every try; kept for 30 days."""

    serializer_class = DeliverySerializer
    queryset = Delivery.objects.none()

    def get_queryset(self) -> Any:
        return selectors.deliveries_of(actor_of(self.request), self.kwargs["endpoint_id"])


class DeliveryDetail(WebhooksView):
    """One delivery."""

    @extend_schema(responses=DeliverySerializer)
    def get(self, request: Request, endpoint_id: int, delivery_id: UUID) -> Response:
        """Show a delivery with every try."""
        return Response(DeliverySerializer(access.delivery_for(actor_of(request), endpoint_id, delivery_id)).data)


class DeliveryRedeliver(WebhooksView):
    """Once more."""

    @extend_schema(request=None, responses={202: DeliverySerializer})
    def post(self, request: Request, endpoint_id: int, delivery_id: UUID) -> Response:
        """Send it again, under the same `webhook-id`."""
        again = services.delivery_redeliver(actor=actor_of(request), endpoint_id=endpoint_id, delivery_id=delivery_id)
        return Response(DeliverySerializer(again).data, status=202)


def _with_secret(endpoint: WebhookEndpoint, secret: str) -> dict[str, Any]:
    return {**EndpointSerializer(endpoint).data, "secret": secret}
