"""What Django's own handlers answer: under /api/ the shape of every REST error, elsewhere the pages."""

from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.views import defaults

from apps.core.errors import NotFound, QuartetError


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if not _is_api(request):
        return defaults.page_not_found(request, exception)
    remedy = "Look at /api/docs/ for those there are."
    if request.path.endswith("/"):
        remedy = f"Leave out the slash at the end. {remedy}"
    return _shaped(NotFound("There is nothing at this address.", remedy=remedy))


def server_error(request: HttpRequest) -> HttpResponse | HttpResponseServerError:
    """500: a bug of ours, which the log tells of whole."""
    if not _is_api(request):
        return defaults.server_error(request)
    return _shaped(
        QuartetError("Quartet failed at this request.", remedy="Tell the operator: web's log has the cause.")
    )


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _shaped(error: QuartetError) -> JsonResponse:
    return JsonResponse(error.as_dict(), status=error.status)
