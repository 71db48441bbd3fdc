"""Rollouts over REST: how they stand, and what people do with them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.waiting import WaitQuestion, waited
from apps.deployments import access, selectors, services
from apps.deployments.api import answers, questions
from apps.deployments.api.views import DeploymentsView
from apps.deployments.models import Rollout


class RolloutList(generics.ListAPIView[Rollout], DeploymentsView):
    """Rollouts, newest first."""

    serializer_class = answers.RolloutAnswer
    queryset = Rollout.objects.none()

    def get_queryset(self) -> Any:
        return selectors.rollouts_list(**questions.checked(questions.RolloutFilter, self.request.query_params))

    @extend_schema(parameters=[questions.RolloutFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List rollouts."""
        return super().get(request, *args, **kwargs)


class RolloutOne(DeploymentsView):
    """One rollout."""

    @extend_schema(parameters=[WaitQuestion], responses=answers.RolloutAnswer)
    def get(self, request: Request, rollout_id: int) -> Response:
        """Show a rollout; with `wait`, once it is settled or waits for a person, or after so many seconds."""
        wait = questions.checked(WaitQuestion, request.query_params)["wait"]
        found = waited(lambda: access.rollout_for(self.actor, rollout_id), _needs_somebody, wait)
        return _answer(found)


class RolloutPromote(DeploymentsView):
    """Sending it on."""

    @extend_schema(request=questions.PromoteQuestion, responses=answers.RolloutAnswer)
    def post(self, request: Request, rollout_id: int) -> Response:
        """Take the next step of the plan now, or give the new revision everything."""
        asked = questions.checked(questions.PromoteQuestion, request.data)
        return _answer(services.rollout_promote(actor=self.actor, rollout_id=self._id(rollout_id), **asked))

    def _id(self, rollout_id: int) -> int:
        return access.rollout_for(self.actor, rollout_id).pk


class RolloutPause(RolloutPromote):
    """Holding it."""

    @extend_schema(request=None, responses=answers.RolloutAnswer)
    def post(self, request: Request, rollout_id: int) -> Response:
        """Hold the rollout at its step; what surely fails goes back all the same."""
        return _answer(services.rollout_pause(actor=self.actor, rollout_id=self._id(rollout_id)))


class RolloutResume(RolloutPromote):
    """Letting it go on."""

    @extend_schema(request=None, responses=answers.RolloutAnswer)
    def post(self, request: Request, rollout_id: int) -> Response:
        """Let a paused rollout go on by itself; its step begins anew."""
        return _answer(services.rollout_resume(actor=self.actor, rollout_id=self._id(rollout_id)))


class RolloutAbort(RolloutPromote):
    """Giving it up."""

    @extend_schema(request=questions.AbortQuestion, responses=answers.RolloutAnswer)
    def post(self, request: Request, rollout_id: int) -> Response:
        """Send all traffic back to the old revision; 409 once the new one has all of it."""
        asked = questions.checked(questions.AbortQuestion, request.data)
        return _answer(services.rollout_abort(actor=self.actor, rollout_id=self._id(rollout_id), **asked))


def _needs_somebody(rollout: Rollout) -> bool:
    return selectors.rollout_settled(rollout) or rollout.paused_at is not None


def _answer(rollout: Rollout) -> Response:
    return Response(answers.answer(answers.RolloutAnswer, rollout))
