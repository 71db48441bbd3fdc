"""A revision in the shadow is asked what the live one answered: its callers never notice, whatever it does."""

import signal
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.serving import worlds
from tests.serving.planes import FAILING, GRAPH, HANDLER, HELD, MANIFEST, Plane, numbers
from tests.serving.processes import until, write_artifact
from workers.serving import mirrors, names
from workers.serving.record import Record, decode_records

#: Answers the same numbers the other way round, so that nobody could take them for the live revision's.
TURNED = (
    HANDLER
    + """
class Turned(Doubler):
    def predict(self, batch):
        return [{"y": -each["y"]} for each in super().predict(batch)]
"""
)
CANDIDATE = MANIFEST | {"stages": [{"name": each["name"], "handler": "doubler:Turned"} for each in MANIFEST["stages"]]}


def shadow(share: int = 100, revision: int = 2, **changes: Any) -> dict[str, Any]:
    path = worlds.split(revision)["path"]
    return {"revision": revision, "version": str(revision), "share": share, "path": path} | changes


@pytest.fixture
def shadowed(plane: Plane) -> Iterator[Plane]:
    """The live revision has a replica; the one in its shadow has none yet."""
    plane.publish(doubler=worlds.deployment(shadow=shadow()))
    plane.serve()
    plane.files = write_artifact(plane.folder / "candidate", {"doubler.py": TURNED})
    yield plane


def candidate(plane: Plane, **changes: Any) -> Any:
    return plane.serve(2, manifest=CANDIDATE, directory=str(plane.folder / "candidate"), **changes)


def records(plane: Plane, *, mirrored: bool) -> list[Record]:
    entries: Any = plane.valkey.xrange(names.PREDICTIONS)
    found = [each for _, fields in entries for each in decode_records(fields[b"m"])]
    return [each for each in found if (each.asked.mirrored is not None) == mirrored]


def mirrored(plane: Plane, count: int) -> list[Record]:
    """The records of so many mirrors, once they are there."""
    until(lambda: len(records(plane, mirrored=True)) >= count, f"{count} mirrors to be recorded")
    return records(plane, mirrored=True)


def counts(plane: Plane, revision: int = 2) -> dict[str, int]:
    said: Any = plane.valkey.hgetall(names.mirrors_key("doubler", revision))
    return {what.decode(): int(count) for what, count in said.items()}


def told(response: httpx.Response) -> bytes:
    return UUID(response.headers["x-quartet-prediction"]).bytes


def test_the_caller_has_the_live_answer_alone_and_the_same_input_reaches_the_candidate(shadowed: Plane) -> None:
    candidate(shadowed)
    response = shadowed.ask(1, 2)
    assert (numbers(response), response.json()["model_version"]) == ([2, 4], "1")
    [mirror] = mirrored(shadowed, 1)
    assert (mirror.asked.id, mirror.asked.revision, mirror.error) == (told(response), 2, "")
    assert (mirror.asked.mirrored or 0) > 0
    assert mirror.latency > 0


def test_what_it_answers_is_recorded_beside_and_never_as_a_prediction(shadowed: Plane) -> None:
    candidate(shadowed)
    for number in range(20, 25):
        shadowed.ask(number, 0)
    mirrored(shadowed, 5)
    assert [each.asked.revision for each in records(shadowed, mirrored=False)] == [1] * 5


def test_no_figure_of_the_deployment_has_mirrors_in_it(shadowed: Plane) -> None:
    candidate(shadowed)
    for number in range(20, 25):
        shadowed.ask(number, 0)
    mirrored(shadowed, 5)
    page = shadowed.http.get("/metrics").text
    assert 'quartet_requests_total{deployment="doubler",revision="1"} 5.0' in page
    assert 'quartet_requests_total{deployment="doubler",revision="2"}' not in page
    assert 'quartet_stage_requests_total{deployment="doubler",revision="2"' not in page
    assert 'quartet_mirrors_total{deployment="doubler",fate="sent",revision="2"} 5.0' in page


def test_a_candidate_that_cannot_answer_costs_no_caller_anything_and_is_found_out(shadowed: Plane) -> None:
    files = write_artifact(shadowed.folder / "broken", {"doubler.py": TURNED.replace('-each["y"]', 'each["z"]')})
    shadowed.serve(2, manifest=CANDIDATE | {"samples": []}, directory=str(shadowed.folder / "broken"), files=files)
    answers = [shadowed.ask(number, 0) for number in range(20, 25)]
    assert [each.status_code for each in answers] == [200] * 5
    assert [each.error for each in mirrored(shadowed, 5)] == ["model_failed"] * 5


def test_a_candidate_that_hangs_delays_nobody_and_is_given_up_after_the_time_limit(shadowed: Plane) -> None:
    shadowed.publish(doubler=worlds.deployment(shadow=shadow(), timeout_ms=1500))
    candidate(shadowed)
    shadowed.ask(20, 0)
    mirrored(shadowed, 1)
    shadowed.replicas[1].process.send_signal(signal.SIGSTOP)
    answers = [shadowed.ask(number, 0) for number in range(20, 30)]
    assert [each.status_code for each in answers] == [200] * 10
    late = [each for each in mirrored(shadowed, 11) if each.error]
    assert [each.error for each in late] == ["deadline_passed"] * 10
    assert [each.error for each in records(shadowed, mirrored=False)] == [""] * 11


