"""How much the gateway holds at once. Refusing early is what keeps its memory bounded: TooBusy, status 429."""

from collections import Counter

from workers.serving.errors import TooBusy


class Admission:
    """Counts requests, in all and by deployment, and the bytes of their bodies and answers.

    Used from the event loop only.
    """

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._by_deployment: Counter[str] = Counter()
        self.requests = 0
        self.bytes = 0

    def enter(self, deployment: str, limit: int) -> None:
        """Take one request in; every enter that returns is followed by a `leave`. Raises TooBusy."""
        if self.requests >= self._max_requests:
            raise TooBusy(f"The gateway already holds {self.requests} requests, as many as it may.")
        if self._by_deployment[deployment] >= limit:
            raise TooBusy(f"The deployment '{deployment}' already has {limit} requests in flight, as many as it may.")
        self.requests += 1
        self._by_deployment[deployment] += 1

    def leave(self, deployment: str, held: int) -> None:
        """Let one request go, with the bytes it held."""
        self.requests -= 1
        self._by_deployment[deployment] -= 1
        self.bytes -= held

    def hold(self, size: int) -> None:
        """Hold so many bytes more; raises TooBusy, holding nothing."""
        if self.bytes + size > self._max_bytes:
            raise TooBusy(f"The gateway already holds {self.bytes} bytes of requests and may not hold {size} more.")
        self.bytes += size

    def exchange(self, held: int, size: int) -> None:
        """Hold an answer's bytes instead of its request's; raises TooBusy, changing nothing.

        Where nothing else is held any answer is taken: one that is larger than everything allowed could never be sent.
        """
        rest = self.bytes - held
        if rest and rest + size > self._max_bytes:
            raise TooBusy(f"The gateway already holds {rest} bytes and may not hold the answer's {size} as well.")
        self.bytes = rest + size
