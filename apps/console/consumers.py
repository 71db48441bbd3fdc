"""The one websocket: a page says what it follows and receives a pulse a second.

{"subscribe": "deployment.digits"} is answered with {"subscribed": "deployment.digits"} or {"error": {...}}. Pulses are
what apps/console/pulse.py describes. The socket closes with 4401 when nobody is signed in, or no longer.
"""

import json
import time
from typing import Any

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.sessions.backends.db import SessionStore

from apps.console.topics import group_for
from apps.core.errors import CallerError, QuartetError

NOT_SIGNED_IN = 4401
#: Seconds between looks whether the session still stands: signing out elsewhere ends the pulses too.
_SESSION_CHECK_EVERY = 5.0
#: Topics one socket may follow; a page needs one or two.
_MOST_TOPICS = 20


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """One browser tab."""

    async def connect(self) -> None:
        await self.accept()
        self.followed: set[str] = set()
        self.session_checked = time.monotonic()
        if not self.scope["user"].is_authenticated:
            await self.close(NOT_SIGNED_IN)

    async def disconnect(self, code: int) -> None:
        for group in self.followed:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        try:
            topic = _topic(text_data)
            group = await database_sync_to_async(group_for)(self.scope["user"], topic)
            await self._follow(group)
        except QuartetError as error:
            await self.send_json(error.as_dict())
        else:
            await self.send_json({"subscribed": topic})

    async def pulse(self, event: dict[str, Any]) -> None:
        """A pulse from the channel layer, passed on to the page."""
        if await self._still_signed_in():
            await self.send_json(event["message"])
        else:
            await self.close(NOT_SIGNED_IN)

    async def _follow(self, group: str) -> None:
        if len(self.followed) >= _MOST_TOPICS:
            raise CallerError(f"This connection follows {_MOST_TOPICS} topics already.", remedy="Open another.")
        await self.channel_layer.group_add(group, self.channel_name)
        self.followed.add(group)

    async def _still_signed_in(self) -> bool:
        if time.monotonic() - self.session_checked < _SESSION_CHECK_EVERY:
            return True
        self.session_checked = time.monotonic()
        # Read anew: the scope holds the session as it was when the socket opened.
        session = SessionStore(self.scope["session"].session_key)
        return bool((await get_user({"session": session})).is_authenticated)


def _topic(text: str | None) -> str:
    try:
        topic = json.loads(text or "")["subscribe"]
    except (ValueError, TypeError, KeyError):
        topic = None
    if not isinstance(topic, str):
        raise CallerError("The message cannot be understood.", remedy='Send {"subscribe": "<topic>"}.')
    return topic
