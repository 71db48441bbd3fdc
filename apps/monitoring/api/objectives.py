"""What deployments promise, over REST, and how it stands."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.permissions import actor_of, allowed_deployments
from apps.inference.access import deployment_to_judge
from apps.monitoring import services
from apps.monitoring.access import deployment_to_promise, objective_for
from apps.monitoring.models import Objective
from apps.monitoring.rules.objectives import LEAST, MOST_DAYS, MOST_LABEL_DAYS
from apps.monitoring.rules.standing import Standing, State, burning_now, left, measured, state
from apps.monitoring.selectors import objectives_of

_TARGET = "The share that shall be good, above 0 and below 1, as 0.999."
_PERIOD = f"Days that it is measured over: at most {MOST_DAYS}, of accuracy {MOST_LABEL_DAYS}, as unless told."
_LEAST = "Requests, or labels, below which nothing is judged."


class ObjectiveChange(serializers.Serializer[Any]):
    target = serializers.FloatField(required=False, help_text=_TARGET)
    days = serializers.IntegerField(required=False, help_text=_PERIOD)
    least = serializers.IntegerField(required=False, max_value=2**31 - 1, help_text=_LEAST)


class ObjectiveQuestion(ObjectiveChange):
    kind = serializers.ChoiceField(choices=Objective.Kind.choices)
    target = serializers.FloatField(help_text=_TARGET)
    within_ms = serializers.IntegerField(required=False, help_text="Of latency: milliseconds at the gateway.")
    least = serializers.IntegerField(required=False, max_value=2**31 - 1, default=LEAST, help_text=_LEAST)


class ObjectiveAnswer(serializers.Serializer[Any]):
    """An objective with how it stood at the last look. What is not known is null, never 0."""

    id = serializers.IntegerField()
    deployment = serializers.CharField()
    kind = serializers.ChoiceField(choices=Objective.Kind.choices)
    name = serializers.CharField(help_text="Once a deployment: availability, latency-250, accuracy.")
    target = serializers.FloatField()
    within_ms = serializers.IntegerField(allow_null=True)
    days = serializers.IntegerField()
    least = serializers.IntegerField()
    state = serializers.ChoiceField(choices=[each.value for each in State])
    judged_at = serializers.DateTimeField(allow_null=True)
    measured = serializers.FloatField(allow_null=True, help_text="The share that was good over the period.")
    total = serializers.IntegerField(help_text="Requests, or labels, that this is a share of.")
    bad = serializers.IntegerField()
    budget_left = serializers.FloatField(
        allow_null=True, help_text="1 is all of it, below 0 it is overspent; null below the least."
    )
    burn_rate = serializers.FloatField(
        allow_null=True, help_text="Of the last hour, or the last day of labels; 1 spends the budget in the period."
    )


class ObjectiveList(APIView):
    """The objectives of one deployment."""

    write_scope = "alerts:write"

    @extend_schema(responses=ObjectiveAnswer(many=True))
    def get(self, request: Request, name: str) -> Response:
        """List them, with how each stands."""
        deployment = deployment_to_judge(actor_of(request), allowed_deployments(request), name)
        return Response([_answer(each) for each in objectives_of(deployment.name)])

    @extend_schema(request=ObjectiveQuestion, responses={201: ObjectiveAnswer})
    def post(self, request: Request, name: str) -> Response:
        """Promise something; it is judged within seconds, from what is recorded already."""
        deployment = deployment_to_promise(actor_of(request), allowed_deployments(request), name)
        asked = ObjectiveQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        made = services.objective_create(actor=actor_of(request), deployment=deployment, **asked.validated_data)
        return Response(_answer(made), status=201)


class ObjectiveOne(APIView):
    """One objective."""

    write_scope = "alerts:write"

    @extend_schema(responses=ObjectiveAnswer)
    def get(self, request: Request, name: str, objective_id: int) -> Response:
        """Show it, with how it stands."""
        deployment = deployment_to_judge(actor_of(request), allowed_deployments(request), name)
        return Response(_answer(objective_for(deployment, objective_id)))

    @extend_schema(request=ObjectiveChange, responses=ObjectiveAnswer)
    def patch(self, request: Request, name: str, objective_id: int) -> Response:
        """Change its target, period or least; it is judged anew."""
        objective = self._mine(request, name, objective_id)
        asked = ObjectiveChange(data=request.data)
        asked.is_valid(raise_exception=True)
        changed = services.objective_update(actor=actor_of(request), objective=objective, **asked.validated_data)
        return Response(_answer(changed))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, name: str, objective_id: int) -> Response:
        """Take it back; its alert is over."""
        objective = self._mine(request, name, objective_id)
        services.objective_delete(actor=actor_of(request), objective=objective)
        return Response(status=204)

    def _mine(self, request: Request, name: str, objective_id: int) -> Objective:
        deployment = deployment_to_promise(actor_of(request), allowed_deployments(request), name)
        return objective_for(deployment, objective_id)


def _answer(objective: Objective) -> dict[str, Any]:
    standing, promise = Standing.from_json(objective.standing), objective.promise
    return {
        "id": objective.pk,
        "deployment": objective.deployment.name,
        "kind": promise.kind,
        "name": promise.name,
        "target": promise.target,
        "within_ms": promise.within_ms,
        "days": promise.days,
        "least": promise.least,
        "state": state(standing, promise).value,
        "judged_at": datetime.fromtimestamp(standing.at, UTC) if standing.at else None,
        "measured": measured(standing),
        "total": standing.period.total,
        "bad": standing.period.bad,
        "budget_left": left(standing, promise),
        "burn_rate": burning_now(standing, promise),
    }
