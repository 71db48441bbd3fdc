"""People who say what is true, about a second after the answer."""

import queue
import threading
from typing import Any

from controlplane.demo.rest import Ci


class Labelling:
    """A row for each answer, sent together each second; a context manager, which sends the last on leaving."""

    def __init__(self, labels: Ci) -> None:
        self._labels = labels
        self._told: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.refused: list[dict[str, Any]] = []

    def __enter__(self) -> "Labelling":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self._thread.join()

    def add(self, prediction: str, truth: int) -> None:
        """Say what was true of an answer."""
        self._told.put({"prediction": prediction, "truth": truth})

    def _run(self) -> None:
        while not self._stopped.wait(1.0):
            self._send()
        self._send()

    def _send(self) -> None:
        rows = [self._told.get() for _ in range(self._told.qsize())]
        if rows:
            told = self._labels.ask("POST", "feedback", json={"rows": rows})
            self.refused += [row for row in told["rows"] if row["status"] == "refused"]
