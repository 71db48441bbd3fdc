"""Real models from their files to an answer: uploaded, registered, approved, placed, and asked through the gateway."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.live.product import Product
from tests.models.conftest import built
from tests.models.test_minilm import FORGOTTEN, OTHERS, QUESTION
from tests.models.test_whisper import RATE, SAID
from workers.models import minilm, whisper
from workers.models.spoken_sample import spoken_sample


@contextmanager
def deployed(product: Product, name: str, directory: Path) -> Iterator[str]:
    """A deployment of the model in `directory`, called as it is; afterwards it has no replica."""
    product.ci.model_ensure(name, "A real model")
    number = product.ci.version_register(name, directory, {}, None)["number"]
    product.ci.deployment_ensure(name, "For the live tests")
    live(product, name, number)
    # A revision is live when traffic begins to move to it; the gateway hears of it within a moment.
    ready = f"{product.stack.gateway_url}/v2/models/{name}/ready"
    product.until(lambda: httpx.get(ready).is_success, f"the gateway to know {name}", 30)
    yield name
    live(product, name, number, min_replicas=0, scale={"idle_s": 1})
    active = {"pending", "starting", "warming", "ready", "draining"}
    product.until(lambda: not states(product, name) & active, f"the replica of {name} to end", 60)


def live(product: Product, name: str, version: int, **spec: Any) -> None:
    asked = {"model": name, "version": version, "keep_s": 0, **spec}
    revision = product.ci.ask("POST", f"deployments/{name}/revisions", json=asked)
    product.approve(revision)
    product.ci.revision_wait(name, revision["number"], {"live"}, 150)


def states(product: Product, name: str) -> set[str]:
    return {replica["state"] for replica in product.ci.ask("GET", f"replicas?deployment={name}")["results"]}


@pytest.fixture(scope="module")
def sentences(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = built(minilm.build, tmp_path_factory.mktemp("real") / "minilm")
    with deployed(product, "sentences", directory) as name:
        yield name


@pytest.fixture(scope="module")
def dictation(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = built(whisper.build, tmp_path_factory.mktemp("real") / "whisper")
    with deployed(product, "dictation", directory) as name:
        yield name


def ask(product: Product, name: str, tensor: dict[str, Any], **headers: str) -> httpx.Response:
    """One request of one input; fails with the answer where it is an error."""
    url = f"{product.stack.gateway_url}/v2/models/{name}/infer"
    headers = {"Authorization": f"Bearer {product.keys['app']}"} | headers
    answer = httpx.post(url, json={"inputs": [tensor]}, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def outputs(answer: dict[str, Any]) -> dict[str, list[Any]]:
    return {output["name"]: output["data"] for output in answer["outputs"]}


def sound() -> dict[str, Any]:
    data = [base64.b64encode(spoken_sample(SAID, RATE)).decode()]
    return {"name": "sound", "datatype": "BYTES", "shape": [1], "data": data}


def events(answer: httpx.Response) -> list[tuple[str, dict[str, list[Any]]]]:
    """Every event's name and outputs, in order."""
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    fields = [dict(line.split(": ", 1) for line in block) for block in blocks]
    return [(each["event"], outputs(json.loads(each["data"]))) for each in fields]


def test_minilm_tells_which_sentences_mean_the_same(product: Product, sentences: str) -> None:
    texts = [FORGOTTEN, QUESTION, *OTHERS]
    answer = ask(product, sentences, {"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": texts}).json()
    forgotten, question, *others = np.reshape(outputs(answer)["embedding"], (len(texts), 384))
    assert round(float(forgotten @ question), 2) == 0.68
    assert max(float(forgotten @ other) for other in others) < 0.2


def test_whisper_writes_down_what_was_said(product: Product, dictation: str) -> None:
    answer = outputs(ask(product, dictation, sound()).json())
    assert (answer["text"], answer["finish_reason"]) == ([SAID], ["stop"])


def test_whisper_tells_what_it_hears_word_by_word(product: Product, dictation: str) -> None:
    answer = ask(product, dictation, sound(), Accept="text/event-stream")
    *parts, (last, whole) = events(answer)
    texts = [told["text"][0] for _, told in parts]
    assert {name for name, _ in parts} == {"part"} and last == "answer"
    assert len(set(texts)) > 8 and all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert whole["text"] == [SAID]


def test_a_replica_has_the_batch_that_its_artifact_asks_for(product: Product, dictation: str) -> None:
    [revision] = product.ci.ask("GET", f"deployments/{dictation}/revisions")["results"]
    assert [stage["batch_max"] for stage in revision["spec"]["stages"]] == [4]
