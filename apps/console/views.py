"""The pages, one function each."""

import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.views.decorators.http import require_POST

from apps.console.call import (
    Installation,
    curl_command,
    deployment_create_command,
    feedback_command,
    job_request_command,
    key_command,
    manage_command,
    objective_create_command,
    profile_command,
    retrain_policy_command,
    revision_request_command,
    subscription_create_command,
)
from apps.console.pages import page
from apps.console.refusals import refused
from apps.console.selectors.alerts import alert_context, alerts_page, severities
from apps.console.selectors.audit import audit_page, last_changes
from apps.console.selectors.deployment import deployment_context
from apps.console.selectors.fleet import deployment_rows
from apps.console.selectors.models import model_context, model_rows, version_context
from apps.console.selectors.needs import needs
from apps.console.selectors.nodes import node_rows
from apps.console.selectors.training import job_context, training_context
from apps.console.topics import deployment_topic
from apps.core.bounds import whole_of
from apps.core.errors import CallerError, NotFound
from apps.core.models import User
from apps.deployments.access import deployment_for, deployment_to_operate
from apps.deployments.errors import InputNotMuted
from apps.deployments.models import Node
from apps.deployments.services import deployment_rollback, input_unmute
from apps.monitoring.access import alert_for, alert_to_acknowledge
from apps.monitoring.services import alert_acknowledge
from apps.registry.access import model_to_read
from apps.registry.models import RegisteredModel
from apps.registry.selectors import version_by_ref
from apps.training.access import RUN, job_for, job_to_cancel
from apps.training.services import job_cancel


@page("overview")
def overview(request: HttpRequest) -> dict[str, Any]:
    """First what needs a person, then the fleet."""
    rows, nodes_known = deployment_rows(), node_rows()
    return {
        "title": "Overview",
        "needs": needs(_actor(request), rows),
        "rows": rows,
        "serving": sum(row.ready > 0 for row in rows),
        "nodes": nodes_known,
        "nodes_up": sum(row.node.state == Node.State.UP for row in nodes_known),
        "changes": last_changes(),
        "models": RegisteredModel.objects.count(),
        "commands": _commands(request),
    }


@page("deployments")
def deployments(request: HttpRequest) -> dict[str, Any]:
    return {"title": "Deployments", "rows": deployment_rows(), "commands": _commands(request)}


@page("deployment")
def deployment(request: HttpRequest, name: str) -> dict[str, Any]:
    found = deployment_for(_actor(request), name)
    context = deployment_context(found, request.GET.get("over", ""), request.GET.get("accuracy", ""))
    context |= {"title": name, "topic": deployment_topic(name), "commands": _commands(request, name)}
    if live := found.live_revision:
        version = live.version
        context["commands"]["profile"] = profile_command(_base(request), version.model.name, version.number, name)
        context["feedback"] = feedback_command(_base(request), live.version.manifest)
        context["gateway_url"] = settings.QUARTET_GATEWAY_URL
        context["curl"] = curl_command(
            gateway=settings.QUARTET_GATEWAY_URL,
            deployment=name,
            manifest=live.version.manifest,
            directory=live.version.directory,
        )
    return context


@login_required
@require_POST
def rollback(request: HttpRequest, name: str) -> HttpResponse:
    """Traffic back to the kept revision."""
    kept = whole_of(request.POST.get("kept", ""))
    return _operated(request, name, partial(deployment_rollback, kept_id=kept))


@login_required
@require_POST
def unmute(request: HttpRequest, name: str) -> HttpResponse:
    """Give the model the input that the button names again."""
    return _operated(request, name, partial(input_unmute, name=request.POST.get("input", "")))


def _operated(request: HttpRequest, name: str, act: Callable[..., object]) -> HttpResponse:
    """A button of the deployment's page: done, and back to the page; or what stands against it."""
    try:
        act(actor=_actor(request), deployment=deployment_to_operate(_actor(request), name))
    except InputNotMuted as error:  # somebody else was quicker
        return refused(request, error, reverse("console:deployment", args=[name]), name)
    except NotFound as error:
        raise Http404(error.message) from error
    except CallerError as error:
        return refused(request, error, reverse("console:deployment", args=[name]), name)
    return redirect("console:deployment", name)


@page("models")
def models(request: HttpRequest) -> dict[str, Any]:
    return {"title": "Models", "rows": model_rows(), "commands": _commands(request)}


