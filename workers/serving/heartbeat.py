"""Says from a thread of its own that this replica lives, so that a long prediction is not taken for a death.

It also watches the opposite: an engine that hangs. When a batch is not done long after the last of its requests has
expired, nobody waits for it any more; the process ends so that another can take its place.
"""

import logging
import os
import threading
import time

from workers.serving import clock, names
from workers.serving.spool import Spool
from workers.serving.stage_stream import HEARTBEAT_TTL
from workers.serving.valkey import FAILED, connect

log = logging.getLogger(__name__)

PERIOD = 1.0  # seconds
HANG_GRACE = 60.0  # seconds beyond the last deadline
HANG_EXIT_CODE = 70
_TTL_MS = int(HEARTBEAT_TTL * 1000)


class Heartbeat:
    """Renews the replica's key each second and learns how full the spool is; `busy_until` is set by the batch loop."""

    def __init__(self, redis_url: str, replica: str, spool: Spool) -> None:
        self.busy_until: float | None = None  # unix seconds: the last deadline of the batch under way
        self._client = connect(redis_url)
        self._spool = spool
        self._key = names.replica_key(replica)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_for_ever, name="heartbeat", daemon=True)

    def beat(self) -> None:
        """Renew the key now, and learn the time; raises one of valkey.FAILED.

        Valkey refuses a SET when its memory is full but not a new expiry, so a replica then still counts as alive.
        """
        if not self._client.pexpire(self._key, _TTL_MS):
            self._client.set(self._key, os.getpid(), px=_TTL_MS)
        asked_at = time.time()
        clock.learn(asked_at, self._client.time())

    def start(self) -> None:
        """Renew the key each second from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End, and take the key away so that what is left may be claimed at once."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self._client.delete(self._key)
        except FAILED as error:
            log.warning("the heartbeat's key is left to expire: %s", error)

    def _beat_for_ever(self) -> None:
        while not self._stop.wait(PERIOD):
            self._end_if_hung()
            try:
                self.beat()
                self._spool.learn(self._client.execute_command(*self._spool.ask))
            except FAILED as error:  # whatever it is, a thread that ended would never beat again
                log.warning("no heartbeat: %s", error)

    def _end_if_hung(self) -> None:
        if self.busy_until is not None and clock.now() > self.busy_until + HANG_GRACE:
            log.critical("a batch is %g seconds past its last deadline; the engine hangs, the process ends", HANG_GRACE)
            os._exit(HANG_EXIT_CODE)
