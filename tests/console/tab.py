"""A browser tab's websocket without the browser: the web application over ASGI."""

import json
from typing import Any

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from apps.core.models import User
from controlplane.asgi import application


class Tab(ApplicationCommunicator):
    """One connection to /live/ (channels.testing has the like, but wants daphne installed)."""

    @classmethod
    async def of(cls, user: User | AnonymousUser, origin: str = "http://localhost") -> "Tab":
        """A tab with the session cookie of `user`."""
        client = Client()
        if user.is_authenticated:
            await sync_to_async(client.force_login)(user)
        cookie = client.cookies.output(header="", sep=";").strip()
        known = {"host": "localhost", "origin": origin, "cookie": cookie}
        headers = [(name.encode(), value.encode()) for name, value in known.items()]
        scope = {"type": "websocket", "path": "/live/", "query_string": b"", "headers": headers, "subprotocols": []}
        return cls(application, scope)

    async def connect(self) -> str:
        """Open it; returns the type of the answer, `websocket.accept` or `websocket.close`."""
        await self.send_input({"type": "websocket.connect"})
        return str((await self.receive_output(timeout=5))["type"])

    async def say(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hear(self) -> Any:
        """The next message."""
        output = await self.receive_output(timeout=5)
        assert output["type"] == "websocket.send", output
        return json.loads(output["text"])

    async def follow(self, topic: str) -> "Tab":
        """Connect and subscribe."""
        assert await self.connect() == "websocket.accept"
        await self.say(json.dumps({"subscribe": topic}))
        assert await self.hear() == {"subscribed": topic}
        return self

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=5)
