"""Websocket addresses."""

from django.urls import path

from apps.console.consumers import LiveConsumer

websocket_urlpatterns = [path("live/", LiveConsumer.as_asgi())]
