"""The buttons of the pages: a form each, whose refusal is shown in words."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.console.refusals import refused
from apps.core.errors import CallerError, NotFound
from apps.core.models import User
from apps.core.permissions import actor_of
from apps.deployments.access import deployment_for, deployment_to_operate
from apps.deployments.errors import RolloutOver
from apps.deployments.models import Rollout
from apps.deployments.services import ROLLOUT_ACTS
from apps.training.services import retrain_now


@login_required
@require_POST
def rollout_act(request: HttpRequest, name: str) -> HttpResponse:
    """Promote, pause, resume or abort the deployment's open rollout, by the button that was pressed."""
    actor = request.user
    assert isinstance(actor, User)
    act = ROLLOUT_ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404("There is no such act.")
    try:
        deployment = deployment_to_operate(actor, name)
        rollout = deployment.rollouts.filter(state__in=Rollout.OPEN_STATES).first()
        if rollout is None:
            raise RolloutOver(f"No rollout of '{name}' is on its way.")
        act(actor=actor, rollout_id=rollout.pk)
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
