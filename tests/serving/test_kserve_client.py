"""KServe's own client, `kserve.InferenceRESTClient` with the protocol v2, asks a gateway as it comes.

What it can do with a server that keeps to the protocol it does here: whether the server lives and is ready, whether a
model is ready, and inference with JSON or binary tensors, either way. Four things to know of it:

- It can carry a key only as a header given with each call (or as an httpx `auth`); it has no setting for one.
- `infer` writes the length of the JSON into the dict of headers that it was given, so that a dict used again for a
  request in JSON would claim a binary part. Give each call headers of its own.
- It refuses FP16 as JSON itself, before anything is sent; in binary it goes.
- `explain`, and everything with the protocol v1 (its default), asks `/v1/models/...`, which is no address here: 404.
  Its gRPC client finds nobody: Quartet answers over HTTP alone.
"""

import json
import subprocess
from typing import Any

import pytest

from bench import install
from bench.place import REQUIREMENTS
from tests.serving import worlds

ASKING = """
import asyncio, json, sys
import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput

URL, KEY = sys.argv[1:]


def request(binary, value=1.5):
    given = InferInput("x", [1, 2], "FP32")
    given.set_data_from_numpy(np.array([[value, 2]], np.float32), binary_data=binary)
    outputs = [RequestedOutput("y", {"binary_data": binary})]
    return InferRequest("doubler", [given], request_id="mine", request_outputs=outputs)


async def infer(client, asked):
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = await client.infer(URL, asked, model_name="doubler", headers=headers)
    sent_binary = "inference-header-content-length" in {name.lower() for name in headers}
    [output] = answer.outputs
    told = {"name": output.name, "shape": output.shape, "datatype": output.datatype}
    return told | {"id": answer.id, "numbers": output.as_numpy().tolist(), "sent_binary": sent_binary}


async def refusal(asking):
    try:
        return await asking
    except httpx.HTTPStatusError as error:
        return {"status": error.response.status_code, "told": str(error)}


async def main():
    client, old = InferenceRESTClient(RESTConfig(protocol="v2")), InferenceRESTClient(RESTConfig(protocol="v1"))
    return {
        "live": await client.is_server_live(URL),
        "ready": await client.is_server_ready(URL),
        "model ready": await client.is_model_ready(URL, "doubler"),
        "empty ready": await client.is_model_ready(URL, "empty"),
        "unknown ready": await client.is_model_ready(URL, "nowhere"),
        "json": await infer(client, request(binary=False)),
        "binary": await infer(client, request(binary=True)),
        "refused": await refusal(infer(client, request(binary=True, value=400))),
        "keyless": await refusal(client.infer(URL, request(binary=False), model_name="doubler")),
        "v1": await refusal(old.infer(URL, {"instances": [[1, 2]]}, model_name="doubler")),
    }


print(json.dumps(asyncio.run(main())))
"""


@pytest.fixture(scope="module")
def told(busy_plane) -> dict[str, Any]:
    """What the client says to each question, asked by KServe's package in an environment of its own."""
    install.environment("kserve-client", [["-r", str(REQUIREMENTS / "kserve-client.txt")]])
    command = [str(install.python("kserve-client")), "-c", ASKING, busy_plane.gateway.url, worlds.GOOD_KEY]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_it_finds_the_server_live_and_ready(told):
    assert (told["live"], told["ready"]) == (True, True)


def test_it_tells_a_ready_model_from_others(told):
    assert (told["model ready"], told["empty ready"], told["unknown ready"]) == (True, False, False)


@pytest.mark.parametrize(("form", "is_binary"), [("json", False), ("binary", True)])
def test_it_is_answered_in_the_form_that_it_asks_for(told, form, is_binary):
    answer = {"name": "y", "shape": [1, 2], "datatype": "FP32", "id": "mine", "numbers": [[3.0, 4.0]]}
    assert told[form] == answer | {"sent_binary": is_binary}


def test_it_raises_a_refusal_with_our_words(told):
    assert told["refused"]["status"] == 400
    assert "x may not be 400" in told["refused"]["told"]


def test_without_a_key_it_is_told_that_it_needs_one(told):
    assert told["keyless"]["status"] == 401
    assert "key" in told["keyless"]["told"]


def test_the_protocol_v1_is_not_spoken(told):
    assert told["v1"]["status"] == 404
