"""Whose word counts: fit people other than who asked, each once, by the stricter of two policies."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from apps.approvals.errors import AlreadyDecided, CommentRefused, NotEligible
from apps.approvals.models import Comment, Decision, Policy
from apps.approvals.rules import Terms, stricter
from apps.approvals.services import comment_add, decision_record
from apps.core.errors import Forbidden, FourEyes, QuartetError
from apps.core.models import AuditEntry, OutboxEvent, User
from tests.approvals.asking import ask, bot_of, make_operator, make_reviewer
from tests.deployments.makers import make_deployment, make_revision, make_version
from tests.world import World

TERMS = st.builds(Terms, st.integers(1, 9), st.frozensets(st.integers(1, 4)))


def approve(actor: User, request: object) -> str:
    return decision_record(actor=actor, request_id=request.pk, verdict="approve").state  # type: ignore[attr-defined]


def granted() -> int:
    return OutboxEvent.objects.filter(name="approvals.granted").count()


def test_a_key_whose_owner_asked_is_refused(world: World) -> None:
    ada = make_reviewer(world.ada)
    request = ask(ada)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {world.key(ada, 'approvals:write')}")
    answer = client.post(f"/api/v1/approvals/{request.pk}/decisions", {"verdict": "approve"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "four_eyes")


def test_a_service_account_of_who_asked_is_refused(world: World) -> None:
    request = ask(world.ada)
    with pytest.raises(FourEyes, match="same person"):
        approve(bot_of(world.ada, "reviewer"), request)


def test_what_a_service_account_asked_is_not_for_its_owner_to_decide(world: World) -> None:
    request = ask(make_operator(bot_of(world.ben)))
    with pytest.raises(FourEyes, match="same person"):
        approve(world.ben, request)


def test_the_database_knows_a_person_by_every_account(world: World) -> None:
    request, bot = ask(world.ada), bot_of(world.ada, "reviewer")
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        Decision.objects.create(request=request, reviewer=bot, requested_by=world.ada, verdict="approve")


def test_the_database_refuses_a_decision_that_names_another_requester(world: World) -> None:
    request = ask(world.ada)
    with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        Decision.objects.create(request=request, reviewer=world.ada, requested_by=world.cy, verdict="approve")


def test_two_accounts_of_one_person_are_one_approval(world: World) -> None:
    Policy.objects.create(kind="rollout", approvals_required=2)
    request = ask(world.ada)
    approve(world.ben, request)
    with pytest.raises(AlreadyDecided):
        approve(bot_of(world.ben, "reviewer"), request)
    with pytest.raises(IntegrityError, match="once_a_reviewer"), transaction.atomic():
        bot = bot_of(world.ben, "reviewer")
        Decision.objects.create(request=request, reviewer=bot, requested_by=world.ada, verdict="approve")


def test_an_approval_given_before_its_account_became_the_requesters_does_not_count(world: World) -> None:
    Policy.objects.create(kind="rollout", approvals_required=2)
    request = ask(world.ada)
    approve(world.ben, request)
    User.objects.filter(pk=world.ben.pk).update(owner=world.ada)
    assert approve(make_reviewer(world.cy), request) == "open"


def test_an_owner_is_a_person(world: World) -> None:
    bot = bot_of(world.ada)
    with pytest.raises(ValidationError, match="service account itself"):
        User(username="second", owner=bot).clean()
    with pytest.raises(IntegrityError, match="is a person"), transaction.atomic():
        User.objects.create_user("second", owner=bot)
    with pytest.raises(IntegrityError, match="is a person"), transaction.atomic():
        User.objects.filter(pk=world.ada.pk).update(owner=world.ben)


def test_a_service_call_by_one_without_the_right_is_refused(world: World) -> None:
    with pytest.raises(Forbidden, match="may not decide"):
        approve(bot_of(world.ben, "operator"), ask(world.ada))


def test_a_right_taken_away_since_the_session_began_is_gone(world: World) -> None:
    ben = User.objects.get(pk=world.ben.pk)
    assert ben.has_perm("approvals.decide_approvalrequest"), "the account's object remembers it from here on"
    world.ben.groups.clear()
    with pytest.raises(Forbidden):
        approve(ben, ask(world.ada))


def test_only_members_of_the_policys_group_decide(world: World) -> None:
    safety = Group.objects.create(name="safety")
    Policy.objects.create(kind="rollout", reviewers=safety)
    request = ask(world.ada)
    with pytest.raises(NotEligible):
        approve(world.ben, request)
    with pytest.raises(NotEligible):
        approve(User.objects.create_superuser("root"), request)
    world.ben.groups.add(safety)
    assert approve(world.ben, request) == "granted"


def test_a_policy_of_one_deployment_holds_there_instead(world: World) -> None:
    Policy.objects.create(kind="rollout", approvals_required=3)
    Policy.objects.create(kind="rollout", scope="digits", approvals_required=1)
    version = make_version(world)
    required = [
        ask(world.ada, revision=make_revision(world, make_deployment(world, name), version)).approvals_required
        for name in ("digits", "captions")
    ]
    assert required == [1, 3]


def test_a_policy_made_stricter_holds_for_what_is_open(world: World) -> None:
    request = ask(world.ada)
    Policy.objects.create(kind="rollout", approvals_required=2)
    assert approve(world.ben, request) == "open"
    assert approve(make_reviewer(world.cy), request) == "granted"


def test_a_policy_made_weaker_does_not(world: World) -> None:
    policy = Policy.objects.create(kind="rollout", approvals_required=2)
    request = ask(world.ada)
    policy.approvals_required = 1
    policy.save()
    assert approve(world.ben, request) == "open"


@given(TERMS, TERMS)
def test_no_change_of_policy_makes_a_request_easier(opened: Terms, present: Terms) -> None:
    both = stricter(opened, present)
    assert both.required >= max(opened.required, present.required)
    assert both.groups >= opened.groups | present.groups
    assert stricter(both, present) == both


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("required", "people"), [(1, 3), (2, 4)])
def test_last_decisions_at_once_grant_it_once(required: int, people: int) -> None:
    world = World.create()
    Policy.objects.create(kind="rollout", approvals_required=required)
    request = ask(world.ada)
    reviewers = [make_reviewer(User.objects.create_user(f"r{n}")) for n in range(people)]
    barrier = Barrier(people)

    def run(reviewer: User) -> bool:
        try:
            barrier.wait(timeout=30)
            approve(reviewer, request)
        except QuartetError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(people) as pool:
        assert sum(pool.map(run, reviewers)) == required
    assert (granted(), Decision.objects.count()) == (1, required)
    assert AuditEntry.objects.filter(action="approval.approve").count() == required


def test_a_comment_decides_nothing_and_is_in_the_trail(world: World) -> None:
    request = ask(world.ada)
    comment_add(actor=world.ada, request_id=request.pk, text=" Seven voices instead of two. ")
    request.refresh_from_db()
    assert (request.state, request.decisions.count()) == ("open", 0)
    assert AuditEntry.objects.get(action="approval.comment").detail["comment"] == "Seven voices instead of two."


def test_a_stranger_may_not_comment(world: World) -> None:
    with pytest.raises(Forbidden, match="comment"):
        comment_add(actor=world.cy, request_id=ask(world.ada).pk, text="me too")


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001])
def test_a_comment_without_words_or_with_too_many_is_refused(world: World, text: str) -> None:
    with pytest.raises(CommentRefused):
        comment_add(actor=world.ada, request_id=ask(world.ada).pk, text=text)
    assert not Comment.objects.exists()


def test_comments_come_over_rest(world: World) -> None:
    request = ask(world.ada)
    answer = world.client(world.ben).post(f"/api/v1/approvals/{request.pk}/comments", {"text": "On which data?"})
    assert answer.status_code == 201
    shown = world.client(world.cy).get(f"/api/v1/approvals/{request.pk}").json()
    assert [(each["author"], each["text"]) for each in shown["comments"]] == [("ben", "On which data?")]
