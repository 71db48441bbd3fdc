"""The pages of approval requests: to see, to talk about, and to decide by the same service as REST and the admin."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.approvals.access import request_to_read
from apps.approvals.services import comment_add, decision_record
from apps.console.pages import page
from apps.console.selectors.approvals import approval_context, approval_rows
from apps.core.errors import CallerError
from apps.core.permissions import actor_of


@page("approvals")
def approvals(request: HttpRequest) -> dict[str, Any]:
    """What waits, then what was decided."""
    return {"title": "Approvals", **approval_rows()}


@page("approval")
def approval(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    asked = request_to_read(actor_of(request), pk)
    return {"title": asked.summary, **approval_context(actor_of(request), asked)}


@login_required
@require_POST
def decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The verdict is the button that was pressed."""
    said = {"verdict": request.POST.get("verdict", ""), "comment": request.POST.get("comment", "")[:2000]}
    return _done(request, pk, lambda: decision_record(actor=actor_of(request), request_id=pk, **said))


@login_required
@require_POST
def comment(request: HttpRequest, pk: UUID) -> HttpResponse:
    text = request.POST.get("text", "")
    return _done(request, pk, lambda: comment_add(actor=actor_of(request), request_id=pk, text=text))


def _done(request: HttpRequest, pk: UUID, act: Callable[[], object]) -> HttpResponse:
    """Back to the request's page; what stands against the act is shown on a page of its own."""
    try:
        act()
    except CallerError as error:
        back = {"back": reverse("console:approval", args=[pk]), "back_to": "the request"}
        return render(request, "console/refused.html", {"error": error, **back}, status=error.status)
    return redirect("console:approval", pk)
