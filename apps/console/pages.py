"""What every page has in common: one frame, one policy, and its fragment alone when a script asks for news."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.approvals.selectors import requests_open
from apps.console.selectors.versions import page_versions
from apps.console.topics import FLEET
from apps.core.clock import now
from apps.core.errors import NotFound
from apps.monitoring.selectors import alerts_open_count

P = ParamSpec("P")
Context = dict[str, Any]
View = Callable[Concatenate[HttpRequest, P], Context]

#: Pages run only this site's own scripts and styles, so a text that somebody registered can never become a script.
POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"


def page(name: str) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """Turn a function that returns a page's context into its view, for whoever is signed in.

    The context must hold `title` and may hold `topic` (the fleet otherwise). The template is `console/<name>.html`, or
    `console/_<name>.html` alone when the request has the header X-Fragment.
    """

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                return _rendered(request, name, lambda: view(request, *args, **kwargs))
            except NotFound as error:
                raise Http404(error.message) from error

        update_wrapper(answer, view)
        return login_required(require_safe(answer))

    return decorate


def _rendered(request: HttpRequest, name: str, context_of: Callable[[], Context]) -> HttpResponse:
    # Versions first: a change while the page is being made then looks like news to it, and is not missed.
    versions = page_versions()
    context: Context = {"topic": FLEET, **context_of()}
    context |= {"page_version": versions.get(context["topic"], ""), "now": now()}
    if request.headers.get("X-Fragment"):
        template = f"console/_{name}.html"
    else:
        template = f"console/{name}.html"
        context |= {"approvals_open": requests_open().count(), "alerts_open": alerts_open_count()}
    response = render(request, template, context)
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "no-store"
    return response
