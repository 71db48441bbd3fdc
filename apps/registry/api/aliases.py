"""Aliases and their moves."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from apps.registry import access, selectors, services
from apps.registry.api.answers import AliasAnswer, AliasMoveAnswer, AliasRequestAnswer, answer
from apps.registry.api.questions import AliasQuestion, Reason, checked
from apps.registry.api.view import RegistryView
from apps.registry.models import AliasMove, AliasRequest


class AliasDetail(RegistryView):
    """One alias of a model."""

    @extend_schema(responses=AliasAnswer)
    def get(self, request: Request, name: str, alias: str) -> Response:
        """Show what an alias points at."""
        return Response(answer(AliasAnswer, selectors.alias_get(access.model_to_read(self.actor, name), alias)))

    @extend_schema(
        request=AliasQuestion,
        responses={
            200: AliasAnswer,
            202: OpenApiResponse(AliasRequestAnswer, "It is protected: this waits for approval."),
        },
    )
    def put(self, request: Request, name: str, alias: str) -> Response:
        """Point an alias at a version, or ask for it where the alias is protected."""
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
        if isinstance(moved, AliasRequest):
            return Response(answer(AliasRequestAnswer, moved), status=202)
        return Response(answer(AliasAnswer, moved))

    @extend_schema(
        parameters=[Reason],
        responses={204: None, 202: OpenApiResponse(AliasRequestAnswer, "It is protected: this waits for approval.")},
    )
    def delete(self, request: Request, name: str, alias: str) -> Response:
        """Take an alias away, or ask for it where the alias is protected; its moves stay."""
        model, asked = access.model_to_publish(self.actor, name), checked(Reason, request.query_params)
        waiting = services.alias_delete(actor=self.actor, model=model, alias=alias, **asked)
        if waiting is not None:
            return Response(answer(AliasRequestAnswer, waiting), status=202)
        return Response(status=204)


class AliasMoves(generics.ListAPIView[AliasMove], RegistryView):
    """Every move of an alias, newest first, also when it was taken away since."""

    serializer_class = AliasMoveAnswer
    queryset = AliasMove.objects.none()

    def get_queryset(self) -> Any:
        model = access.model_to_read(self.actor, self.kwargs["name"])
        return selectors.alias_moves(model, self.kwargs["alias"])


class AliasRequests(generics.ListAPIView[AliasRequest], RegistryView):
    """Every move of a protected alias that was asked for, newest first, with what became of it."""

    serializer_class = AliasRequestAnswer
    queryset = AliasRequest.objects.none()

    def get_queryset(self) -> Any:
        model = access.model_to_read(self.actor, self.kwargs["name"])
        return selectors.alias_requests(model, self.kwargs["alias"])
