"""A deployment that nobody asks has no replica, and the next request brings one and is answered by it."""

from tests.live.product import Product


def test_from_nothing_a_request_is_answered(product: Product) -> None:
    product.deploy(7, min_replicas=0, max_replicas=2, scale={"idle_s": 1})
    product.until(lambda: not product.replicas("pending", "starting", "warming", "ready", "draining"), "no replica", 60)
    assert product.answer() == 7
    product.deploy(7, replicas=2)