def test_a_candidate_killed_in_the_middle_costs_no_caller_anything(shadowed: Plane) -> None:
    replica = candidate(shadowed)
    failures = []

    def ask() -> None:
        failures.extend(each for number in range(20, 60) if (each := shadowed.ask(number, 0)).status_code != 200)

    callers = [threading.Thread(target=ask) for _ in range(2)]
    for caller in callers:
        caller.start()
    mirrored(shadowed, 1)
    replica.kill()
    for caller in callers:
        caller.join()
    assert failures == []
    assert len(records(shadowed, mirrored=False)) == 80


def test_while_it_is_behind_mirrors_are_dropped_and_counted(shadowed: Plane) -> None:
    for number in range(mirrors.MOST + 8):
        assert shadowed.ask(1000 + number, 0).status_code == 200
    until(lambda: sum(counts(shadowed).values()) == mirrors.MOST + 8, "the counts")
    assert counts(shadowed) == {"sent": mirrors.MOST, "dropped": 8}
    assert shadowed.valkey.xlen(names.sister(names.stage_stream("doubler", 2, "all"), names.LOW)) == mirrors.MOST


def test_where_both_revisions_share_a_stage_few_mirrors_are_under_way(plane: Plane) -> None:
    """Whoever comes next would wait for the batch that they are in."""
    path = worlds.way("quartet:stage:doubler:1:all", "quartet:stage:doubler:2:after")  # which nobody serves
    plane.publish(doubler=worlds.deployment(shadow=shadow(path=path)))
    plane.serve()
    for number in range(mirrors.MOST_SHARED + 3):
        plane.ask(1000 + number, 0)
    until(lambda: sum(counts(plane).values()) == mirrors.MOST_SHARED + 3, "the counts")
    assert counts(plane) == {"sent": mirrors.MOST_SHARED, "dropped": 3}


def test_whoever_is_waited_for_goes_before_mirrors(shadowed: Plane) -> None:
    shadowed.ask(20, 0)
    low = names.sister(names.stage_stream("doubler", 2, "all"), names.LOW)
    until(lambda: shadowed.valkey.xlen(low) == 1, "the mirror to wait")
    assert shadowed.depth(2) == 0


def test_what_the_live_revision_could_not_answer_is_not_mirrored(shadowed: Plane) -> None:
    candidate(shadowed)
    assert shadowed.ask(FAILING, 0).status_code == 500
    shadowed.ask(20, 0)
    [mirror] = mirrored(shadowed, 1)
    assert mirror.asked.id == records(shadowed, mirrored=False)[-1].asked.id


def test_a_share_of_the_answered_is_mirrored(shadowed: Plane) -> None:
    candidate(shadowed)
    shadowed.publish(doubler=worlds.deployment(shadow=shadow(50)))
    for number in range(60):
        shadowed.ask(1000 + number, 0)
    until(lambda: counts(shadowed) != {} and not shadowed.depth(2), "mirrors to be counted")
    shadowed.publish(doubler=worlds.deployment())
    until(lambda: 5 < counts(shadowed).get("sent", 0) < 55, "about half to be mirrored")


def test_nothing_is_mirrored_once_the_shadow_is_over(shadowed: Plane) -> None:
    """Not even what was asked before: a gateway that announces the new routing has sent its last mirror."""
    candidate(shadowed)
    held = threading.Thread(target=shadowed.ask, args=(HELD, 0))
    held.start()
    until(lambda: shadowed.entered() != [], "the live replica to be busy")
    shadowed.publish(doubler=worlds.deployment())
    shadowed.open_gate()
    held.join()
    shadowed.ask(20, 0)
    assert len(records(shadowed, mirrored=False)) == 2
    assert counts(shadowed) == {}
    assert records(shadowed, mirrored=True) == []


def test_a_candidate_of_several_stages_is_asked_stage_by_stage(shadowed: Plane) -> None:
    streams = [names.stage_stream("doubler", 2, stage) for stage in ("head", "left", "right", "fuse")]
    hops = [("head", (1, 2), 0), ("left", (3,), 1), ("right", (3,), 1), ("fuse", (), 2)]
    path = [
        {"stage": stage, "stream": stream, "then": then, "joins": joins}
        for stream, (stage, then, joins) in zip(streams, hops, strict=True)
    ]
    for stage, steps in (("head", ("preprocess",)), ("left", ("left",)), ("right", ("right",))):
        shadowed.serve(2, stage, steps, manifest=GRAPH, directory=str(shadowed.folder / "candidate"))
    shadowed.serve(2, "fuse", ("fuse", "postprocess"), manifest=GRAPH, directory=str(shadowed.folder / "candidate"))
    shadowed.publish(doubler=worlds.deployment(shadow=shadow(path=path)))
    assert numbers(shadowed.ask(1, 2)) == [2, 4]
    [mirror] = mirrored(shadowed, 1)
    assert (mirror.error, mirror.asked.revision) == ("", 2)
