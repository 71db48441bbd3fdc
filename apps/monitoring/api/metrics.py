"""/metrics: the Prometheus edge."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core.permissions import ScopedPermission
from apps.monitoring.exposition import page

#: Headers by which a proxy says that it asks for somebody else.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")


class OnThisMachine(BasePermission):
    """The request comes from this machine and, as far as can be known, no proxy passed it on.

    A proxy without any settings marks nothing: some keep the caller's Host, nginx sends the loopback one that it was
    told. Nobody signs in through the latter without QUARTET_TRUSTED_ORIGINS, so where that is set a proxy is assumed.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        marked = any(request.headers.get(name) for name in _FORWARDED)
        if marked or settings.CSRF_TRUSTED_ORIGINS or not _is_loopback(_asked_host(request)):
            return False
        return _is_loopback(request.META["REMOTE_ADDR"])


def _asked_host(request: Request) -> str:
    """The Host header without its port."""
    return urlsplit(f"//{request.get_host()}").hostname or ""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Metrics(APIView):
    """The fleet in Prometheus text. Open on this machine; from elsewhere it needs a key with the scope `read`."""

    permission_classes = [OnThisMachine | ScopedPermission]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(page(), content_type=CONTENT_TYPE_LATEST)
