"""What happened reaches the metrics stream once, numbered, and what had to be dropped is counted."""

import json

import pytest

from workers.serving import metrics_stream, names
from workers.serving.accounts import NO_REVISION, Accounts
from workers.serving.admission import Admission
from workers.serving.metrics_stream import MAX_WAITING, QUIET_PERIODS, STREAM_LENGTH, MetricsStream
from workers.serving.sketch import upper
from workers.serving.valkey import connect, connect_async
from workers.serving.wire import Stop


@pytest.fixture
async def world(redis_url):
    client = connect_async(redis_url)
    await client.delete(names.METRICS)
    accounts = Accounts()
    yield accounts, MetricsStream(client, "gw", accounts, Admission(1, 1)), client
    await client.delete(names.METRICS)
    await client.aclose()


def entries(redis_url: str) -> list[dict]:
    with connect(redis_url) as client:
        return [json.loads(fields[b"m"]) for _, fields in client.xrange(names.METRICS)]


async def test_a_window_is_published_by_deployment_and_revision(world, redis_url):
    accounts, stream, _ = world
    accounts.answered(("digits", 2), 0.010, ("image", "sound"))
    accounts.answered(("digits", 2), 0.010, ("image",))
    accounts.failed(("digits", NO_REVISION), 0.001, "bad_input")
    await stream.publish()
    (entry,) = entries(redis_url)
    good, bad = entry["rows"]
    assert (good["deployment"], good["revision"], good["requests"], good["errors"]) == ("digits", 2, 2, {})
    assert good["inputs"] == {"image": 2, "sound": 1}
    (bucket,) = good["sketches"]["latency"].items()
    assert bucket[1] == 2 and upper(int(bucket[0]) - 1) < 10 <= upper(int(bucket[0]))
    assert (bad["revision"], bad["requests"], bad["errors"]) == (0, 1, {"bad_input": 1})
    assert (entry["gateway"], entry["seq"], entry["dropped"]) == ("gw", 1, 0)
    assert entry["from"] <= entry["to"]


async def test_what_stages_took_is_published_by_stage_and_step(world, redis_url):
    accounts, stream, _ = world
    fused = Stop("all", 0.002, 0.010, 4, {"preprocess": 0.001, "infer": 0.009})
    told_in_parts = Stop("all", 0.002, 0.5, 1, {})
    for trail, confidences in (((fused,), (0.9, None)), ((fused,), (0.4, 0.9)), ((told_in_parts,), ())):
        accounts.answered(("digits", 1), 0.020, (), 2, trail, confidences=confidences)
    await stream.publish()
    ((row,),) = [entry["rows"] for entry in entries(redis_url)]
    found = {name: sorted(buckets.values()) for name, buckets in row["sketches"].items()}
    assert found == {
        "latency": [3],
        "confidence": [1, 2],
        "queue/all": [3],
        "batch/all": [1, 2],
        "stage/preprocess": [2],
        "stage/infer": [2],
        "stage/all": [1],
    }


async def test_a_window_belongs_to_the_second_that_its_middle_lies_in(world, redis_url, monkeypatch):
    accounts, stream, _ = world
    for end in (1000.0, 1000.01, 1000.5, 1000.51, 1000.74, 1000.76):
        monkeypatch.setattr(metrics_stream.clock, "now", lambda end=end: end)
        accounts.answered(("digits", 1), 0.010, ())
        await stream.publish()
    assert [entry["second"] for entry in entries(redis_url)] == [999, 999, 1000, 1000, 1000, 1000]


async def test_each_request_is_published_once(world, redis_url):
    accounts, stream, _ = world
    for _ in range(3):
        accounts.answered(("digits", 1), 0.010, ())
        await stream.publish()
    published = entries(redis_url)
    assert [entry["seq"] for entry in published] == [1, 2, 3]
    assert [entry["rows"][0]["requests"] for entry in published] == [1, 1, 1]


async def test_a_silent_gateway_still_gives_a_sign_now_and_then(world, redis_url):
    _, stream, _ = world
    for _ in range(2 * QUIET_PERIODS):
        await stream.publish()
    assert [entry["rows"] for entry in entries(redis_url)] == [[], []]


async def test_what_waits_during_an_outage_is_bounded_and_the_dropped_are_counted(world, redis_url):
    accounts, stream, client = world
    stream._client = connect_async("redis://127.0.0.1:1/0")
    for _ in range(MAX_WAITING + 3):
        accounts.answered(("digits", 1), 0.010, ())
        await stream.publish()
    await stream._client.aclose()
    stream._client = client
    await stream.publish()
    published = entries(redis_url)
    assert stream.dropped == 3
    assert sum(row["requests"] for entry in published for row in entry["rows"]) == MAX_WAITING
    assert published[0]["seq"] == 4


async def test_the_totals_keep_what_the_windows_gave_away(world):
    accounts, stream, _ = world
    accounts.answered(("digits", 1), 0.010, ())
    await stream.publish()
    accounts.answered(("digits", 1), 0.010, ())
    assert accounts.totals()["digits", 1].requests == 2


async def test_the_stream_itself_is_bounded(world):
    accounts, stream, client = world
    pipeline = client.pipeline(transaction=False)
    for _ in range(STREAM_LENGTH + 1000):
        pipeline.xadd(names.METRICS, {"m": b"{}"})
    await pipeline.execute()
    accounts.answered(("digits", 1), 0.010, ())
    await stream.publish()
    # Valkey drops whole nodes of a hundred entries, which is cheaper than counting to the last
    assert STREAM_LENGTH <= await client.xlen(names.METRICS) < STREAM_LENGTH + 200
