"""Replacing what is live: no request fails, on the way there and back."""

from tests.live.product import Product, nothing_failed


def test_a_swap_under_load_fails_no_request(product: Product) -> None:
    with product.traffic() as traffic:
        product.deploy(3, replicas=2)
        product.deploy(7, replicas=2)
    tally = traffic.tally
    nothing_failed(tally)
    assert len(tally.versions) == 2


def test_replicas_of_the_old_revision_are_gone_afterwards(product: Product) -> None:
    number = product.deploy(3, replicas=2)
    product.until(
        lambda: {r["revision"] for r in product.replicas("ready", "draining")} == {number}, "old replicas to leave", 30
    )
    product.deploy(7, replicas=2)
