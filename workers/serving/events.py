"""The replica's line to its host: JSON lines on what was stdout, which nothing else can write to."""

import os
import sys
from typing import Any

import orjson


class EventChannel:
    """Takes stdout's descriptor for itself and points descriptor 1 to stderr, so that a library's print (or a C
    library's) cannot break the protocol."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        os.set_inheritable(self._descriptor, False)
        sys.stdout.flush()
        os.dup2(2, 1)

    def send(self, event: str, **fields: Any) -> None:
        """Write one event; a host that is gone is no error here, its end shows on stdin."""
        line = orjson.dumps({"event": event} | {key: value for key, value in fields.items() if value is not None})
        try:
            os.write(self._descriptor, line + b"\n")
        except BrokenPipeError:
            return
