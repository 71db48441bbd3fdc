"""The ingest process: what gateways counted, from the metrics stream into the database and out to open pages.

    gateway -> stream `quartet:metrics`  -> windows_add   -> acknowledge -> pulse to the pages
                                            windows_roll every few seconds
            -> stream `quartet:finished` -> callbacks_add -> acknowledge -> webhooks (workers/deliver.py)

An entry is acknowledged after it is committed, and each counts once, by its number or its request's id. So whatever is
killed or away (this process, Valkey, PostgreSQL), entries wait in the stream and nothing is lost or counted twice.
"""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.conf import settings
from redis import Redis

from apps.console.pulse import pulses, pulses_send
from apps.inference.errors import MalformedNews
from apps.inference.rules import finished
from apps.inference.services import callbacks_add
from apps.monitoring.errors import MalformedEntry
from apps.monitoring.rules.entries import parse
from apps.monitoring.services import windows_add, windows_roll
from workers.serving.names import FINISHED, METRICS
from workers.steady import go_on
from workers.stopping import on_signals
from workers.stream_reader import Delivery, StreamReader

T = TypeVar("T")

log = structlog.get_logger(__name__)

#: Shortest time between two pulses, and so the resolution of live numbers, in seconds.
_PULSE_EVERY = 0.5
#: How long one read waits for news, in milliseconds: a pulse is due at least this often even when nothing is asked.
_BLOCK_MS = 1000
#: Seconds between looks for entries that a dead ingest process left unacknowledged.
_CLAIM_EVERY = 5.0
#: Seconds between looks for windows that are over and to be rolled up.
_ROLL_EVERY = 5.0
#: The channel layer's names of groups that somebody follows.
FOLLOWED = "quartet:channels__group__*"


class Ingest:
    """One reader. `run` works until `stop` is set and outlives faults of Valkey and PostgreSQL."""

    def __init__(
        self, stream: StreamReader, requests: StreamReader, pulse: Callable[[], object], stop: threading.Event
    ) -> None:
        self.stream = stream
        self.requests = requests
        self.pulse = pulse
        self.stop = stop
        self._next_claim = 0.0
        self._next_pulse = 0.0
        self._next_roll = 0.0

    def run(self) -> None:
        """Read, count and tell, until told to stop."""
        go_on(self.turn, self.stop)

    def turn(self) -> None:
        """One round: entries left behind by others when it is time, then news, then a pulse and what is to be rolled
        up when it is time."""
        if time.monotonic() >= self._next_claim:
            self._count(self.stream.left_behind())
            self._tell(self.requests.left_behind())
            self._next_claim = time.monotonic() + _CLAIM_EVERY
        self._tell(self.requests.news(None))
        self._count(self.stream.news(_BLOCK_MS))
        if time.monotonic() >= self._next_pulse:
            self._next_pulse = time.monotonic() + _PULSE_EVERY
            self.pulse()
        if time.monotonic() >= self._next_roll:
            windows_roll()
            self._next_roll = time.monotonic() + _ROLL_EVERY

    def _count(self, deliveries: list[Delivery]) -> None:
        windows_add(entries=_readable(parse, deliveries))
        self.stream.acknowledge(deliveries)

    def _tell(self, deliveries: list[Delivery]) -> None:
        callbacks_add(news=_readable(finished, deliveries))
        self.requests.acknowledge(deliveries)


def _readable(parse: Callable[[bytes], T], deliveries: list[Delivery]) -> list[T]:
    """The entries that can be read: keeping another would stop every entry behind it."""
    found = []
    for delivery in deliveries:
        try:
            found.append(parse(delivery.body))
        except (MalformedEntry, MalformedNews) as error:
            log.error("entry refused", code=error.code, stream_id=delivery.id, reason=error.message)
    return found


def main() -> None:
    """Run until SIGTERM or SIGINT; Django must be set up."""
    stop = threading.Event()
    on_signals((signal.SIGTERM, signal.SIGINT), stop.set)
    # One event loop for the life of the process: the channel layer keeps a connection for each loop it meets.
    with asyncio.Runner() as runner, _client() as client:
        streams = readers(client, f"{socket.gethostname()}-{os.getpid()}")
        Ingest(*streams, lambda: is_followed(client) and runner.run(pulses_send(pulses())), stop).run()


def readers(client: Redis, name: str) -> tuple[StreamReader, StreamReader]:
    """Of the metrics and of the finished requests, for an ingest called `name`."""
    return StreamReader(client, METRICS, name), StreamReader(client, FINISHED, name, batch=100, trims=True)


def is_followed(client: Redis) -> bool:
    """Whether any page is open: what nobody follows need not be worked out."""
    return bool(client.pubsub_channels(FOLLOWED))


def _client() -> Redis:
    # The socket waits longer than a blocking read does, so a silent server is noticed and a quiet one is not.
    return Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5, health_check_interval=15)
