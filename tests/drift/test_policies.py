"""Saying when a deployment is looked at, over REST."""

import pytest

from apps.core.models import AuditEntry
from apps.drift.errors import BadPolicy
from apps.drift.rules.policy import DEFAULTS, LIMITS, checked
from tests.drift.recorded import Watched

AT = "/api/v1/deployments/digits/drift/policy"


def test_the_defaults_hold_until_somebody_says_otherwise(watched: Watched) -> None:
    told = watched.world.client(watched.world.cy).get(AT).json()
    assert told == {**DEFAULTS, "is_default": True, "changed_at": None}


def test_a_change_is_kept_and_audited_with_what_was_and_is(watched: Watched) -> None:
    client = watched.world.client(watched.world.ada)
    told = client.put(AT, {"every_minutes": None, "every_predictions": 5000, "level": 0.05}).json()
    assert (told["every_minutes"], told["every_predictions"], told["is_default"]) == (None, 5000, False)
    assert client.get(AT).json() == told
    detail = AuditEntry.objects.get(action="drift.policy_changed").detail
    assert detail["changes"] == "every_minutes: 60 → never; every_predictions: never → 5000; level: 0.01 → 0.05"


def test_the_same_again_is_no_change(watched: Watched) -> None:
    client = watched.world.client(watched.world.ada)
    for _ in range(2):
        assert client.put(AT, {"window": 500}).status_code == 200
    assert AuditEntry.objects.filter(action="drift.policy_changed").count() == 1


def test_what_is_left_out_is_as_by_default(watched: Watched) -> None:
    client = watched.world.client(watched.world.ada)
    client.put(AT, {"window": 500, "answer_without_drifted": True})
    told = client.put(AT, {}).json()
    assert {name: told[name] for name in DEFAULTS} == DEFAULTS


def test_who_may_not_operate_changes_nothing(watched: Watched) -> None:
    assert watched.world.client(watched.world.cy).put(AT, {"window": 500}).status_code == 403


@pytest.mark.parametrize("wrong", [{"window": 1}, {"level": 0.9}, {"every_minutes": 0}, {"window_hours": None}])
def test_a_wrong_value_is_refused_by_its_name(watched: Watched, wrong: dict[str, object]) -> None:
    answer = watched.world.client(watched.world.ada).put(AT, wrong)
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["error"]["message"]


@pytest.mark.parametrize("name", LIMITS)
def test_the_rules_refuse_what_lies_outside_the_limits(name: str) -> None:
    least, most = LIMITS[name]
    for value in (least - 1, most + 1, True, "60"):
        with pytest.raises(BadPolicy, match=name):
            checked({name: value})
    assert checked({name: least})[name] == least
