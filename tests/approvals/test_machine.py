"""Whoever says what of a request, and whatever happens to it meanwhile, in any order: it ends once, in the one state
that what came before allows, and is granted by so many different people as it needs, never by who asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from apps.approvals.models import Decision, Policy
from apps.approvals.selectors import requests as selectors
from apps.approvals.services import decision_record, request_open, request_void, requests_expire, requests_recheck
from apps.approvals.services import requests as services
from apps.core.clock import now
from apps.core.errors import QuartetError
from apps.core.ids import new_id
from apps.core.models import OutboxEvent, User
from apps.datasets.models import DatasetVersion
from apps.datasets.services import version_freeze
from apps.deployments.models import Revision
from apps.registry.models import ModelVersion
from apps.registry.services import version_mark_corrupt
from apps.training.models import Evaluation
from apps.training.rules.evaluation import evaluation_digest
from tests.approvals.asking import ask, bot_of, make_operator, make_reviewer, waiting_revision
from tests.datasets.samples import sample
from tests.deployments.makers import make_version
from tests.world import World

pytestmark = pytest.mark.django_db
#: Five people with seven accounts. Cy has no right until it is given; root is a superuser.
NAMES = ["dan", "root", "ben", "ben's bot", "ada", "ada's bot", "cy"]
ACCOUNTS = st.sampled_from(NAMES)
#: Several of them, one after the other.
SOME = st.builds(lambda order, many: order[:many], st.permutations(NAMES), st.sampled_from([2, 3, 1, 4]))
ASKERS = st.sampled_from(["ada", "ada's bot", "ben"])
#: What tells that a request is over, and how.
ENDS = {"granted": "approvals.granted", "rejected": "approvals.rejected", "void": "approvals.lapsed"}
ENDS["expired"] = "approvals.lapsed"
_numbers = count(1000)


class Requests(RuleBasedStateMachine):
    """One request, with what should have become of it kept beside it."""

    people: dict[str, User]
    tests: DatasetVersion

    def __init__(self) -> None:
        super().__init__()
        self._example = transaction.atomic()
        self._example.__enter__()
        self.patch = pytest.MonkeyPatch()
        self.later = timedelta()
        for module in (selectors, services):
            self.patch.setattr(module, "now", lambda: now() + self.later)
        self.may = {name: name != "cy" for name in self.people}
        #: Account -> what was said through it, where that was taken.
        self.said: dict[str, str] = {}
        self.state, self.changed, self.is_late = "open", False, False
        self.ended: dict[str, Any] | None = None

    def teardown(self) -> None:
        self.patch.undo()
        transaction.set_rollback(True)
        self._example.__exit__(None, None, None)

    @initialize(asker=ASKERS, required=st.sampled_from([2, 3, 1]), approve=st.just([]) | SOME)
    def somebody_asks(self, asker: str, required: int, approve: list[str]) -> None:
        """Where some `approve` at once, the machine stands where most of interest happens."""
        self.asker, self.opened_with, self.present = asker, required, required
        self._policy(required)
        by = self.people[asker]
        self.version = make_version(World(by, by, by), next(_numbers))
        self.request = ask(by, revision=waiting_revision(by, self.version))
        for account in approve:
            self._decide(account, "approve")

    def _policy(self, required: int) -> None:
        Policy.objects.update_or_create(kind="rollout", scope="", defaults={"approvals_required": required})

    # What people do.

    @rule(accounts=SOME)
    def some_approve(self, accounts: list[str]) -> None:
        for account in accounts:
            self._decide(account, "approve")

    @rule(account=ACCOUNTS)
    def somebody_rejects(self, account: str) -> None:
        self._decide(account, "reject")

    def _decide(self, account: str, verdict: str) -> None:
        taken = self._foretold(account, verdict)
        given = {"actor": self.people[account], "request_id": self.request.pk, "verdict": verdict}
        try:
            decision_record(**given, comment="Because.")
        except QuartetError:
            assert not taken, "it should have been taken"
        else:
            assert taken, "it should have been refused"

    def _foretold(self, account: str, verdict: str) -> bool:
        """Whether it counts; what becomes of the request by it."""
        if not self.may[account]:
            return False
        self._looked_at()
        persons = {self._person(each) for each in (*self.said, self.asker)}
        if self.state != "open" or self._person(account) in persons:
            return False
        self.said[account] = verdict
        if verdict == "reject":
            self.state = "rejected"
        elif sum(self.may[each] for each in self.said) >= max(self.opened_with, self.present):
            self.state = "granted"
        return True

    def _person(self, account: str) -> int:
        return self.people[account].person_id

    def _looked_at(self) -> None:
        """Whoever looks at an open request first ends it where its time is over, or where something changed."""
        if self.state == "open" and (self.is_late or self.changed):
            self.state = "expired" if self.is_late else "void"

    @rule(account=ACCOUNTS)
    def a_right_is_taken_or_given(self, account: str) -> None:
        self._turn(account)

    def _turn(self, account: str) -> None:
        if account == "root":
            return
        user, self.may[account] = self.people[account], not self.may[account]
        make_reviewer(user) if self.may[account] else user.groups.remove(user.groups.get(name="reviewer"))

    @precondition(lambda self: self.state == "open" and self.said)
    @rule(data=st.data(), others=SOME)
    def one_who_approved_may_no_more_and_others_approve(self, data: st.DataObject, others: list[str]) -> None:
        """What is interesting here, and would come about by itself too seldom."""
        approver = data.draw(st.sampled_from(sorted(self.said)))
        if self.may[approver]:
            self._turn(approver)
        for account in others:
            self._decide(account, "approve")

    @rule(required=st.integers(1, 3))
    def the_policy_is_changed(self, required: int) -> None:
        self.present = required
        self._policy(required)

    # What happens to what was asked about.

    @precondition(lambda self: not self.changed)
    @rule(how=st.sampled_from(["files", "configuration", "evaluation"]))
    def what_was_asked_about_changes(self, how: str) -> None:
        if how == "files":
            version_mark_corrupt(version_id=self.version.pk, path="w", reason="Its SHA-256 differs.")
        elif how == "configuration":
            with _unguarded("deployments_revision"):
                Revision.objects.filter(pk=self.request.subject_id).update(digest="0" * 64)
        else:
            _measured(self.version, self.tests)
        self.changed = True

    @precondition(lambda self: not self.is_late)
    @rule()
    def its_time_is_over(self) -> None:
        self.later, self.is_late = timedelta(hours=1000), True

    # What the workers do.

    @rule(what=st.sampled_from(["expire", "recheck", "void", "ask again"]))
    def a_worker_comes_by(self, what: str) -> None:
        if what == "expire":
            requests_expire()
            self.state = "expired" if self.state == "open" and self.is_late else self.state
        elif what == "recheck":
            requests_recheck(event_id=new_id())
            self._looked_at()
        elif what == "void":  # something newer went ahead
            request_void(event_id=new_id(), revision_id=self.request.subject_id)
            self.state = "void" if self.state == "open" else self.state
        else:  # the event that asked is told again
            revision = Revision.objects.get(pk=self.request.subject_id)
            about = {"digest": revision.digest, "requested_by": self.people[self.asker].pk, "summary": "Deploy"}
            request_open(event_id=self.request.event_id, revision_id=revision.pk, **about)

    # What always holds.

    @invariant()
    def it_is_in_the_state_that_what_came_before_allows(self) -> None:
        self.request.refresh_from_db()
        assert self.request.state == self.state

    @invariant()
    def it_leaves_no_final_state(self) -> None:
        stored = {name: getattr(self.request, name) for name in ("state", "state_reason", "closed_at")}
        if self.ended is None and self.request.state != "open":
            self.ended = stored
        assert self.ended in (None, stored)
        assert (self.request.state == "open") == (self.request.closed_at is None)

    @invariant()
    def a_person_decides_once_and_never_what_they_asked_for(self) -> None:
        decisions = list(Decision.objects.filter(request=self.request).select_related("reviewer"))
        persons = [each.reviewer.person_id for each in decisions]
        assert sorted((each.reviewer_id, each.verdict) for each in decisions) == sorted(
            (self.people[account].pk, verdict) for account, verdict in self.said.items()
        )
        assert len(set(persons)) == len(persons)
        assert self._person(self.asker) not in persons

    @invariant()
    def its_end_is_told_once_and_a_grant_by_enough_people(self) -> None:
        told = OutboxEvent.objects.filter(name__startswith="approvals.", payload__subject_id=self.request.subject_id)
        assert [each.name for each in told] == [ENDS[self.state] for _ in range(self.state != "open")]
        if self.state == "granted":
            reviewers = User.objects.in_bulk(told[0].payload["reviewers"]).values()
            persons = {each.person_id for each in reviewers} - {self._person(self.asker)}
            assert len(persons) == len(reviewers) >= self.opened_with


@contextmanager
def _unguarded(table: str) -> Iterator[None]:
    """As a superuser who switches the triggers off, and on again."""
    with connection.cursor() as cursor:
        cursor.execute(f"set constraints all immediate; alter table {table} disable trigger user")
        yield
        cursor.execute(f"alter table {table} enable trigger user")


def _measured(candidate: ModelVersion, tests: DatasetVersion) -> None:
    """An evaluation of it beside another version, as a job would write it."""
    champion = make_version(World(*[candidate.created_by] * 3), next(_numbers))
    digests = {f"{name}_digest": str(number) * 64 for number, name in enumerate(("candidate", "champion", "dataset"))}
    facts = {**digests, "answers_digest": "3" * 64, "clauses": [], "figures": [], "verdicts": [], "passed": True}
    digest = evaluation_digest(candidate.pk, champion.pk, tests.pk, facts)
    Evaluation.objects.create(candidate=candidate, champion=champion, dataset=tests, digest=digest, **facts)


def test_in_any_order_it_ends_once_as_the_rules_say(world: World, home: Path) -> None:
    dan, root = (User.objects.create_user("dan"), User.objects.create_superuser("root"))
    bots = {f"{each.username}'s bot": bot_of(each, "reviewer") for each in (world.ada, world.ben)}
    people = {
        "ada": make_reviewer(world.ada),
        "ben": world.ben,
        "dan": make_reviewer(dan),
        "cy": world.cy,
        "root": root,
    }
    for each in (people["ada"], people["ben"], bots["ada's bot"]):
        make_operator(each)
    Requests.people = people | bots
    Requests.tests = version_freeze(actor=world.ada, name="tests", samples=[sample("seven", "7")])[0]
    run_state_machine_as_test(Requests, settings=settings(max_examples=100, stateful_step_count=12, deadline=None))
