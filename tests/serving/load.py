"""A bounded load that keeps count: every request its own numbers, every answer checked against them."""

import itertools
import threading
from collections import Counter
from collections.abc import Sequence

import httpx

from tests.serving import worlds
from tests.serving.processes import until

#: Above every number that makes the doubler misbehave.
FIRST = 10_000


class Load:
    """`callers` threads that ask one after the other until `stop`, over any of `urls` that can be reached.

    A request whose connection breaks before an answer is asked again at the next gateway, as a load balancer's client
    would; what is counted is what became of each in the end.
    """

    def __init__(self, urls: Sequence[str], callers: int = 8, **body: object) -> None:
        self.outcomes: Counter[str] = Counter()
        self.asked_again = 0
        self.predictions: list[str] = []  # ids of what was answered
        self._urls = urls
        self._body = body
        self._numbers = itertools.count(FIRST)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._call, args=(each,)) for each in range(callers)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def go_on(self, more: int = 100) -> None:
        """Wait until so many more requests have come to their end."""
        so_far = self.outcomes.total()
        until(lambda: self.outcomes.total() >= so_far + more, f"{more} more requests to end")

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self, place: int) -> None:
        headers = {"Authorization": f"Bearer {worlds.GOOD_KEY}"}
        with httpx.Client(timeout=60, headers=headers) as client:
            turn = place
            while not self._stop.is_set():
                number = next(self._numbers)
                outcome = None
                while outcome is None:
                    outcome = self._ask(client, self._urls[turn % len(self._urls)], number)
                    turn += outcome is None
                with self._lock:
                    self.outcomes[outcome] += 1

    def _ask(self, client: httpx.Client, url: str, number: int) -> str | None:
        """What became of it: `right`, `wrong`, or the error's code; None when the connection broke."""
        body = worlds.body(worlds.tensor(data=[number, -number]), **self._body)
        try:
            response = client.post(f"{url}/v2/models/doubler/infer", content=body)
        except httpx.TransportError:
            self.asked_again += 1
            return None
        if response.status_code != 200:
            return str(response.json()["code"])
        self.predictions.append(response.headers["x-quartet-prediction"])
        return "right" if response.json()["outputs"][0]["data"] == [2 * number, -2 * number] else "wrong"
