"""A protected alias moves once somebody else has approved it, from where it was when that was asked, and only once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.approvals.errors import RequestVoid
from apps.approvals.models import ApprovalRequest
from apps.approvals.services import decision_record
from apps.core.models import AuditEntry, OutboxEvent, User
from apps.registry.models import Alias, AliasMove, AliasRequest, ModelVersion
from apps.registry.services import alias_delete, alias_granted, alias_move, version_mark_corrupt
from tests.approvals.asking import make_reviewer
from tests.deployments.makers import make_version
from tests.world import World
from workers.relay import relay_run


@pytest.fixture
def versions(world: World) -> list[ModelVersion]:
    """Three versions; the champion is the first, since before it was protected."""
    lineage = dict.fromkeys(("dataset", "code", "notes"), "")
    versions = [make_version(world, number, lineage=lineage) for number in (1, 2, 3)]
    Alias.objects.create(model=versions[0].model, name="champion", version=versions[0])
    return versions


def ask(world: World, version: ModelVersion, by: User | None = None, **rest: object) -> AliasRequest:
    """Ask for the champion to be `version`; the reviewers are told."""
    moved = alias_move(actor=by or world.ada, model=version.model, alias="champion", version=version, **rest)  # type: ignore[arg-type]
    assert isinstance(moved, AliasRequest)
    relay_run()
    return moved


def approve(by: User, asked: AliasRequest) -> None:
    decision_record(actor=by, request_id=asked.approval, verdict="approve")
    relay_run()
    asked.refresh_from_db()


def champion() -> int | None:
    alias = Alias.objects.filter(name="champion").select_related("version").first()
    return alias.version.number if alias else None


def test_asking_moves_nothing_and_opens_a_request(world: World, versions: list[ModelVersion]) -> None:
    asked = ask(world, versions[1], reason="hears more")
    assert champion() == 1
    request = ApprovalRequest.objects.get(pk=asked.approval)
    assert (request.kind, request.scope, request.subject_id, request.digest) == (
        "alias",
        "digits-av",
        asked.pk,
        asked.digest,
    )
    assert request.summary == "Point digits-av@champion at version 2 (version 1 now)"
    assert request.evidence["Metrics"] == {"accuracy": {"now": 0.99, "then": 0.99, "change": 0.0}}
    assert request.evidence["Reason"] == "hears more"


def test_granted_it_moves_and_both_people_are_named(world: World, versions: list[ModelVersion]) -> None:
    asked = ask(world, versions[1], reason="hears more")
    approve(world.ben, asked)
    assert (champion(), asked.state, asked.approved_by) == (2, "moved", world.ben)
    move = AliasMove.objects.get()
    assert (move.moved_by, move.reason) == (world.ada, "hears more (approved by ben)")
    assert OutboxEvent.objects.filter(name="registry.alias_moved").count() == 1


def test_told_twice_it_moves_once(world: World, versions: list[ModelVersion]) -> None:
    asked = ask(world, versions[1])
    approve(world.ben, asked)
    Alias.objects.update(version=versions[0])  # so that a second move would show
    said = {"kind": "alias", "subject_id": asked.pk, "digest": asked.digest, "reviewers": [world.ben.pk]}
    alias_granted(event_id=uuid4(), **said)  # type: ignore[arg-type]
    assert (champion(), AliasMove.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_told_at_once_by_several_relays_it_moves_once() -> None:
    world = World.create()
    first, second = make_version(world, 1), make_version(world, 2)
    Alias.objects.create(model=first.model, name="champion", version=first)
    asked = ask(world, second)
    decision_record(actor=world.ben, request_id=asked.approval, verdict="approve")
    barrier = Barrier(4)

    def tell(event: UUID) -> None:
        try:
            barrier.wait(timeout=30)
            said = {"kind": "alias", "subject_id": asked.pk, "digest": asked.digest, "reviewers": [world.ben.pk]}
            alias_granted(event_id=event, **said)  # type: ignore[arg-type]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tell, [uuid4() for _ in range(4)]))
    assert (champion(), AliasMove.objects.count()) == (2, 1)


def test_rejected_it_stays(world: World, versions: list[ModelVersion]) -> None:
    asked = ask(world, versions[1])
    decision_record(actor=world.ben, request_id=asked.approval, verdict="reject", comment="worse on vowels")
    relay_run()
    asked.refresh_from_db()
    assert (champion(), asked.state, asked.state_reason) == (1, "rejected", "Rejected by ben: worse on vowels")
    assert AuditEntry.objects.get(action="alias.refused").actor == world.ben


def test_of_two_requests_the_first_granted_makes_the_other_void(world: World, versions: list[ModelVersion]) -> None:
    second, third = ask(world, versions[1]), ask(world, versions[2])
    approve(world.ben, third)
    second.refresh_from_db()
    assert (champion(), second.state) == (3, "void")
    with pytest.raises(RequestVoid, match="moved to version 3 meanwhile"):
        decision_record(actor=world.ben, request_id=second.approval, verdict="approve")


def test_an_alias_that_moved_unseen_makes_it_void_when_it_is_decided(
    world: World, versions: list[ModelVersion]
) -> None:
    asked = ask(world, versions[1])
    Alias.objects.update(version=versions[2])
    with pytest.raises(RequestVoid, match="points at digits-av/3 now"):
        decision_record(actor=world.ben, request_id=asked.approval, verdict="approve")
    relay_run()
    asked.refresh_from_db()
    assert (champion(), asked.state) == (3, "void")


def test_an_alias_that_moved_after_the_grant_is_not_moved(world: World, versions: list[ModelVersion]) -> None:
    asked = ask(world, versions[1])
    decision_record(actor=world.ben, request_id=asked.approval, verdict="approve")
    Alias.objects.update(version=versions[2])
    relay_run()
    asked.refresh_from_db()
    assert (champion(), asked.state) == (3, "void")
    assert asked.state_reason == "The approval does not hold: digits-av@champion points at digits-av/3 now."


def test_a_version_that_rotted_is_not_made_champion(world: World, versions: list[ModelVersion]) -> None:
    asked = ask(world, versions[1])
    version_mark_corrupt(version_id=versions[1].pk, path="w", reason="Its SHA-256 differs.")
    relay_run()
    asked.refresh_from_db()
    assert (champion(), asked.state) == (1, "void")


@pytest.mark.parametrize("reviewers", ["nobody", "the requester", "one without the right"])
def test_an_approval_that_does_not_hold_moves_nothing(
    world: World, versions: list[ModelVersion], reviewers: str
) -> None:
    asked = ask(world, versions[1])
    ids = {"nobody": [], "the requester": [make_reviewer(world.ada).pk], "one without the right": [world.cy.pk]}
    said = {"kind": "alias", "subject_id": asked.pk, "digest": asked.digest, "reviewers": ids[reviewers]}
    alias_granted(event_id=uuid4(), **said)  # type: ignore[arg-type]
    asked.refresh_from_db()
    assert (champion(), asked.state, asked.state_reason[:27]) == (1, "void", "The approval does not hold:")


def test_setting_it_first_and_taking_it_away_are_moves_too(world: World, versions: list[ModelVersion]) -> None:
    gone = alias_delete(actor=world.ada, model=versions[0].model, alias="champion", reason="retired")
    assert isinstance(gone, AliasRequest)
    relay_run()
    assert champion() == 1
    approve(world.ben, gone)
    assert champion() is None
    approve(world.ben, ask(world, versions[1]))
    assert champion() == 2


def test_the_same_move_asked_twice_is_one_request(world: World, versions: list[ModelVersion]) -> None:
    assert ask(world, versions[1]) == ask(world, versions[1])
    assert ApprovalRequest.objects.count() == 1


def test_an_alias_that_nobody_protects_moves_at_once(world: World, versions: list[ModelVersion]) -> None:
    moved = alias_move(actor=world.ada, model=versions[0].model, alias="candidate", version=versions[1])
    assert isinstance(moved, Alias)


def test_a_model_may_protect_others_or_none(world: World, versions: list[ModelVersion]) -> None:
    model = versions[0].model
    model.protected_aliases = ["production"]
    model.save(update_fields=["protected_aliases"])
    assert isinstance(alias_move(actor=world.ada, model=model, alias="champion", version=versions[1]), Alias)
    assert isinstance(alias_move(actor=world.ada, model=model, alias="production", version=versions[1]), AliasRequest)


def test_rest_answers_202_with_the_request(world: World, versions: list[ModelVersion]) -> None:
    client, address = world.client(world.ada), "/api/v1/models/digits-av/aliases/champion"
    answer = client.put(address, {"version": 2, "expected": 1, "reason": "better"})
    assert answer.status_code == 202
    asked = answer.json()
    assert (asked["from_version"], asked["to_version"], asked["state"]) == (1, 2, "requested")
    relay_run()
    assert client.get(f"/api/v1/approvals/{asked['approval']}").json()["state"] == "open"
    assert client.get("/api/v1/models/digits-av/versions/2").json()["aliases_requested"] == ["champion"]
    assert client.delete(address).status_code == 202
    listed = client.get(f"{address}/requests").json()["results"]
    assert [each["to_version"] for each in listed] == [None, 2]


def test_a_person_who_may_not_publish_may_not_ask(world: World, versions: list[ModelVersion]) -> None:
    answer = world.client(world.cy).put("/api/v1/models/digits-av/aliases/champion", {"version": 2})
    assert answer.status_code == 403
    assert not AliasRequest.objects.exists()


@pytest.mark.parametrize("change", [{"digest": "0" * 64}, {"alias": "other"}, {"to_version_id": None}])
def test_the_database_keeps_what_was_asked(
    world: World, versions: list[ModelVersion], change: dict[str, object]
) -> None:
    ask(world, versions[1])
    with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
        AliasRequest.objects.update(**change)


def test_the_database_refuses_the_requesters_own_approval(world: World, versions: list[ModelVersion]) -> None:
    ask(world, versions[1])
    with pytest.raises(IntegrityError, match="alias_request_four_eyes"), transaction.atomic():
        AliasRequest.objects.update(state="moved", approved_by=world.ada)
    with pytest.raises(IntegrityError, match="alias_request_approved_first"), transaction.atomic():
        AliasRequest.objects.update(state="moved")
