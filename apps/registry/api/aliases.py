"""Aliases and their moves."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from apps.registry import access, selectors, services
from apps.registry.api.answers import AliasAnswer, AliasMoveAnswer, answer
from apps.registry.api.questions import AliasQuestion, Reason, checked
from apps.registry.api.view import RegistryView
from apps.registry.models import AliasMove


class AliasDetail(RegistryView):
    """One alias of a model."""

    @extend_schema(responses=AliasAnswer)
    def get(self, request: Request, name: str, alias: str) -> Response:
        """Show what an alias points at."""
        return Response(answer(AliasAnswer, selectors.alias_get(access.model_to_read(self.actor, name), alias)))

    @extend_schema(request=AliasQuestion, responses=AliasAnswer)
    def put(self, request: Request, name: str, alias: str) -> Response:
        """Point an alias at a version."""
        model = access.model_to_publish(self.actor, name)
        asked = checked(AliasQuestion, request.data)
        version = selectors.version_by_ref(model, asked["version"])
        moved = services.alias_move(
            actor=self.actor,
            model=model,
            alias=alias,
            version=version,
            reason=asked["reason"],
            expected=asked.get("expected", services.ANY),
        )
        return Response(answer(AliasAnswer, moved))

    @extend_schema(parameters=[Reason], responses={204: None})
    def delete(self, request: Request, name: str, alias: str) -> Response:
        """Take an alias away; its moves stay."""
        model = access.model_to_publish(self.actor, name)
        services.alias_delete(actor=self.actor, model=model, alias=alias, **checked(Reason, request.query_params))
        return Response(status=204)


class AliasMoves(generics.ListAPIView[AliasMove], RegistryView):
    """Every move of an alias, newest first, also when it was taken away since."""

    serializer_class = AliasMoveAnswer
    queryset = AliasMove.objects.none()

    def get_queryset(self) -> Any:
        model = access.model_to_read(self.actor, self.kwargs["name"])
        return selectors.alias_moves(model, self.kwargs["alias"])
