"""Gates over REST: what a candidate of each model must show, and saying so."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.permissions import actor_of
from apps.registry.access import model_to_read
from apps.registry.models import RegisteredModel
from apps.training import access, selectors, services
from apps.training.rules.evaluation import BETTER, NOT_WORSE


class ClauseAnswer(serializers.Serializer[Any]):
    slice = serializers.CharField(help_text="One slice, or the beginning of several: class:*")
    must = serializers.CharField(help_text=f"{NOT_WORSE} or {BETTER}.")
    by = serializers.FloatField(help_text="A share of the samples.")
    level = serializers.FloatField(help_text="Of McNemar's test, for what must be better.")
    least = serializers.IntegerField(help_text="Samples that are needed to judge.")


class GatesAnswer(serializers.Serializer[Any]):
    model = serializers.CharField(source="name")
    own = serializers.SerializerMethodField(help_text="False where the model has no policy and the usual one holds.")
    clauses = serializers.SerializerMethodField(help_text="All must pass; with every default spelt out.")

    def get_own(self, model: Any) -> bool:
        """Whether somebody set them for this model."""
        return model.own_clauses is not None

    @extend_schema_field(ClauseAnswer(many=True))
    def get_clauses(self, model: Any) -> list[dict[str, Any]]:
        """Those that are in force."""
        return selectors.clauses_in_force(model.own_clauses)


class GatesQuestion(serializers.Serializer[Any]):
    clauses = serializers.ListField(
        child=serializers.DictField(),
        help_text="Objects of slice, must, by (0), level (0.05) and least (30); they take the place of all before.",
    )


class GatesFilter(serializers.Serializer[Any]):
    model = serializers.CharField(required=False, default="", help_text="A registered model.")


class GatesView(APIView):
    """A key sets gates with a scope of its own: one that trains has no say in what judges the result."""

    write_scope = "gates:write"


class GatesList(generics.ListAPIView[RegisteredModel], GatesView):
    """The gates of every model, the newest model first."""

    serializer_class = GatesAnswer
    queryset = RegisteredModel.objects.none()

    def get_queryset(self) -> Any:
        asked = GatesFilter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return selectors.gates_list(**asked.validated_data)

    @extend_schema(parameters=[GatesFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the gates that are in force, model by model."""
        return super().get(request, *args, **kwargs)


class GatesDetail(GatesView):
    """The gates of one model."""

    @extend_schema(responses=GatesAnswer)
    def get(self, request: Request, name: str) -> Response:
        """Show what a candidate of the model must show."""
        return _shown(model_to_read(actor_of(request), name))

    @extend_schema(request=GatesQuestion, responses=GatesAnswer)
    def put(self, request: Request, name: str) -> Response:
        """Set it, from the next evaluation on; who may is asked as in the admin."""
        actor = actor_of(request)
        model = access.gates_to_set(actor, name)
        asked = GatesQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        services.gates_set(actor=actor, model=model, **asked.validated_data)
        return _shown(model)


def _shown(model: RegisteredModel) -> Response:
    return Response(GatesAnswer(selectors.gates_list(model=model.name).get()).data)
