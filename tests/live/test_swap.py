"""Replacing what is live: no request fails, on the way there and back."""

from tests.live.product import DEPLOYMENT, Product, nothing_failed


def test_a_swap_under_load_fails_no_request(product: Product) -> None:
    with product.traffic() as traffic:
        product.deploy(3, replicas=2)
        product.deploy(7, replicas=2)
    tally = traffic.tally
    nothing_failed(tally)
    assert len(tally.versions) == 2


def test_a_rolling_swap_under_load_fails_no_request_and_replaces_one_replica_after_the_other(product: Product) -> None:
    with product.traffic() as traffic:
        number = product.deploy(3, strategy="rolling", replicas=2)
        product.until(
            lambda: {r["revision"] for r in product.replicas("ready", "draining")} == {number}, "every replica", 30
        )
    nothing_failed(traffic.tally)
    assert len(traffic.tally.versions) == 2
    first, second = sorted(product.replicas("ready"), key=lambda each: each["placed_at"])
    assert first["ready_at"] <= second["placed_at"], "the second was placed before the first was ready"
    product.deploy(7, replicas=2)


def test_replicas_of_the_old_revision_are_gone_afterwards(product: Product) -> None:
    number = product.deploy(3, replicas=2)
    product.until(
        lambda: {r["revision"] for r in product.replicas("ready", "draining")} == {number}, "old replicas to leave", 30
    )
    product.deploy(7, replicas=2)


def _apart(**versions: int) -> list[dict[str, object]]:
    """The pipeline with every step in a process of its own; a step named here is of that version."""
    return [
        {"name": step, "steps": [step], **({"version": versions[step]} if step in versions else {})}
        for step in ("preprocess", "infer", "postprocess")
    ]


def test_a_new_postprocess_leaves_the_process_of_infer_running_and_can_be_rolled_back(product: Product) -> None:
    product.deploy(7, stages=_apart())
    three = product.register(3)
    before = {r["stage"]: r["pid"] for r in product.replicas("ready")}
    with product.traffic() as traffic:
        revision = product.request(product.register(7), stages=_apart(postprocess=three), keep_s=600)
        product.approve(revision)
        product.until(lambda: product.answer() == 3, "the new postprocess to answer", 60)
        after = {(r["stage"], r["pid"]) for r in product.replicas("ready")}
        product.until(lambda: product.kept(), "the old revision to be kept", 60)
        product.ci.ask("POST", f"deployments/{DEPLOYMENT}/rollback", json={})
        product.until(lambda: product.answer() == 7, "the old postprocess to answer", 30)
    nothing_failed(traffic.tally)
    assert {("infer", before["infer"]), ("preprocess", before["preprocess"])} <= after
    assert len(after) == 4
    product.deploy(7, replicas=2)
