"""Training jobs, their datasets and their evaluations over REST."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.models import User
from apps.core.pagination import NewestFirst
from apps.core.permissions import actor_of
from apps.core.waiting import WaitQuestion, waited
from apps.datasets.access import version_named
from apps.datasets.api.answers import DatasetVersionAnswer
from apps.deployments.access import deployment_for
from apps.registry.access import model_to_read
from apps.registry.models import ModelVersion, RegisteredModel
from apps.registry.selectors import version_by_ref
from apps.training import access, selectors, services
from apps.training.api import answers, questions
from apps.training.errors import OtherModel
from apps.training.models import Evaluation, TrainingJob
from apps.training.rules.machine import ENDED
from apps.training.rules.recipes import RECIPES


class TrainingView(APIView):
    """What the views share: a key may write here with the scope `training:write`."""

    write_scope = "training:write"


class _NewestJobs(NewestFirst):
    ordering = ("-requested_at", "-id")


class JobList(generics.ListAPIView[TrainingJob], TrainingView):
    """Training jobs, newest first."""

    serializer_class = answers.JobAnswer
    pagination_class = _NewestJobs
    queryset = TrainingJob.objects.none()

    def get_queryset(self) -> Any:
        asked = questions.JobFilter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return selectors.jobs_list(**asked.validated_data)

    @extend_schema(parameters=[questions.JobFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List training jobs."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=questions.JobQuestion, responses={201: answers.JobDetailAnswer, 200: answers.JobDetailAnswer}
    )
    def post(self, request: Request) -> Response:
        """Ask for a training job; 200 with the one that is open already where it is the same."""
        asked = _checked(questions.JobQuestion, request)
        actor = actor_of(request)
        model = model_to_read(actor, asked.pop("model"))
        champion, measured_on = asked.pop("champion"), asked.pop("measured_on")
        job, is_new = services.job_request(
            actor=actor,
            parent=version_by_ref(model, asked.pop("parent")),
            dataset=version_named(actor, asked.pop("dataset")),
            measured_on=version_named(actor, measured_on) if measured_on else None,
            champion=version_by_ref(model, champion) if champion else None,
            **asked,
        )
        return Response(answers.JobDetailAnswer(job).data, status=201 if is_new else 200)


class JobDetail(TrainingView):
    """One training job."""

    @extend_schema(parameters=[WaitQuestion], responses=answers.JobDetailAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Show a training job with its loss curve, its log's end and its evaluation; with `wait`, once it has ended."""
        asked = WaitQuestion(data=request.query_params)
        asked.is_valid(raise_exception=True)
        job = waited(lambda: access.job_for(actor_of(request), pk), _has_ended, asked.validated_data["wait"])
        return Response(answers.JobDetailAnswer(job).data)


class JobCancel(TrainingView):
    """Wanting no more of a job."""

    @extend_schema(request=None, responses=answers.JobAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Cancel a training job: at once where it waits, else with its next heartbeat; 409 where it has ended."""
        job = access.job_to_cancel(actor_of(request), pk)
        return Response(answers.JobAnswer(services.job_cancel(actor=actor_of(request), job=job)).data)


class DatasetFreeze(TrainingView):
    """Freezing what was met."""

    @extend_schema(
        request=questions.FreezeQuestion,
        responses={201: DatasetVersionAnswer, 200: DatasetVersionAnswer},
    )
    def post(self, request: Request) -> Response:
        """Freeze labelled predictions with old data; 200 with the version that is the same."""
        asked = _checked(questions.FreezeQuestion, request)
        actor = actor_of(request)
        for part in ("old", "without"):
            asked[part] = [version_named(actor, each) for each in asked[part]]
        deployment = deployment_for(actor, asked.pop("deployment"))
        version, is_new = services.dataset_freeze(actor=actor, deployment=deployment, **asked)
        return Response(DatasetVersionAnswer(version).data, status=201 if is_new else 200)


class RecipeList(TrainingView):
    """The recipes that there are."""

    @extend_schema(responses=answers.RecipeAnswer(many=True), operation_id="training_recipes_list")
    def get(self, request: Request) -> Response:
        """List the recipes with their parameters."""
        rows = [
            {
                "name": name,
                "about": about,
                "parameters": [
                    {"name": each, "least": p.least, "most": p.most, "default": p.default, "about": p.about}
                    for each, p in parameters.items()
                ],
            }
            for name, (about, parameters) in RECIPES.items()
        ]
        return Response(answers.RecipeAnswer(rows, many=True).data)


class EvaluationList(generics.ListAPIView[Evaluation], TrainingView):
    """Evaluations, newest first. Asking for one takes a scope of its own: CI needs no right to train."""

    write_scope = "evaluations:write"
    serializer_class = answers.EvaluationAnswer
    queryset = Evaluation.objects.none()

    def get_queryset(self) -> Any:
        asked = questions.EvaluationFilter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return selectors.evaluations_list(**asked.validated_data)

    @extend_schema(parameters=[questions.EvaluationFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List evaluations: all, or those of one candidate."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=questions.EvaluationQuestion, responses={201: answers.JobDetailAnswer, 200: answers.JobDetailAnswer}
    )
    def post(self, request: Request) -> Response:
        """Have a version measured; the answer is the job that does it, 200 where an equal one is open already."""
        asked = _checked(questions.EvaluationQuestion, request)
        actor = actor_of(request)
        model, champion = model_to_read(actor, asked.pop("model")), asked.pop("champion")
        job, is_new = services.evaluation_request(
            actor=actor,
            candidate=_version(actor, model, asked.pop("candidate")),
            champion=_version(actor, model, champion) if champion else None,
            dataset=version_named(actor, asked.pop("dataset")),
            **asked,
        )
        return Response(answers.JobDetailAnswer(job).data, status=201 if is_new else 200)


class EvaluationDetail(TrainingView):
    """One evaluation."""

    @extend_schema(responses=answers.EvaluationAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """Show an evaluation: figures by slice, and what each gate said."""
        return Response(answers.EvaluationAnswer(access.evaluation_for(actor_of(request), pk)).data)


def _has_ended(job: TrainingJob) -> bool:
    return job.state in ENDED


def _version(actor: User, model: RegisteredModel, ref: str) -> ModelVersion:
    """The version of the model that `3`, `@champion` or `<model>/3` names."""
    name, _, number = ref.rpartition("/")
    found = version_by_ref(model_to_read(actor, name) if name else model, number)
    if found.model_id != model.pk:
        raise OtherModel(f"{found} is no version of the model '{model.name}'.")
    return found


def _checked(serializer: type[Any], request: Request) -> dict[str, Any]:
    question = serializer(data=request.data)
    question.is_valid(raise_exception=True)
    return dict(question.validated_data)
