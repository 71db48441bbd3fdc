"""The buttons of the pages: a form each, whose refusal is shown in words."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.console.refusals import refused
from apps.core.bounds import whole_of
from apps.core.errors import CallerError, NotFound
from apps.core.models import User
from apps.core.permissions import actor_of
from apps.deployments.access import deployment_for, deployment_to_operate
from apps.deployments.services import ROLLOUT_ACTS, STEP_ACTS
from apps.training.services import retrain_now


@login_required
@require_POST
def rollout_act(request: HttpRequest, name: str) -> HttpResponse:
    """Promote, pause, resume or abort the rollout that the page showed, from the step that it showed."""
    actor = request.user
    assert isinstance(actor, User)
    act, rollout_id, step = (request.POST.get(name, "") for name in ("act", "rollout", "step"))
    if act not in ROLLOUT_ACTS:
        raise Http404("There is no such act.")
    try:
        deployment = deployment_to_operate(actor, name)
        rollout = deployment.rollouts.filter(pk=whole_of(rollout_id, nothing=0)).first()
        if rollout is None:
            raise NotFound(f"'{name}' has no rollout '{rollout_id}'.")
        told = {"step": whole_of(step, nothing=-1)} if act in STEP_ACTS else {}
        ROLLOUT_ACTS[act](actor=actor, rollout_id=rollout.pk, **told)
    except NotFound as error:
        raise Http404(error.message) from error
    except CallerError as error:
        return refused(request, error, reverse("console:deployment", args=[name]), name)
    return redirect("console:deployment", name)


@login_required
@require_POST
def retrain(request: HttpRequest, name: str) -> HttpResponse:
    """Call for retraining by hand; the panel then says what became of it."""
    actor = actor_of(request)
    try:
        retrain_now(actor=actor, deployment=deployment_for(actor, name))
    except NotFound as error:
        raise Http404(error.message) from error
    except CallerError as error:
        return refused(request, error, reverse("console:deployment", args=[name]), name)
    return redirect(f"{reverse('console:deployment', args=[name])}#retraining")
