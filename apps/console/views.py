"""The pages, one function each."""

import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from apps.console.call import (
    Installation,
    curl_command,
    deployment_create_command,
    feedback_command,
    key_command,
    manage_command,
    revision_request_command,
)
from apps.console.pages import page
from apps.console.selectors.audit import audit_page, last_changes
from apps.console.selectors.deployment import deployment_context
from apps.console.selectors.fleet import deployment_rows
from apps.console.selectors.models import model_context, model_rows, version_context
from apps.console.selectors.needs import needs
from apps.console.selectors.nodes import node_rows
from apps.console.topics import deployment_topic
from apps.core.errors import CallerError, NotFound
from apps.core.models import User
from apps.deployments.access import deployment_for, deployment_to_operate
from apps.deployments.models import Node
from apps.deployments.services import deployment_rollback
from apps.registry.access import model_to_read
from apps.registry.models import RegisteredModel
from apps.registry.selectors import version_by_ref


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
    """The page's one button: traffic back to the kept revision; what stands against it is shown on the page."""
    try:
        found = deployment_to_operate(_actor(request), name)
        deployment_rollback(actor=_actor(request), deployment=found)
    except NotFound as error:
        raise Http404(error.message) from error
    except CallerError as error:
        return render(request, "console/refused.html", {"name": name, "error": error}, status=error.status)
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


@page("nodes")
def nodes(request: HttpRequest) -> dict[str, Any]:
    return {"title": "Nodes", "rows": node_rows()}


@page("audit")
def audit(request: HttpRequest) -> dict[str, Any]:
    """The trail; `?target=` narrows it to one object and `?before=` goes back in time."""
    target, before = request.GET.get("target", "").replace("\0", ""), request.GET.get("before", "")
    known = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
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
        "key_operate": key_command(here, user, "read,models:write,deployments:write,infer"),
        "key_infer": key_command(here, user, "infer"),
        "key_feedback": key_command(here, user, "feedback"),
        "model_import": manage_command(here, "import_model", "DIRECTORY", "--name", "my-model", "--actor", user),
        "deployment_create": deployment_create_command(base),
        "revision_request": revision_request_command(base, deployment, model),
    }


def _base(request: HttpRequest) -> str:
    """Where this site is, as the reader reached it."""
    return request.build_absolute_uri("/").rstrip("/")


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
