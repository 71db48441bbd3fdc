"""Clients of the gateway: pictures and sounds in, digits out, every answer counted."""

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import httpx

from workers.training.digits_av.held_out import HeldOutSample

#: Which inputs each request carries, in turn: both, and either alone.
SENSES = (("image", "sound"), ("image",), ("sound",))


def body(sample: HeldOutSample, senses: tuple[str, ...]) -> dict[str, Any]:
    """An Open Inference Protocol v2 request, media as base64."""
    media = {"image": sample.png, "sound": sample.wav}
    return {
        "inputs": [
            {"name": name, "datatype": "BYTES", "shape": [1], "data": [base64.b64encode(media[name]).decode()]}
            for name in senses
        ]
    }


def digit(answer: dict[str, Any]) -> int:
    """The digit in an answer."""
    return int(next(output["data"][0] for output in answer["outputs"] if output["name"] == "digit"))


@dataclass
class Tally:
    """What the clients saw. `right` and `answered` are by senses; `failures` keeps the first words of each failure."""

    sent: int = 0
    failures: list[str] = field(default_factory=list)
    answered: dict[str, int] = field(default_factory=dict)
    right: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)

    def add(self, senses: tuple[str, ...], said: int, truth: int, version: str, milliseconds: float) -> None:
        """Count one answer."""
        name = "+".join(senses)
        self.answered[name] = self.answered.get(name, 0) + 1
        self.right[name] = self.right.get(name, 0) + (said == truth)
        self.versions[version] = self.versions.get(version, 0) + 1
        self.milliseconds.append(milliseconds)

    def accuracy(self) -> dict[str, float]:
        """Share of right answers, by senses."""
        return {name: round(self.right[name] / n, 4) for name, n in self.answered.items()}

    def percentile(self, percent: float) -> float | None:
        """Latency in ms that `percent` of the answers stayed within; None where there were none."""
        ordered = sorted(self.milliseconds)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))], 1) if ordered else None


class Traffic:
    """A few clients that keep asking at a steady rate until stopped."""

    def __init__(
        self,
        url: str,
        key: str,
        samples: list[HeldOutSample],
        *,
        rate: float,
        clients: int = 4,
        answered: Callable[[str, int], None] = lambda prediction, truth: None,
    ) -> None:
        """`answered` hears of each answer, with the prediction's id and what is true."""
        self.tally = Tally()
        self._answered = answered
        self._url = f"{url}/v2/models/digits/infer"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._samples = samples
        self._pause = clients / rate
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(n,), daemon=True) for n in range(clients)]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> Tally:
        """Let every client finish its request; returns the tally."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        return self.tally

    def _client(self, number: int) -> None:
        # Offset by client, so that every sense meets every sample.
        asked = zip(
            cycle(self._samples[number:] + self._samples[:number]), cycle(SENSES[number % 3 :] + SENSES[: number % 3])
        )
        with httpx.Client(headers=self._headers, timeout=35) as http:
            for sample, senses in asked:
                began = time.monotonic()
                self._ask(http, sample, senses)
                if self._stopped.wait(max(0.0, self._pause - (time.monotonic() - began))):
                    return

    def _ask(self, http: httpx.Client, sample: HeldOutSample, senses: tuple[str, ...]) -> None:
        began = time.perf_counter()
        with self._lock:
            self.tally.sent += 1
        try:
            response = http.post(self._url, json=body(sample, senses))
            response.raise_for_status()
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            with self._lock:
                self.tally.failures.append(f"{type(error).__name__}: {error}"[:200])
            return
        milliseconds = (time.perf_counter() - began) * 1000
        self._answered(response.headers["x-quartet-prediction"], sample.digit)
        with self._lock:
            self.tally.add(senses, digit(answer), sample.digit, answer["model_version"], milliseconds)