@page("model")
def model(request: HttpRequest, name: str) -> dict[str, Any]:
    found = model_to_read(_actor(request), name)
    return {"title": name, "commands": _commands(request), **model_context(found)}


@page("version")
def version(request: HttpRequest, name: str, number: int) -> dict[str, Any]:
    found = version_by_ref(model_to_read(_actor(request), name), number)
    return {"title": f"{name} version {number}", **version_context(found)}


@page("training")
def training(request: HttpRequest) -> dict[str, Any]:
    return {"title": "Training", **training_context(), "commands": _commands(request)}


@page("job")
def job(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    found = job_for(_actor(request), pk)
    may_cancel = request.user.has_perm(RUN)
    return {"title": f"Training {found.parent.model.name}", "may_cancel": may_cancel, **job_context(found)}


@login_required
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The job page's one button; what stands against it is shown on the page."""
    try:
        job_cancel(actor=_actor(request), job=job_to_cancel(_actor(request), pk))
    except NotFound as error:
        raise Http404(error.message) from error
    except CallerError as error:
        return refused(request, error, reverse("console:job", args=[pk]), "the training job")
    return redirect("console:job", pk)


@page("nodes")
def nodes(request: HttpRequest) -> dict[str, Any]:
    return {"title": "Nodes", "rows": node_rows()}


@page("alerts")
def alerts(request: HttpRequest) -> dict[str, Any]:
    """What is open, then what was resolved; `?deployment=` and `?severity=` narrow it, `?before=` goes back in time."""
    deployment, severity = (request.GET.get(name, "").replace("\0", "") for name in ("deployment", "severity"))
    before = _moment(request.GET.get("before", ""))
    return {
        "title": "Alerts",
        "deployment": deployment,
        "severity": severity,
        "before": before,
        "severities": severities(),
        "page": alerts_page(deployment=deployment, severity=severity, before=before),
        "mail": bool(settings.EMAIL_HOST),
        "commands": _commands(request),
    }


@page("alert")
def alert(request: HttpRequest, alert_id: UUID) -> dict[str, Any]:
    found = alert_for([], alert_id)
    return {"title": found.title, **alert_context(_actor(request), found)}


@login_required
@require_POST
def acknowledge(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """The button of an alert's page; what stands against it is shown."""
    try:
        found = alert_to_acknowledge(_actor(request), [], alert_id)
        alert_acknowledge(actor=_actor(request), alert=found, comment=request.POST.get("comment", "")[:2000].strip())
    except NotFound as error:
        raise Http404(error.message) from error
    except CallerError as error:
        return refused(request, error, reverse("console:alert", args=[alert_id]), "the alert")
    return redirect("console:alert", alert_id)


@page("audit")
def audit(request: HttpRequest) -> dict[str, Any]:
    """The trail; `?target=` narrows it to one object and `?before=` goes back in time."""
    target, before = request.GET.get("target", "").replace("\0", ""), request.GET.get("before", "")
    known = whole_of(before)
    return {"title": "Audit", "target": target, "before": known, "trail": audit_page(target=target, before=known)}


def _commands(request: HttpRequest, deployment: str = "my-deployment") -> dict[str, str]:
    """What an empty page teaches: commands that make the first of what it lists."""
    base = _base(request)
    model = RegisteredModel.objects.order_by("-pk").values_list("name", flat=True).first() or "my-model"
    user = _actor(request).get_username()
    here = Installation(
        python=sys.executable,
        manage=settings.BASE_DIR / "manage.py",
        environment=settings.QUARTET_HOME / "run/environment",
    )
    return {
        "key_operate": key_command(here, user, "read,models:write,deployments:write,training:write,infer"),
        "key_infer": key_command(here, user, "infer"),
        "key_alerts": key_command(here, user, "alerts:write"),
        "key_feedback": key_command(here, user, "feedback"),
        "model_import": manage_command(here, "import_model", "DIRECTORY", "--name", "my-model", "--actor", user),
        "deployment_create": deployment_create_command(base),
        "objective_create": objective_create_command(base, deployment),
        "subscription_create": subscription_create_command(base),
        "job_request": job_request_command(base, model),
        "retrain_policy": retrain_policy_command(base, deployment),
        "revision_request": revision_request_command(base, deployment, model),
    }


def _moment(text: str) -> datetime | None:
    """The moment that a page's address names; None for nonsense."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and is_aware(found) else None


def _base(request: HttpRequest) -> str:
    """Where this site is, as the reader reached it."""
    return request.build_absolute_uri("/").rstrip("/")


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
