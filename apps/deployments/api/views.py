"""Deployments, revisions, replicas and nodes over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.models import User
from apps.core.waiting import WaitQuestion, waited
from apps.deployments import access, selectors, services
from apps.deployments.api import answers, questions
from apps.deployments.models import Deployment, MutedInput, Node, Replica, Revision
from apps.registry.access import model_to_read
from apps.registry.selectors import version_by_ref


class DeploymentsView(APIView):
    """What the views share: a key may write here with the scope `deployments:write`."""

    write_scope = "deployments:write"

    @property
    def actor(self) -> User:
        """Who asks; the permission class let nobody in without a name."""
        assert isinstance(self.request.user, User)
        return self.request.user


class DeploymentList(generics.ListAPIView[Deployment], DeploymentsView):
    """Deployments, newest first."""

    serializer_class = answers.DeploymentAnswer
    queryset = Deployment.objects.none()

    def get_queryset(self) -> Any:
        return selectors.deployments_list()

    @extend_schema(request=questions.DeploymentQuestion, responses={201: answers.DeploymentAnswer})
    def post(self, request: Request) -> Response:
        """Make a deployment: a stable address, with nothing behind it yet."""
        fields = questions.checked(questions.DeploymentQuestion, request.data)
        made = services.deployment_create(actor=self.actor, **fields)
        return Response(_deployment(made), status=201)


class DeploymentDetail(DeploymentsView):
    """One deployment."""

    @extend_schema(responses=answers.DeploymentAnswer)
    def get(self, request: Request, name: str) -> Response:
        """Show a deployment, with the rollout that is on its way."""
        return Response(_deployment(access.deployment_for(self.actor, name)))


class DeploymentRollback(DeploymentsView):
    """Going back."""

    @extend_schema(request=None, responses=answers.DeploymentAnswer)
    def post(self, request: Request, name: str) -> Response:
        """Send the traffic back to the kept revision, at once; 409 where none is kept."""
        deployment = access.deployment_to_operate(self.actor, name)
        services.deployment_rollback(actor=self.actor, deployment=deployment)
        return Response(_deployment(deployment))


class MutedInputList(generics.ListAPIView[MutedInput], DeploymentsView):
    """The inputs of one deployment that are or were muted, newest first."""

    serializer_class = answers.MutedInputAnswer
    queryset = MutedInput.objects.none()

    def get_queryset(self) -> Any:
        return selectors.mutings(access.deployment_for(self.actor, self.kwargs["name"]))


class MutedInputOne(DeploymentsView):
    """Muting one input."""

    @extend_schema(request=questions.MutingQuestion, responses=answers.MutedInputAnswer)
    def post(self, request: Request, name: str, input: str) -> Response:
        """Have the deployment answer without the input; one that you muted already stays as it is."""
        deployment = access.deployment_to_operate(self.actor, name)
        fields = questions.checked(questions.MutingQuestion, request.data)
        muted = services.input_mute(actor=self.actor, deployment=deployment, name=input, **fields)
        return Response(answers.answer(answers.MutedInputAnswer, muted))

    @extend_schema(request=None, responses=answers.MutedInputAnswer)
    def delete(self, request: Request, name: str, input: str) -> Response:
        """Give the model the input again, whoever muted it."""
        deployment = access.deployment_to_operate(self.actor, name)
        muted = services.input_unmute(actor=self.actor, deployment=deployment, name=input)
        return Response(answers.answer(answers.MutedInputAnswer, muted))


class RevisionList(generics.ListAPIView[Revision], DeploymentsView):
    """The revisions of one deployment, newest first."""

    serializer_class = answers.RevisionAnswer
    queryset = Revision.objects.none()

    def get_queryset(self) -> Any:
        return selectors.revisions_list(access.deployment_for(self.actor, self.kwargs["name"]))

    @extend_schema(request=questions.RevisionQuestion, responses={201: answers.RevisionDetail})
    def post(self, request: Request, name: str) -> Response:
        """Ask for a version to go live; somebody else has to approve it."""
        deployment = access.deployment_to_operate(self.actor, name)
        asked = questions.checked(questions.RevisionQuestion, request.data)
        version = version_by_ref(model_to_read(self.actor, asked.pop("model")), asked.pop("version"))
        revision = services.revision_request(actor=self.actor, deployment=deployment, version=version, **asked)
        return Response(answers.answer(answers.RevisionDetail, revision), status=201)


class RevisionOne(DeploymentsView):
    """One revision."""

    @extend_schema(parameters=[WaitQuestion], responses=answers.RevisionDetail)
    def get(self, request: Request, name: str, number: int) -> Response:
        """Show a revision with its approval, its rollout and its replicas; with `wait`, once it is live or over."""
        wait = questions.checked(WaitQuestion, request.query_params)["wait"]
        revision = waited(lambda: access.revision_for(self.actor, name, number), _is_decided, wait)
        return Response(answers.answer(answers.RevisionDetail, revision))


class ReplicaList(generics.ListAPIView[Replica], DeploymentsView):
    """Replicas, newest first, also those that have ended."""

    serializer_class = answers.ReplicaAnswer
    queryset = Replica.objects.none()

    def get_queryset(self) -> Any:
        return selectors.replicas_list(**questions.checked(questions.ReplicaFilter, self.request.query_params))

    @extend_schema(parameters=[questions.ReplicaFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List replicas."""
        return super().get(request, *args, **kwargs)


class NodeList(generics.ListAPIView[Node], DeploymentsView):
    """The machines that run, or ran, an accelerator worker."""

    serializer_class = answers.NodeAnswer
    queryset = Node.objects.all()


def _is_decided(revision: Revision) -> bool:
    """Whether it has gone live, or never will."""
    on_its_way = (Revision.State.REQUESTED, Revision.State.APPROVED, Revision.State.STARTING)
    return revision.state not in on_its_way


def _deployment(deployment: Deployment) -> dict[str, Any]:
    return answers.answer(answers.DeploymentAnswer, selectors.deployments_list().get(pk=deployment.pk))
