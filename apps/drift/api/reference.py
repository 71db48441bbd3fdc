"""Reference profiles of versions over REST."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.errors import NotFound
from apps.core.permissions import actor_of, allowed_deployments
from apps.drift import selectors, services
from apps.drift.api.answers import ReferenceAnswer
from apps.drift.rules.policy import LIMITS
from apps.inference.access import deployment_to_judge
from apps.registry.access import model_to_publish, model_to_read
from apps.registry.selectors import version_by_ref


class BuildQuestion(serializers.Serializer[Any]):
    deployment = serializers.CharField(help_text="The deployment whose predictions are how it should look.")
    predictions = serializers.IntegerField(
        required=False,
        default=2000,
        min_value=LIMITS["window"][0],
        max_value=10_000,
        help_text="The newest so many of this version whose inputs the rate keeps.",
    )


class VersionReference(APIView):
    """What a version's inputs and answers should look like. A key may set it with the scope `models:write`."""

    write_scope = "models:write"

    @extend_schema(responses=ReferenceAnswer)
    def get(self, request: Request, name: str, ref: str) -> Response:
        """Show the reference profile that counts for a version, and what is wrong with it if anything is."""
        version = version_by_ref(model_to_read(actor_of(request), name), ref)
        profile = selectors.profile_newest(version)
        if profile is None:
            raise NotFound(f"{version} has no reference profile.", remedy="PUT one here, or POST to have one built.")
        return Response(ReferenceAnswer(profile).data)

    @extend_schema(request=OpenApiTypes.OBJECT, responses=ReferenceAnswer)
    def put(self, request: Request, name: str, ref: str) -> Response:
        """Set the reference profile: the JSON that docs/drift.md describes, as the body."""
        actor = actor_of(request)
        version = version_by_ref(model_to_publish(actor, name), ref)
        profile = services.reference_put(actor=actor, version=version, raw=request._request.body)
        return Response(ReferenceAnswer(profile).data)

    @extend_schema(request=BuildQuestion, responses={201: ReferenceAnswer})
    def post(self, request: Request, name: str, ref: str) -> Response:
        """Build the reference profile of the newest predictions of this version."""
        actor = actor_of(request)
        version = version_by_ref(model_to_publish(actor, name), ref)
        asked = BuildQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        deployment = deployment_to_judge(actor, allowed_deployments(request), said["deployment"])
        profile = services.reference_build(
            actor=actor, version=version, deployment=deployment, predictions=said["predictions"]
        )
        return Response(ReferenceAnswer(profile).data, status=201)
