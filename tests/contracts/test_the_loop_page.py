"""docs/the-loop.md shows the policies that the demo sends."""

import json
import re
from pathlib import Path

from controlplane.demo.drifting import RUNS
from controlplane.demo.renewing import OLD, TEST, policy_asked

PAGE = (Path(__file__).parents[2] / "docs/the-loop.md").read_text()


def shown(address: str) -> object:
    """What the page puts there."""
    found = re.search(rf"^PUT +{address}\n(\{{.*?\}})\n\n", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert found is not None, address
    return json.loads(found[1])


def test_the_retraining_policy_is_the_demos() -> None:
    assert shown("/api/v1/training/policies/digits") == policy_asked(f"{OLD}/1", f"{TEST}/1")


def test_the_drift_policy_is_the_demos() -> None:
    assert shown("/api/v1/deployments/digits/drift/policy") == RUNS | {"answer_without_drifted": False}
