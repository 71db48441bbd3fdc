"""A request that is answered later is told to its caller's endpoint, signed, whichever process is killed."""

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from standardwebhooks.webhooks import Webhook

from controlplane.demo.traffic import SENSES, body
from tests.live.product import DEPLOYMENT, SAMPLE, Product
from tests.webhooks.receiver import Receiver, receiving

ENDPOINT = "live"


class Caller:
    """Somebody with a key and a webhook endpoint."""

    def __init__(self, product: Product, receiver: Receiver) -> None:
        self.product = product
        self.receiver = receiver
        command = ("key_create", "ada", "callbacks", "--scopes", "infer,read,webhooks:write")
        self.headers = {"Authorization": f"Bearer {product.manage(*command).split()[-1]}"}
        made = self.rest("POST", "webhooks", json={"name": ENDPOINT, "url": receiver.url})
        self.webhook, self.secret = made["id"], made["secret"]
        product.until(lambda: self.ask().status_code == 202, "the gateway to know the endpoint", 30)
        product.until(lambda: receiver.received, "the first to be told", 60)
        receiver.received.clear()

    def rest(self, method: str, path: str, **content: Any) -> Any:
        url = f"{self.product.stack.web_url}/api/v1/{path}"
        answer = httpx.request(method, url, headers=self.headers, timeout=60, **content).raise_for_status()
        return answer.json() if answer.content else None

    def ask(self) -> httpx.Response:
        """One request that is answered later."""
        asked = {"Prefer": "respond-async", "X-Quartet-Callback": ENDPOINT}
        url = f"{self.product.stack.gateway_url}/v2/models/{DEPLOYMENT}/infer"
        return httpx.post(url, json=body(SAMPLE, SENSES[0]), headers=self.headers | asked, timeout=35)

    def kept(self) -> str:
        """The id of a request that was taken, however often it has to be asked."""
        taken: list[str] = []

        def asked() -> bool:
            answer = self.ask()
            taken.extend([answer.json()["id"]] if answer.status_code == 202 else [])
            return bool(taken)

        self.product.until(asked, "the gateway to take a request", 60)
        return taken[0]

    def told(self) -> list[dict[str, Any]]:
        """What came, each opened with the secret."""
        opened = [Webhook(self.secret).verify(each.body, each.headers) for each in list(self.receiver.received)]
        return [each["data"] for each in opened]


@pytest.fixture(scope="module")
def caller(product: Product) -> Iterator[Caller]:
    with receiving() as receiver:
        caller = Caller(product, receiver)
        yield caller
        receiver.gate.set()
        caller.rest("DELETE", f"webhooks/{caller.webhook}")


@pytest.fixture(autouse=True)
def _nothing_told_yet(caller: Caller) -> None:
    caller.receiver.received.clear()


def test_the_caller_is_told_and_fetches_the_answer(product: Product, caller: Caller) -> None:
    identifier = caller.kept()
    product.until(caller.told, "the endpoint to be told", 30)
    [told] = caller.told()
    assert (told["id"], told["deployment"], told["status"]) == (identifier, DEPLOYMENT, "done")
    answer = httpx.get(product.stack.gateway_url + told["result_url"], headers=caller.headers)
    assert answer.json()["model_name"] == DEPLOYMENT


@pytest.mark.parametrize("process", ["gateway", "ingest", "control", "beat", "postgres", "valkey"])
def test_everybody_is_told_whichever_process_is_killed(product: Product, caller: Caller, process: str) -> None:
    asked = [caller.kept() for _ in range(20)]
    product.kill(process)
    asked += [caller.kept() for _ in range(5)]
    _free(product)
    product.until(lambda: {each["id"] for each in caller.told()} == set(asked), "everybody to be told", 60)


def test_what_was_sent_and_not_written_down_is_sent_again_under_the_same_id(product: Product, caller: Caller) -> None:
    caller.receiver.gate.clear()
    identifier = caller.kept()
    product.until(lambda: caller.receiver.received, "the endpoint to be told", 30)
    product.kill("control")
    caller.receiver.gate.set()
    _free(product)
    product.until(lambda: len(caller.told()) == 2, "the endpoint to be told again", 60)
    assert {each["id"] for each in caller.told()} == {identifier}
    assert len(set(caller.receiver.ids())) == 1


def _free(product: Product) -> None:
    """Let the leases of the dead run out, which takes two minutes otherwise."""

    def freed() -> bool:
        try:
            with psycopg.connect(product.stack.environ["DATABASE_URL"]) as connection:
                connection.execute("UPDATE webhooks_delivery SET due_at = now() WHERE claim IS NOT NULL")
        except psycopg.OperationalError:  # PostgreSQL may be the one that was killed
            return False
        return True

    product.until(freed, "PostgreSQL to be back", 30)
