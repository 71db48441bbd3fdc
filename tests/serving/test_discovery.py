"""What the reading side costs: it answers from the event loop, between requests."""

import orjson

from tests.serving import worlds
from workers.serving.accounts import Accounts
from workers.serving.discovery import Discovery
from workers.serving.routing import parse


class Counting(Accounts):
    """Counts how often everything is added up."""

    added_up = 0

    def totals(self):
        self.added_up += 1
        return super().totals()


def test_the_statistics_of_all_models_add_everything_up_once():
    deployments = {f"d{each}": worlds.deployment() for each in range(5)}
    accounts = Counting()
    for name in deployments:
        accounts.answered((name, 1), 0.01, ())
    headers = {b"x-api-key": worlds.GOOD_KEY.encode()}
    table = parse(orjson.dumps(worlds.snapshot(1, **deployments)))
    response = Discovery(accounts)(table, headers, ["stats"])
    assert [each["name"] for each in orjson.loads(response.body)["model_stats"]] == list(deployments)
    assert accounts.added_up == 1


def test_a_deployment_scaled_to_nothing_is_ready_as_requests_wake_it_and_its_version_is_not():
    asleep = worlds.deployment(splits=[worlds.split(ready_replicas=0)])
    table = parse(orjson.dumps(worlds.snapshot(1, asleep=asleep)))
    discovery = Discovery(Accounts())
    assert discovery(table, {}, ["asleep", "ready"]).status == 200
    assert discovery(table, {}, ["asleep", "versions", "1", "ready"]).status == 503
