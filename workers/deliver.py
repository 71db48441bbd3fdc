"""Sends what webhook endpoints are to be told: many at once, few of them to one endpoint, on one of Celery's threads.

    claim (a lease) -> POST, on a thread of its own -> write down what came of it

Only the thread that runs the task touches the database. An endpoint that is slow costs one of the threads here for
some seconds, and none of those on which the reconciler and the relay run.
"""

import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.conf import settings

from apps.core import poke
from apps.webhooks.selectors import deliveries_due
from apps.webhooks.sending import Outcome, Sender
from apps.webhooks.services import TASK, Claimed, attempt_record, deliveries_claim

#: POSTs under way at once, and how many of them may go to one endpoint.
AT_ONCE = 32
EACH = 4
#: Seconds for which one run takes up more; the next second's tick asks for another run.
_TURN = 30.0
#: Seconds between looks for what became due while some endpoint takes its time.
_LOOK = 0.5

#: One run a process: whoever comes second leaves the work to the first.
_running = threading.Lock()


def deliveries_wake() -> None:
    """Ask for a run where something is due."""
    if deliveries_due().exists():
        poke.send(TASK)


def deliver_run(sender: Sender | None = None) -> int:
    """Send what is due; returns how many tries there were. Nothing where a run is under way in this process."""
    if not _running.acquire(blocking=False):
        return 0
    try:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
            return _Run(pool, sender or Sender(settings.QUARTET_WEBHOOK_ALLOW)).see_through()
    finally:
        _running.release()


class _Run:
    def __init__(self, pool: ThreadPoolExecutor, sender: Sender) -> None:
        self._pool = pool
        self._sender = sender
        self._under_way: dict[Future[Outcome], Claimed] = {}

    def see_through(self) -> int:
        """Take up what is due for a turn, and wait for what was taken up."""
        ended, until = 0, time.monotonic() + _TURN
        while True:
            if time.monotonic() < until:
                self._take_up()
            if not self._under_way:
                return ended
            done, _ = wait(self._under_way, timeout=_LOOK, return_when=FIRST_COMPLETED)
            for each in done:
                attempt_record(claimed=self._under_way.pop(each), outcome=each.result())
            ended += len(done)

    def _take_up(self) -> None:
        while room := AT_ONCE - len(self._under_way):
            busy = Counter(claimed.endpoint_id for claimed in self._under_way.values())
            claimed = deliveries_claim(limit=room, each=EACH, without=busy.keys())
            for one in claimed:
                self._under_way[self._pool.submit(self._sender, one.url, one.headers, one.body)] = one
            if not claimed:
                return
