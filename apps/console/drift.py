"""The pages of drift: the list of runs, one run, and Evidently's report in its sandbox."""

import gzip
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.console.call import profile_command
from apps.console.pages import page
from apps.console.refusals import refused
from apps.console.selectors.drift import runs_page
from apps.console.selectors.drift_run import run_context
from apps.console.topics import FLEET, deployment_topic
from apps.core.bounds import whole_of
from apps.core.errors import CallerError, NotFound
from apps.core.permissions import actor_of
from apps.deployments.access import deployment_for
from apps.deployments.models import Deployment
from apps.drift import store
from apps.drift.access import deployment_to_watch, run_for
from apps.drift.models import DriftReport
from apps.drift.services import report_request, run_request

#: The report is a page of somebody else's scripts over names and labels that callers chose. Its origin is nobody's: it
#: reads no cookie, asks nothing of this site or any other, and opens nothing.
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


@page("drift_runs")
def runs(request: HttpRequest) -> dict[str, Any]:
    """Runs, newest first; `?deployment=` narrows them to one deployment's and `?before=` goes back in time."""
    name, before = request.GET.get("deployment", "").replace("\0", ""), request.GET.get("before", "")
    deployment = deployment_for(actor_of(request), name) if name else None
    known = whole_of(before)
    rows, older = runs_page(deployment, known)
    return {
        "title": "Drift",
        "topic": deployment_topic(name) if deployment else FLEET,
        "deployment": deployment,
        "before": known,
        "rows": rows,
        "older": older,
        "profile_command": _profile_command(request, deployment),
    }


def _profile_command(request: HttpRequest, deployment: Deployment | None) -> str:
    """What makes the first run come: a profile for what is live."""
    live = deployment.live_revision if deployment else None
    about = (live.version.model.name, live.version.number) if live else ("my-model", 1)
    base = request.build_absolute_uri("/").rstrip("/")
    return profile_command(base, *about, deployment.name if deployment else "my-deployment")


@page("drift_run")
def run(request: HttpRequest, number: int) -> dict[str, Any]:
    found = run_for([], number)
    return {"title": f"Drift run {number}", "topic": deployment_topic(found.deployment.name), **run_context(found)}


@page("drift_report")
def report(request: HttpRequest, number: int) -> dict[str, Any]:
    found = run_for([], number)
    return {
        "title": f"Evidently's report of drift run {number}",
        "topic": deployment_topic(found.deployment.name),
        **run_context(found),
    }


@login_required
@require_safe
@xframe_options_exempt  # which knows no sandbox; the policy says who may frame it
def report_content(request: HttpRequest, number: int) -> HttpResponse:
    """Evidently's page itself, as it was made."""
    try:
        made = DriftReport.objects.filter(run=run_for([], number)).exclude(file="").first()
        if made is None:
            raise NotFound("There is no report of this run, or no longer.", remedy="Have it made.")
        raw = store.read(made.file)
    except NotFound as error:
        raise Http404(error.message) from error
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(raw if packed else gzip.decompress(raw), content_type="text/html; charset=utf-8")
    if packed:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    response["Content-Security-Policy"] = REPORT_POLICY
    response["Cache-Control"] = "no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Referrer-Policy"] = "no-referrer"
    return response


@login_required
@require_POST
def report_make(request: HttpRequest, number: int) -> HttpResponse:
    """The button: have it made, and see it there."""
    try:
        found = run_for([], number)
    except NotFound as error:
        raise Http404(error.message) from error
    try:
        report_request(actor=actor_of(request), run=found)
    except CallerError as error:
        name = found.deployment.name
        return refused(request, error, reverse("console:deployment", args=[name]), name)
    return redirect("console:drift-report", number)


@login_required
@require_POST
def run_now(request: HttpRequest, name: str) -> HttpResponse:
    """The deployment page's button: look for drift now."""
    try:
        deployment = deployment_to_watch(actor_of(request), [], name)
        found, _ = run_request(actor=actor_of(request), deployment=deployment)
    except NotFound as error:
        raise Http404(error.message) from error
    except CallerError as error:
        return refused(request, error, reverse("console:deployment", args=[name]), name)
    return redirect("console:drift-run", found.pk)
