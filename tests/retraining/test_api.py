"""Retraining over REST: policies, triggers and asking for it now; who may, and what is refused in words."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.models import AuditEntry
from apps.training.models import RetrainPolicy, RetrainTrigger
from apps.training.rules.retraining import DEFAULTS
from apps.training.services import retrain_now
from tests.deployments.makers import make_deployment
from tests.retraining.loop import Loop

pytestmark = pytest.mark.django_db
POLICY = "/api/v1/training/policies/echoes"
TRIGGERS = "/api/v1/training/triggers"
NOW = "/api/v1/deployments/echoes/retrain"
ASKED: dict[str, Any] = {"base": ["base/1"], "measured_on": ["tests/1"], "least_labels": 12, "cooldown_s": 60}


@pytest.fixture
def ada(loop: Loop) -> APIClient:
    return loop.world.client(loop.world.ada)


def keyed(loop: Loop, *scopes: str, deployments: list[str] | None = None) -> APIClient:
    text = loop.world.key(loop.world.ada, *scopes)
    if deployments:
        loop.world.ada.api_keys.update(deployments=deployments)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


class TestPolicies:
    def test_what_is_set_is_shown_with_every_default_and_in_whose_name(self, ada: APIClient) -> None:
        put = ada.put(POLICY, ASKED)
        assert put.status_code == 200, put.json()
        shown = ada.get(POLICY).json()
        assert shown == put.json()
        assert shown["deployment"] == "echoes" and shown["set_by"] == "ada"
        assert {name: shown[name] for name in ASKED} == ASKED
        assert {name: shown[name] for name in ("recipe", "wait_s", "on_drift", "every_hours")} == {
            name: DEFAULTS[name] for name in ("recipe", "wait_s", "on_drift", "every_hours")
        }
        assert shown["canary"]["steps"] == [5, 25, 50]
        assert shown["shadow"] is None

    def test_a_plan_of_the_shadow_is_shown_with_every_default_and_brings_a_canarys_where_it_goes_on_so(
        self, ada: APIClient
    ) -> None:
        told = ada.put(POLICY, {**ASKED, "strategy": "shadow", "shadow": {"share": 40, "samples": 50}}).json()
        assert (told["shadow"]["share"], told["shadow"]["then"], told["canary"]) == (40, "wait", None)
        goes_on = {"strategy": "shadow", "shadow": {"then": "canary"}, "canary": {"steps": [30]}}
        told = ada.put(POLICY, {**ASKED, **goes_on}).json()
        assert (told["shadow"]["then"], told["shadow"]["share"]) == ("canary", 100)
        assert (told["canary"]["steps"], told["canary"]["wrong"]) == ([30], 0.05)

    def test_what_a_later_one_leaves_out_is_as_by_default_again(self, ada: APIClient) -> None:
        ada.put(POLICY, {**ASKED, "every_hours": 7})
        ada.put(POLICY, {})
        shown = ada.get(POLICY).json()
        assert (shown["every_hours"], shown["least_labels"], shown["base"]) == (None, 100, [])
        assert RetrainPolicy.objects.count() == 1
        assert AuditEntry.objects.filter(action="retraining.policy_set").count() == 2

    def test_it_is_taken_away_and_what_waits_is_given_up(self, ada: APIClient) -> None:
        ada.put(POLICY, ASKED)
        ada.post(NOW)
        assert ada.delete(POLICY).status_code == 204
        assert error(ada.get(POLICY)) == error(ada.delete(POLICY)) == (404, "no_retrain_policy")
        assert RetrainTrigger.objects.get().state == "gave_up"

    def test_anybody_signed_in_reads_it_and_nobody_else(self, loop: Loop) -> None:
        loop.policy()
        assert loop.world.client(loop.world.cy).get(POLICY).status_code == 200
        assert APIClient().get(POLICY).status_code == 401

    @pytest.mark.parametrize("who", ["ben", "cy"])
    def test_who_could_not_do_what_it_does_neither_sets_it_nor_takes_it_away(self, loop: Loop, who: str) -> None:
        loop.policy()
        client = loop.world.client(getattr(loop.world, who))
        assert error(client.put(POLICY, ASKED)) == error(client.delete(POLICY)) == (403, "forbidden")
        assert RetrainPolicy.objects.get().set_by == loop.world.ada

    def test_a_key_needs_its_scope(self, loop: Loop) -> None:
        loop.policy()
        reads, writes = keyed(loop, "read"), keyed(loop, "training:write")
        assert reads.get(POLICY).status_code == 200
        assert [error(reads.put(POLICY, ASKED)), error(reads.delete(POLICY))] == [(403, "forbidden")] * 2
        assert writes.put(POLICY, ASKED).status_code == 200

    def test_a_key_of_other_deployments_sees_and_sets_nothing(self, loop: Loop) -> None:
        loop.policy()
        client = keyed(loop, "read", "training:write", deployments=["another"])
        for answer in (client.get(POLICY), client.put(POLICY, ASKED), client.delete(POLICY)):
            assert error(answer) == (403, "other_deployment")

    @pytest.mark.parametrize(
        ("change", "status", "code", "words"),
        [
            ({"least_labels": 0}, 400, "invalid", "least_labels"),
            ({"held_out": 1}, 400, "invalid", "held_out"),
            ({"cooldown_s": "soon"}, 400, "invalid", "cooldown_s"),
            ({"accuracy_window": "2h"}, 400, "bad_retrain_policy", "15m, 1h, 24h, 7d"),
            ({"drift_groups": [""]}, 400, "invalid", "drift_groups"),
            ({"base": ["base"]}, 404, "not_found", "There is no dataset version 'base'."),
            ({"base": ["base/9"]}, 404, "not_found", "base"),
            ({"measured_on": ["base/1"]}, 400, "bad_retrain_policy", "base/1 is in base and in measured_on"),
            ({"recipe": "magic"}, 400, "unknown_recipe", "magic"),
            ({"parameters": {"steps": -1}}, 400, "bad_parameters", "steps"),
            ({"strategy": "hope"}, 400, "bad_retrain_policy", "strategy is 'hope'"),
            ({"strategy": "rolling", "canary": {}}, 400, "bad_spec", "strategies canary and ab"),
            ({"strategy": "shadow", "canary": {}}, 400, "bad_spec", "where shadow.then is canary"),
            ({"canary": {"steps": [50, 5]}}, 400, "bad_spec", "canary.steps"),
            ({"shadow": {}}, 400, "bad_spec", "shadow has a meaning for the strategy shadow alone"),
            ({"strategy": "shadow", "shadow": {"differs": 2}}, 400, "bad_spec", "shadow.differs"),
            ({"strategy": "shadow", "shadow": {"labels": 1}}, 400, "bad_spec", "shadow has share, then"),
            ({"strategy": "shadow", "shadow": [1]}, 400, "invalid", "shadow"),
        ],
    )
    def test_what_it_cannot_say_is_refused_in_words_and_nothing_is_changed(
        self, ada: APIClient, change: dict[str, Any], status: int, code: str, words: str
    ) -> None:
        answer = ada.put(POLICY, ASKED | change)
        assert error(answer) == (status, code), answer.json()
        assert words in str(answer.json()["error"])
        assert not RetrainPolicy.objects.exists()

    def test_of_no_deployment_there_is_none(self, ada: APIClient) -> None:
        address = POLICY.replace("echoes", "nowhere")
        assert error(ada.put(address, ASKED)) == error(ada.get(address)) == (404, "not_found")


class TestByHand:
    def test_it_fires_with_its_reason(self, loop: Loop, ada: APIClient) -> None:
        loop.policy()
        answer = ada.post(NOW, {"why": "The new cameras are in."})
        assert answer.status_code == 201
        told = answer.json()
        assert (told["kind"], told["state"], told["actor"]) == ("hand", "pending", "ada")
        assert told["why"] == "ada asked for it: The new cameras are in."
        again = ada.post(NOW).json()
        assert (again["state"], again["joined"]) == ("deduplicated", told["id"])

    def test_without_a_policy_there_is_nothing_to_go_by(self, ada: APIClient) -> None:
        assert error(ada.post(NOW)) == (404, "no_retrain_policy")

    @pytest.mark.parametrize("who", ["ben", "cy"])
    def test_who_may_not_is_told_which_right_lacks(self, loop: Loop, who: str) -> None:
        loop.policy()
        answer = loop.world.client(getattr(loop.world, who)).post(NOW)
        assert error(answer) == (403, "forbidden")
        assert "training.run_trainingjob" in answer.json()["error"]["message"]
        assert not RetrainTrigger.objects.exists()

    def test_a_key_needs_its_scope_and_its_deployment(self, loop: Loop) -> None:
        loop.policy()
        assert error(keyed(loop, "read").post(NOW)) == (403, "forbidden")
        assert keyed(loop, "training:write").post(NOW).status_code == 201
        other = keyed(loop, "training:write", deployments=["another"])
        assert error(other.post(NOW)) == (403, "other_deployment")

    @pytest.mark.parametrize("bad", [{"why": "x" * 501}, {"despite_cooldown": "perhaps"}])
    def test_what_it_cannot_be_told_is_refused(self, loop: Loop, ada: APIClient, bad: dict[str, Any]) -> None:
        loop.policy()
        assert error(ada.post(NOW, bad)) == (400, "invalid")


class TestTriggers:
    @pytest.fixture
    def fired(self, loop: Loop) -> list[RetrainTrigger]:
        """One that waits and one that joined it."""
        loop.policy()
        return [retrain_now(actor=loop.world.ada, deployment=loop.deployment) for _ in range(2)]

    def ids(self, client: APIClient, **asked: str) -> list[int]:
        answer = client.get(TRIGGERS, asked)
        assert answer.status_code == 200, answer.json()
        return [row["id"] for row in answer.json()["results"]]

    def test_they_are_listed_newest_first_by_deployment_and_state(
        self, loop: Loop, ada: APIClient, fired: list[RetrainTrigger]
    ) -> None:
        make_deployment(loop.world, "another")
        first, second = (each.pk for each in fired)
        assert self.ids(ada) == self.ids(ada, deployment="echoes") == [second, first]
        assert self.ids(ada, state="pending") == [first]
        assert self.ids(ada, deployment="another") == []

    def test_one_is_shown_with_what_became_of_it(self, loop: Loop, ada: APIClient, fired: list[RetrainTrigger]) -> None:
        loop.label()
        loop.begin()
        shown = ada.get(f"{TRIGGERS}/{fired[0].pk}").json()
        assert shown["state"] == "training" and shown["job"]
        assert (shown["learned_from"], shown["measured_on"]) == ("echoes-learned/1", "echoes-held-out/1")

    @pytest.mark.usefixtures("fired")
    def test_a_key_sees_those_of_its_deployments(self, loop: Loop) -> None:
        client = keyed(loop, "read", deployments=["another"])
        assert self.ids(client) == []
        only = RetrainTrigger.objects.latest("pk")
        assert error(client.get(f"{TRIGGERS}/{only.pk}")) == (403, "other_deployment")

    def test_what_is_not_there_and_what_is_no_state_is_said(self, ada: APIClient) -> None:
        assert error(ada.get(f"{TRIGGERS}/9")) == (404, "not_found")
        assert error(ada.get(TRIGGERS, {"state": "lost"})) == (400, "invalid")

    def test_nobody_reads_them_without_signing_in(self) -> None:
        assert APIClient().get(TRIGGERS).status_code == 401
