"""Bringing files in: raw bodies, in one piece or in ranges."""

import re
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.registry import access, selectors, services
from apps.registry.api.answers import UploadAnswer, UploadedFileAnswer, answer
from apps.registry.api.view import RegistryView
from apps.registry.errors import BadDigest, LengthRequired
from apps.registry.rules.ranges import Span, span_read

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_PATH = OpenApiParameter("path", OpenApiTypes.STR, OpenApiParameter.PATH, description="Path inside the artifact.")
_HEADERS = [
    OpenApiParameter(
        "Content-Range",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description="`bytes <first>-<last>/<size>`: this body is that part of the file.",
    ),
    OpenApiParameter(
        "X-Content-SHA256",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description="SHA-256 of the whole file; one that has another is refused.",
    ),
]


class UploadStart(RegistryView):
    """New uploads."""

    @extend_schema(request=None, responses={201: UploadAnswer})
    def post(self, request: Request, name: str) -> Response:
        """Start an upload for a new version."""
        upload = services.upload_start(actor=self.actor, model=access.model_to_publish(self.actor, name))
        return Response(answer(UploadAnswer, upload), status=201)


class UploadDetail(RegistryView):
    """One upload, for the one who started it."""

    @extend_schema(responses=UploadAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Show which files are here and how far."""
        return Response(answer(UploadAnswer, access.upload_own(self.actor, pk)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Drop an upload and its files."""
        services.upload_discard(actor=self.actor, upload=access.upload_own(self.actor, pk))
        return Response(status=204)


class UploadFile(RegistryView):
    """One file of an upload. Its body is read as it comes, never parsed and never held in memory."""

    @extend_schema(
        parameters=[_PATH, *_HEADERS],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=UploadedFileAnswer,
    )
    def put(self, request: Request, pk: UUID, path: str) -> Response:
        """Send a file, or with a Content-Range the next part of it; without one, begin it anew."""
        span = _span(request)
        file = services.upload_write(
            actor=self.actor,
            upload=access.upload_own(self.actor, pk),
            path=path,
            stream=request,
            offset=span.offset,
            length=span.length,
            total=span.total,
            sha256=_declared_sha256(request),
        )
        return Response(answer(UploadedFileAnswer, file))

    @extend_schema(
        parameters=[_PATH],
        responses={200: OpenApiResponse(description="`Upload-Offset`: how many bytes are here, 0 for none.")},
    )
    def head(self, request: Request, pk: UUID, path: str) -> Response:
        """Ask from where to go on."""
        offset = selectors.upload_offset_of(access.upload_own(self.actor, pk), path)
        return Response(headers={"Upload-Offset": str(offset), "Cache-Control": "no-store"})


def _span(request: Request) -> Span:
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdigit():
        raise LengthRequired("The request does not say how long its body is.")
    return span_read(request.headers.get("Content-Range"), int(length))


def _declared_sha256(request: Request) -> str | None:
    declared = request.headers.get("X-Content-SHA256")
    if declared is not None and not _SHA256.fullmatch(declared):
        raise BadDigest("The header X-Content-SHA256 is not a SHA-256.")
    return declared.lower() if declared else None
