"""/metrics: the Prometheus edge."""

import ipaddress

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core.permissions import ScopedPermission
from apps.monitoring.exposition import FleetCollector

#: Headers by which a proxy says that it asks for somebody else.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")


class OnThisMachine(BasePermission):
    """The request comes from this machine and no proxy passed it on."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if any(request.headers.get(name) for name in _FORWARDED):
            return False
        return ipaddress.ip_address(request.META["REMOTE_ADDR"]).is_loopback


class Metrics(APIView):
    """The fleet in Prometheus text. Open on this machine; from elsewhere it needs a key with the scope `read`."""

    permission_classes = [OnThisMachine | ScopedPermission]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        registry = CollectorRegistry()
        registry.register(FleetCollector())
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
