"""A batch whose answers together are more than Valkey takes at once is sent in parts."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving import worlds
from tests.serving.planes import WIDE, Plane
from tests.serving.processes import until
from workers.serving.stage_stream import Entry, Finished, parcels

MEBIBYTE = 1024 * 1024


@pytest.fixture
def plane(own_valkey, tmp_path):
    with Plane(own_valkey.url, tmp_path) as plane:
        plane.valkey.config_set("proto-max-bulk-len", 70 * MEBIBYTE)
        yield plane


@pytest.fixture
def callers():
    with ThreadPoolExecutor() as pool:
        yield pool


def test_answers_of_one_batch_that_are_too_large_together_all_arrive(plane, callers):
    plane.publish(doubler=worlds.deployment(outputs=WIDE["outputs"], timeout_ms=60_000))
    wanted = 30 * MEBIBYTE // 4
    binary = {"binary_data_output": True}
    asked = [callers.submit(plane.ask, wanted, 0, parameters=binary) for _ in range(3)]
    until(lambda: plane.depth() == 3, "all three to wait for one batch")
    plane.serve(manifest=WIDE)
    assert [(each.result().status_code, len(each.result().content) > 4 * wanted) for each in asked] == [(200, True)] * 3
    assert plane.depth() == 0


def test_what_a_batch_passes_on_that_is_too_large_together_all_arrives(plane, callers):
    path = [f"quartet:stage:doubler:1:{stage}" for stage in ("first", "last")]
    plane.publish(
        doubler=worlds.deployment(outputs=WIDE["outputs"], splits=[worlds.split(path=path)], timeout_ms=60_000)
    )
    plane.valkey.config_set("client-query-buffer-limit", 70 * MEBIBYTE)
    asked = [callers.submit(plane.ask, 1000, 0) for _ in range(3)]
    until(lambda: plane.depth(stage="first") == 3, "all three to wait for one batch")
    plane.serve(stage="first", steps=("preprocess", "infer"), manifest=PADDED)
    plane.serve(stage="last", steps=("postprocess",), manifest=WIDE)
    assert [each.result().status_code for each in asked] == [200] * 3


#: A prediction carries 30 MiB more than the answer needs, so that it is what is passed on that is large.
PADDED = WIDE | {"stages": [{"name": each["name"], "handler": "doubler:Padded"} for each in WIDE["stages"]]}


@given(st.lists(st.binary(max_size=12)), st.integers(1, 20))
def test_parcels_keep_the_order_and_the_limit(raws, limit):
    finished = [Finished(Entry("s", b"1-1", ()), raw) for raw in raws]
    made = parcels(finished, limit)
    assert [each for parcel in made for each in parcel] == finished
    assert all(len(parcel) == 1 or sum(len(each.raw) for each in parcel) <= limit for parcel in made)
    together = [sum(len(each.raw) for each in [*one, *other[:1]]) for one, other in itertools.pairwise(made)]
    assert all(size > limit for size in together)


def test_an_answer_compressed_off_the_event_loop_is_whole(plane):
    plane.publish(doubler=worlds.deployment(outputs=WIDE["outputs"], timeout_ms=60_000))
    plane.serve(manifest=WIDE)
    body = worlds.body(worlds.tensor(data=[200_000, 0]), parameters={"binary_data_output": True})
    response = plane.http.post("/v2/models/doubler/infer", content=body, headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200, response.text
    assert response.headers["content-encoding"] == "gzip"
    assert len(response.content) == int(response.headers["inference-header-content-length"]) + 4 * 200_000
