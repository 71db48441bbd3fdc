"""Clients that know the truth of the pictures they ask about: they tell it soon after, and count what came back."""

import threading
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from types import TracebackType
from typing import Any

import httpx

from controlplane.demo.rest import Ci
from controlplane.demo.traffic import body, digit
from tests.live.product import Product
from workers.training.digits_av.held_out import HeldOutSample

#: Labels that are told together.
_TOGETHER = 20


class Labelled:
    """A few clients of one deployment at a steady rate, from the block's beginning to its end.

    `answered` counts answers by the version that gave them, `right` those that were; `failures` has every request that
    was not answered, and `refused` every label that was not taken.
    """

    def __init__(
        self, product: Product, deployment: str, samples: Sequence[HeldOutSample], *, rate: float, clients: int = 3
    ) -> None:
        self.sent = 0
        self.answered: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.failures: list[str] = []
        self.refused: list[Any] = []
        self._samples = list(samples)
        self._url = f"{product.stack.gateway_url}/v2/models/{deployment}/infer"
        self._headers = {"Authorization": f"Bearer {product.keys['app']}"}
        self._labels = Ci(product.stack.web_url, product.keys["labels"])
        self._untold: list[dict[str, Any]] = []
        self._pause = clients / rate
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(n,), daemon=True) for n in range(clients)]

    def __enter__(self) -> "Labelled":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._labels.close()

    def _client(self, number: int) -> None:
        shown = self._samples[number:] + self._samples[:number]
        with httpx.Client(headers=self._headers, timeout=35) as http:
            for sample in cycle(shown):
                self._ask(http, sample)
                if self._stopped.wait(self._pause):
                    return

    def _ask(self, http: httpx.Client, sample: HeldOutSample) -> None:
        with self._lock:
            self.sent += 1
        try:
            answer = http.post(self._url, json=body(sample, ("image",))).raise_for_status()
            said, version = digit(answer.json()), answer.json()["model_version"]
        except (httpx.HTTPError, ValueError) as error:
            with self._lock:
                self.failures.append(f"{type(error).__name__}: {error}"[:200])
            return
        with self._lock:
            self.answered[version] += 1
            self.right[version] += said == sample.digit
            self._untold.append({"prediction": answer.headers["x-quartet-prediction"], "truth": sample.digit})
            rows, self._untold = (self._untold, []) if len(self._untold) >= _TOGETHER else ([], self._untold)
        if rows:
            told = self._labels.ask("POST", "feedback", json={"rows": rows})
            self.refused += [row for row in told["rows"] if row["status"] == "refused"]
