"""Dataset versions over REST."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.permissions import actor_of
from apps.datasets import access, selectors, services
from apps.datasets.api.answers import DatasetVersionAnswer
from apps.datasets.models import DatasetVersion


class VersionsQuestion(serializers.Serializer[Any]):
    dataset = serializers.CharField(required=False, default="", help_text="A dataset's name.")


class CreateQuestion(serializers.Serializer[Any]):
    without = serializers.ListField(
        child=serializers.CharField(), required=False, default=list,
        help_text="Dataset versions, as digits-test/1, whose samples are left out; once for each.",
    )  # fmt: skip


class VersionList(generics.ListAPIView[DatasetVersion]):
    """Dataset versions, newest first."""

    serializer_class = DatasetVersionAnswer
    queryset = DatasetVersion.objects.none()

    def get_queryset(self) -> Any:
        return selectors.versions_list(_checked(VersionsQuestion, self.request)["dataset"])

    @extend_schema(parameters=[VersionsQuestion])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List dataset versions."""
        return super().get(request, *args, **kwargs)


class VersionDetail(APIView):
    """One dataset version."""

    @extend_schema(responses=DatasetVersionAnswer)
    def get(self, request: Request, name: str, number: int) -> Response:
        """Show a dataset version."""
        return Response(DatasetVersionAnswer(access.version_to_read(actor_of(request), name, number)).data)


class VersionCreate(APIView):
    """Declaring samples. The body is read as it comes, and one file of it at a time is in memory."""

    write_scope = "training:write"

    @extend_schema(
        parameters=[CreateQuestion],
        request={"application/x-tar": OpenApiTypes.BINARY},
        responses={201: DatasetVersionAnswer, 200: DatasetVersionAnswer},
    )
    def post(self, request: Request, name: str) -> Response:
        """Freeze a tar archive with `samples.jsonl` at its top; 200 with the version that is the same already."""
        actor = actor_of(request)
        without = [access.version_named(actor, each) for each in _checked(CreateQuestion, request)["without"]]
        version, is_new = services.archive_freeze(actor=actor, name=name, stream=request, without=without)
        return Response(DatasetVersionAnswer(version).data, status=201 if is_new else 200)


def _checked(serializer: type[Any], request: Request) -> dict[str, Any]:
    question = serializer(data=request.query_params)
    question.is_valid(raise_exception=True)
    return dict(question.validated_data)
