"""Sentences asked of a deployment, what drift runs say of them, and their truths, told afterwards."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from bench.errors import Unavailable
from bench.product import Product, until
from bench.renewal.sets import Row

_CLIENTS = 4
_PATIENCE = 120.0
#: Of a window's inputs. Predictions of the same millisecond may make it larger, and then a few are left out by chance.
_NEARLY_ALL = 0.95
_AT_ONCE = 1000  # truths, in one transaction


class Asked:
    """Of one deployment of the product, which answers at `url`."""

    def __init__(self, product: Product, name: str, url: str) -> None:
        self._product = product
        self._name = name
        self._url = url
        self._predictions: dict[str, str] = {}  # text -> id
        self._recorded = 0

    def about(self, rows: Sequence[Row]) -> None:
        """Each sentence once, a few at a time; until all are recorded."""
        with httpx.Client(headers=self._product.headers, timeout=60) as http, ThreadPoolExecutor(_CLIENTS) as clients:
            ids = clients.map(lambda row: self._prediction(http, row[0]), rows)
            self._predictions |= {text: told for (text, _), told in zip(rows, ids, strict=True)}
        until(self._all_recorded, "the predictions to be recorded", _PATIENCE)

    def looked_at(self, window: int) -> dict[str, str]:
        """What a drift run over the newest so many says of each group; anew until their inputs are kept."""
        end = time.monotonic() + _PATIENCE
        while (run := self._run())["kept"] < _NEARLY_ALL * window:
            if time.monotonic() > end:
                raise Unavailable(f"a drift run looked at {run['kept']} inputs and not at {window}")
        return {group["name"]: group["state"] for group in run["groups"]}

    def label(self, rows: Sequence[Row]) -> int:
        """Say of these what is true, and how many of the truths were taken."""
        told = [{"prediction": self._predictions[text], "truth": truth} for text, truth in rows]
        for begin in range(0, len(told), _AT_ONCE):
            some = told[begin : begin + _AT_ONCE]
            answers = self._product.rest.ask("POST", "feedback", json={"rows": some})["rows"]
            if refused := [each for each in answers if each["status"] == "refused"]:
                raise Unavailable(f"{len(refused)} truths were refused, such as {refused[0]}")
        return len(told)

    def _prediction(self, http: httpx.Client, text: str) -> str:
        asked = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}
        answer = http.post(self._url, json={"inputs": [asked]})
        if answer.is_error:
            raise Unavailable(f"a sentence was answered with {answer.status_code}: {answer.text[:160]}")
        return str(answer.headers["x-quartet-prediction"])

    def _all_recorded(self) -> bool:
        told = self._product.rest.ask("GET", f"deployments/{self._name}/accuracy", params={"window": "1h"})
        return int(told["predictions"]) >= len(self._predictions)

    def _run(self) -> dict[str, Any]:
        run = self._product.rest.ask("POST", f"deployments/{self._name}/drift/runs", json={})
        found = dict(run)

        def ended() -> bool:
            found.update(self._product.rest.ask("GET", f"drift/runs/{run['id']}"))
            return found["state"] in ("done", "failed")

        until(ended, "the drift run to end", _PATIENCE)
        if found["state"] == "failed":
            raise Unavailable(f"a drift run failed: {found['problem']}")
        return found
