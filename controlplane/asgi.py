"""The web process: Django for HTTP, Channels for the websocket."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  needs the apps loaded
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402

from apps.console.routing import websocket_urlpatterns  # noqa: E402
from controlplane.gate import upload_refusal  # noqa: E402
from controlplane.limits import BodyLimit  # noqa: E402

application = BodyLimit(
    ProtocolTypeRouter(
        {
            "http": django_application,
            "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
        }
    ),
    request_limit=settings.QUARTET_REQUEST_LIMIT,
    upload_limit=settings.QUARTET_UPLOAD_LIMIT,
    gate=upload_refusal,
)
