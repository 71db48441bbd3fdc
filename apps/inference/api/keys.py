"""Keys over REST. A key cannot make keys: no scope covers it, so only a signed-in person can."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.permissions import SCOPES, actor_of
from apps.inference.models import ApiKey
from apps.inference.services import key_create, key_revoke, key_rotate


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=list(SCOPES.items())))
    deployments = serializers.ListField(child=serializers.CharField(), required=False)

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "prefix",
            "scopes",
            "deployments",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        ]
        read_only_fields = ["id", "prefix", "created_at", "last_used_at", "revoked_at"]
        extra_kwargs = {
            "expires_at": {"help_text": "Left out: after QUARTET_KEY_DAYS days. null: never."},
            "last_used_at": {"help_text": "When it last opened REST, to the minute; gateways do not tell."},
        }
        #: One name in use once is the service's rule; it alone knows the key's owner.
        validators: list[Any] = []


class NewKeySerializer(ApiKeySerializer):
    key = serializers.CharField(read_only=True, help_text="The key itself: shown this once.")

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]


class KeyList(generics.ListAPIView[ApiKey]):
    """Your keys."""

    serializer_class = ApiKeySerializer

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return ApiKey.objects.none()
        return ApiKey.objects.filter(user=actor_of(self.request))

    @extend_schema(request=ApiKeySerializer, responses={201: NewKeySerializer})
    def post(self, request: Request) -> Response:
        """Make a key that acts for you."""
        data = ApiKeySerializer(data=request.data)
        data.is_valid(raise_exception=True)
        key, text = key_create(actor=actor_of(request), **data.validated_data)
        shown_once = {**ApiKeySerializer(key).data, "key": text}
        return Response(shown_once, status=status.HTTP_201_CREATED)


class KeyRotateQuestion(serializers.Serializer[Any]):
    overlap_s = serializers.IntegerField(
        default=3600, min_value=0, max_value=7 * 86_400, help_text="Seconds for which the old key goes on."
    )


class KeyRotate(APIView):
    """Replace one of your keys."""

    @extend_schema(request=KeyRotateQuestion, responses={201: NewKeySerializer})
    def post(self, request: Request, key_id: int) -> Response:
        """Make a key with the same name and reach; the old one ends after a while."""
        asked = KeyRotateQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        overlap = timedelta(seconds=asked.validated_data["overlap_s"])
        key, text = key_rotate(actor=actor_of(request), key_id=key_id, overlap=overlap)
        return Response({**ApiKeySerializer(key).data, "key": text}, status=status.HTTP_201_CREATED)


class KeyDetail(APIView):
    """One key of yours."""

    @extend_schema(responses=ApiKeySerializer)
    def delete(self, request: Request, key_id: int) -> Response:
        """Revoke the key for good."""
        return Response(ApiKeySerializer(key_revoke(actor=actor_of(request), key_id=key_id)).data)
