"""A deployment answers without an input for a while: by whom, for how long, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import Forbidden
from apps.core.models import AuditEntry, OutboxEvent
from apps.deployments.errors import InputNeeded, InputNotMuted, InputUnknown, NothingLive
from apps.deployments.models import Deployment, MutedInput
from apps.deployments.rules import muting
from apps.deployments.selectors import mutings_open, routing_deployments
from apps.deployments.services import deployment_rollback, input_healed, input_mute, input_unmute
from tests.deployments.makers import Fleet, approve, make_deployment, make_revision, make_version
from tests.deployments.senses import IMAGE, SENSES, SOUND, TEXT, go_live_sensing, sense
from tests.world import World


@pytest.fixture
def deployment(world: World, fleet: Fleet) -> Deployment:
    return go_live_sensing(world, fleet)


def muted_in_routing() -> list[str]:
    muted: list[str] = routing_deployments()["digits"]["muted"]
    return muted


def told(name: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.filter(name=name).order_by("pk").values_list("payload", flat=True))


def test_gateways_are_told_while_it_is_muted_and_not_after(world: World, deployment: Deployment) -> None:
    assert muted_in_routing() == []
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    assert muted_in_routing() == ["sound"]
    input_unmute(actor=world.ada, deployment=deployment, name="sound")
    assert muted_in_routing() == []


def test_it_is_written_down_and_told_who_muted_it_and_why(world: World, deployment: Deployment) -> None:
    input_mute(actor=world.ada, deployment=deployment, name="sound", reason="The microphone is broken.")
    input_unmute(actor=world.ada, deployment=deployment, name="sound")
    entries = AuditEntry.objects.filter(action__startswith="input.").order_by("sequence")
    assert [(each.action, each.actor, each.target) for each in entries] == [
        ("input.muted", world.ada, "deployment:digits"),
        ("input.unmuted", world.ada, "deployment:digits"),
    ]
    expected = {"deployment": "digits", "input": "sound", "reason": "The microphone is broken.", "drift_run": None}
    assert told("deployments.input_muted") == [expected]
    assert told("deployments.input_unmuted") == [expected | {"reason": ""}]


def test_one_that_is_muted_already_stays_as_it_is(world: World, deployment: Deployment) -> None:
    first = input_mute(actor=world.ada, deployment=deployment, name="sound", reason="broken")
    again = input_mute(actor=world.ada, deployment=deployment, name="sound", reason="other")
    by_run = input_mute(actor=None, deployment=deployment, name="sound", drift_run=7)
    assert first == again == by_run
    assert len(told("deployments.input_muted")) == 1


def test_the_last_input_left_is_refused_in_words(world: World, deployment: Deployment) -> None:
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    with pytest.raises(InputNeeded, match="'image' is the last input that the model could answer from"):
        input_mute(actor=world.ada, deployment=deployment, name="image")


def test_an_input_that_the_manifest_requires_is_refused_in_words(world: World, fleet: Fleet) -> None:
    deployment = go_live_sensing(world, fleet, inputs=[sense("image", "image", required=True), SOUND])
    with pytest.raises(InputNeeded, match="cannot answer without the input 'image': its manifest requires it"):
        input_mute(actor=world.ada, deployment=deployment, name="image")


def test_where_a_request_must_bring_every_input_muting_is_refused_in_words(world: World, fleet: Fleet) -> None:
    deployment = go_live_sensing(world, fleet, spec={"missing_inputs": "reject"})
    with pytest.raises(InputNeeded, match="rejects requests that lack an input"):
        input_mute(actor=world.ada, deployment=deployment, name="sound")


def test_an_unknown_input_is_refused_with_the_known_ones(world: World, deployment: Deployment) -> None:
    with pytest.raises(InputUnknown, match="no input 'smell'; it takes image, sound"):
        input_mute(actor=world.ada, deployment=deployment, name="smell")


def test_before_anything_is_live_it_is_refused_in_words(world: World) -> None:
    with pytest.raises(NothingLive, match="no live revision"):
        input_mute(actor=world.ada, deployment=make_deployment(world), name="sound")


def test_what_is_not_muted_cannot_be_unmuted(world: World, deployment: Deployment) -> None:
    with pytest.raises(InputNotMuted):
        input_unmute(actor=world.ada, deployment=deployment, name="sound")


def test_who_may_not_operate_may_neither_mute_nor_unmute(world: World, deployment: Deployment) -> None:
    with pytest.raises(Forbidden):
        input_mute(actor=world.ben, deployment=deployment, name="sound")
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    with pytest.raises(Forbidden):
        input_unmute(actor=world.ben, deployment=deployment, name="sound")


def test_a_run_undoes_what_a_run_muted(deployment: Deployment) -> None:
    input_mute(actor=None, deployment=deployment, name="sound", reason="noisy", drift_run=7)
    healed = input_healed(deployment=deployment, name="sound", drift_run=9, reason="steady again")
    assert healed is not None
    assert (healed.by, healed.release_reason, muted_in_routing()) == ("drift run 7", "steady again", [])
    assert told("deployments.input_unmuted")[0]["drift_run"] == 9
    assert input_healed(deployment=deployment, name="sound", drift_run=9, reason="steady again") is None


def test_no_run_undoes_what_a_person_muted(world: World, deployment: Deployment) -> None:
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    assert input_healed(deployment=deployment, name="sound", drift_run=9, reason="steady again") is None
    assert muted_in_routing() == ["sound"]


def test_a_person_takes_over_what_a_run_muted_and_it_stays_muted_throughout(
    world: World, deployment: Deployment
) -> None:
    input_mute(actor=None, deployment=deployment, name="sound", drift_run=7)
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    assert [each.by for each in mutings_open()] == ["ada"]
    assert told("deployments.input_unmuted") == []
    assert input_healed(deployment=deployment, name="sound", drift_run=9, reason="") is None


def test_a_person_may_undo_what_a_run_muted(world: World, deployment: Deployment) -> None:
    input_mute(actor=None, deployment=deployment, name="sound", drift_run=7)
    input_unmute(actor=world.ada, deployment=deployment, name="sound")
    assert (muted_in_routing(), MutedInput.objects.get().released_by) == ([], world.ada)


def test_a_muting_outlives_a_new_revision_that_can_do_without_too(
    world: World, deployment: Deployment, fleet: Fleet
) -> None:
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    go_live_sensing(world, fleet, deployment, 2)
    assert muted_in_routing() == ["sound"]


@pytest.mark.parametrize("inputs", [[IMAGE], [IMAGE, sense("sound", "audio", required=True)]])
def test_it_ends_when_a_revision_goes_live_that_lacks_the_input_or_needs_it(
    world: World, deployment: Deployment, fleet: Fleet, inputs: list[dict[str, Any]]
) -> None:
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    go_live_sensing(world, fleet, deployment, 2, inputs=inputs, require_any=["image"])
    assert (muted_in_routing(), mutings_open().count()) == ([], 0)
    [ended] = told("deployments.input_unmuted")
    assert ended["reason"] == "Revision 2 has no such input or needs it."


def test_while_a_revision_rolls_in_that_needs_the_input_it_is_given(world: World, fleet: Fleet) -> None:
    deployment = go_live_sensing(world, fleet, spec={"replicas": 2})
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    needing = make_version(world, 2, manifest=SENSES | {"inputs": [IMAGE, sense("sound", "audio", required=True)]})
    approve(world, make_revision(world, deployment, needing, replicas=2, strategy="rolling"))
    fleet.beat()
    fleet.bring_up()
    fleet.reconcile()
    assert [split["revision"] for split in routing_deployments()["digits"]["splits"]] == [1, 2]
    assert (muted_in_routing(), mutings_open().count()) == ([], 1)


def test_going_back_keeps_what_both_revisions_can_do_without(
    world: World, deployment: Deployment, fleet: Fleet
) -> None:
    approve(world, make_revision(world, deployment, make_version(world, 2, manifest=SENSES), keep_s=60))
    fleet.bring_up()
    fleet.follow(deployment)
    input_mute(actor=world.ada, deployment=deployment, name="sound")
    deployment_rollback(actor=world.ada, deployment=deployment)
    assert muted_in_routing() == ["sound"]


def test_over_rest_it_is_muted_seen_and_undone(world: World, deployment: Deployment) -> None:
    client = world.client(world.ada)
    address = "/api/v1/deployments/digits/muted-inputs"
    muted = client.post(f"{address}/sound", {"reason": "broken"})
    assert (muted.status_code, muted.json()["muted_by"], muted.json()["reason"]) == (200, "ada", "broken")
    shown = client.get("/api/v1/deployments/digits").json()["muted_inputs"]
    assert [(each["input"], each["drift_run"]) for each in shown] == [("sound", None)]
    released = client.delete(f"{address}/sound")
    assert (released.status_code, released.json()["released_by"]) == (200, "ada")
    assert client.get("/api/v1/deployments/digits").json()["muted_inputs"] == []
    assert [each["input"] for each in client.get(address).json()["results"]] == ["sound"]


@pytest.mark.parametrize(
    ("method", "name", "status", "code"),
    [
        ("post", "smell", 404, "input_unknown"),
        ("delete", "sound", 404, "input_not_muted"),
    ],
)
def test_over_rest_refusals_have_a_code(
    world: World, deployment: Deployment, method: str, name: str, status: int, code: str
) -> None:
    response = getattr(world.client(world.ada), method)(f"/api/v1/deployments/digits/muted-inputs/{name}")
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_over_rest_the_last_one_is_a_conflict_and_others_may_not(world: World, deployment: Deployment) -> None:
    address = "/api/v1/deployments/digits/muted-inputs"
    assert world.client(world.ben).post(f"{address}/sound").status_code == 403
    world.client(world.ada).post(f"{address}/sound")
    response = world.client(world.ada).post(f"{address}/image")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "input_needed")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_never_mute_the_last_input(world: World, fleet: Fleet) -> None:
    deployment = go_live_sensing(world, fleet)

    def mute(name: str) -> bool:
        try:
            with transaction.atomic():
                input_mute(actor=None, deployment=deployment, name=name, drift_run=1)
        except InputNeeded:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(mute, ["image", "sound"]))
    assert sorted(done) == [False, True]
    assert mutings_open().count() == 1


NAMES = ["image", "sound", "text"]


@given(
    required=st.sets(st.sampled_from(NAMES)),
    any_of=st.sets(st.sampled_from(NAMES)),
    muted=st.permutations(NAMES),
)
def test_whatever_is_asked_the_model_keeps_what_it_needs(
    required: set[str], any_of: set[str], muted: list[str]
) -> None:
    inputs = [each | {"required": each["name"] in required} for each in (IMAGE, SOUND, TEXT)]
    kept = set(muting.allowed({"inputs": inputs, "require_any": sorted(any_of)}, {}, muted))
    left = {*NAMES} - kept
    assert not kept & required
    assert left and (left & any_of or not any_of)
    assert muting.allowed({"inputs": inputs, "require_any": sorted(any_of)}, {}, sorted(kept)) == sorted(kept)
