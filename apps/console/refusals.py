"""What a button answers when it did nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.core.errors import CallerError


def refused(request: HttpRequest, error: CallerError, back: str, back_to: str) -> HttpResponse:
    """Why, in the error's words, with a link `back`, which is called `back_to`."""
    context = {"error": error, "back": back, "back_to": back_to}
    return render(request, "console/refused.html", context, status=error.status)
