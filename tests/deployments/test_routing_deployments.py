"""What a routing snapshot says of deployments, as the gateway reads it."""

import json
from typing import Any

import msgspec

from apps.deployments.models import Deployment, Replica, StageScale
from apps.deployments.rules.streams import stage_stream, with_sisters
from apps.deployments.selectors import routing_deployments, streams_in_use, streams_to_watch
from apps.registry.models import ModelVersion
from tests.deployments.graphs import BRANCHES, group
from tests.deployments.makers import MANIFEST, Fleet, approve, make_revision, make_version
from tests.world import World
from workers.serving import names
from workers.serving.routing import DeploymentRoute, Hop

APART: list[dict[str, Any]] = [
    {"name": "before", "steps": ["preprocess"], "replicas": 2},
    {"name": "model", "steps": ["infer", "postprocess"]},
]


def test_a_deployment_that_never_went_live_is_not_in_it(
    world: World, deployment: Deployment, version: ModelVersion
) -> None:
    approve(world, make_revision(world, deployment, version))
    assert routing_deployments() == {}


def test_a_live_one_is_told_as_the_gateway_reads_it(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version, timeout_ms=5000, max_in_flight=9))
    said = json.dumps(routing_deployments()["digits"])
    route = msgspec.json.decode(said, type=DeploymentRoute)
    [split] = route.splits
    assert (route.model, route.ready, route.timeout_ms, route.max_in_flight) == ("digits-av", True, 5000, 9)
    assert (split.revision, split.version) == (1, "1")
    assert split.path == (Hop("all", "quartet:stage:digits:1:all", (), 0),)
    assert [i.name for i in route.inputs] == ["image"]
    assert route.require_any == ("image",)


def test_stages_that_stand_apart_are_a_path_of_streams(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version, stages=APART))
    [split] = routing_deployments()["digits"]["splits"]
    assert split["path"] == [
        {"stage": "before", "stream": "quartet:stage:digits:1:before", "then": [1], "joins": 0},
        {"stage": "model", "stream": "quartet:stage:digits:1:model", "then": [], "joins": 1},
    ]
    assert split["ready_replicas"] == 1


def test_it_is_ready_while_every_stage_has_a_ready_replica(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version, stages=APART))
    one, other = Replica.objects.filter(stage__name="before")
    fleet.fail(one)
    assert routing_deployments()["digits"]["ready"] is True
    fleet.fail(other)
    assert routing_deployments()["digits"]["ready"] is False


def test_while_traffic_moves_it_leads_to_the_new_revision_alone(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    approve(world, make_revision(world, deployment, make_version(world, 2)))
    fleet.bring_up()
    assert [split["revision"] for split in routing_deployments()["digits"]["splits"]] == [2]


def test_the_old_revisions_streams_are_watched_and_kept_until_it_is_retired(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    second = make_revision(world, deployment, make_version(world, 2))
    approve(world, second)
    fleet.bring_up()
    assert streams_to_watch() == ["quartet:stage:digits:1:all", "quartet:stage:digits:2:all"]
    assert streams_in_use() == {"quartet:stage:digits:1:all", "quartet:stage:digits:2:all"}


def test_afterwards_they_are_not_in_use(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    fleet.go_live(world, deployment, make_revision(world, deployment, make_version(world, 2)))
    assert streams_in_use() == {"quartet:stage:digits:2:all"}


def test_streams_are_called_the_same_on_both_sides() -> None:
    stream = stage_stream("digits", 3, "infer")
    assert stream == names.stage_stream("digits", 3, "infer")
    assert set(with_sisters(stream)) == set(names.sisters(stream))


def test_a_request_that_must_bring_everything_has_only_required_inputs(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version, missing_inputs="reject"))
    assert [each["required"] for each in routing_deployments()["digits"]["inputs"]] == [True]


def test_what_is_recorded_of_a_revision_is_told_with_it(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version, record={"rate": 1}))
    [split] = routing_deployments()["digits"]["splits"]
    assert split["record"] == {
        "rate": 1.0,
        "below_confidence": 0.5,
        "on_error": True,
        "on_missing": True,
        "keep_days": 30,
    }


def test_stages_that_meet_again_are_told_with_who_gives_to_whom(
    world: World, deployment: Deployment, fleet: Fleet
) -> None:
    version = make_version(world, manifest=MANIFEST | {"stages": BRANCHES})
    groups = [group("sight", "eyes", "see"), group("sound", "ears", "hear"), group("tail", "fuse", "postprocess")]
    fleet.go_live(world, deployment, make_revision(world, deployment, version, stages=groups))
    [split] = routing_deployments()["digits"]["splits"]
    assert [(hop["stage"], hop["then"], hop["joins"]) for hop in split["path"]] == [
        ("sight", [2], 0),
        ("sound", [2], 0),
        ("tail", [], 2),
    ]


def test_a_deployment_without_replicas_stays_and_is_ready_where_a_request_wakes_it(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version, min_replicas=0))
    StageScale.objects.update(desired=0)
    fleet.reconcile()
    fleet.stop_draining()
    said = routing_deployments()["digits"]
    assert (said["ready"], said["splits"][0]["ready_replicas"]) == (True, 0)
