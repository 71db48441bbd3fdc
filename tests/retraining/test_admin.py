"""In the admin retraining can be read by those who may, and nothing of it changed; gates can, and the trail says so."""

import json
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils.html import strip_tags

from apps.core.models import AuditEntry, User
from apps.training.models import GatePolicy, RetrainPolicy, RetrainTrigger
from apps.training.services import retrain_now
from tests.console.conftest import signed_in
from tests.retraining.loop import Loop

pytestmark = pytest.mark.django_db
TABLES = (RetrainPolicy, RetrainTrigger)


def page(table: type, rest: str = "") -> str:
    return f"/admin/training/{table.__name__.lower()}/{rest}"


@pytest.fixture
def root(loop: Loop) -> Client:
    """Somebody with every right, a policy and a trigger to look at."""
    loop.policy()
    retrain_now(actor=loop.world.ada, deployment=loop.deployment, why="It is time.")
    return signed_in(User.objects.create_superuser("root"))


@pytest.mark.parametrize("table", TABLES)
def test_each_is_listed_and_shown(root: Client, table: type[RetrainPolicy]) -> None:
    row = table.objects.get()
    assert "echoes" in root.get(page(table)).content.decode()
    shown = root.get(page(table, f"{row.pk}/change/")).content.decode()
    assert "echoes" in shown and 'name="_save"' not in shown


def test_a_policys_plans_are_shown(loop: Loop, root: Client) -> None:
    policy = loop.policy(strategy="shadow", shadow={"share": 37, "then": "canary"}, canary={"steps": [43]})
    shown = root.get(page(RetrainPolicy, f"{policy.pk}/change/")).content.decode()
    words = unescape("".join(strip_tags(shown).split()))
    assert '"share":37' in words and '"steps":[43]' in words


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_added_changed_or_deleted(root: Client, table: type[RetrainPolicy]) -> None:
    row = table.objects.get()
    for rest in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
        assert root.post(page(table, rest), {"post": "yes"}).status_code == 403, rest
    assert table.objects.get().pk == row.pk


def test_a_trigger_is_told_with_its_reason_and_without_what_is_the_machines(root: Client) -> None:
    shown = root.get(page(RetrainTrigger, f"{RetrainTrigger.objects.get().pk}/change/")).content.decode()
    assert "ada asked for it: It is time." in shown
    assert "looking" not in shown.lower()


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("table", TABLES)
def test_who_holds_no_right_to_read_it_does_not(loop: Loop, table: type[RetrainPolicy]) -> None:
    loop.world.cy.is_staff = True
    loop.world.cy.save()
    assert signed_in(loop.world.cy).get(page(table)).status_code == 403
    right = Permission.objects.get(codename=f"view_{table.__name__.lower()}")
    loop.world.cy.user_permissions.add(right)
    assert signed_in(User.objects.get(pk=loop.world.cy.pk)).get(page(table)).status_code == 200


class TestGates:
    def sent(self, loop: Loop, clauses: object) -> dict[str, str]:
        return {"model": str(loop.version.model_id), "clauses": json.dumps(clauses)}

    def test_a_reviewer_sets_them_and_the_trail_says_so(self, loop: Loop) -> None:
        clauses = [{"slice": "all", "must": "be_better", "by": 0.02}]
        answer = signed_in(loop.world.ben).post(page(GatePolicy, "add/"), self.sent(loop, clauses))
        assert answer.status_code == 302, answer.content.decode()
        assert GatePolicy.objects.get().clauses == clauses
        assert AuditEntry.objects.get(action="gatepolicy.created").actor == loop.world.ben

    def test_a_clause_that_the_rules_cannot_read_is_refused_in_words(self, loop: Loop) -> None:
        clauses = [{"slice": "all", "must": "be_perfect"}]
        answer = signed_in(loop.world.ben).post(page(GatePolicy, "add/"), self.sent(loop, clauses))
        assert answer.status_code == 200
        assert "be_perfect" in answer.content.decode()
        assert not GatePolicy.objects.exists()

    def test_who_retrains_does_not_set_what_judges_it(self, loop: Loop) -> None:
        answer = signed_in(loop.world.ada).post(page(GatePolicy, "add/"), self.sent(loop, []))
        assert answer.status_code == 403
