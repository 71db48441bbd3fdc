"""Registered models and their versions."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.models import User
from apps.registry import access, selectors, services
from apps.registry.api.answers import ModelVersionAnswer, ModelVersionDetail, RegisteredModelAnswer, answer
from apps.registry.api.questions import ModelQuestion, Search, VersionQuestion, checked
from apps.registry.api.view import RegistryView
from apps.registry.models import ModelVersion, RegisteredModel


class ModelList(generics.ListAPIView[RegisteredModel], RegistryView):
    """Registered models, newest first."""

    serializer_class = RegisteredModelAnswer
    queryset = RegisteredModel.objects.none()

    def get_queryset(self) -> Any:
        return selectors.models_list(search=checked(Search, self.request.query_params)["search"])

    @extend_schema(parameters=[Search])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List registered models."""
        return super().get(request, *args, **kwargs)

    @extend_schema(request=ModelQuestion, responses={201: RegisteredModelAnswer})
    def post(self, request: Request) -> Response:
        """Register a model: a name for versions."""
        model = services.model_create(actor=self.actor, **checked(ModelQuestion, request.data))
        return Response(_model(model), status=201)


class ModelDetail(RegistryView):
    """One registered model."""

    @extend_schema(responses=RegisteredModelAnswer)
    def get(self, request: Request, name: str) -> Response:
        """Show a registered model."""
        return Response(_model(access.model_to_read(self.actor, name)))


class VersionList(generics.ListAPIView[ModelVersion], RegistryView):
    """The versions of one model, newest first."""

    serializer_class = ModelVersionAnswer
    queryset = ModelVersion.objects.none()

    def get_queryset(self) -> Any:
        return selectors.versions_list(access.model_to_read(self.actor, self.kwargs["name"]))

    @extend_schema(
        request=VersionQuestion,
        responses={
            201: ModelVersionDetail,
            200: OpenApiResponse(ModelVersionDetail, "The model has these bytes already: this version."),
        },
    )
    def post(self, request: Request, name: str) -> Response:
        """Register the files of an upload as the next version."""
        model = access.model_to_publish(self.actor, name)
        asked = checked(VersionQuestion, request.data)
        version, created = services.version_register(
            actor=self.actor,
            model=model,
            upload=access.upload_own(self.actor, asked["upload"]),
            lineage=asked.get("lineage"),
            parent=_parent(self.actor, model, asked.get("parent")),
            alias=asked.get("alias"),
        )
        return Response(_version(model, version.number), status=201 if created else 200)


class VersionDetail(RegistryView):
    """One version of a model."""

    @extend_schema(responses=ModelVersionDetail)
    def get(self, request: Request, name: str, ref: str) -> Response:
        """Show a version by its number or, as @champion, by an alias."""
        return Response(_version(access.model_to_read(self.actor, name), ref))


def _model(model: RegisteredModel) -> dict[str, Any]:
    return answer(RegisteredModelAnswer, selectors.models_list().get(pk=model.pk))


def _version(model: RegisteredModel, ref: str | int) -> dict[str, Any]:
    return answer(ModelVersionDetail, selectors.version_by_ref(model, ref))


def _parent(actor: User, model: RegisteredModel, ref: str | None) -> ModelVersion | None:
    if ref is None:
        return None
    name, _, version = ref.rpartition("/")
    return selectors.version_by_ref(access.model_to_read(actor, name) if name else model, version)
