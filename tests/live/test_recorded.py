"""Every answer of the whole product is recorded once, whichever process dies meanwhile."""

import os
import signal

import httpx

from tests.live.product import Product, nothing_failed


def counted(product: Product) -> int:
    """As Prometheus is told."""
    page = httpx.get(f"{product.stack.web_url}/metrics").text
    line = next(line for line in page.splitlines() if line.startswith("quartet_predictions_recorded_total "))
    return int(float(line.split()[1]))


def at_rest(product: Product) -> bool:
    """Nothing waits to be recorded."""
    page = httpx.get(f"{product.stack.web_url}/metrics").text
    return "\nquartet_predictions_waiting_batches 0.0\n" in page


def test_an_answer_is_found_by_the_id_that_it_brought(product: Product) -> None:
    response = product.post()
    address = f"predictions/{response.headers['x-quartet-prediction']}"
    product.until(lambda: product.ci.ask("GET", "predictions")["results"][0]["id"] in address, "the record", 20)
    shown = product.ci.ask("GET", address)
    digit = next(output["data"][0] for output in response.json()["outputs"] if output["name"] == "digit")
    assert (shown["deployment"], shown["labels"], shown["error"]) == ("digits", [str(digit)], "")


def test_each_answer_is_recorded_once_though_a_replica_and_the_recorder_die(product: Product) -> None:
    product.until(lambda: at_rest(product), "all before to be recorded", 30)
    before = counted(product)
    with product.traffic() as traffic:
        os.kill(product.replicas("ready")[0]["pid"], signal.SIGKILL)
        product.kill("records")
        product.kill("postgres")
    nothing_failed(traffic.tally)
    product.until(lambda: counted(product) - before == traffic.tally.sent, "each to be recorded", 60)
    product.until(lambda: at_rest(product) and counted(product) - before == traffic.tally.sent, "nothing to wait", 30)
