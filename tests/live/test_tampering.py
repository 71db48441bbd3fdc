"""A byte that changes on disk: the replica refuses to load, the version is marked, and what runs goes on."""

from pathlib import Path

from tests.live.product import DEPLOYMENT, MODEL, Product


def test_a_changed_byte_stops_the_rollout_and_not_the_service(product: Product) -> None:
    number = product.register(5)
    version = product.ci.ask("GET", f"models/{MODEL}/versions/{number}")
    _change_a_byte(product.stack.home.path / "artifacts" / version["digest"] / "digit.txt")
    revision = product.request(number)
    product.approve(revision)
    ended = product.ci.revision_wait(DEPLOYMENT, revision["number"], {"failed"}, 60)
    assert "digit.txt" in ended["state_reason"]
    assert product.ci.ask("GET", f"models/{MODEL}/versions/{number}")["state"] == "corrupt"
    entries = product.ci.ask("GET", f"audit?target=version:{MODEL}/{number}")["results"]
    assert any("corrupt" in entry["action"] for entry in entries)
    assert product.answer() == 7


def _change_a_byte(path: Path) -> None:
    path.chmod(0o644)
    path.write_text("6")
