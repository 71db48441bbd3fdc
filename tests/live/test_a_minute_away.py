"""PostgreSQL is away for a whole minute under traffic.

One minute, once in the suite: everything that must hold in it is looked at in the same one.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
from redis import Redis

from tests.live.product import Product, nothing_failed
from tests.live.test_recorded import at_rest, counted
from workers.serving import names

SECONDS = 60.0


@contextmanager
def away(product: Product) -> Iterator[None]:
    """PostgreSQL is killed as often as its supervisor has it back."""
    over = threading.Event()

    def keep_down() -> None:
        while not over.wait(0.05):
            with suppress(ProcessLookupError, TypeError, ValueError, OSError):  # it is down just now
                os.kill(product.pid("postgres"), signal.SIGKILL)

    thread = threading.Thread(target=keep_down)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def shown(product: Product) -> int:
    """Predictions that found no room, as Prometheus is told."""
    page = httpx.get(f"{product.stack.web_url}/metrics").text
    line = next(line for line in page.splitlines() if line.startswith("quartet_predictions_dropped_total "))
    return int(float(line.split()[1]))


def test_serving_goes_on_the_spool_holds_and_what_overflows_is_counted_and_shown(product: Product) -> None:
    product.until(lambda: at_rest(product), "all before to be recorded", 60)
    recorded, dropped, replicas = counted(product), shown(product), product.replicas("ready")
    valkey = Redis.from_url(product.stack.environ["REDIS_URL"])
    before = int(valkey.get(names.PREDICTIONS_DROPPED) or 0)
    with product.traffic(rate=120) as traffic:
        with away(product):
            end = time.monotonic() + SECONDS
            product.until(lambda: time.monotonic() > end - SECONDS / 2, "half of the minute", SECONDS)
            product.kill("records")
            os.kill(replicas[0]["pid"], signal.SIGKILL)  # no other can be placed meanwhile
            product.until(lambda: int(valkey.get(names.PREDICTIONS_DROPPED) or 0) > before, "the spool to be full", 120)
            product.until(lambda: time.monotonic() > end, "the minute's end", SECONDS)
        ready = f"{product.stack.web_url}/health/ready"
        product.until(lambda: httpx.get(ready).is_success, "PostgreSQL to be back", 90)
        product.until(lambda: len(product.replicas("ready")) == 2, "both replicas", 90)
    nothing_failed(traffic.tally)
    product.until(lambda: at_rest(product), "the spool to be empty", 90)
    # Each that was asked is recorded once, or counted as dropped; the count is carried over every two seconds.
    lost = int(valkey.get(names.PREDICTIONS_DROPPED) or 0) - before
    product.until(lambda: shown(product) - dropped == lost, "what was dropped to be shown", 60)
    valkey.close()
    assert counted(product) - recorded + lost == traffic.tally.sent
    assert counted(product) > recorded and shown(product) > dropped
    assert product.holdings()
