"""One pipelined connection to Valkey for a thread that may block: many commands in one write, replies in order."""

import socket
from collections.abc import Iterable
from typing import Any, cast

import hiredis
from redis.exceptions import ConnectionError as AwayError

from workers.serving.valkey import CONNECT_TIMEOUT, SOCKET_TIMEOUT
from workers.serving.valkey.address import Command, parse, reply_error

_READ = 256 * 1024  # bytes


class SyncLink:
    """Connects with its first command, and again with the next one after it failed."""

    def __init__(self, url: str) -> None:
        self._address = parse(url)
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader()

    def call(self, *command: Any) -> Any:
        """One command's reply; raises one of valkey.FAILED, an error reply too."""
        return self.calls([command])[0]

    def calls(self, commands: Iterable[Command]) -> list[Any]:
        """The replies; raises one of valkey.FAILED, for the first error reply too, when all have come."""
        replies = self.ask(commands)
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return replies

    def ask(self, commands: Iterable[Command]) -> list[Any]:
        """The replies, error replies among them as exceptions. Raises one of valkey.AWAY, and then some of the
        commands may have been carried out."""
        if self._socket is None:
            self._connect()
        return self._ask(commands)

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> None:
        self._reader = hiredis.Reader(replyError=reply_error)
        self._socket = self._opened()
        for reply in self._ask(self._address.greeting):
            if isinstance(reply, Exception):
                self.close()
                raise reply

    def _opened(self) -> socket.socket:
        address = self._address
        if address.path:
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connected.settimeout(CONNECT_TIMEOUT)
            connected.connect(address.path)
        else:
            connected = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if address.tls:
                connected = address.tls.wrap_socket(connected, server_hostname=address.host)
        connected.settimeout(SOCKET_TIMEOUT)
        return connected

    def _ask(self, commands: Iterable[Command]) -> list[Any]:
        assert self._socket is not None
        packed = [cast(bytes, hiredis.pack_command(command)) for command in commands]
        try:
            self._socket.sendall(b"".join(packed))
            return [self._reply() for _ in packed]
        except BaseException:
            self.close()  # replies that are still to come would be taken for those of the next commands
            raise

    def _reply(self) -> Any:
        assert self._socket is not None
        while (reply := self._reader.gets()) is False:
            data = self._socket.recv(_READ)
            if not data:
                raise AwayError("Valkey closed the connection")
            self._reader.feed(data)
        return reply
