"""Kept inputs for a browser. A caller sent them, so they may be anything: each is shown as the picture, sound, video or
text that it was found to be, in a sandbox where no script runs, and is otherwise handed out as a file to store."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from apps.console.media import SHOWN
from apps.console.ranges import Range, Unsatisfiable, range_of
from apps.core.errors import NotFound
from apps.core.permissions import actor_of
from apps.datasets import store
from apps.inference.access import kept_for

_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


@login_required
@require_safe
def kept_input(request: HttpRequest, prediction: UUID, name: str, sample: int) -> HttpResponse:
    """One kept input, whole or the range that is asked for. It is looked up each time: what is deleted is gone."""
    try:
        asset = kept_for(actor_of(request), prediction, name, sample).asset
        tag = f'"{asset.pk}"'
        if request.headers.get("If-None-Match") == tag:
            return _answered(HttpResponse(status=304), tag)
        raw = store.read(asset.pk)
    except NotFound as error:
        raise Http404(error.message) from error
    response = _part(raw, _wanted(request, tag))
    if asset.media_type in SHOWN:
        response["Content-Type"] = asset.media_type
    else:
        response["Content-Type"] = "application/octet-stream"
        response["Content-Disposition"] = f'attachment; filename="{prediction}-{sample}"'
    return _answered(response, tag)


def _wanted(request: HttpRequest, tag: str) -> str:
    """The range, where what is known of it is of this very file."""
    condition = request.headers.get("If-Range")
    return request.headers.get("Range", "") if condition in (None, tag) else ""


def _part(raw: bytes, wanted: str) -> HttpResponse:
    try:
        part = range_of(wanted, len(raw))
    except Unsatisfiable:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{len(raw)}"
        return response
    response = HttpResponse(_cut(raw, part), status=206 if part else 200)
    if part:
        response["Content-Range"] = part.header(len(raw))
    return response


def _cut(raw: bytes, part: Range | None) -> bytes:
    return raw[part.first : part.last + 1] if part else raw


def _answered(response: HttpResponse, tag: str) -> HttpResponse:
    """A browser may keep it, and asks each time whether it still may be seen."""
    response["ETag"] = tag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache"
    response["Content-Security-Policy"] = _POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
